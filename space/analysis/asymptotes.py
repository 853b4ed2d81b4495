"""A candidate's behaviour far out: a limit, a line, growth or oscillation, on either side.

Measured in float64 in three windows, at |x| = 1e4, 1e6 and 1e8: in each the function is compared
with its own least-squares line, then the windows with one another; where that contradicts the
proven range, farther out. Where float64 overflows within the formula, though not in its value,
wide.py goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from ..expressions.expression import Expression
from .far_windows import NOISE, WIDTH, Window, decades, long_look, turns, window

Kind = Literal[
    "constant", "line", "oscillates", "slower", "faster", "swings", "within", "grows", "undefined"
]
PLACES = (1e4, 1e6, 1e8)
FARTHER = (1e8, 1e10, 1e12)
SMALL = 1e-3  # relative: what is within it counts as the same
HIDDEN = 1e-6  # a limit below it is 0, as in the card's range
RISES = 0.6  # of the second of two steps to the first: 1 in log(x), 0.7 in log(log(x)), 0.5 in
# 1 - 1 / log(x), which has a limit
MORE = 0.05  # of a swing, that is more than two looks at a sum of waves differ by
SETTLES = 0.3  # the same where the limit can be told: 0.1 in 1 / sqrt(x)
RATIO = 1.03  # of f(x) / x at two places, from which on it grows or tends to 0: 1.05 in x ** 0.99,
# 1.02 in x + x / log(x), which is neither

_ORDERS = ("slower", "faster", "grows")
_WORDS = {
    "slower": "grows slower than a line",
    "faster": "grows faster than a line",
    "swings": "oscillates without bound",
    "within": "stays within the range",
    "grows": "is without bound",
    "undefined": "is not a number",
}


@dataclass(frozen=True, slots=True)
class Asymptote:
    """The behaviour on one side. `slope`, `offset`: of the line, or of the one that an
    oscillation goes about, the offset NaN where f only grows like the line; `low`, `high`: bounds
    on the values far out, infinite where none."""

    kind: Kind
    slope: float
    offset: float
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        """Whether the values stay finite on this side."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def text(self) -> str:
        """In words, after `f`."""
        if self.kind == "constant":
            return f"→ {self.offset:.4g}"
        if self.kind == "line" and math.isnan(self.offset):
            return f"~ {_factor(self.slope)}x"
        if self.kind == "line":
            sign = "+" if self.offset > 0 else "−"
            shift = f" {sign} {abs(self.offset):.4g}" if abs(self.offset) > SMALL else ""
            return f"→ {_factor(self.slope)}x{shift}"
        if self.kind == "oscillates":
            if self.bounded:
                low, high = (v if abs(v) >= HIDDEN else 0.0 for v in (self.low, self.high))
                return f"oscillates in [{low:.4g}, {high:.4g}]"
            return f"oscillates about {_factor(self.slope)}x"
        return _WORDS[self.kind]


def asymptote(
    expression: Expression, side: int, places: tuple[float, float, float] = PLACES
) -> Asymptote:
    """The behaviour for x to minus infinity (`side` -1) or plus infinity (1)."""
    near, middle, far = (window(expression, side * place, side) for place in places)
    if not all(math.isfinite(w.wave + w.mean) for w in (near, middle, far)):
        return _overflowing(torch.cat([long_look(expression, side * p) for p in places]))
    noise = NOISE * max(abs(far.place), far.size)
    size = max(abs(far.slope), min(1.0, max(w.size for w in (near, middle, far))))
    if far.wave > SMALL * size + noise:
        return _wave(expression, side, near, middle, far)
    same = SMALL * abs(far.slope) + NOISE * far.size / WIDTH
    between = (far.mean - middle.mean) / (far.place - middle.place)
    rise = abs(far.mean - middle.mean)
    if max(
        abs(between - far.slope), abs(middle.slope - far.slope)
    ) <= same and rise > HIDDEN * max(abs(far.mean), HIDDEN):
        rises = far.slope * side > 0
        settled = abs(far.offset - middle.offset) <= 10 * SMALL * max(1.0, abs(middle.offset))
        offset = _tidy(middle.offset) if settled else math.nan
        slope = _short(middle.slope if settled else far.slope)
        return Asymptote("line", slope, offset, *_bounds(rises, not rises))
    level = abs(far.slope * far.place) <= HIDDEN * far.size
    settles = rise <= max(SETTLES * abs(middle.mean - near.mean), noise)
    if level or (settles and _calms(expression, near, far, noise)):
        limit = _limit(near, middle, far)
        return Asymptote("constant", 0.0, limit, limit, limit)
    if turns(long_look(expression, far.place)):
        return _wave(expression, side, near, middle, far)
    across = decades(expression, near.place, far.place)
    if turns(across):  # as in log(x)
        return _slow_wave(across)
    kind = _order(middle, far)
    return _growing(kind, far.high > 0, far.low < 0)


def asymptote_within(
    expression: Expression, side: int, range_: tuple[float, float], endless: tuple[bool, bool]
) -> Asymptote:
    """The behaviour on a side, in accord with two numbers that no value passes, and with whether
    values are known to fall and to rise without bound there."""
    low, high = range_

    def accords(far: Asymptote) -> bool:
        slack = SMALL * max(1.0, abs(far.offset)) if far.bounded else 0.0
        passes = far.low < low - slack or far.high > high + slack
        ends = (far.low > -math.inf and endless[0]) or (far.high < math.inf and endless[1])
        return not (passes or ends)

    measured = asymptote(expression, side)
    if measured.kind in _ORDERS or not accords(measured):
        farther = asymptote(expression, side, FARTHER)
        if accords(farther) and (farther.kind == "line" or not accords(measured)):
            measured = farther  # what still grew is settled by then: x * sigmoid(x / 1e6)
    if accords(measured):
        if measured.kind == "oscillates":
            return replace(measured, low=max(low, measured.low), high=min(high, measured.high))
        return measured
    if any(endless):
        return _growing("grows", endless[1], endless[0])
    if math.isfinite(low) and math.isfinite(high):
        return Asymptote("within", math.nan, math.nan, low, high)
    return measured


def _calms(expression: Expression, near: Window, far: Window, noise: float) -> bool:
    """Whether f moves less far out: sin(sqrt(x)) has no limit, however slow it gets."""
    first, last = (_spread(long_look(expression, w.place)) for w in (near, far))
    return last <= max(SETTLES * first, noise)


def _slow_wave(value: Tensor) -> Asymptote:
    """Of what swings over decades: values at places ever farther out."""
    first, second = value.chunk(2)
    if _spread(second) > (1 + 2 * MORE) * _spread(first):
        return Asymptote("swings", math.nan, math.nan, -math.inf, math.inf)
    low, high = float(value.min()), float(value.max())
    return Asymptote("oscillates", 0.0, (low + high) / 2, low, high)


def _order(middle: Window, far: Window) -> Kind:
    """How f grows beside a line: by what becomes of f(x) / x."""
    first, second = (abs(w.mean / w.place) for w in (middle, far))
    if second < first / RATIO:
        return "slower"
    return "faster" if second > first * RATIO else "grows"


def _spread(value: Tensor) -> float:
    return float(value.max() - value.min())


def _wave(
    expression: Expression, side: int, near: Window, middle: Window, far: Window
) -> Asymptote:
    """Of what swings: without bound, about a line, or between two values."""
    looks = [long_look(expression, w.place) for w in (near, middle, far)]
    spreads = [_spread(value) for value in looks]
    means = [float(value.mean()) for value in looks]
    between = (far.mean - middle.mean) / (far.place - middle.place)
    earlier = (middle.mean - near.mean) / (middle.place - near.place)
    about = abs(between * far.place) > far.wave and abs(between - earlier) <= SMALL * abs(between)
    first, second = (
        (middle.wave - near.wave, far.wave - middle.wave)
        if about
        else (spreads[1] - spreads[0], spreads[2] - spreads[1])
    )
    if first > MORE * spreads[1] and second > max(RISES * first, MORE * spreads[2]):
        return Asymptote("swings", between, far.offset, -math.inf, math.inf)
    if about:
        rises = between * side > 0
        return Asymptote("oscillates", _short(between), far.offset, *_bounds(rises, not rises))
    if abs(means[2] - means[1]) > RISES * abs(means[1] - means[0]) + spreads[2] / 20:
        return _growing("slower", means[2] > means[1], means[2] < means[1])
    low, high = min(far.low, float(looks[2].min())), max(far.high, float(looks[2].max()))
    return Asymptote("oscillates", 0.0, (low + high) / 2, low, high)


def _overflowing(value: Tensor) -> Asymptote:
    """From values some of which are too large for float64, or no numbers."""
    if value.isnan().any():
        return Asymptote("undefined", math.nan, math.nan, -math.inf, math.inf)
    up, down = bool(value.max() > 0), bool(value.min() < 0)
    return _growing("swings" if up and down else "faster", up, down)


def _limit(near: Window, middle: Window, far: Window) -> float:
    """The limit of the means: the rest at the last window is told by its slope, as that of a power
    of x."""
    first, second = middle.mean - near.mean, far.mean - middle.mean
    left = 0.0
    if first * second > 0:
        power = math.log(first / second) / math.log(far.place / middle.place)
        left = far.slope * far.place / power
    limit = far.mean + (left if abs(left) < abs(second) else 0.0)  # more is rounding
    return 0.0 if abs(limit) < HIDDEN else _tidy(limit)


def _growing(kind: Kind, up: bool, down: bool) -> Asymptote:
    return Asymptote(kind, math.nan, math.nan, *_bounds(up, down))


def _bounds(up: bool, down: bool) -> tuple[float, float]:
    return -math.inf if down else math.inf, math.inf if up else -math.inf


def _factor(slope: float) -> str:
    text = f"{slope:.4g}"
    return {"1": "", "-1": "−"}.get(text, f"{text} ")


def _tidy(value: float) -> float:
    """Without the rounding of a fit in float64 over large numbers."""
    nearest = round(value, 5)
    return nearest + 0.0 if abs(value - nearest) < 1e-6 else value


def _short(value: float) -> float:
    """The same of a factor, however small."""
    nearest = float(f"{value:.6g}")
    return nearest if abs(value - nearest) < 1e-6 * abs(value) else value
