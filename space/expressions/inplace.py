"""The steps of a program, and how they share memory: what is freed, and what is written over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .numerics import DIVIDE_FLOOR, divide_positive
from .primitives import PRIMITIVES, WRITABLE


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a step finds an operand: 0 is x, then the parameters, then the steps in order."""

    index: int


StepArgument = Slot | float


@dataclass(frozen=True, slots=True)
class Step:
    """One torch call on earlier slots; `code` is its Python source with {0}, {1}."""

    function: Callable[..., Any]
    code: str
    operands: tuple[StepArgument, ...]


def _divide_over(a: Tensor | float, b: Tensor) -> Tensor:
    return a / b.add_(DIVIDE_FLOOR)


# Functions that can write over their first operand, and those over their second: the call to use.
_OVER_FIRST: Mapping[Any, Callable[..., Any]] = {
    p.function: p.in_place[0] for p in PRIMITIVES.values() if p.in_place[0]
}
_OVER_SECOND: Mapping[Any, Callable[..., Any]] = {
    **{p.function: p.in_place[1] for p in PRIMITIVES.values() if p.in_place[1]},
    divide_positive: _divide_over,
}

# What autograd keeps of these calls is their operands, never their value: it may be overwritten.
_WRITABLE = frozenset(
    call
    for p in PRIMITIVES.values()
    if p.value == WRITABLE
    for call in (p.function, *filter(None, p.in_place))
)


def overwriting(steps: Sequence[Step], first: int, result: StepArgument) -> list[Step]:
    """The steps with sums, differences and floors written over an operand, to the same bits.

    Over one that no other step reads, that autograd does not keep, and that has room: x's shape,
    and what `torch.func.vmap` over the parameters adds to it, if to the other operand. It spares
    a pass over new memory: x * b + a takes a third less. `first` is the slot of the first step.
    """
    if not any(step.function in _OVER_SECOND or step.function in _OVER_FIRST for step in steps):
        return list(steps)
    uses = [0] * (first + len(steps))
    for operand in (*(o for step in steps for o in step.operands), result):
        if type(operand) is Slot:
            uses[operand.index] += 1
    learned = set(range(1, first))  # slots that depend on parameters
    full, free = {0}, set[int]()  # slots of x's shape; those of them that may be overwritten
    written = []
    for number, step in enumerate(steps, first):
        slots = [o.index if type(o) is Slot else -1 for o in step.operands]
        left, right = slots[0], slots[-1]
        function = step.function
        if left in free and (left in learned or right not in learned):
            function = _OVER_FIRST.get(function, function)
        if (
            function is step.function
            and right in free
            and (right in learned or left not in learned)
        ):
            function = _OVER_SECOND.get(function, function)
        same = function is step.function
        written.append(step if same else Step(function, step.code, step.operands))
        if left in learned or right in learned:
            learned.add(number)
        if left in full or right in full:
            full.add(number)
            if uses[number] == 1 and function in _WRITABLE:
                free.add(number)
    return written


def last_uses(
    steps: Sequence[Step], first: int, result: StepArgument
) -> tuple[tuple[int, ...], ...]:
    """For each step the slots, from `first` on, that it is the last to use."""
    needed = {result.index} if type(result) is Slot else set()
    lasts = []
    for step in reversed(steps):
        last = []
        for operand in step.operands:
            if type(operand) is Slot and operand.index >= first and operand.index not in needed:
                needed.add(operand.index)
                last.append(operand.index)
        lasts.append(tuple(last))
    return tuple(reversed(lasts))
