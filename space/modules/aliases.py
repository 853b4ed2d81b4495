"""A module reached in other ways than by its place: by lists, dicts, tuples and bound methods.

What torch does not register goes on calling the old module when a new one takes its place. These
ways are followed; where one cannot be, as with a closure, the replacement is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CellType, FunctionType, MethodType
from typing import Any, TypeAlias

from torch import Tensor, nn

from ..errors import CandidateError

# By module the one that takes its place; None where its places do not all get the same.
Successors: TypeAlias = Mapping[nn.Module, nn.Module | None]

ABSENT = object()  # the value of a key that is not there
_OF_TORCH = frozenset(vars(nn.Module()))  # `_modules`, hooks and the like
_LEAVES = str | bytes | int | float | Tensor | None
_EMPTY = CellType()  # of a variable that has no value yet


@dataclass(frozen=True, slots=True)
class Slot:
    """A position in a list, or a key of a dict such as a module's attributes, with two values."""

    holder: Any
    key: Any
    before: object
    after: object

    def fill(self) -> None:
        """Put the new value there."""
        self.holder[self.key] = self.after

    def restore(self) -> None:
        """Put the old value there again, unless a list has become too short for it."""
        if self.before is ABSENT:
            self.holder.pop(self.key, None)
        elif not isinstance(self.holder, list) or self.key < len(self.holder):
            self.holder[self.key] = self.before


def aliases(model: nn.Module, successors: Successors) -> list[Slot]:
    """The slots by which the rest of the model reaches a module that gets a successor.

    Raises CandidateError where the rest of the model reaches one in a way that cannot be followed.
    """
    inside = {module for old in successors for module in old.modules()}
    visited: set[int] = set()
    slots = []
    for prefix, parent in model.named_modules():
        if parent in inside:
            continue
        for attribute in [name for name in vars(parent) if name not in _OF_TORCH]:
            name = f"{prefix}.{attribute}" if prefix else attribute
            positions = [(vars(parent), attribute)]
            positions += [
                (h, k) for h in _holders(vars(parent)[attribute], visited) for k in _keys(h)
            ]
            for holder, key in positions:
                value = holder[key]
                if _reaches(value, successors, set()):
                    slots.append(Slot(holder, key, value, _followed(name, value, successors)))
    return slots


def _holders(value: Any, visited: set[int]) -> Iterator[Any]:
    """The lists and dicts in a value, itself too, also in a closure: they can be written to."""
    if isinstance(value, _LEAVES) or id(value) in visited:
        return
    visited.add(id(value))
    items = [item for item in _items(value) if not isinstance(item, _LEAVES)]
    if items and isinstance(value, list | dict):
        yield value
    for item in items:
        yield from _holders(item, visited)


def _keys(holder: Any) -> Iterable[Any]:
    return list(holder) if isinstance(holder, dict) else range(len(holder))


def _followed(name: str, value: Any, successors: Successors) -> Any:
    """The value with each module in it replaced by its successor."""
    if isinstance(value, nn.Module) and value in successors:
        return _successor(name, value, successors)
    if isinstance(value, tuple):
        items = [_followed(name, item, successors) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, MethodType) and isinstance(value.__self__, nn.Module):
        if value.__self__ in successors and value.__name__ in ("forward", "_wrapped_call_impl"):
            return getattr(_successor(name, value.__self__, successors), value.__name__)
    elif isinstance(value, functools.partial):
        arguments = [_followed(name, item, successors) for item in value.args]
        keywords = {k: _followed(name, item, successors) for k, item in value.keywords.items()}
        return functools.partial(_followed(name, value.func, successors), *arguments, **keywords)
    if not _reaches(value, successors, set()):
        return value
    if name.endswith("_orig_mod.forward") or hasattr(value, "_torchdynamo_orig_callable"):
        raise CandidateError(
            f"'{name}' is compiled, with the activation in it: replace before torch.compile"
        )
    raise CandidateError(
        f"'{name}', a {type(value).__name__}, keeps an activation that is to be replaced and "
        f"would go on with it: let it look the module up, as `lambda x: self.act(x)` does"
    )


def _successor(name: str, module: nn.Module, successors: Successors) -> nn.Module:
    successor = successors[module]
    if successor is None:
        raise CandidateError(
            f"'{name}' holds a {type(module).__name__} that stands in several places, which do "
            f"not all get the same module: choose all of them, without unshare"
        )
    return successor


def _reaches(value: Any, successors: Successors, visited: set[int]) -> bool:
    """Whether a module that gets a successor is the value or in it, lists and dicts apart."""
    if isinstance(value, nn.Module):
        return value in successors
    if isinstance(value, _LEAVES | list | dict) or id(value) in visited:
        return False
    visited.add(id(value))
    return any(_reaches(item, successors, visited) for item in _items(value))


def _items(value: Any) -> Iterable[Any]:
    """The parts of a container, a function's closure and defaults, the object of a method."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, MethodType):
        return (value.__self__,)
    if isinstance(value, functools.partial):
        return (value.func, *value.args, *value.keywords.values())
    if isinstance(value, FunctionType):
        cells = [c.cell_contents for c in value.__closure__ or () if c != _EMPTY]
        return (*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
    return ()
