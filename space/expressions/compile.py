"""A program: the flat list of torch calls that evaluates an expression, or prints as source.

Equal subtrees are computed once, constants are folded, an operator with a constant operand uses
the torch call made for it, and a sum is written over an operand that nothing else needs, so a
composed candidate costs what a hand-written one does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from .expression import (
    LARGEST,
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
)
from .inplace import (
    Slot,
    Step,
    StepArgument,
    last_uses,
    overwriting,
)
from .numerics import DIVIDE_FLOOR, POWER_FLOOR, divide_positive
from .primitives import PRIMITIVES
from .signs import never_negative

_Call = tuple[Callable[..., Any], int, int | None, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Program:
    """What to compute, in order; `result` is where the value ends up.

    `last` are, for each step, the slots that no later one needs: their memory goes back at once,
    so that a long formula reuses a few buffers, as nested calls written by hand do, and stays in
    the cache.
    """

    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    last: tuple[tuple[int, ...], ...]
    result: StepArgument
    spreads: bool  # the result does not depend on x and has to be broadcast to its shape
    # The steps as `__call__` wants them, which takes 0.3 us a step and not 1: constants have the
    # first slots, and a call is a function, one operand or two, and what it is the last to use.
    _constants: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _calls: tuple[_Call, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        constants = [o for step in self.steps for o in step.operands if type(o) is not Slot]
        shift, taken = len(constants), 0
        calls: list[_Call] = []
        for step, last in zip(self.steps, self.last, strict=True):
            places = []
            for operand in step.operands:
                if type(operand) is Slot:
                    places.append(operand.index + shift)
                else:
                    places.append(taken)
                    taken += 1
            two = places[1] if len(places) == 2 else None
            calls.append((step.function, places[0], two, tuple([i + shift for i in last])))
        object.__setattr__(self, "_constants", tuple(constants))
        object.__setattr__(self, "_calls", tuple(calls))

    def __call__(self, x: Tensor, parameters: Sequence[Tensor] = ()) -> Tensor:
        """f(x), of x's shape, given one tensor per parameter that broadcasts to that shape."""
        slots: list[Any] = [*self._constants, x, *parameters]
        for function, one, two, last in self._calls:
            slots.append(function(slots[one]) if two is None else function(slots[one], slots[two]))
            for index in last:
                slots[index] = None
        if not isinstance(self.result, Slot):
            return torch.full_like(x, self.result)
        value: Tensor = slots[self.result.index + len(self._constants)]
        return value.to(x.dtype).expand_as(x) if self.spreads else value


@lru_cache(maxsize=4096)
def compile_program(expression: Expression) -> Program:
    """The program of an expression over `x`; pure, so it is remembered."""
    parameters = expression.parameters
    compiler = _Compiler(parameters)
    result = compiler.visit(expression)
    depends = any(isinstance(node, Variable) for node in expression.nodes())
    first = 1 + len(parameters)
    steps = overwriting(compiler.steps, first, result)
    last = last_uses(steps, first, result)
    return Program(parameters, tuple(steps), last, result, not depends)


class _Compiler:
    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self._slots: dict[Expression, StepArgument] = {
            parameter: Slot(1 + i) for i, parameter in enumerate(parameters)
        }
        self._first_step = 1 + len(parameters)
        self.steps: list[Step] = []

    def visit(self, node: Expression) -> StepArgument:
        if isinstance(node, Variable):
            return Slot(0)
        if isinstance(node, Constant):
            return node.value
        found = self._slots.get(node)
        if found is None:
            assert isinstance(node, Call)
            found = self._slots[node] = self._emit(node)
        return found

    def _emit(self, node: Call) -> StepArgument:
        operands = tuple(self.visit(operand) for operand in node.operands)
        if all(isinstance(o, float) for o in operands):
            tensors = [torch.tensor(o, dtype=torch.float64) for o in operands]
            value = float(PRIMITIVES[node.primitive].function(*tensors))
            # Beyond float32 it is infinite there too, and torch takes no other number so large.
            return math.copysign(math.inf, value) if abs(value) > LARGEST else value
        function, code, operands = _specialise(node.primitive, operands)
        if function is PRIMITIVES["div"].function and never_negative(node.operands[1]):
            function, code = divide_positive, f"{{0}} / ({{1}} + {DIVIDE_FLOOR!r})"
        self.steps.append(Step(function, code, operands))
        return Slot(self._first_step + len(self.steps) - 1)


def _clamp_min(a: Tensor, low: float) -> Tensor:
    return a.clamp(min=low)


def _clamp_max(a: Tensor, high: float) -> Tensor:
    return a.clamp(max=high)


def _true_divide(a: Tensor, b: float) -> Tensor:
    return a / b


def _specialise(
    primitive: str, operands: tuple[StepArgument, ...]
) -> tuple[Callable[..., Any], str, tuple[StepArgument, ...]]:
    """The call for these operands: not every function takes Python numbers."""
    if primitive in ("max", "min") and any(isinstance(o, float) for o in operands):
        a, b = operands if isinstance(operands[1], float) else (operands[1], operands[0])
        if primitive == "max":
            return _clamp_min, "{0}.clamp(min={1})", (a, b)
        return _clamp_max, "{0}.clamp(max={1})", (a, b)
    if primitive == "div" and isinstance(operands[1], float):
        floor = -DIVIDE_FLOOR if operands[1] < 0 else DIVIDE_FLOOR
        return _true_divide, "{0} / {1}", (operands[0], operands[1] + floor)
    if primitive == "pow" and isinstance(operands[0], float):
        return torch.pow, "torch.pow({0}, {1})", (max(abs(operands[0]), POWER_FLOOR), operands[1])
    found = PRIMITIVES[primitive]
    return found.function, found.code, operands
