"""A candidate as a function: its range, monotony, smoothness, and averages under N(0, 1).

Everything is measured in float64 at the initial parameters, or at values that are passed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..expressions.expression import Constant, Expression, substitute
from .asymptotes import Asymptote, asymptote
from .moments import gaussian_nodes
from .smoothness import RANGE, Smoothness, smoothness

POINTS = 20_002  # on [-RANGE, RANGE]; even, so that 0, a division's odd point, is not among them
FLAT = 1e-9  # a difference of neighbouring values that counts as none
DEAD = 1e-6  # |f| or |f'| that counts as zero: a unit there is silent, or learns nothing

Direction = Literal["increasing", "decreasing", "constant", "neither"]


@dataclass(frozen=True, slots=True)
class Properties:
    """`low`, `high`: infimum and supremum over all x; `*_reached`: whether they are values.

    Under a standard normal input: `mean`, `second_moment` E[f^2], `slope_moment` E[f'^2],
    `zero_output` and `zero_slope` the shares where |f| and |f'| are below 1e-6, `curvature` the
    share of the variance that the best line leaves. `lipschitz`: largest |f'| on [-10, 10].
    """

    low: float
    high: float
    low_reached: bool
    high_reached: bool
    left: Asymptote
    right: Asymptote
    direction: Direction
    strictly: bool
    turns: int
    smooth: Smoothness
    mean: float
    second_moment: float
    slope_moment: float
    zero_output: float
    zero_slope: float
    curvature: float
    lipschitz: float

    @property
    def bounded(self) -> bool:
        """Whether all values lie between two numbers."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def range_text(self) -> str:
        """As an interval: a square bracket where the end is a value, a round one where not."""
        left = "[" if self.low_reached else "("
        right = "]" if self.high_reached else ")"
        return f"{left}{_number(self.low)}, {_number(self.high)}{right}"

    @property
    def saturating(self) -> tuple[str, ...]:
        """The sides on which f tends to a constant, so that its slope tends to 0."""
        sides = (("left", self.left), ("right", self.right))
        return tuple(name for name, side in sides if side.kind == "constant")

    @property
    def gain(self) -> float:
        """E[f'^2] / E[f^2]: the factor on the gradient's second moment per layer, backwards, in
        a wide net whose weights keep the signal's second moment (He et al. 2015); 1 for ReLU."""
        return self.slope_moment / self.second_moment if self.second_moment else math.nan


def properties(expression: Expression, values: Mapping[str, float] | None = None) -> Properties:
    """The properties at the initial parameters, or with `values` in place of some."""
    numbers = values or {}
    fixed = substitute(
        expression,
        {p: Constant(numbers.get(p.name, p.initial)) for p in expression.parameters},
    )
    x = torch.linspace(-RANGE, RANGE, POINTS, dtype=torch.float64)
    value, slope = fixed.values_and_slopes(x)
    left, right = asymptote(fixed, -1), asymptote(fixed, 1)
    smooth = smoothness(fixed)
    ends = []
    for sign in (-1.0, 1.0):
        far = max(sign * b for side in (left, right) for b in (side.low, side.high))
        flat = _plateau(sign * value, slope, smooth)
        ends.append(_end(fixed, sign, sign * value, far, flat))
    (low, low_reached), (high, high_reached) = ends
    direction, turns = _direction(value)
    z, weights = gaussian_nodes()
    at_z, slope_z = fixed.values_and_slopes(z)

    def mean(of: Tensor) -> float:
        return float((of.double() * weights).sum())

    average, along = mean(at_z), mean(at_z * z)
    variance = mean((at_z - average).square())
    left_over = mean((at_z - average - along * z).square())
    return Properties(
        low=-low + 0.0,  # no negative zero
        high=high,
        low_reached=low_reached,
        high_reached=high_reached,
        left=left,
        right=right,
        direction=direction,
        strictly=not turns and bool((slope == 0).double().mean() < 1e-3),
        turns=turns,
        smooth=smooth,
        mean=average,
        second_moment=mean(at_z.square()),
        slope_moment=mean(slope_z.square()),
        zero_output=mean(at_z.abs() < DEAD),
        zero_slope=mean(slope_z.abs() < DEAD),
        curvature=left_over / variance if variance > 1e-12 else 0.0,
        lipschitz=float(slope.abs().max()),
    )


def _end(
    fixed: Expression, sign: float, value: Tensor, far: float, plateau: bool
) -> tuple[float, bool]:
    """The supremum of `sign * f`, from its values on the range and its bound far out, and
    whether it is a value of it: a limit is one only on a plateau."""
    if not value.isfinite().all():
        return math.inf, False
    inside = max(float(value.max()), _zoomed(fixed, sign, int(value.argmax())))
    close = 1e-3 * max(1.0, abs(inside))
    if far > inside + close:
        return far, False
    if far < inside - close or plateau:
        return _tidy(inside), True
    inner = float(value[POINTS // 8 : -POINTS // 8].max())
    if max(inner, inside) > far and inner > inside - 1e-7:
        return _tidy(inside), True
    return _tidy(far), False


def _zoomed(fixed: Expression, sign: float, at: int) -> float:
    """The largest value of `sign * f` in the two cells beside a point of the range."""
    step = 2 * RANGE / (POINTS - 1)
    centre = at * step - RANGE
    x = torch.linspace(max(centre - step, -RANGE), min(centre + step, RANGE), 2002).double()
    return float((sign * fixed.values(x)).nan_to_num(nan=-math.inf).max())


def _plateau(value: Tensor, slope: Tensor, smooth: Smoothness) -> bool:
    """Whether the largest value is taken on a flat piece; tanh(3 x), flat by rounding only, has
    no place where such a piece could begin."""
    flat = float(((value == value.max()) & (slope == 0)).double().mean())
    begins = bool(smooth.jumps or smooth.kinks or smooth.bends)
    return flat > 0.01 and (begins or flat == 1.0)


def _direction(value: Tensor) -> tuple[Direction, int]:
    """Direction on the range, and how often it turns."""
    steps = value.diff()
    steps = torch.where(steps.abs() <= FLAT * (1 + value[1:].abs()), 0.0, steps)
    signs = steps.sign()
    moving = signs[signs != 0]
    turns = int((moving.diff() != 0).sum())
    if not len(moving):
        return "constant", 0
    if turns:
        return "neither", turns
    return ("increasing" if moving[0] > 0 else "decreasing"), 0


def _tidy(value: float) -> float:
    nearest = round(value, 5)
    return nearest + 0.0 if abs(value - nearest) < 1e-6 else value


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.4g}"
