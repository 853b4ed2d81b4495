"""Fit an expression's parameters to given values: Levenberg-Marquardt from several starts at once.

Differences are taken after asinh, absolute near 0 and relative in the tails, as in fingerprints;
so an overflowing start is merely bad, not NaN for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..expressions.compile import compile_program
from ..expressions.expression import Expression

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
    program = compile_program(expression)
    wanted = squashed(target)

    def residuals(rows: Tensor) -> Tensor:
        """[rows, parameters] to [rows, points]."""
        columns = [rows[:, i : i + 1] for i in range(rows.shape[1])]
        return squashed(program(x.expand(len(rows), -1), columns)) - wanted

    at = torch.tensor([list(start) for start in starts], dtype=torch.float64)
    count, width = at.shape
    found = residuals(at)
    damping = torch.full((count, 1, 1), 1e-3, dtype=torch.float64)
    eye = torch.eye(width, dtype=torch.float64)
    lowest, stalled = float("inf"), 0
    for _ in range(ITERATIONS):
        steps = STEP * at.abs().clamp(min=1.0)
        shifted = torch.diag_embed(steps)  # [starts, parameters, parameters]
        both = torch.cat([at[:, None] + shifted, at[:, None] - shifted]).flatten(0, 1)
        up, down = residuals(both).view(2, count, width, -1)
        jacobian = (up - down) / (2 * steps[..., None])
        normal = jacobian @ jacobian.transpose(1, 2)
        scale = normal.diagonal(dim1=1, dim2=2).clamp(min=1e-12).diag_embed()
        gradient = jacobian @ found[..., None]
        move = torch.linalg.lstsq(normal + damping * scale + 1e-14 * eye, gradient).solution
        tried = at - move.squeeze(-1).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
        new = residuals(tried)
        better = (new.square().sum(1) < found.square().sum(1))[:, None]
        at, found = torch.where(better, tried, at), torch.where(better, new, found)
        damping = torch.where(better[..., None], damping / 5, damping * 4).clamp(1e-12, 1e8)
        least = float(found.square().sum(1).min())
        stalled = 0 if least < 0.99 * lowest else stalled + 1
        lowest = min(least, lowest)
        if float(found.abs().amax(1).min()) < SOLVED or stalled > PATIENCE:
            break
    errors = found.abs().amax(1)
    best = int(errors.argmin())
    return Fit(tuple(at[best].tolist()), float(errors[best]))
