"""A network's activations replaced by a candidate: by type, by name, or one by one.

    replace_activations(model, nn.ReLU, candidate)
    replace_activations(model, nn.ReLU, from_file("activation.py"))
    replace_activations(model, "layer[34].*", candidate)
    replace_activations(model, lambda name, module: name.endswith(".act2"), candidate)

A module is replaced where it is held, and so is a function that a module holds in an attribute;
what `forward` calls as a function (`F.relu(x)`) stays, and with an example the report says so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..errors import CandidateError
from ..expressions.expression import Expression, Parameter
from ..expressions.parser import parse
from .activation import Activation, attribute_name, is_activation, is_exported
from .example_pass import Call, Example, Pass, run_example
from .places import Place, Which, check_which, class_name, is_meant, left_places, places
from .replacement import LeftPlace, ReplacedPlace, Replacement

_FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
_HOOKS = (
    "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
    "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_backward_hooks",
    "_backward_pre_hooks", "_is_full_backward_hook",
)  # fmt: skip


def replace_activations(
    model: nn.Module,
    which: Which,
    candidate: Expression | type[nn.Module],
    *,
    example: Example | None = None,
    channel_dim: int | None = None,
    unshare: bool = False,
    dry_run: bool = False,
) -> Replacement:
    """Put a fresh copy of the candidate in place of the model's activations, and report.

    which: a type or several; a pattern of dotted names as `fnmatch` reads it, of which pointwise
    activations are taken, and with a wildcard no gates (Sigmoid, Hardsigmoid); or a function of
    (dotted name, module) that says whether. A place that has the candidate already stays.
    candidate: an expression, or the class of an exported file, as `from_file` gives it.

    A module that appears in several places is replaced by one shared copy, as it was; `unshare`
    gives each place its own. One that a block calls several times (a torchvision ResNet's) stays
    one. Parameters of granularity `network` are one tensor for the whole model. Hooks of a
    replaced module stay.

    example: an input of the model, or a tuple or mapping of its arguments; one forward pass (in
    eval mode, without gradient) finds channels and calls such as F.relu(x). A candidate with
    channel parameters needs it. channel_dim: where an activation's input has its channels; unless
    told, the layer before it or behind it shows. dry_run: only report.

    Raises CandidateError, changing nothing, where there is nothing to replace, one module sees
    several channel counts, or the channels cannot be told.
    """
    check_which(which)
    recipe = _Recipe.of(candidate)
    held = list(places(model))
    stands = [p for p in held if recipe.made(p.module)]
    chosen = [p for p in held if p not in stands and is_meant(p, which)]
    if unshare:
        chosen += _again(stands)
    seen = None
    if example is not None:
        with _parted([p for p in chosen if unshare or p.function is not None]) as parted:
            targets = [parted.get(p.name, p.module) for p in chosen]
            seen = run_example(model, example, targets)
        calls = {p.name: seen.calls[t] for p, t in zip(chosen, targets, strict=True)}
    else:
        calls = {}
    left = left_places(model, [p for p in held if p not in chosen and p not in stands], which)
    left += _called(model, held, seen)
    if not chosen and not stands:
        raise CandidateError(_nothing(model, which, left))
    channels = _channels(chosen, recipe.expression, calls if seen else None, channel_dim)
    copies = _copies(model, chosen, recipe, channels, unshare, stands)
    put_back = _swap(model, chosen, copies) if not dry_run else _nothing_to_undo
    now = {id(p): p.module for p in stands} | dict(zip(map(id, chosen), copies, strict=True))
    return Replacement(
        candidate=str(recipe.expression),
        replaced=tuple(
            ReplacedPlace(p.name, p.kind, channels[p.name][0] if p.name in channels else None)
            for p in chosen
        ),
        already=tuple(p.name for p in stands if p not in chosen),
        left=tuple(left),
        shared=_shared([(p.name, now[id(p)]) for p in held if id(p) in now]),
        traced=example is not None,
        dry_run=dry_run,
        _undo=put_back,
    )


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How the modules of a candidate are made: of its expression, or by an exported class."""

    expression: Expression
    kind: type[nn.Module] | None

    @staticmethod
    def of(candidate: Expression | type[nn.Module]) -> _Recipe:
        """Raises CandidateError for a class that no export wrote."""
        if isinstance(candidate, Expression):
            return _Recipe(candidate, None)
        formula = getattr(candidate, "_formula", None)
        if not isinstance(formula, str):
            raise CandidateError(
                f"an activation is put in as an expression, parse('x * sigmoid(x)'), or as the "
                f"class of an exported file, from_file('activation.py'), but got {candidate!r}"
            )
        return _Recipe(parse(formula), candidate)

    def made(self, module: nn.Module) -> bool:
        """Whether the module is one of this candidate, of the kind that is asked for."""
        if self.kind is None:
            return isinstance(module, Activation) and module.expression == self.expression
        return is_exported(module) and getattr(module, "_formula", None) == str(self.expression)

    def make(self, channels: int | None, channel_dim: int) -> nn.Module:
        """A fresh one; `channels` counts where the candidate learns values per channel."""
        if self.kind is None:
            return Activation(self.expression, channels=channels, channel_dim=channel_dim)
        if any(p.granularity == "channel" for p in self.expression.parameters):
            return self.kind(num_parameters=channels, channel_dim=channel_dim)
        return self.kind()

    def network_parameters(self) -> list[Parameter]:
        """Parameters that are one tensor for the whole model."""
        return [p for p in self.expression.parameters if p.granularity == "network"]


@contextmanager
def _parted(chosen: Sequence[Place]) -> Iterator[Mapping[str, nn.Module]]:
    """A stand-in of its own in each place, by name, and for functions the module that does the
    same: so that a pass tells the calls of one place from another's."""
    stand_ins = {p.name: _twin(p.module) for p in chosen}
    try:
        for place in chosen:
            setattr(place.parent, place.attribute, stand_ins[place.name])
        yield stand_ins
    finally:
        for place in chosen:
            _put_back(place)


def _twin(module: nn.Module) -> nn.Module:
    twin = copy.copy(module)
    vars(twin).update({name: copy.copy(vars(module)[name]) for name in _HOOKS})
    return twin


def _put_back(place: Place) -> None:
    if place.function is not None and place.attribute in place.parent._modules:
        delattr(place.parent, place.attribute)
    setattr(place.parent, place.attribute, place.held)


def _nothing_to_undo() -> None:
    """After a dry run."""


def _again(stands: Sequence[Place]) -> list[Place]:
    """Of the places that share a module all but the first: they get one of their own."""
    first: set[int] = set()
    again = []
    for place in stands:
        if id(place.module) in first:
            again.append(place)
        first.add(id(place.module))
    return again


def _shared(modules: Sequence[tuple[str, nn.Module]]) -> tuple[tuple[str, ...], ...]:
    names: dict[int, list[str]] = {}
    for name, module in modules:
        names.setdefault(id(module), []).append(name)
    return tuple(tuple(group) for group in names.values() if len(group) > 1)


def _called(model: nn.Module, held: Sequence[Place], seen: Pass | None) -> list[LeftPlace]:
    """The activations that the pass saw called as functions, but for those held as such."""
    if seen is None:
        return []
    held_calls = {(id(p.parent), p.function) for p in held if p.function is not None}
    names = {id(module): name for name, module in model.named_modules()}
    advice = "called as a function in forward: make it a module in __init__ and call that"
    return [
        LeftPlace(names[id(module)], f"{type(module).__name__} calls {function.__name__}", advice)
        for module, function in seen.functions
        if not is_activation(module) and (id(module), function) not in held_calls
    ]


def _nothing(model: nn.Module, which: Which, left: Sequence[LeftPlace]) -> str:
    """Why nothing is replaced, and what the model has instead."""
    leaves = [(n, m) for n, m in model.named_modules() if not any(m.children())]
    kinds = ", ".join(sorted({class_name(m) for _, m in leaves}))
    if isinstance(which, str):
        activations = [name for name, module in leaves if name and is_activation(module)]
        listed = ", ".join(activations[:8]) + (", …" if len(activations) > 8 else "")
        reason = f"no activation of the model has a name like '{which}'; "
        reason += f"there are {listed}" if activations else f"it has {kinds}"
    elif isinstance(which, type | tuple):
        names = " or ".join(k.__name__ for k in (which if isinstance(which, tuple) else (which,)))
        reason = f"the model has no module of the kind {names}; it has {kinds}"
    else:
        reason = f"the function chose none of the model's modules; it has {kinds}"
    if isinstance(model, torch.jit.ScriptModule):
        reason += "; it is scripted: replace before torch.jit.script"
    others = [str(place) for place in left if place.reason != "not chosen"]
    if others:
        reason += f"; left are {'; '.join(others[:4])}"
    return (
        f"{reason} (a call such as F.relu(x) in forward is no module: make an nn.ReLU() in "
        f"__init__ and call that)"
    )


def _channels(
    chosen: Sequence[Place],
    candidate: Expression,
    calls: Mapping[str, Sequence[Call]] | None,
    channel_dim: int | None,
) -> dict[str, tuple[int, int]]:
    """Channel count and dimension of each place; raises only if the candidate needs them."""
    needed = any(p.granularity == "channel" for p in candidate.parameters)
    if calls is None:
        if needed:
            raise CandidateError(
                "the candidate learns parameters per channel: pass example=<an input of the "
                "model>, so that each place's channel count can be found"
            )
        return {}
    missing = [p.name for p in chosen if not calls[p.name]]
    counts = {}
    for place in chosen:
        try:
            if calls[place.name]:
                counts[place.name] = _count(place.name, calls[place.name], channel_dim)
        except CandidateError:
            if needed:
                raise
    if missing and needed:
        raise CandidateError(
            f"{len(missing)} of the activations did not run on the example, so their channel "
            f"count is unknown ({', '.join(missing[:4])}); use an example that reaches them"
        )
    return counts


def _count(name: str, calls: Sequence[Call], channel_dim: int | None) -> tuple[int, int]:
    dim = _dimension(name, calls) if channel_dim is None else channel_dim
    sizes = []
    for call in calls:
        if not -len(call.shape) <= dim < len(call.shape):
            raise CandidateError(
                f"channel_dim={dim} does not exist in an input of shape {call.shape}, "
                f"which the activation '{name}' gets"
            )
        sizes.append(call.shape[dim])
    if len(set(sizes)) > 1:
        first, second = dict.fromkeys(sizes).keys() if len(set(sizes)) == 2 else sizes[:2]
        raise CandidateError(
            f"an activation used in several places gets {first} channels in one and "
            f"{second} in another: give each place its own, or use [layer] ('{name}')"
        )
    return sizes[0], dim


def _dimension(name: str, calls: Sequence[Call]) -> int:
    """The dimension of the channels that fits all calls, counted from the front or the back."""
    known = [(call.dim, len(call.shape)) for call in calls if call.dim is not None]
    known = known or [(-1, len(call.shape)) for call in calls if len(call.shape) in (1, 2)]
    for dim, length in known:
        for reading in (dim, dim + length if dim < 0 else dim - length):
            if all(reading in (d, d + n if d < 0 else d - n) for d, n in known):
                return reading
    raise CandidateError(
        f"no layer beside '{name}' shows where its input of shape {calls[0].shape} has the "
        f"channels: pass channel_dim=, 1 for images [B, C, H, W], -1 for tokens [B, T, C]"
    )


def _copies(
    model: nn.Module,
    chosen: Sequence[Place],
    recipe: _Recipe,
    channels: Mapping[str, tuple[int, int]],
    unshare: bool,
    stands: Sequence[Place],
) -> list[nn.Module]:
    """The module for each place, in order."""
    shared = {
        attribute_name(p): getattr(place.module, attribute_name(p))
        for place in stands
        for p in recipe.network_parameters()
    }
    made: dict[nn.Module, nn.Module] = {}
    copies: list[nn.Module] = []
    for place in chosen:
        if recipe.made(place.module):
            copies.append(copy.deepcopy(place.module))  # learned values and all
        elif unshare or place.module not in made:
            count, dim = channels.get(place.name, (None, 1))
            module = recipe.make(count, dim)
            like = _like(model, place)
            if like is not None:
                module.to(device=like.device, dtype=like.dtype)
            copies.append(module)
            _take_over(module, place.module, first=place.module not in made)
            made[place.module] = module
        else:
            copies.append(made[place.module])
        for p in recipe.network_parameters():
            name = attribute_name(p)
            copies[-1].register_parameter(name, shared.setdefault(name, getattr(copies[-1], name)))
    return copies


def _like(model: nn.Module, place: Place) -> nn.Parameter | None:
    """A parameter of the place's surroundings, for device and dtype."""
    for module in (place.module, place.parent, model):
        for p in module.parameters():
            if p.dtype in _FLOATS:
                return p
    return None


def _take_over(module: nn.Module, before: nn.Module, *, first: bool) -> None:
    """Mode and hooks; the hooks' very dictionaries, so that their handles still remove them."""
    module.train(before.training)
    for name in _HOOKS:
        value = vars(before).get(name)
        vars(module)[name] = value if first else copy.copy(value)


def _swap(
    model: nn.Module, chosen: Sequence[Place], copies: Sequence[nn.Module]
) -> Callable[[], None]:
    """Put the copies in their places; what is returned puts back what stood there."""
    fused = _fused(model, chosen)
    for place, module in zip(chosen, copies, strict=True):
        setattr(place.parent, place.attribute, module)
    for owner, name, _ in fused:
        setattr(owner, name, 0)

    def undo() -> None:
        now = [getattr(place.parent, place.attribute, None) for place in chosen]
        if all(there is place.held for place, there in zip(chosen, now, strict=True)):
            return
        for place, module, there in zip(chosen, copies, now, strict=True):
            if there is not module:
                raise CandidateError(
                    f"'{place.name}' has been replaced since: undo that replacement first"
                )
        for place in chosen:
            _put_back(place)
        for owner, name, value in fused:
            setattr(owner, name, value)

    return undo


def _fused(model: nn.Module, chosen: Sequence[Place]) -> list[tuple[nn.Module, str, Any]]:
    """Switches of torch's fast path in eval mode, which would go on computing ReLU or GELU, and
    of the nested tensors that its encoder makes of a padding mask for that path alone."""
    layers = {
        id(place.parent): place.parent
        for place in chosen
        if isinstance(place.parent, nn.TransformerEncoderLayer)
    }
    switches: list[tuple[nn.Module, str, Any]] = [
        (layer, "activation_relu_or_gelu", layer.activation_relu_or_gelu)
        for layer in layers.values()
    ]
    switches += [
        (encoder, "use_nested_tensor", encoder.use_nested_tensor)
        for encoder in model.modules()
        if isinstance(encoder, nn.TransformerEncoder)
        and any(id(module) in layers for module in encoder.modules())
    ]
    return switches
