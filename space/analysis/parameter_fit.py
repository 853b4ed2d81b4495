"""Fit an expression's parameters to given values: Levenberg-Marquardt from several starts at once.

Differences are taken after asinh, absolute near 0 and relative in the tails, as in fingerprints;
so an overflowing start is merely bad, not NaN for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..expressions.expression import Expression
from ..expressions.levenberg_marquardt import least_squares

ITERATIONS = 40
STEP = 1e-6  # of the central differences; relative to max(1, |parameter|)
BEYOND = 1000.0  # stands for a value that is not finite; asinh of the largest float64 is 711
PATIENCE = 8  # iterations without a gain of 1 %
SOLVED = 1e-10  # largest difference at which there is nothing left to gain


@dataclass(frozen=True, slots=True)
class Fit:
    """`values`: of the parameters, in the expression's order; `error`: the largest difference
    after asinh that is left."""

    values: tuple[float, ...]
    error: float


def squashed(values: Tensor) -> Tensor:
    """asinh, with BEYOND and its neighbours for NaN and the two infinities."""
    return torch.asinh(values).nan_to_num(nan=BEYOND, posinf=BEYOND + 1, neginf=-BEYOND - 1)


def fit(
    expression: Expression, x: Tensor, target: Tensor, starts: Sequence[Sequence[float]]
) -> Fit:
    """The best parameters found for `expression(x) == target`.

    `x`, `target`: float64 [points]; `starts`: each one value per parameter, at least one start.
    """
    squashed_target = squashed(target)

    def values(rows: Tensor) -> Tensor:
        """[rows, parameters] to [rows, points], squashed."""
        columns = [rows[:, i : i + 1] for i in range(rows.shape[1])]
        return squashed(expression.values(x.expand(len(rows), -1), columns))

    def residuals(rows: Tensor) -> tuple[Tensor, Tensor]:
        steps = STEP * rows.abs().clamp(min=1.0)
        shifts = torch.diag_embed(steps)  # [starts, parameters, parameters]
        up, down = rows[:, None] + shifts, rows[:, None] - shifts
        every = values(torch.cat([up, down, rows[:, None]], dim=1).flatten(0, 1))
        every = every.view(len(rows), -1, len(x))
        width = rows.shape[1]
        jacobian = (every[:, :width] - every[:, width:-1]) / (2 * steps[..., None])
        return every[:, -1] - squashed_target, jacobian

    rows = torch.tensor([list(start) for start in starts], dtype=torch.float64)
    fitted, left = least_squares(
        residuals, rows, iterations=ITERATIONS, solved=SOLVED**2, patience=PATIENCE
    )
    errors = left.abs().amax(1)
    best = int(errors.argmin())
    return Fit(tuple(fitted[best].tolist()), float(errors[best]))
