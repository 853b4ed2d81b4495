"""Nodes of N(0, 1) that are as close as a function is steep: a pole's floor is 6e-8 wide.

The card's averages are over these. What decides about trainings (screening, a network's gain, the
surrogate's features) keeps the even grid of moments.py.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..expressions.expression import Expression
from .moments import gaussian_nodes

PARTS = 3  # of a cell that is parted; odd, so that none has its middle where a symmetric one has
ROUNDS = 16  # leave 1e-10 of a cell of 0.004
EXACT = 1e-6  # share of E[f^2] and of E[f'^2] that one cell may be off by
MOST = 60_000  # cells at once
RARE, FINE = 1e-4, 27  # a spike: so few of the inputs, in cells so much finer than the even ones …
SPIKE = 0.9  # … are this share of an average: x / x is 1 but for a sliver, with slopes of 1e7


def fine_nodes(fixed: Expression) -> tuple[Tensor, Tensor]:
    """Nodes and weights of E[g(z)], z ~ N(0, 1), float64 of one shape, for a function without
    parameters and its slope."""
    middle, _ = gaussian_nodes()
    width = torch.full_like(middle, float(middle[1] - middle[0]))
    kept_middle, kept_width = [], []
    total = torch.zeros(2, dtype=torch.float64)
    for turn in range(ROUNDS + 1):
        off, here = _off(fixed, middle, width)
        total = torch.maximum(total, here.sum(1))
        parted = (off > EXACT * total[:, None]).any(0)
        if turn == ROUNDS or PARTS * int(parted.sum()) > MOST:
            parted = torch.zeros_like(parted)
        kept_middle.append(middle[~parted])
        kept_width.append(width[~parted])
        if not parted.any():
            break
        width = (width[parted] / PARTS).repeat_interleave(PARTS)
        middle = _parts(middle[parted], width[::PARTS]).flatten()
    z, width = torch.cat(kept_middle), torch.cat(kept_width)
    weights = _density(z) * width
    return z, weights / weights.sum()


def without_spike(of: Tensor, z: Tensor, weights: Tensor) -> tuple[float, float]:
    """The average of what is not negative at these nodes, first without a spike, if there is one,
    that hardly any input meets."""
    whole = float((of * weights).sum())
    width = weights / _density(z)
    fine = width < width.max() / FINE
    order = torch.where(fine, of, -1.0).argsort(descending=True)
    share = torch.where(fine, weights, 0.0)[order].cumsum(0)
    kept = order[~(fine[order] & (share <= RARE))]
    rest = float((of[kept] * weights[kept]).sum())
    return (rest if rest < (1 - SPIKE) * whole else whole), whole


def _off(fixed: Expression, middle: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """By how much the middle of each cell may be off, of E[f^2] and E[f'^2], and what it counts:
    [2, cells] each. Where f takes a step that its slopes do not show, the slope between must."""
    part = width / PARTS
    x = torch.cat(
        [(middle - width / 2)[:, None], _parts(middle, part), (middle + width / 2)[:, None]], 1
    )
    value, slope = (of.view_as(x) for of in fixed.values_and_slopes(x.flatten()))
    seen = torch.stack([value[:, 1:-1], slope[:, 1:-1]]).square()
    hidden = (value[:, -1] - value[:, 0]) / width - slope[:, 1:-1].mean(1)
    parts, whole = seen.mean(2), seen[:, :, PARTS // 2]
    off = (parts - whole).abs() + torch.stack([torch.zeros_like(hidden), hidden.square()])
    weight = _density(middle) * width
    return (off * weight).nan_to_num(posinf=0.0), (parts * weight).nan_to_num(posinf=0.0)


def _parts(middle: Tensor, part: Tensor) -> Tensor:
    """Middles of the parts of cells, [cells, PARTS]."""
    steps = torch.arange(PARTS, dtype=torch.float64) - PARTS // 2
    return middle[:, None] + part[:, None] * steps


def _density(z: Tensor) -> Tensor:
    """Of N(0, 1), but for a factor."""
    return torch.exp(-z.square() / 2)
