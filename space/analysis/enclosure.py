"""An expression on intervals: bounds on its value, slope and second derivative there.

Automatic differentiation in interval arithmetic (Moore 1966), one rule per primitive, the
protections of primitives.py included. Where the slope jumps the second derivative is unbounded,
where the value jumps the slope is too: so the mean value theorem holds on every interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..expressions.expression import Call, Constant, Expression
from ..expressions.numerics import DIVIDE_FLOOR, LOG_FLOOR, POWER_FLOOR, SQRT_FLOOR
from .interval import SMALLEST, Interval, everything, number, outwards

SINC_SLOPE = math.pi**2 / 3  # of its second derivative, at 0
BESSEL_TOP = 1.5451  # where exp(-x) I1(x) is largest, to the digits that matter below
BESSEL_MOST = 0.219093  # and how large it is there, rounded up
BESSEL_LEAST_SLOPE = -0.02


@dataclass(frozen=True, slots=True)
class Jet:
    """Bounds on a function and its first two derivatives over intervals of x."""

    value: Interval
    slope: Interval
    bend: Interval

    def __add__(self, other: Jet) -> Jet:
        return Jet(self.value + other.value, self.slope + other.slope, self.bend + other.bend)

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.slope, -self.bend)

    def __mul__(self, other: Jet) -> Jet:
        twice = (self.slope * other.slope).times(2.0)
        return Jet(
            self.value * other.value,
            self.slope * other.value + self.value * other.slope,
            self.bend * other.value + twice + self.value * other.bend,
        )

    def times(self, factor: float) -> Jet:
        """The product with a number."""
        return Jet(self.value.times(factor), self.slope.times(factor), self.bend.times(factor))

    def plus(self, shift: float) -> Jet:
        """The sum with a number."""
        return Jet(self.value + number(shift, self.value.low), self.slope, self.bend)

    def through(self, value: Interval, slope: Interval, bend: Interval) -> Jet:
        """Of g(u), this jet being u's, from bounds on g, g' and g'' over u's values."""
        return Jet(value, slope * self.slope, bend * self.slope.squared + slope * self.bend)


def enclose(expression: Expression, low: Tensor, high: Tensor) -> Jet:
    """Bounds over each [low, high], float64 tensors of one shape; no parameters are left in the
    expression."""
    inside = Interval(low, high)
    jets: dict[Expression, Jet] = {}
    zero, unit = number(0.0, low), number(1.0, low)

    def visit(node: Expression) -> Jet:
        if node not in jets:
            if isinstance(node, Call):
                jets[node] = _called(node, [visit(operand) for operand in node.operands])
            elif isinstance(node, Constant):
                jets[node] = Jet(number(node.value, low), zero, zero)
            else:
                jets[node] = Jet(inside, unit, zero)
        return jets[node]

    return visit(expression)


def _called(node: Call, operands: list[Jet]) -> Jet:
    if node.primitive == "mul" and node.operands[0] == node.operands[1]:
        return _square(operands[0])
    if node.primitive not in RULES:  # a new primitive: nothing is proven of what it is in
        every = everything(operands[0].value.low)
        return Jet(every, every, every)
    return RULES[node.primitive](*operands)


def _square(u: Jet) -> Jet:
    return u.through(u.value.squared, u.value.times(2.0), number(2.0, u.value.low))


def _cube(u: Jet) -> Jet:
    v = u.value
    return u.through(v.rising(lambda t: t * t * t), v.squared.times(3.0), v.times(6.0))


def _sub(a: Jet, b: Jet) -> Jet:
    return a + -b


def _div(a: Jet, b: Jet) -> Jet:
    """With the divisor moved away from 0 on its own side; across 0 the quotient jumps."""
    v, floor = b.value, number(DIVIDE_FLOOR, b.value.low)
    negative, positive = v.high < 0, v.low >= 0
    moved = (v - floor).where(negative, v + floor)
    inverse = moved.reciprocal.where(
        negative | positive, Interval(-floor.low, floor.low).times(1 / DIVIDE_FLOOR**2)
    )
    every = everything(v.low)
    squared = inverse.squared
    slope = (-squared).where(negative | positive, every)
    bend = (squared * inverse).times(2.0).where(negative | positive, every)
    return a * b.through(inverse, slope, bend)


def _max(a: Jet, b: Jet) -> Jet:
    first, second = a.value.low >= b.value.high, b.value.low >= a.value.high
    return _chosen(a, b, first, second, a.value.larger(b.value))


def _min(a: Jet, b: Jet) -> Jet:
    first, second = a.value.high <= b.value.low, b.value.high <= a.value.low
    return _chosen(a, b, first, second, a.value.smaller(b.value))


def _chosen(a: Jet, b: Jet, first: Tensor, second: Tensor, value: Interval) -> Jet:
    """The jet of the operand that is chosen; where that may be either, bounds for both."""
    first, second = first & ~second, second & ~first
    slope = a.slope.where(first, b.slope.where(second, a.slope.joined(b.slope)))
    every = everything(value.low)
    return Jet(value, slope, a.bend.where(first, b.bend.where(second, every)))


def _const(u: Jet, value: float) -> Jet:
    zero = number(0.0, u.value.low)
    return Jet(number(value, u.value.low), zero, zero)


def _relu(u: Jet) -> Jet:
    return _max(u, _const(u, 0.0))


def _clip(u: Jet, low: float, high: float) -> Jet:
    return _min(_max(u, _const(u, low)), _const(u, high))


def _abs(u: Jet) -> Jet:
    larger = _max(u, -u)
    return Jet(u.value.size, larger.slope, larger.bend)


def _exp(u: Jet) -> Jet:
    value = u.value.rising(torch.exp)
    value = Interval(value.low, value.high.clamp(min=SMALLEST))
    return u.through(value, value, value)


def _log_of(u: Jet) -> Jet:
    """The logarithm of what is above 0."""
    inverse = u.value.reciprocal
    return u.through(u.value.rising(torch.log), inverse, -inverse.squared)


def _log(u: Jet) -> Jet:
    return _log_of(_abs(u).plus(LOG_FLOOR))


def _sqrt(u: Jet) -> Jet:
    return _root(_max(u, _const(u, SQRT_FLOOR)))


def _root(u: Jet) -> Jet:
    value = u.value.rising(torch.sqrt)
    slope = value.reciprocal.times(0.5)
    return u.through(value, slope, -(slope * u.value.reciprocal).times(0.5))


def _pow(a: Jet, b: Jet) -> Jet:
    base = _max(_abs(a), _const(a, POWER_FLOOR))
    return _exp(b * _log_of(base))


def _bell(u: Interval, function: Callable[[Tensor], Tensor]) -> Interval:
    """The values of an even function above 0 that falls on the right."""
    value = u.size.falling(function)
    return Interval(value.low, value.high.clamp(min=SMALLEST))


def _sin(u: Jet) -> Jet:
    value = _wave(u.value, torch.sin, 0.5)
    return u.through(value, _wave(u.value, torch.cos, 0.0), -value)


def _cos(u: Jet) -> Jet:
    value = _wave(u.value, torch.cos, 0.0)
    return u.through(value, -_wave(u.value, torch.sin, 0.5), -value)


def _wave(u: Interval, function: Callable[[Tensor], Tensor], shift: float) -> Interval:
    """Of a sine or cosine, whose maximum is at shift * pi. A turn within rounding of the interval
    counts as in it, and a point, where the kernel errs by 1e-15 at most, has none."""
    a, b = function(u.low), function(u.high)
    slack = 1e-15 * (1 + u.size.high)
    low, high = u.low / math.pi - shift - slack, u.high / math.pi - shift + slack

    def turns(parity: int) -> Tensor:  # a whole number of this parity lies in [low, high]
        within = torch.floor((high - parity) / 2) >= torch.ceil((low - parity) / 2)
        return (within | ~(high - low < 2)) & (u.low < u.high) | ~u.size.high.isfinite()

    least, most = torch.minimum(a, b) - 1e-15, torch.maximum(a, b) + 1e-15
    return Interval(
        torch.where(turns(1), -1.0, least.clamp(min=-1.0)),
        torch.where(turns(0), 1.0, most.clamp(max=1.0)),
    )


def _cosh_of(u: Interval) -> Interval:
    return u.size.rising(torch.cosh).within(1.0, math.inf)


def _sinh(u: Jet) -> Jet:
    value = u.value.rising(torch.sinh)
    return u.through(value, _cosh_of(u.value), value)


def _cosh(u: Jet) -> Jet:
    value = _cosh_of(u.value)
    return u.through(value, u.value.rising(torch.sinh), value)


def _tanh(u: Jet) -> Jet:
    value = u.value.rising(torch.tanh).within(-1.0, 1.0)
    slope = _bell(u.value, lambda t: torch.cosh(t).reciprocal().square())
    return u.through(value, slope, -(value * slope).times(2.0))


def _sigmoid(u: Jet) -> Jet:
    value = u.value.rising(torch.sigmoid).within(0.0, 1.0)
    value = Interval(value.low, value.high.clamp(min=SMALLEST))
    slope = _bell(u.value, lambda t: torch.sigmoid(t) * torch.sigmoid(-t))
    return u.through(value, slope, -(slope * u.value.times(0.5).rising(torch.tanh)))


def _softplus(u: Jet) -> Jet:
    value = u.value.rising(lambda t: torch.logaddexp(t, torch.zeros_like(t)))
    value = Interval(value.low, value.high.clamp(min=SMALLEST))
    line = Jet(u.value, number(1.0, u.value.low), number(0.0, u.value.low))
    gate = _sigmoid(line)
    return u.through(value, gate.value, gate.slope)


def _asinh(u: Jet) -> Jet:
    slope = _bell(u.value, lambda t: torch.hypot(t, torch.ones_like(t)).reciprocal())
    return u.through(u.value.rising(torch.asinh), slope, -(u.value * slope * slope.squared))


def _atan(u: Jet) -> Jet:
    slope = _bell(u.value, lambda t: (1 + t * t).reciprocal())
    return u.through(u.value.rising(torch.atan), slope, -(u.value * slope.squared).times(2.0))


def _erf(u: Jet) -> Jet:
    value = u.value.rising(torch.erf).within(-1.0, 1.0)
    slope = _normal(u.value)
    return u.through(value, slope, -(u.value * slope).times(2.0))


def _erfc(u: Jet) -> Jet:
    value = u.value.falling(torch.erfc).within(0.0, 2.0)
    slope = -_normal(u.value)
    return u.through(
        Interval(value.low, value.high.clamp(min=SMALLEST)), slope, -(u.value * slope).times(2.0)
    )


def _normal(u: Interval) -> Interval:
    return _bell(u, lambda t: torch.exp(-t * t) * (2 / math.sqrt(math.pi)))


def _sinc(u: Jet) -> Jet:
    """sin(pi t) / (pi t): falls from 1 on [0, 1], then is at most 1 / (pi t); its derivatives
    from the equation t g'' + 2 g' + pi^2 t g = 0, whose bounds at 0 serve where t is small."""
    v, size = u.value, u.value.size
    near = size.high <= 1
    far = size.reciprocal.times(1 / math.pi).high.clamp(max=1.0)
    wave = Interval(torch.maximum(-far, torch.full_like(far, -0.21724)), far)
    outside = v.times(math.pi)
    sine = _wave(outside, torch.sin, 0.5)
    quotient = sine * outside.reciprocal
    apart = size.low > 0.1
    value = size.falling(torch.sinc).where(
        near,
        Interval(
            torch.where(apart, torch.maximum(wave.low, quotient.low), wave.low),
            torch.where(apart, torch.minimum(wave.high, quotient.high), wave.high),
        ),
    )
    value = Interval(value.low.clamp(min=-0.21724), value.high.clamp(max=1.0))
    inverse = v.reciprocal
    steep = (size.high * SINC_SLOPE).clamp(max=1.3706)
    slope = ((_wave(outside, torch.cos, 0.0) - value) * inverse).where(apart, everything(v.low))
    slope = slope.within(-steep, steep)
    bend = (-value.times(math.pi**2) - (slope * inverse).times(2.0)).where(
        apart, everything(v.low)
    )
    return u.through(value, slope, bend.within(-SINC_SLOPE, SINC_SLOPE))


def _bessel_i0e(u: Jet) -> Jet:
    value, first, first_slope = _bessels(u.value)
    sign = _sign(u.value)
    bend = (first_slope - sign * first + value).where(
        u.value.size.low > 0, everything(u.value.low)
    )
    return u.through(value, first - sign * value, bend)


def _bessel_i1e(u: Jet) -> Jet:
    _, first, slope = _bessels(u.value)
    return u.through(first, slope, everything(u.value.low))


def _bessels(u: Interval) -> tuple[Interval, Interval, Interval]:
    """exp(-|t|) I0(t); exp(-|t|) I1(t), which rises to its top and falls after it; its slope."""
    zeroth = u.size.falling(torch.special.i0e).within(SMALLEST, 1.0)
    ends = (torch.special.i1e(u.low), torch.special.i1e(u.high))
    first = outwards(torch.minimum(*ends), torch.maximum(*ends))
    for top in (-BESSEL_TOP, BESSEL_TOP):
        passed = (u.low <= top + 0.01) & (u.high >= top - 0.01)
        most = number(math.copysign(BESSEL_MOST, top), u.low)
        first = first.joined(most).where(passed, first)
    slope = zeroth - first * u.reciprocal - _sign(u) * first
    steep = (0.5 - u.size.high).clamp(min=BESSEL_LEAST_SLOPE)  # 1/2 - |t| + …, from its series
    known = outwards(steep, torch.full_like(steep, 0.5))
    slope = slope.within(known.low, known.high).where(u.size.low > 0.01, known)
    return zeroth, first, slope


def _sign(u: Interval) -> Interval:
    """-1, 1, or both where it holds 0."""
    ones = torch.ones_like(u.low)
    return Interval(torch.where(u.low > 0, ones, -ones), torch.where(u.high < 0, -ones, ones))


def _elu(u: Jet) -> Jet:
    """exp(t) - 1 on the left: once differentiable, so that slopes do not jump."""
    v = u.value
    value = v.rising(lambda t: torch.where(t > 0, t, torch.expm1(t.clamp(max=0.0))))
    slope = v.rising(lambda t: torch.exp(t.clamp(max=0.0)))
    slope = Interval(slope.low, slope.high.clamp(SMALLEST, 1.0))
    bend = Interval(torch.where(v.high > 0, 0.0, slope.low), slope.high)
    zero = number(0.0, v.low)
    return u.through(value, slope, zero.where(v.low > 0, bend))


def _selu(u: Jet) -> Jet:
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    left = _exp(_min(u, _const(u, 0.0))).plus(-1.0).times(alpha)
    return (_relu(u) + left).times(scale)


def _hard_sigmoid(u: Jet) -> Jet:
    return _clip(u.times(1 / 6).plus(0.5), 0.0, 1.0)


def _softsign(u: Jet) -> Jet:
    v, size = u.value, u.value.size
    # Written so that it tends to 1 also where t + 1 is t.
    value = v.rising(lambda t: torch.where(t.isinf(), t.sign(), t / (1 + t.abs())))
    value = value.within(-1.0, 1.0)
    slope = size.falling(lambda t: (1 + t).reciprocal().square())
    slope = Interval(slope.low, slope.high.clamp(min=SMALLEST))
    cubed = size.falling(lambda t: 2 * (1 + t).reciprocal() ** 3)
    bend = Interval(
        torch.where(v.high > 0, -cubed.high, cubed.low),
        torch.where(v.low < 0, cubed.high, -cubed.low),
    )
    return u.through(value, slope, bend)


RULES: Mapping[str, Callable[..., Jet]] = MappingProxyType(
    {
        "neg": lambda u: -u,
        "add": lambda a, b: a + b,
        "sub": _sub,
        "mul": lambda a, b: a * b,
        "div": _div,
        "square": _square,
        "cube": _cube,
        "max": _max,
        "min": _min,
        "abs": _abs,
        "sqrt": _sqrt,
        "log": _log,
        "exp": _exp,
        "sin": _sin,
        "cos": _cos,
        "sinh": _sinh,
        "cosh": _cosh,
        "tanh": _tanh,
        "asinh": _asinh,
        "atan": _atan,
        "sinc": _sinc,
        "erf": _erf,
        "erfc": _erfc,
        "expm1": lambda u: _exp(u).plus(-1.0),
        "pow": _pow,
        "bessel_i0e": _bessel_i0e,
        "bessel_i1e": _bessel_i1e,
        "relu": _relu,
        "sigmoid": _sigmoid,
        "softplus": _softplus,
        "silu": lambda u: u * _sigmoid(u),
        "gelu": lambda u: u * _erfc(u.times(-math.sqrt(0.5))).times(0.5),
        "mish": lambda u: u * _tanh(_softplus(u)),
        "elu": _elu,
        "selu": _selu,
        "elish": lambda u: _elu(u) * _sigmoid(u),
        "leaky_relu": lambda u: _max(u, u.times(0.01)),
        "softsign": _softsign,
        "log_sigmoid": lambda u: -_softplus(-u),
        "hard_sigmoid": _hard_sigmoid,
        "hard_swish": lambda u: u * _hard_sigmoid(u),
    }
)
