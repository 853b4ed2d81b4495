"""The fingerprints of version 1, under which searches begun before version 2 go on.

Values at a sparser sample and two draws of the parameters, which are ordered by a move among
positive values. The sample also serves the comparison with known functions.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..expressions.compile import Program, compile_program
from ..expressions.expression import Expression
from .fingerprint import Fingerprint, squash, summary

GRID = 160  # points on [-8, 8], symmetric, none at 0, where x / x has its one odd value
TAILS = (-100.0, -30.0, -12.0, 12.0, 30.0, 100.0)
SAMPLE = 128  # points of N(0, 1)
DRAWS = ((0.7310, 1.3790, -0.5830, 0.4410), (-0.8170, 0.6140, 1.2230, -1.5370))
BASE, MOVED = 0.9, 1.7  # parameters' values to order them by: all at one, each alone at the other
DIGITS = 9  # decimals of an effect that count for the order


def sample_points() -> Tensor:
    """The fixed points, float64 [GRID + tails + SAMPLE]; the same in every process for ever."""
    half = torch.linspace(8.0 / GRID, 8.0, GRID // 2, dtype=torch.float64)
    uniform = (torch.arange(SAMPLE, dtype=torch.float64) + 0.5) / SAMPLE
    normal = torch.special.ndtri(uniform)  # the sample's quantiles: no generator, no drift
    tails = torch.tensor(TAILS, dtype=torch.float64)
    return torch.cat([-half.flip(0), half, tails, normal])


def first_fingerprint(expression: Expression) -> Fingerprint:
    """The fingerprint as version 1 has it: no form, values in float64 [3 * points]."""
    program = compile_program(expression)
    points = sample_points()
    order = _parameter_order(program, points)
    rows = [[p.initial for p in program.parameters]]
    rows += [_arranged(draw, order) for draw in DRAWS] if order else [rows[0], rows[0]]
    values = torch.cat([_squashed(program, points, row) for row in rows])
    kind = tuple(sorted((p.granularity, p.initial) for p in program.parameters))
    return Fingerprint(kind, values)


def _squashed(program: Program, points: Tensor, values: Sequence[float]) -> Tensor:
    return squash(program(points, [torch.tensor(v, dtype=torch.float64) for v in values]))


def _parameter_order(program: Program, points: Tensor) -> list[int]:
    """The parameters sorted by their effect when moved alone, so that names do not matter."""
    base = [BASE] * len(program.parameters)

    def effect(index: int) -> tuple[str, float, float]:
        values = [*base[:index], MOVED, *base[index + 1 :]]
        total = float(summary(_squashed(program, points, values)))
        parameter = program.parameters[index]
        return parameter.granularity, round(total, DIGITS), parameter.initial

    return sorted(range(len(base)), key=effect)


def _arranged(draw: Sequence[float], order: list[int]) -> list[float]:
    values = [0.0] * len(order)
    for rank, index in enumerate(order):
        values[index] = drawn(draw, rank)
    return values


def drawn(draw: Sequence[float], rank: int) -> float:
    """The value that a draw gives to the parameter of a rank, from 0."""
    # Beyond the fourth parameter the draw goes on, shifted, so that no two are equal.
    return draw[rank % len(draw)] + 0.317 * (rank // len(draw))
