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
from .numerics import DIVIDE_FLOOR, divide_positive
from .primitives import IF_ALL, IF_ANY, NOT_NEGATIVE, PRIMITIVES

_Call = tuple[Callable[..., Any], int, int | None, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of a computation, in order; `result` is where its value ends up.

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
            slots = []
            for operand in step.operands:
                if type(operand) is Slot:
                    slots.append(operand.index + shift)
                else:
                    slots.append(taken)
                    taken += 1
            second = slots[1] if len(slots) == 2 else None
            calls.append((step.function, slots[0], second, tuple([i + shift for i in last])))
        object.__setattr__(self, "_constants", tuple(constants))
        object.__setattr__(self, "_calls", tuple(calls))

    def __call__(self, x: Tensor, parameters: Sequence[Tensor] = ()) -> Tensor:
        """f(x), of x's shape, given one tensor per parameter that broadcasts to that shape."""
        slots: list[Any] = [*self._constants, x, *parameters]
        for function, a, b, last in self._calls:
            slots.append(function(slots[a]) if b is None else function(slots[a], slots[b]))
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
        slot = self._slots.get(node)
        if slot is None:
            assert isinstance(node, Call)
            slot = self._slots[node] = self._emit(node)
        return slot

    def _emit(self, node: Call) -> StepArgument:
        operands = tuple(self.visit(operand) for operand in node.operands)
        if all(isinstance(o, float) for o in operands):
            tensors = [torch.tensor(o, dtype=torch.float64) for o in operands]
            value = float(PRIMITIVES[node.primitive].function(*tensors))
            # Beyond float32 it is infinite there too, and torch takes no other number so large.
            return math.copysign(math.inf, value) if abs(value) > LARGEST else value
        row = PRIMITIVES[node.primitive]
        function, code = row.function, row.code
        if row.with_number and any(isinstance(o, float) for o in operands):
            function, code, operands = row.with_number(*operands) or (function, code, operands)
        if function is PRIMITIVES["div"].function and never_negative(node.operands[1]):
            function, code = divide_positive, f"{{0}} / ({{1}} + {DIVIDE_FLOOR!r})"
        self.steps.append(Step(function, code, operands))
        return Slot(self._first_step + len(self.steps) - 1)


def never_negative(expression: Expression) -> bool:
    """True only if the value is at least 0 or NaN everywhere; False where that is not obvious.

    A division by such a one needs no look at the divisor's sign: the same floor, three torch calls
    fewer. That is most divisors worth having: 1 + |P(x)|, 1 + x ** 2, sums of exponentials.
    """
    if isinstance(expression, Constant):
        return expression.value >= 0
    if not isinstance(expression, Call):
        return False
    sign, operands = PRIMITIVES[expression.primitive].sign, expression.operands
    if sign == NOT_NEGATIVE or (expression.primitive == "mul" and operands[0] == operands[1]):
        return True
    if sign == IF_ANY:
        return any(map(never_negative, operands))
    return sign == IF_ALL and all(map(never_negative, operands))
