"""A candidate as a function: its range, monotony, smoothness, and averages under N(0, 1).

At the initial parameters, or at values that are passed. Range and steepest slope are over every x
and proven where bounds.py could; the rest is measured in float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..expressions.expression import Constant, Expression, substitute
from .asymptotes import Asymptote, asymptote_within
from .bounds import (
    Enclosed,
    agree,
    has_flat_piece,
    highest,
    lowest,
    reached,
    steepest,
    steepest_down,
    supremum,
)
from .fine_nodes import fine_nodes, without_spike
from .shape import Direction, direction_of, everywhere
from .smoothness import RANGE, Smoothness, smoothness

POINTS = 20_002  # on [-RANGE, RANGE]; even, so that 0, a division's odd point, is not among them
TELLING = 1e6  # a proven bound beyond this says nothing to a reader
HIDDEN = 1e-6  # what the protection of a division leaves of a 0 is not shown
FLAT = 1e-9  # a slope that counts as none
ROUNDED = 1e-12  # a mean, in standard deviations, that is the sum's rounding: of tanh -6e-18
LEVEL = 1e-6  # a slope against the direction that is not ruled out, but too small to matter
DEAD = 1e-6  # |f| or |f'| that counts as zero: a unit there is silent, or learns nothing


@dataclass(frozen=True, slots=True)
class Properties:
    """`low`, `high`: infimum and supremum over every x; `*_reached`: whether they are values.
    `lipschitz`: the supremum of |f'| over every x.

    Each of the three is what was seen, `*_outer` what interval arithmetic proves that f does not
    pass, and `*_proven` whether the two agree to the digits shown. Infinite: without bound.
    `direction` too is over every x; `turns` counts on [-10, 10].

    Under a standard normal input: `mean`, `second_moment` E[f^2], `slope_moment` E[f'^2], both
    without a spike that one input in ten thousand meets and `*_whole` with it, `zero_output` and
    `zero_slope` the shares where |f| and |f'| are below 1e-6, `curvature` the share of the
    variance that the best line leaves.
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
    second_whole: float
    slope_whole: float
    zero_output: float
    zero_slope: float
    curvature: float
    lipschitz: float
    low_outer: float
    high_outer: float
    lipschitz_outer: float
    low_proven: bool
    high_proven: bool
    lipschitz_proven: bool
    direction_proven: bool

    @property
    def bounded(self) -> bool:
        """Whether all values provably lie between two numbers."""
        return math.isfinite(self.low_outer) and math.isfinite(self.high_outer)

    @property
    def range_text(self) -> str:
        """As an interval: a square bracket where the end is a value, a round one where not. "at
        least" where values beyond it are not ruled out, and "within" for those that are."""
        left = "[" if self.low_reached else "("
        right = "]" if self.high_reached else ")"
        seen = f"{left}{_number(self.low)}, {_number(self.high)}{right}"
        if self.low_proven and self.high_proven:
            return seen
        outer = (
            self.low if self.low_proven else self.low_outer,
            self.high if self.high_proven else self.high_outer,
        )
        known = all(abs(o) < TELLING or math.isinf(o) for o in outer) and outer != (
            -math.inf,
            math.inf,
        )
        within = f", within [{_number(outer[0])}, {_number(outer[1])}]" if known else ""
        return f"at least {seen}{within}"

    @property
    def lipschitz_text(self) -> str:
        """The Lipschitz constant in words."""
        if math.isinf(self.lipschitz):
            return "none: slopes grow without bound"
        if self.lipschitz_proven:
            return f"{self.lipschitz:.4g}"
        most = f", at most {self.lipschitz_outer:.4g}"
        return (
            f"at least {self.lipschitz:.4g}{most if math.isfinite(self.lipschitz_outer) else ''}"
        )

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
    enclosed = Enclosed(fixed)
    top, bottom = supremum(enclosed, highest), supremum(enclosed, lowest)
    left, right = (
        asymptote_within(
            fixed,
            side,
            (-bottom.outer, top.outer),
            (side in bottom.endless, side in top.endless),
        )
        for side in (-1, 1)
    )
    single = abs(top.value + bottom.value) <= FLAT * max(1.0, min(abs(top.value), TELLING))
    rising, falling = supremum(enclosed, steepest), supremum(enclosed, steepest_down)
    steep = max(rising.value, falling.value)
    steep_outer = max(rising.outer, falling.outer)
    near, turns = direction_of(value)
    direction = everywhere(near, rises=rising.value > FLAT, falls=falling.value > FLAT)
    against = {"increasing": falling.outer, "decreasing": rising.outer, "constant": steep_outer}
    flat = has_flat_piece(enclosed) or bool((slope == 0).double().mean() >= 1e-3)
    z, weights = fine_nodes(fixed)
    at_z, slope_z = fixed.values_and_slopes(z)
    second_moment, second_whole = without_spike(at_z.square(), z, weights)
    slope_moment, slope_whole = without_spike(slope_z.square(), z, weights)

    def mean(of: Tensor) -> float:
        return float((of.double() * weights).sum())

    average, along = mean(at_z), mean(at_z * z)
    variance = mean((at_z - average).square())
    is_rounding = variance < math.inf and abs(average) <= ROUNDED * math.sqrt(variance)
    left_over = mean((at_z - average - along * z).square())
    return Properties(
        low=_tidy(min(-bottom.value, top.value)),  # of a constant they may cross by a rounding
        high=_tidy(max(-bottom.value, top.value)),
        low_reached=single or reached(enclosed, lowest, bottom),
        high_reached=single or reached(enclosed, highest, top),
        left=left,
        right=right,
        direction=direction,
        strictly=direction in ("increasing", "decreasing") and not flat,
        turns=turns,
        smooth=smoothness(fixed),
        mean=0.0 if is_rounding else average,
        second_moment=second_moment,
        slope_moment=slope_moment,
        second_whole=second_whole,
        slope_whole=slope_whole,
        zero_output=mean(at_z.abs() < DEAD),
        zero_slope=mean(slope_z.abs() < DEAD),
        curvature=left_over / variance if variance > 1e-12 else 0.0,
        lipschitz=_tidy(steep),
        low_outer=-bottom.outer + 0.0,
        high_outer=top.outer,
        lipschitz_outer=steep_outer,
        low_proven=bottom.proven,
        high_proven=top.proven,
        lipschitz_proven=agree(steep, steep_outer),
        direction_proven=against.get(direction, 0.0) <= LEVEL,
    )


def _tidy(value: float) -> float:
    """Without what outward rounding left: 0.99999999999999 is 1."""
    if math.isinf(value):
        return value
    nearest = round(value, 9)
    return nearest + 0.0 if abs(value - nearest) <= 1e-11 else value


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.4g}" if abs(value) >= HIDDEN else "0"
