"""Values of an expression where float64 overflows on the way: x * exp(x) / (exp(x) + 2) at 1e6.

A number is kept as mantissa and exponent, m * 2 ** e with both float64, so that exp(1e6) is one.
As exact as float64 where that is finite, so that differences of large numbers lose digits alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..expressions.expression import Call, Constant, Expression, Parameter
from ..expressions.numerics import DIVIDE_FLOOR, LOG_FLOOR, POWER_FLOOR, SQRT_FLOOR
from ..expressions.primitives import PRIMITIVES

LN2 = math.log(2)
LN2_REST = 2.3190468138462996e-17  # of the logarithm of 2, behind float64's digits
SPLITTER = 2.0**27 + 1
PHASED = 1e12  # below it float64 keeps a phase to 1e-4
LARGE = 1e300  # stands for what is larger, where a function's value no longer depends on it


@dataclass(frozen=True, slots=True)
class Wide:
    """`mantissa` * 2 ** `exponent`, the mantissa 0 or between a half and 1 in size."""

    mantissa: Tensor
    exponent: Tensor

    def __add__(self, other: Wide) -> Wide:
        top = torch.maximum(
            torch.where(self.mantissa == 0, -math.inf, self.exponent),
            torch.where(other.mantissa == 0, -math.inf, other.exponent),
        ).nan_to_num(neginf=0.0)
        parts = [n.mantissa * torch.exp2((n.exponent - top).clamp(max=0)) for n in (self, other)]
        return _normal(parts[0] + parts[1], top)

    def __neg__(self) -> Wide:
        return Wide(-self.mantissa, self.exponent)

    def __mul__(self, other: Wide) -> Wide:
        return _normal(self.mantissa * other.mantissa, self.exponent + other.exponent)

    def __truediv__(self, other: Wide) -> Wide:
        return _normal(self.mantissa / other.mantissa, self.exponent - other.exponent)

    @property
    def plain(self) -> Tensor:
        """As float64, infinite where that ends."""
        half = (self.exponent / 2).floor().clamp(-2000, 2000)
        rest = (self.exponent - half).clamp(-2000, 2000)
        return self.mantissa * torch.exp2(half) * torch.exp2(rest)

    @property
    def log(self) -> Tensor:
        """The logarithm of its size."""
        return torch.log(self.mantissa.abs()) + self.exponent * LN2


def wide_values(fixed: Expression, x: Tensor) -> Tensor:
    """f(x) at the initial parameters, float64; infinite only where f itself is too large for it.
    Beyond |x| = 1e15 the last digit of an exponent is no longer kept."""
    known: dict[Expression, Wide] = {}

    def visit(node: Expression) -> Wide:
        if node not in known:
            if isinstance(node, Call):
                known[node] = _called(node.primitive, [visit(o) for o in node.operands])
            elif isinstance(node, Constant | Parameter):
                value = node.value if isinstance(node, Constant) else node.initial
                known[node] = _wide(torch.full_like(x, value))
            else:
                known[node] = _wide(x)
        return known[node]

    return visit(fixed).plain


def _called(name: str, operands: list[Wide]) -> Wide:
    if name in _RULES:
        return _RULES[name](*operands)
    u = operands[0]
    if name in ("sin", "cos"):
        # Beyond float64 no phase is known: the logarithm's, where it has one, swings as well.
        phase = torch.where(u.log < PHASED, u.log, math.nan) * u.mantissa.sign()
        u = _where(u.plain.abs() > LARGE, _wide(phase), u)
    # The others are bounded, or straight lines on the far sides.
    value = PRIMITIVES[name].function(u.plain.clamp(-LARGE, LARGE))
    ratio = value / u.plain.clamp(-LARGE, LARGE)
    line = (u.plain.abs() > LARGE) & (value.abs() > LARGE / 1e9)
    return _where(line, _wide(ratio) * u, _wide(value))


def _wide(value: Tensor) -> Wide:
    return _normal(value, torch.zeros_like(value))


def _normal(mantissa: Tensor, exponent: Tensor) -> Wide:
    fraction, shift = torch.frexp(mantissa)
    return Wide(fraction, torch.where(mantissa == 0, 0.0, exponent + shift))


def _where(chosen: Tensor, a: Wide, b: Wide) -> Wide:
    return Wide(
        torch.where(chosen, a.mantissa, b.mantissa), torch.where(chosen, a.exponent, b.exponent)
    )


def _exp(u: Wide) -> Wide:
    power = u.plain.clamp(-LARGE, LARGE)
    exponent = (power / LN2).floor()
    close = power.abs() < 1e15  # beyond, no digit of the mantissa is known
    rest = power - exponent * LN2 - _lost(exponent, LN2) - exponent * LN2_REST
    return _normal(torch.exp(torch.where(close, rest, 0.0)), exponent)


def _lost(a: Tensor, b: float) -> Tensor:
    """The part of a product that rounding takes (Dekker 1971): exp(x) * exp(-x) is 1 at 1e15."""
    (a1, a2), (b1, b2) = _halves(a), _halves(torch.full_like(a, b))
    return ((a1 * b1 - a * b) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: Tensor) -> tuple[Tensor, Tensor]:
    """A number as the sum of two of 26 bits."""
    high = a * SPLITTER - (a * SPLITTER - a)
    return high, a - high


def _number(value: float, like: Wide) -> Wide:
    return _wide(torch.full_like(like.mantissa, value))


def _abs(u: Wide) -> Wide:
    return Wide(u.mantissa.abs(), u.exponent)


def _below(a: Wide, b: Wide) -> Tensor:
    return (a + -b).mantissa < 0


def _max(a: Wide, b: Wide) -> Wide:
    return _where(_below(a, b), b, a)


def _div(a: Wide, b: Wide) -> Wide:
    floor = _number(DIVIDE_FLOOR, b)
    return a / (b + _where(b.mantissa < 0, -floor, floor))


def _log(u: Wide) -> Wide:
    return _wide((_abs(u) + _number(LOG_FLOOR, u)).log)


def _sqrt(u: Wide) -> Wide:
    kept = _max(u, _number(SQRT_FLOOR, u))
    half = (kept.exponent / 2).floor()
    rest = kept.exponent - 2 * half
    return _normal(torch.sqrt(kept.mantissa * torch.exp2(rest)), half)


def _pow(a: Wide, b: Wide) -> Wide:
    return _exp(b * _wide(_max(_abs(a), _number(POWER_FLOOR, a)).log))


def _hyperbolic(u: Wide, sign: float) -> Wide:
    small = _wide((torch.cosh if sign > 0 else torch.sinh)(u.plain.clamp(-20, 20)))
    return _where(
        u.plain.abs() <= 20, small, (_exp(u) + _number(sign, u) * _exp(-u)) * _number(0.5, u)
    )


def _expm1(u: Wide) -> Wide:
    return _where(u.plain <= 1, _wide(torch.expm1(u.plain.clamp(max=1))), _exp(u) + _number(-1, u))


def _asinh(u: Wide) -> Wide:
    far = _wide((u.log + LN2) * u.mantissa.sign())
    return _where(u.plain.abs() < LARGE, _wide(torch.asinh(u.plain.clamp(-LARGE, LARGE))), far)


_RULES: Mapping[str, Callable[..., Wide]] = MappingProxyType(
    {
        "neg": lambda u: -u,
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a + -b,
        "mul": lambda a, b: a * b,
        "div": _div,
        "square": lambda u: u * u,
        "cube": lambda u: u * u * u,
        "max": _max,
        "min": lambda a, b: _where(_below(a, b), a, b),
        "abs": _abs,
        "sqrt": _sqrt,
        "log": _log,
        "exp": _exp,
        "sinh": lambda u: _hyperbolic(u, -1.0),
        "cosh": lambda u: _hyperbolic(u, 1.0),
        "asinh": _asinh,
        "expm1": _expm1,
        "pow": _pow,
    }
)
