"""Levenberg-Marquardt finds known minima, each start for itself, and survives what is singular."""

from __future__ import annotations

import torch
from torch import Tensor

from actsearch.space.expressions.levenberg_marquardt import least_squares

X = torch.linspace(-3, 3, 50, dtype=torch.float64)
STARTS = torch.tensor([[1.0, 0.3], [2.0, -0.7], [0.5, 0.1]], dtype=torch.float64)


def exponential(rows: Tensor) -> tuple[Tensor, Tensor]:
    """The residuals of a exp(b x) against 2 exp(-x / 2), with their Jacobian."""
    a, b = rows[:, :1], rows[:, 1:]
    power = torch.exp(b * X)
    return a * power - 2 * torch.exp(-X / 2), torch.stack([power, a * X * power], dim=1)


def test_every_start_reaches_the_minimum() -> None:
    parameters, residual = least_squares(exponential, STARTS, iterations=60)
    torch.testing.assert_close(parameters, torch.tensor([[2.0, -0.5]] * 3, dtype=torch.float64))
    assert residual.abs().max() < 1e-8


def test_a_start_ends_where_it_ends_alone() -> None:
    together, _ = least_squares(exponential, STARTS, iterations=60)
    for row, start in zip(together, STARTS, strict=True):
        alone, _ = least_squares(exponential, start[None], iterations=60)
        torch.testing.assert_close(alone[0], row, rtol=1e-9, atol=0)


def test_a_parameter_without_effect_stays_where_it_is() -> None:
    def residuals(rows: Tensor) -> tuple[Tensor, Tensor]:
        residual = rows[:, :1] * X - 3 * X
        return residual, torch.stack([X.expand_as(residual), torch.zeros_like(residual)], dim=1)

    parameters, _ = least_squares(residuals, STARTS[:1], iterations=60)
    torch.testing.assert_close(parameters, torch.tensor([[3.0, 0.3]], dtype=torch.float64))


def test_a_move_to_what_is_not_finite_is_not_made() -> None:
    def residuals(rows: Tensor) -> tuple[Tensor, Tensor]:
        residual = (rows.log() - 1).expand(-1, len(X))  # NaN below 0, where a whole move leads
        return residual, (1 / rows)[..., None].expand(-1, -1, len(X))

    parameters, _ = least_squares(residuals, torch.full((1, 1), 40.0).double(), iterations=60)
    torch.testing.assert_close(parameters, torch.tensor([[torch.e]], dtype=torch.float64))


def test_keep_holds_parameters_near_their_start() -> None:
    free, _ = least_squares(exponential, STARTS[:1], iterations=60)
    held, _ = least_squares(exponential, STARTS[:1], iterations=60, keep=100.0)
    assert (held - STARTS[0]).norm() < 0.1 * (free - STARTS[0]).norm()


def test_solved_and_patience_end_it_early() -> None:
    _, residual = least_squares(exponential, STARTS, iterations=60, solved=1e-3)
    assert 1e-16 < residual.square().sum(1).min() < 1e-3
    calls = 0

    def flat(rows: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        residual = torch.ones(len(rows), 1, dtype=torch.float64)
        return residual, torch.zeros(len(rows), 2, 1, dtype=torch.float64)

    least_squares(flat, STARTS, iterations=60, patience=4)
    assert calls == 1 + 1 + 5, "the start, the first loss, and five without a gain"
