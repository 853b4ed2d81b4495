"""Why an exported file computes with 6.000000059604645: a comment at each floor, with its number.

A protected operator moves its operand away from where the value or the slope would be infinite
(`numerics`). The file has to compute what was searched, so it has the same floors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..expressions.compile import compile_program
from ..expressions.expression import Call, Constant, Expression
from ..expressions.inplace import Step
from ..expressions.numerics import DIVIDE_FLOOR
from ..expressions.primitives import PRIMITIVES

_EVERY = "every divisor is kept away from 0, as in the search"
_DIVISOR = "2**-24 (6e-08) keeps the divisor away from 0, as in the search"
FLOORS: Mapping[str, str] = {
    "div": _DIVISOR,
    "log": "1e-05 keeps the logarithm's operand away from 0, as in the search",
    "sqrt": "0.001 is the least operand of a root, as in the search: at 0 its slope is infinite",
    "pow": "0.001 is the least size of a base, as in the search: at 0 slopes are infinite",
}
_BY_CODE = {PRIMITIVES[name].code: reason for name, reason in FLOORS.items()}


def comments(expression: Expression, steps: Sequence[Step]) -> list[list[str]]:
    """The lines of comment above each step; a reason that holds for several stands once."""
    folded = {_value(node): node for node in _constants(expression)}
    seen: set[str] = set()
    lines = []
    for step in steps:
        reasons = [
            f"{operand!r} is {folded[operand]}{_with_floors(folded[operand])}"
            for operand in step.operands
            if isinstance(operand, float) and operand in folded
        ]
        reasons += filter(None, [_reason(step)])
        lines.append([r for r in dict.fromkeys(reasons) if r not in seen])
        seen.update(reasons)
    return lines


def _reason(step: Step) -> str | None:
    divisor = step.operands[-1]
    if step.code == "{0} / {1}" and isinstance(divisor, float):
        number = divisor - math.copysign(DIVIDE_FLOOR, divisor)
        sign = "+" if divisor > 0 else "-"
        return f"{divisor!r} is {number:.12g} {sign} 2**-24: {_EVERY}"
    if step.code == f"{{0}} / ({{1}} + {DIVIDE_FLOOR!r})":
        return f"{DIVIDE_FLOOR!r} is 2**-24: it keeps the divisor away from 0, as in the search"
    return _BY_CODE.get(step.code)


def _constants(expression: Expression) -> list[Call]:
    """The largest parts that are numbers alone, which a program computes beforehand."""
    if not isinstance(expression, Call):
        return []
    if all(isinstance(node, Call | Constant) for node in expression.nodes()):
        return [expression]
    return [part for child in expression.children for part in _constants(child)]


def _value(node: Expression) -> float:
    result = compile_program(node).result
    assert isinstance(result, float)  # no x, no parameter
    return result


def _with_floors(node: Expression) -> str:
    """Note on the operators' floors that a number was computed with; "" without any."""
    names = {part.primitive for part in node.nodes() if isinstance(part, Call)}
    used = [name for name in FLOORS if name in names]
    return f", the floor of {' and '.join(used)} in it, as in the search" if used else ""
