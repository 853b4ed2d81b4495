"""Whether a candidate is a known function also between the points at which they were compared.

Between two neighbours a hat may stand that is narrower than their distance. Interval arithmetic
bounds how far the candidate can leave the line through two of its values; where that is more than
counts as equal, the two functions are compared half-way as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Literal

import torch
from torch import Tensor

from ..expressions.expression import Expression
from .canonical import canonical_form
from .enclosure import enclose
from .everywhere import EQUAL, FLOOR, REACH, every_point

SPLIT = 0.497  # where a gap is parted; not half-way, since at 0 itself a division has an odd value
Ground = Literal["proven", "looked at", "different"]
ROUNDS = 24  # leave 3e-10 of a gap of 0.005
MOST = 20_000  # gaps at once; what needs more is not proven
LOOSE = 10  # times as much is allowed where numbers were fitted and have six digits


@lru_cache(maxsize=64)
def ground(fixed: Expression, known: Expression, *, fitted: bool = False) -> Ground:
    """On what a candidate counts as a known function that it agrees with at every point of
    `everywhere`, neither with parameters: the same formula, or the values between the points."""
    if canonical_form(fixed) == canonical_form(known):
        return "proven"
    return ground_by_values(fixed, known.values, fitted=fitted)


def ground_by_values(
    fixed: Expression, known: Callable[[Tensor], Tensor], *, fitted: bool = False
) -> Ground:
    """The same for a known function of tensors, which is taken to have no hat itself.

    Proven up to REACH: beyond, what cannot be proven is compared at MOST points more, and a gap
    tells nothing where float64 overflows within the candidate's formula.
    """
    low, high = _gaps()
    is_open = False  # somewhere, in a gap too narrow to go on
    for _ in range(ROUNDS):
        kept, narrow = _open(fixed, low, high)
        is_open |= bool(narrow.any())
        low, high = low[kept], high[kept]
        middle = low + SPLIT * (high - low)
        if not _agree(fixed, known, middle, fitted):
            return "different"
        if 2 * len(low) > MOST:
            near = middle.abs() < REACH
            low, middle, high = low[near], middle[near], high[near]
        if not len(low):
            return "looked at" if is_open else "proven"
        if 2 * len(low) > MOST:
            break
        low, high = torch.cat([low, middle]), torch.cat([middle, high])
    return "looked at"


def _open(fixed: Expression, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """In which gaps the candidate may leave the line between its values by more than is allowed:
    those that can be parted, and those that are too narrow: bool, one for each."""
    jet, width = enclose(fixed, low, high), high - low
    by_slope = (jet.slope.high - jet.slope.low) * width / 4
    by_bend = jet.bend.size.high * width.square() / 8
    most = torch.minimum(torch.minimum(by_slope, by_bend), jet.value.high - jet.value.low)
    size = jet.value.size
    straight = most <= EQUAL * size.low.clamp(min=1.0)
    far = torch.minimum(low.abs(), high.abs()) >= REACH
    untold = far & ~(size.high.isfinite() & jet.slope.size.high.isfinite())
    narrow = width <= FLOOR * torch.maximum(low.abs(), high.abs()).clamp(min=1.0)
    strays = ~(straight | untold)
    return strays & ~narrow, strays & narrow


@cache
def _gaps() -> tuple[Tensor, Tensor]:
    """Both ends of what lies between neighbouring points, float64."""
    points = every_point().unique()
    return points[:-1], points[1:]


def _agree(fixed: Expression, known: Callable[[Tensor], Tensor], x: Tensor, fitted: bool) -> bool:
    wanted = known(x)
    size = torch.maximum(wanted.abs(), known(torch.zeros_like(x)).abs()).clamp(min=1.0)
    if fitted:
        size = LOOSE * size * (x.abs() / REACH).clamp(min=1.0)
    allowed = EQUAL * size + FLOOR / x.abs()
    value = fixed.values(x)
    same = ((value - wanted).abs() <= allowed) | (value == wanted)  # infinities too
    return bool((same | (value.isnan() & wanted.isnan())).all())
