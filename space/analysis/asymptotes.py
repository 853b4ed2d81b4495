"""A candidate's behaviour far out: a limit, a line, growth or oscillation, on either side.

Measured in float64 in two windows, at |x| = 1e4 and 1e6: in each the function is compared with
its own least-squares line, then the two windows with one another. Where float64 overflows within
the formula, though not in its value, wide.py goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..expressions.expression import Expression
from .wide import wide_values

Kind = Literal["constant", "line", "oscillates", "slower", "faster", "swings", "undefined"]
PLACES = (1e4, 1e6)
WIDTH = 64.0  # of a window; ten periods of sin(x)
POINTS = 1601
FLOOR = 2e-5  # a line this flat is what the protection of log leaves of x log(1 + 0)
SMALL = 1e-3  # relative: what is within it counts as the same

_WORDS = {
    "slower": "grows slower than a line",
    "faster": "grows faster than a line",
    "swings": "oscillates without bound",
    "undefined": "is not a number",
}


@dataclass(frozen=True, slots=True)
class Asymptote:
    """The behaviour on one side. `slope`, `offset`: of the line, or of the one that an
    oscillation goes about; `low`, `high`: bounds on the values far out, infinite where none."""

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
        if self.kind == "line":
            sign = "+" if self.offset > 0 else "−"
            shift = f" {sign} {abs(self.offset):.4g}" if abs(self.offset) > SMALL else ""
            return f"→ {_factor(self.slope)}x{shift}"
        if self.kind == "oscillates":
            if self.bounded:
                return f"oscillates in [{self.low:.4g}, {self.high:.4g}]"
            return f"oscillates about {_factor(self.slope)}x"
        return _WORDS[self.kind]


def asymptote(expression: Expression, side: int) -> Asymptote:
    """The behaviour for x to minus infinity (`side` -1) or plus infinity (1)."""
    windows = [_window(expression, side * place, side) for place in PLACES]
    if not all(math.isfinite(v) for window in windows for v in window):
        value = _values(expression, side * torch.tensor(PLACES, dtype=torch.float64))
        if value.isnan().any():
            return Asymptote("undefined", math.nan, math.nan, -math.inf, math.inf)
        return _growing("faster", bool(value.max() > 0), bool(value.min() < 0))
    (slope1, offset1, wave1, *_), (slope, offset, wave, low, high) = windows
    if wave > SMALL * max(
        1.0, abs(slope)
    ):  # the line between the windows knows better than a wave
        slope = _between(expression, side)
    scale = max(1.0, abs(slope))
    if wave > SMALL * scale:
        if wave > 3 * wave1 + SMALL:
            return Asymptote("swings", slope, offset, -math.inf, math.inf)
        if abs(slope) <= SMALL:
            return Asymptote("oscillates", 0.0, offset, low, high)
        rises = slope * side > 0
        return Asymptote("oscillates", _tidy(slope), offset, *_bounds(rises, not rises))
    if abs(slope - slope1) > SMALL * scale:
        slower = abs(slope) < abs(slope1) / 2
        return _growing("slower" if slower else "faster", high > 0, low < 0)
    if abs(slope) > SMALL:
        rises = slope * side > 0
        return Asymptote("line", _tidy(slope), _tidy(offset), *_bounds(rises, not rises))
    if 0 < abs(slope) <= FLOOR and abs(slope - slope1) < abs(slope) / 100:
        limit = _tidy(offset)
        return Asymptote("constant", 0.0, limit, limit, limit)
    if abs(high - (slope1 * side * PLACES[0] + offset1)) <= 10 * SMALL * max(1.0, abs(high)):
        limit = high if abs(high) < abs(low) else low
        limit = 0.0 if abs(limit) < 1e-5 else _tidy(limit)
        return Asymptote("constant", 0.0, limit, limit, limit)
    return _growing("slower", high > 0, low < 0)


def _window(
    expression: Expression, start: float, side: int
) -> tuple[float, float, float, float, float]:
    """Slope and offset of the line through the window, the largest distance from it, and the
    least and the largest value."""
    u = torch.linspace(0, WIDTH, POINTS, dtype=torch.float64)
    x = start + side * u
    value = _values(expression, x)
    mean, centre = value.mean(), x.mean()
    slope = ((x - centre) * (value - mean)).sum() / (x - centre).square().sum()
    wave = (value - mean - slope * (x - centre)).abs().max()
    offset = mean - slope * centre
    numbers = (slope, offset, wave, value.min(), value.max())
    return tuple(float(v) for v in numbers)  # type: ignore[return-value]


def _values(expression: Expression, x: Tensor) -> Tensor:
    value = expression.values(x)
    return value if bool(value.isfinite().all()) else wide_values(expression, x)


def _between(expression: Expression, side: int) -> float:
    """Slope of the line through the means of the two windows."""
    u = torch.linspace(0, WIDTH, POINTS, dtype=torch.float64)
    near, far = (_values(expression, side * (place + u)).mean() for place in PLACES)
    return float(far - near) / (side * (PLACES[1] - PLACES[0]))


def _growing(kind: Kind, up: bool, down: bool) -> Asymptote:
    return Asymptote(kind, math.nan, math.nan, *_bounds(up, down))


def _bounds(up: bool, down: bool) -> tuple[float, float]:
    return -math.inf if down else math.inf, math.inf if up else -math.inf


def _factor(slope: float) -> str:
    return {1.0: "", -1.0: "−"}.get(slope, f"{slope:.4g} ")


def _tidy(value: float) -> float:
    """Without the rounding of a fit in float64 over large numbers."""
    nearest = round(value, 5)
    return nearest + 0.0 if abs(value - nearest) < 1e-6 else value
