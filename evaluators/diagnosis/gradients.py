"""The gradient's norm by depth.

Convention: the global L2 norm. Of a layer, the square root of the sum of squares over its own
weight and bias together; of the network, over all parameters. (A sum of the norms of single
tensors, as in dldna, chapter 5, is larger, and depends on how parameters are cut into tensors.)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..training.weight_decay import weights_of
from .snapshot import evaluating


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientNorms:
    """Of the mean cross-entropy (nats) over some images: per layer with weights, and in all."""

    layers: tuple[str, ...]
    norms: tuple[float, ...]
    total: float  # activation and norm parameters included


def gradient_norms(net: nn.Module, x: Tensor, labels: Tensor) -> GradientNorms:
    """The gradient's norms for images x [B, …] with labels int64 [B], in eval mode."""
    layers = weight_layers(net)
    learning = [p for p in net.parameters() if p.requires_grad]
    with evaluating(net):
        loss = F.cross_entropy(net(x), labels)
    gradients = torch.autograd.grad(loss, learning, materialize_grads=True)
    squares = {
        p: float(g.double().square().sum()) for p, g in zip(learning, gradients, strict=True)
    }
    return GradientNorms(
        layers=tuple(layers),
        norms=tuple(
            sum(squares.get(p, 0.0) for p in tensors) ** 0.5 for tensors in layers.values()
        ),
        total=sum(squares.values()) ** 0.5,
    )


def weight_layers(net: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The modules that own a matrix or kernel, by dotted name in the order in which the network
    holds them, with their own parameters. Norms and activations are none."""
    weights = weights_of(net)
    layers = {name: list(module.parameters(recurse=False)) for name, module in net.named_modules()}
    return {name: layer for name, layer in layers.items() if any(p in weights for p in layer)}
