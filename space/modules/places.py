"""Where a network holds its activations: those that are meant, and those that must be left."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeAlias

from torch import nn

from ..errors import CandidateError
from .activation import ACTIVATIONS, is_activation
from .functions import FUNCTIONS, is_function
from .replacement import LeftPlace

Which: TypeAlias = (
    type[nn.Module] | tuple[type[nn.Module], ...] | str | Callable[[str, nn.Module], bool]
)
GATES = (nn.Sigmoid, nn.Hardsigmoid)  # they weigh channels (squeeze and excitation) or an output
_WORDS = ("relu", "elu", "swish", "silu", "mish", "sigmoid", "tanh", "softplus", "activation")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parent holds an activation, as a module or, with `function`, as a function."""

    parent: nn.Module
    attribute: str
    name: str
    module: nn.Module
    function: Callable[..., Any] | None = None

    @property
    def held(self) -> object:
        """The function or the module that stands there."""
        return self.function or self.module

    @property
    def kind(self) -> str:
        """The name of its class, or of the function."""
        if self.function is not None:
            return f"{self.function.__name__}, held as a function"
        return class_name(self.module)


def class_name(module: nn.Module) -> str:
    """Name of a module's class, with its Python module unless that is torch.nn or ours."""
    kind = type(module)
    shipped = kind.__module__.startswith(("torch.nn.", "actsearch."))
    return kind.__name__ if shipped else f"{kind.__module__}.{kind.__qualname__}"


def places(model: nn.Module) -> Iterator[Place]:
    """Each place that holds a module or a function of `FUNCTIONS`, once, by its first name."""
    seen: set[tuple[int, str]] = set()
    stand_ins: dict[Any, nn.Module] = {}
    for prefix, parent in model.named_modules(remove_duplicate=False):
        start = f"{prefix}." if prefix else ""
        # Not named_children(): it shows a module once that its parent holds under two names.
        for name, child in parent._modules.items():
            if child is not None and (id(parent), name) not in seen:
                seen.add((id(parent), name))
                yield Place(parent, name, start + name, child)
        for name, value in vars(parent).items():
            if is_function(value) and (id(parent), name) not in seen:
                seen.add((id(parent), name))
                stand_in = stand_ins.setdefault((id(parent), name), FUNCTIONS[value]())
                yield Place(parent, name, start + name, stand_in, value)


def outermost(model: nn.Module, held: Sequence[Place], chosen: Sequence[Place]) -> list[Place]:
    """Of the places held those that stay when the chosen ones are emptied, themselves included:
    without what a chosen container would take along."""
    emptied = {(id(place.parent), place.attribute) for place in chosen}
    reached: set[int] = set()
    ahead = [model]
    while ahead:
        parent = ahead.pop()
        if id(parent) not in reached:
            reached.add(id(parent))
            children = parent._modules.items()
            ahead += [m for n, m in children if m is not None and (id(parent), n) not in emptied]
    return [place for place in held if id(place.parent) in reached]


def check_which(which: object) -> None:
    """Raise CandidateError for what is no choice of activations, with what to pass instead."""
    kinds = which if isinstance(which, tuple) else (which,)
    if isinstance(which, str | UnionType) or all(
        isinstance(kind, type) and issubclass(kind, nn.Module) for kind in kinds
    ):
        return
    if isinstance(which, nn.Module):
        raise CandidateError(
            f"pass the class {type(which).__name__} and not an instance: a class, several in a "
            f"tuple, a pattern of names, or a function of (name, module)"
        )
    if is_function(which):
        kind = FUNCTIONS[which].__name__  # type: ignore[index]
        raise CandidateError(f"pass the class nn.{kind} and not the function: it finds both")
    if isinstance(which, type) or not callable(which):
        raise CandidateError(
            f"which activations to replace is a class of modules, several in a tuple, a pattern "
            f"of names, or a function of (name, module), but got {which!r}"
        )


def is_meant(place: Place, which: Which) -> bool:
    """Whether the place is chosen. A pattern takes activations only ("layer4.*" fits a block's
    convolutions too), and with a wildcard no gates. What reparametrises weights is an activation
    by its full name alone, or where the function says so."""
    if isinstance(which, str):
        if not is_activation(place.module) or not fnmatch.fnmatchcase(place.name, which):
            return False
        special = isinstance(place.module, GATES) or _is_of_weights(place)
        return place.name == which or not special
    if isinstance(which, type | tuple | UnionType):
        return isinstance(place.module, which) and not _is_of_weights(place)
    return bool(which(place.name, place.module))


def _is_of_weights(place: Place) -> bool:
    """Whether torch.nn.utils.parametrize put it there, to make weights of other weights."""
    return "parametrizations" in place.name.split(".")


def left_places(model: nn.Module, held: Sequence[Place]) -> list[LeftPlace]:
    """Places that look like activations and are not among the chosen, with the reason."""
    left = [LeftPlace(p.name, p.kind, _reason(p)) for p in held if _looks_like(p.module)]
    if _looks_like(model):
        reason = "nothing holds it, so nothing can take its place: use candidate.module()"
        left.append(LeftPlace("", class_name(model), reason))
    registered = {id(module) for module in model.modules()}
    for prefix, parent in model.named_modules():
        for attribute, value, reason in _unregistered(parent):
            if id(value) not in registered:
                name = f"{prefix}.{attribute}" if prefix else attribute
                left.append(LeftPlace(name, class_name(value), reason))
    return left


def _looks_like(module: nn.Module) -> bool:
    if is_activation(module):
        return True
    name = str(getattr(module, "original_name", type(module).__name__)).lower()
    return not any(module.children()) and any(word in name for word in _WORDS)


def _reason(place: Place) -> str:
    if _is_of_weights(place):
        return "reparametrises weights; to replace it, choose its full name"
    if isinstance(place.module, GATES):
        return "a gate; to replace it, choose its class or its full name"
    if not is_activation(place.module):
        return "a class of its own; to replace it, choose that class"
    return "not chosen"


def _unregistered(parent: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """Activations that a module reaches without holding them: of its class, or in a plain list."""
    for kind in type(parent).__mro__:
        for name, value in vars(kind).items():
            if isinstance(value, ACTIVATIONS) and name not in parent._modules:
                yield name, value, "held by the class: assign it in __init__, self.act = nn.SiLU()"
    for name, value in vars(parent).items():
        if name.startswith("_") or not isinstance(value, list | tuple | dict):
            continue
        for item in value.values() if isinstance(value, Mapping) else value:
            if isinstance(item, ACTIVATIONS):
                yield name, item, f"in a plain {type(value).__name__}: use an nn.ModuleList"
