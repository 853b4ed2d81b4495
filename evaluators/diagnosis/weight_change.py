"""How far every layer's weights have moved from where they started."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor, nn

from .gradients import weight_layers

WeightMatrices = Mapping[str, tuple[Tensor, ...]]


def weight_matrices(net: nn.Module) -> WeightMatrices:
    """Copies of every layer's matrices or kernels. Biases are left out: most start at 0, and a
    change relative to that says nothing."""
    return {
        name: tuple(p.detach().clone() for p in layer if p.dim() > 1)
        for name, layer in weight_layers(net).items()
    }


def weight_change(start: WeightMatrices, net: nn.Module) -> tuple[float, ...]:
    """Per layer ||w - w0|| / ||w0||, L2 over the layer's kernels; infinite where w0 is 0."""
    now = weight_matrices(net)
    return tuple(_relative(first, now[name]) for name, first in start.items())


def _relative(start: tuple[Tensor, ...], now: tuple[Tensor, ...]) -> float:
    moved = _norm(tuple(b - a for a, b in zip(start, now, strict=True)))
    size = _norm(start)
    if size == 0:
        return math.inf if moved else 0.0
    return moved / size


def _norm(tensors: tuple[Tensor, ...]) -> float:
    return math.sqrt(sum(float(t.double().square().sum()) for t in tensors))
