"""Which expressions are never negative, whatever x and the parameters are.

A division by such a one needs no look at the divisor's sign: the same floor, three torch calls
fewer. That is most divisors worth having: 1 + |P(x)|, 1 + x ** 2, sums of exponentials.
"""

from __future__ import annotations

from .expression import Call, Constant, Expression

_ALWAYS = frozenset(
    {"abs", "square", "exp", "sqrt", "cosh", "relu", "sigmoid", "softplus", "hard_sigmoid"}
)
_IF_ALL = frozenset({"add", "mul", "div", "min", "cube"})  # a quotient keeps its divisor's sign


def never_negative(expression: Expression) -> bool:
    """True only if the value is at least 0 or NaN everywhere; False where that is not obvious."""
    if isinstance(expression, Constant):
        return expression.value >= 0
    if not isinstance(expression, Call):
        return False
    if expression.primitive in _ALWAYS:
        return True
    operands = expression.operands
    if expression.primitive == "mul" and operands[0] == operands[1]:
        return True
    if expression.primitive == "max":
        return any(map(never_negative, operands))
    return expression.primitive in _IF_ALL and all(map(never_negative, operands))
