"""Whether a candidate is a known function everywhere that is looked at, not at a sample alone.

Candidates to be equal are looked for at few points (`sample_points`); what is found is said only
if it holds at 12,000, so that relu(x) + 100 * relu(1 - abs(x - 10)) is not ReLU.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from ..expressions.expression import Expression
from .fingerprint import dense_points
from .first_fingerprint import sample_points

EQUAL = 3e-5  # largest difference after asinh of two equal functions. Above the fingerprint's
# 1e-5, because the protection of log, 1e-5 added, is part of some formulas and not of others
STEP, NEAR = 0.00507, 4000  # spacing, and number of points on each side of 0, up to 20.3
CLOSE, CLOSE_RATIO = 250, 1.04  # points between 0 and the first of these, down to 2.8e-7 …
FLOOR = 2.0**-23  # … where the floor of divisions shows: x / x is 1 - 2 ** -24 / x
FAR, FAR_RATIO = 1100, 1.01  # points beyond, up to 1.1e6
SPARSE = 64  # of so many points one is looked at first: most pairs differ there already
REACH = 100.0  # |x| up to which values must agree that are not finite, and fitted ones exactly


@cache
def every_point() -> Tensor:
    """Points of fingerprints of version 1 and 2, and more, closer and farther: float64 [points].

    Remembered: do not write to them.
    """
    near = STEP * torch.arange(1, NEAR + 1, dtype=torch.float64)
    close = STEP * CLOSE_RATIO ** -torch.arange(1, CLOSE + 1, dtype=torch.float64)
    far = near[-1] * FAR_RATIO ** torch.arange(1, FAR + 1, dtype=torch.float64)
    side = torch.cat([close, near, far])
    return torch.cat([-side, side, dense_points(), sample_points()])


def squashed_values(expression: Expression, parameters: Sequence[float] = ()) -> Tensor:
    """asinh of the values at every point, float64 [points]; infinite and NaN as they are."""
    numbers = [torch.tensor(value, dtype=torch.float64) for value in parameters]
    return torch.asinh(expression.values(every_point(), numbers or None))


def same_everywhere(known: Tensor, target: Tensor, *, fitted: bool = False) -> bool:
    """Whether two `squashed_values` agree at every point.

    Beyond REACH a value that is not finite tells nothing: a formula may overflow where its
    function does not. There the digits that a fit lacks are allowed for, if the known is `fitted`.
    """
    return all(
        _agree(known[::step], target[::step], every_point()[::step].abs(), fitted)
        for step in (SPARSE, 1)
    )


def _agree(known: Tensor, target: Tensor, x: Tensor, fitted: bool) -> bool:
    allowed = EQUAL * ((x / REACH).clamp(min=1.0) if fitted else 1.0) + FLOOR / x
    close = ((known - target).abs() <= allowed) | (known == target)
    close |= known.isnan() & target.isnan()
    unknown = (x > REACH) & ~(known.isfinite() & target.isfinite())
    return bool((close | unknown).all())
