"""Signals of every hidden layer: pre-activations, outputs, gradients.

The gradient is that of each image's own cross-entropy (nats) with respect to the pre-activations,
so it does not depend on how many images are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...space.analysis.moments import gaussian_nodes
from ...space.modules.activation import ACTIVATIONS
from .activation_hooks import (
    ActivationSite,
    Kinds,
    slope_at,
    watch,
)
from .histogram import Distribution, distribution
from .snapshot import evaluating

SATURATED = 0.01  # of the slope's root mean square under N(0, 1): Tanh beyond ±3.2
EVERY = 20  # of the quadrature's 4000 nodes: a spacing of 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSignals:
    """One hidden layer over some images.

    saturated: the share of pre-activations where the slope is at most 1 % of its root mean square
    under a standard normal input, so that hardly a gradient passes. flat: the share where it is
    exactly 0. Both at the layer's present activation parameters.
    """

    layer: str
    units: int
    before: Distribution
    after: Distribution
    gradient: Distribution
    saturated: float
    flat: float


def layer_signals(
    net: nn.Module, x: Tensor, labels: Tensor, kinds: Kinds = ACTIVATIONS
) -> tuple[LayerSignals, ...]:
    """The signals of every hidden layer for images x [B, …] with labels int64 [B], in eval mode.

    Takes memory for all of the images' signals at once. Batch norms: as `dead_units` has it.
    """
    with evaluating(net):
        scores, sites = watch(net, x.detach().clone().requires_grad_(), kinds)
        loss = F.cross_entropy(scores, labels, reduction="sum")
        befores = [site.before for site in sites]
        gradients = torch.autograd.grad(loss, befores, materialize_grads=True)
        return tuple(map(_signals, sites, gradients))


def _signals(site: ActivationSite, gradient: Tensor) -> LayerSignals:
    slope = site.slope()
    return LayerSignals(
        layer=site.name,
        units=site.units,
        before=distribution(site.before),
        after=distribution(site.after),
        gradient=distribution(gradient),
        saturated=_share(slope.abs() <= SATURATED * _typical_slope(site)),
        flat=_share(slope == 0),
    )


def _typical_slope(site: ActivationSite) -> Tensor:
    """The root mean square of the slope under N(0, 1), per unit, shaped to broadcast."""
    z, weights = (t[::EVERY].to(site.before) for t in gaussian_nodes())
    shape = [1] * site.before.dim()
    shape[site.unit_dim] = site.units
    along = (-1, *(1,) * (len(shape) - 1))
    # Every unit sees every node: a parameter may be another one in each channel.
    squares = slope_at(site.module, z.view(along).expand(-1, *shape[1:])).square()
    return ((squares * weights.view(along)).sum(0, keepdim=True) / weights.sum()).sqrt()


def _share(holds: Tensor) -> float:
    return float(holds.double().mean())
