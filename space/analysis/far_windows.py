"""Looks at a candidate far out: a window with its line, and a long look from a place on.

Where float64 overflows within the formula, though not in its value, wide.py goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..expressions.expression import Expression
from .wide import wide_values

WIDTH = 64.0  # of a window; ten periods of sin(x)
POINTS = 1601
LONG = 0.618  # how far again a long look goes, in ever larger steps: in no rhythm of a wave
TURNS = 3  # in a long look, from which on a function swings
NOISE = 2e-15  # relative: what rounding leaves, twenty operations


@dataclass(frozen=True, slots=True)
class Window:
    """The line through a window, the largest distance from it, and the least, the largest and the
    mean value; `place`: the x in its middle."""

    place: float
    slope: float
    wave: float
    low: float
    high: float
    mean: float

    @property
    def offset(self) -> float:
        """Of the line, at x = 0."""
        return self.mean - self.slope * self.place

    @property
    def size(self) -> float:
        """The largest of the sizes of the values."""
        return max(abs(self.low), abs(self.high))


def window(expression: Expression, start: float, side: int) -> Window:
    u = torch.linspace(0, WIDTH, POINTS, dtype=torch.float64)
    x = start + side * u
    value = values_far_out(expression, x)
    mean, centre = value.mean(), x.mean()
    slope = ((x - centre) * (value - mean)).sum() / (x - centre).square().sum()
    wave = (value - mean - slope * (x - centre)).abs().max()
    numbers = (centre, slope, wave, value.min(), value.max(), mean)
    return Window(*(float(v) for v in numbers))


def long_look(expression: Expression, place: float) -> Tensor:
    """Values from a place on, over more than half as far again."""
    u = torch.linspace(0, 1, POINTS, dtype=torch.float64)
    return values_far_out(expression, place * (1 + LONG * u.square()))


def decades(expression: Expression, near: float, far: float) -> Tensor:
    """Values from one place to another, as many in each decade."""
    exponents = torch.linspace(math.log10(abs(near)), math.log10(abs(far)), POINTS)
    return values_far_out(expression, math.copysign(1.0, near) * 10 ** exponents.double())


def turns(value: Tensor) -> bool:
    """Whether values turn so often that the function swings."""
    steps = value.diff()
    steps = steps[steps.abs() > NOISE * value.abs().max()]
    return int((steps.sign().diff() != 0).sum()) >= TURNS


def values_far_out(expression: Expression, x: Tensor) -> Tensor:
    value = expression.values(x)
    return value if bool(value.isfinite().all()) else wide_values(expression, x)
