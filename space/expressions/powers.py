"""Constant powers, x ** 3, as rows of primitives: pow(x, y) is another function, |x| ** y."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import CandidateError
from .expression import Call, Constant, Expression

# exponent -> the primitives that raise to it, one after the other
_POWERS: Mapping[float, tuple[str, ...]] = MappingProxyType(
    {
        0.5: ("sqrt",),
        1.0: (),
        2.0: ("square",),
        3.0: ("cube",),
        4.0: ("square", "square"),
        6.0: ("cube", "square"),
        8.0: ("square", "square", "square"),
        9.0: ("cube", "cube"),
    }
)


def raised(base: Expression, exponent: float | None) -> Expression:
    """The base to a power; raises CandidateError for an exponent that no primitives raise to."""
    primitives = None if exponent is None else _POWERS.get(abs(exponent))
    if exponent is None or primitives is None:
        known = ", ".join(f"{known:g}" for known in sorted(_POWERS))
        raise CandidateError(
            f"the exponent after ** must be one of {known}, or minus one of them; pow(x, y) is "
            f"|x| to any power"
        )
    for primitive in primitives:
        base = Call(primitive, (base,))
    return base if exponent > 0 else Call("div", (Constant(1.0), base))


def number_of(expression: Expression) -> float | None:
    """The number that an operand or an exponent is, as 2, (2) or 1/2; None for any other."""
    match expression:
        case Constant(value):
            return value
        case Call("div", (Constant(above), Constant(below))) if below:
            return above / below
    return None
