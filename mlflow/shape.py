"""The shape of a candidate in a few words, for parameters that runs can be compared by.

At its initial parameters, over what can be told in a millisecond or two: a search writes many.
`actsearch describe` takes seconds, and proves what it says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..space import Expression
from ..space.analysis.asymptotes import asymptote
from ..space.analysis.smoothness import smoothness
from ..space.expressions.expression import Call, Constant, substitute

REACH = 10.0  # pre-activation units on either side of 0 over which a direction is looked for
POINTS = 2001
LEVEL = 1e-9  # a slope against the direction that counts as none


@dataclass(frozen=True, slots=True)
class Shape:
    """operators: the distinct ones, in order of the alphabet. smooth: "smooth", or what jumps:
    "value", "slope" or "curvature". monotone: "increasing", "decreasing" or "no"."""

    operators: tuple[str, ...]
    smooth: str
    bounded: bool
    monotone: str


def shape_of(expression: Expression) -> Shape:
    """The shape at the initial parameters."""
    operators = {node.primitive for node in expression.nodes() if isinstance(node, Call)}
    fixed = substitute(expression, {p: Constant(p.initial) for p in expression.parameters})
    return Shape(
        operators=tuple(sorted(operators)),
        smooth=_smooth(expression),
        bounded=asymptote(fixed, -1).bounded and asymptote(fixed, 1).bounded,
        monotone=_monotone(fixed),
    )


def _smooth(expression: Expression) -> str:
    places = smoothness(expression)
    if places.jumps:
        return "value"
    return "slope" if places.kinks else "curvature" if places.bends else "smooth"


def _monotone(expression: Expression) -> str:
    x = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    _, slope = expression.values_and_right_slopes(x)
    slopes = slope.numpy()
    slopes = slopes[np.isfinite(slopes)]
    if slopes.size and (slopes >= -LEVEL).all():
        return "increasing"
    return "decreasing" if slopes.size and (slopes <= LEVEL).all() else "no"
