"""The shape of a function in a few words: its operators, smooth, bounded, rising or falling.

At its initial parameters, over what can be told in a few milliseconds: a search writes many, and a
page shows a thousand. `properties` takes seconds, and proves what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..expressions.expression import Call, Constant, Expression, substitute
from .asymptotes import asymptote
from .smoothness import RANGE, smoothness

POINTS = 4_001  # on [-RANGE, RANGE], 0.005 apart, so that 0 and 1 are among them
FLAT = 1e-9  # a relative difference of neighbouring values that counts as none
POLE = 1e4  # a value within the range above which it has a pole, and is not bounded

Jump = Literal["value", "slope", "curvature"]
Direction = Literal["increasing", "decreasing", "constant", "neither"]


@dataclass(frozen=True, slots=True)
class Shape:
    """operators: the distinct ones, in order of the alphabet. jump: what jumps, the worst of it;
    None where it is smooth. direction: on [-10, 10]."""

    operators: tuple[str, ...]
    jump: Jump | None
    direction: Direction
    bounded: bool

    @property
    def monotone(self) -> bool:
        return self.direction in ("increasing", "decreasing")


def shape_of(expression: Expression) -> Shape:
    """The shape at the initial parameters."""
    operators = {node.primitive for node in expression.nodes() if isinstance(node, Call)}
    fixed = substitute(expression, {p: Constant(p.initial) for p in expression.parameters})
    x = torch.linspace(-RANGE, RANGE, POINTS, dtype=torch.float64)
    values = fixed.values(x)  # also where a pole is likely
    far = (asymptote(fixed, -1), asymptote(fixed, 1))
    between = fixed.values((x[1:] + x[:-1]) / 2)  # without 0, a division's odd point
    return Shape(
        operators=tuple(sorted(operators)),
        jump=_jump(fixed),
        direction=direction_of(between)[0],
        bounded=all(side.bounded for side in far) and bool((values.abs() < POLE).all()),
    )


def direction_of(values: Tensor) -> tuple[Direction, int]:
    """Direction of the values at ascending points, and how often they turn."""
    steps = values.diff()
    steps = steps[~(steps.abs() <= FLAT * (1 + values[1:].abs()))]
    turns = int((steps.sign().diff() != 0).sum())
    if not len(steps):
        return "constant", 0
    if turns:
        return "neither", turns
    return ("increasing" if steps[0] > 0 else "decreasing"), 0


def everywhere(near: Direction, *, rises: bool, falls: bool) -> Direction:
    """The direction over every x, of a function that has the first one on [-10, 10] and rises or
    falls somewhere: relu(x - 20) is constant there."""
    rises, falls = rises or near == "increasing", falls or near == "decreasing"
    if near == "neither" or (rises and falls):
        return "neither"
    if rises or falls:
        return "increasing" if rises else "decreasing"
    return "constant"


def _jump(expression: Expression) -> Jump | None:
    places = smoothness(expression)
    if places.jumps:
        return "value"
    if places.kinks:
        return "slope"
    return "curvature" if places.bends else None
