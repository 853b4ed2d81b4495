"""Whether a candidate is a known function everywhere that is looked at, not at a sample alone.

Candidates to be equal are looked for at few points (`sample_points`); what is found is said only
if it holds at 12,000, so that relu(x) + 100 * relu(1 - abs(x - 10)) is not ReLU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from ..expressions.compile import Program, compile_program
from ..expressions.expression import Expression
from ..expressions.numerics import divide, divide_positive
from .fingerprint import dense_points
from .first_fingerprint import sample_points

EQUAL = 3e-5  # largest difference after asinh of two equal functions. Above the fingerprint's
# 1e-5, because the protection of log, 1e-5 added, is part of some formulas and not of others
STEP, NEAR = 0.00507, 4000  # spacing, and number of points on each side of 0, up to 20.3
CLOSE, CLOSE_RATIO = 250, 1.04  # points between 0 and the first of these, down to 2.8e-7 …
FLOOR = 2.0**-23  # … where the floor of divisions shows: x / x is 1 - 2 ** -24 / x. Where that
# changes a value by FLOOR / |x| at most, the value without it is taken
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
    """asinh of the values at every point, float64 [points]; infinite and NaN as they are.

    x / x is 1 here: where the floor of divisions is a sliver around 0, values are without it.
    """
    program = compile_program(expression)
    initial = [parameter.initial for parameter in expression.parameters]
    numbers = [torch.tensor(v, dtype=torch.float64) for v in parameters or initial]
    values = torch.asinh(program(every_point(), numbers))
    plain = _without_floors(program)
    if plain is None:
        return values
    exact = torch.asinh(plain(every_point(), numbers))
    return torch.where((values - exact).abs() <= FLOOR / every_point().abs(), exact, values)


def _without_floors(program: Program) -> Program | None:
    """The program with plain divisions; None where it has none by what is no number."""
    if not any(step.function in (divide, divide_positive) for step in program.steps):
        return None
    steps = tuple(
        replace(step, function=torch.true_divide)
        if step.function in (divide, divide_positive)
        else step
        for step in program.steps
    )
    return replace(program, steps=steps)


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
    allowed = EQUAL * ((x / REACH).clamp(min=1.0) if fitted else 1.0)
    close = ((known - target).abs() <= allowed) | (known == target)
    close |= known.isnan() & target.isnan()
    unknown = (x > REACH) & ~(known.isfinite() & target.isfinite())
    return bool((close | unknown).all())
