"""Levenberg-Marquardt: nonlinear least squares from one start, or from several at once.

For residuals r with Jacobian J a move solves (J J' + d diag(J J')) move = J r. It is made where it
lowers the sum of squares; the damping d falls there and rises elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

# From [starts, parameters] to residuals [starts, points] and their Jacobian [starts, parameters,
# points].
Residuals = Callable[[Tensor], tuple[Tensor, Tensor]]

DAMPING = 1e-3  # at first; a third after a move that helps, four times it after one that does not
MOST_DAMPING = 1e9  # where a move still does not help, none will
LEAST_GAIN = 1e-9  # of a move, relative to the loss: less is the end


def least_squares(
    residuals: Residuals,
    starts: Tensor,
    *,
    iterations: int,
    keep: float = 0.0,
    solved: float = 0.0,
    patience: float = math.inf,
) -> tuple[Tensor, Tensor]:
    """The parameters reached from each start, and the residuals there.

    `starts` is float64 [starts, parameters]. The loss is the sum of squared residuals, and of
    (`keep` times the distance from the start) squared, which stops terms from growing against each
    other. All starts stop once the loss of one is below `solved`, or once the least one has not
    fallen by 1 % for more than `patience` iterations. A move to what is not finite is not made.
    """
    eye = torch.eye(starts.shape[1], dtype=starts.dtype)
    at, (residual, jacobian) = starts, residuals(starts)
    loss = residual.square().sum(1)
    damping = torch.full_like(loss, DAMPING)
    running = torch.ones_like(loss, dtype=torch.bool)
    least, stalled = math.inf, 0
    for _ in range(iterations):
        normal = jacobian @ jacobian.mT + keep**2 * eye
        scale = normal.diagonal(dim1=1, dim2=2).clamp(min=1e-8).diag_embed()
        slope = jacobian @ residual[..., None] + keep**2 * (at - starts)[..., None]
        damped = normal + damping[:, None, None] * scale
        moved = at - torch.linalg.solve_ex(damped, slope)[0].squeeze(2)  # not finite if singular
        new_residual, new_jacobian = residuals(moved)
        new_loss = new_residual.square().sum(1) + keep**2 * (moved - starts).square().sum(1)
        better = running & (new_loss < loss)  # False for NaN too
        gains = loss - new_loss >= LEAST_GAIN * loss
        running &= torch.where(better, gains, damping <= MOST_DAMPING)
        at = torch.where(better[:, None], moved, at)
        residual = torch.where(better[:, None], new_residual, residual)
        jacobian = torch.where(better[:, None, None], new_jacobian, jacobian)
        loss = torch.where(better, new_loss, loss)
        damping = torch.where(better, damping / 3, damping * 4)
        stalled = 0 if float(loss.min()) < 0.99 * least else stalled + 1
        least = min(float(loss.min()), least)
        if not running.any() or least < solved or stalled > patience:
            break
    return at, residual
