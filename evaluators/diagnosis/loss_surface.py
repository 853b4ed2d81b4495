"""The loss around a network's weights, over two random directions that are filter-normalised.

Li, Xu, Taylor, Studer and Goldstein 2018: each filter of a direction has the norm of the weights'
filter, so that the picture does not depend on how scale is shared out between layers. A filter is
what makes one unit: a row of a matrix, one output channel's kernel. Biases, norms and activation
parameters stay as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from ..training.weight_decay import weights_of
from .snapshot import evaluating


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Mean cross-entropy (nats) over some images; losses[i][j] is at axis[j] along the first
    direction and axis[i] along the second. The middle is the network itself."""

    axis: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]

    @property
    def centre(self) -> float:
        """The network's own loss."""
        middle = len(self.axis) // 2
        return self.losses[middle][middle]


def loss_surface(
    net: nn.Module,
    x: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    *,
    reach: float = 1.0,
    points: int = 21,
) -> Surface:
    """The surface for images x [B, …] with labels int64 [B], in eval mode, points² forward passes.

    reach: how far each way, in the weights' own norms. points: per axis, odd, so that the middle
    is one of them.
    """
    if points % 2 == 0:
        raise ValueError(f"points must be odd, but is {points}")
    across, along = direction(net, generator), direction(net, generator)
    # functional_call leaves other tensors in a network that has a module under two names.
    net = copy.deepcopy(net)
    axis = torch.linspace(-reach, reach, points, dtype=torch.float64)
    axis[points // 2] = 0.0  # linspace rounds
    weights = {name: p.detach() for name, p in net.named_parameters()}
    with torch.no_grad(), evaluating(net):
        losses = tuple(
            tuple(_loss(net, weights, across, along, (a, b), x, labels) for a in axis.tolist())
            for b in axis.tolist()
        )
    return Surface(axis=tuple(axis.tolist()), losses=losses)


def direction(net: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    """A random direction for each matrix and kernel, every filter of the norm of the weights'."""
    directions = {}
    moving = weights_of(net)
    for name, parameter in net.named_parameters():
        if parameter not in moving:
            continue
        drawn = torch.randn(parameter.shape, generator=generator).to(parameter)
        sizes = parameter.detach().flatten(1).norm(dim=1) / drawn.flatten(1).norm(dim=1)
        directions[name] = drawn * sizes.view(-1, *(1,) * (parameter.dim() - 1))
    return directions


def _loss(
    net: nn.Module,
    weights: Mapping[str, Tensor],
    across: Mapping[str, Tensor],
    along: Mapping[str, Tensor],
    at: tuple[float, float],
    x: Tensor,
    labels: Tensor,
) -> float:
    moved = {name: w + at[0] * across[name] + at[1] * along[name]
             for name, w in weights.items() if name in across}  # fmt: skip
    return float(F.cross_entropy(functional_call(net, moved, (x,)), labels))
