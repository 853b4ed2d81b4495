"""Modules that take the places of others, wherever the model reaches them, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from ..errors import CandidateError
from .aliases import ABSENT, Slot, aliases
from .handover import Condition, hand_back
from .places import Place, places


@dataclass(frozen=True, slots=True)
class Exchange:
    """The module for each place, in order, and what else of the model is written to."""

    places: Sequence[Place]
    modules: Sequence[nn.Module]
    slots: Sequence[Slot]

    @staticmethod
    def of(model: nn.Module, chosen: Sequence[Place], modules: Sequence[nn.Module]) -> Exchange:
        """Raises CandidateError where the model goes on with a module in a way that cannot be
        followed."""
        successors: dict[nn.Module, nn.Module | None] = {}
        for place, module in zip(chosen, modules, strict=True):
            if place.function is None:
                same = successors.setdefault(place.module, module) is module
                successors[place.module] = module if same else None
        stays = {p.module for p in set(places(model)).difference(chosen)}
        successors.update({module: None for module in successors if module in stays})
        slots = [*aliases(model, successors), *_of_decoders(chosen, modules)]
        return Exchange(chosen, modules, slots)

    def do(self) -> None:
        """Put each module in its place."""
        for place, module in zip(self.places, self.modules, strict=True):
            setattr(place.parent, place.attribute, module)
        for slot in self.slots:
            slot.fill()

    def reverse(self) -> None:
        """Put back what stood there."""
        for place in self.places:
            _put_back(place)
        for slot in self.slots:
            slot.restore()


def exchanged(model: nn.Module, exchange: Exchange, more: Sequence[Slot]) -> Callable[[], None]:
    """Do it for good, fill more slots too, and give the function that takes all of it back."""
    slots = [*_fused(model, exchange.places), *more]
    exchange.do()
    for slot in slots:
        slot.fill()
    conditions = _conditions(model, exchange)

    def undo() -> None:
        pairs = list(zip(exchange.places, exchange.modules, strict=True))
        now = [getattr(place.parent, place.attribute, None) for place, _ in pairs]
        if pairs and all(
            there is place.held for (place, _), there in zip(pairs, now, strict=True)
        ):
            return
        for (place, module), there in zip(pairs, now, strict=True):
            if there is not module:
                raise CandidateError(
                    f"'{place.name}' has been replaced since: undo that replacement first"
                )
        states = zip(conditions, _conditions(model, exchange), strict=True)
        for (place, module), (then, since) in zip(pairs, states, strict=True):
            if place.function is None:
                hand_back(module, place.module, then, since)
        exchange.reverse()
        for slot in slots:
            slot.restore()

    return undo


def _conditions(model: nn.Module, exchange: Exchange) -> list[Condition | None]:
    pairs = zip(exchange.places, exchange.modules, strict=True)
    return [Condition.at(module, place.parent, model) for place, module in pairs]


def _put_back(place: Place) -> None:
    if place.function is not None and place.attribute in place.parent._modules:
        delattr(place.parent, place.attribute)
    setattr(place.parent, place.attribute, place.held)


def _of_decoders(chosen: Sequence[Place], modules: Sequence[nn.Module]) -> list[Slot]:
    """A decoder layer's `__setstate__` takes F.relu unless the attributes have an activation, the
    modules apart: without one there a copy of the layer, or a stored one, computes ReLU."""
    return [
        Slot(vars(p.parent), "activation", vars(p.parent).get("activation", ABSENT), module)
        for p, module in zip(chosen, modules, strict=True)
        if isinstance(p.parent, nn.TransformerDecoderLayer) and p.attribute == "activation"
    ]


def _fused(model: nn.Module, chosen: Sequence[Place]) -> list[Slot]:
    """Switches of torch's fast path in eval mode, which would go on computing ReLU or GELU, and
    of the nested tensors that its encoder makes of a padding mask for that path alone."""
    layers = {p.parent for p in chosen if isinstance(p.parent, nn.TransformerEncoderLayer)}
    encoders = [
        encoder
        for encoder in model.modules()
        if isinstance(encoder, nn.TransformerEncoder)
        and any(module in layers for module in encoder.modules())
    ]
    return [
        *(_off(layer, "activation_relu_or_gelu") for layer in layers),
        *(_off(encoder, "use_nested_tensor") for encoder in encoders),
    ]


def _off(module: nn.Module, switch: str) -> Slot:
    return Slot(vars(module), switch, vars(module)[switch], 0)
