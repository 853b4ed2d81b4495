"""The small convolutional net with batch norm: the second network of every confirmation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from ...space import Expression, replace_activations
from ..data.datasets import ImageSpec
from .init import drawn_from


def conv_net(
    widths: Sequence[int], candidate: Expression, seed: int, spec: ImageSpec, *, moment_init: bool
) -> nn.Module:
    """Two strided 3x3 convolutions, each with batch norm and the candidate, then a linear head.

    28x28 -> 14x14 -> 7x7. Takes float [B, inputs], gives [B, classes]. Initial weights are
    torch's own, drawn from `seed` without touching the global generator: batch norm sets the
    scale of what every candidate gets, so `moment_init` changes nothing. Reflects what an MLP
    does not: shared weights and normalised signals.
    """
    first, second = widths
    channels, height, width = spec.shape
    rest = math.ceil(height / 4) * math.ceil(width / 4)  # pixels after both strides
    with drawn_from(seed):
        net = nn.Sequential(
            nn.Unflatten(1, spec.shape),
            nn.Conv2d(channels, first, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(first),
            nn.Identity(),
            nn.Conv2d(first, second, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(second),
            nn.Identity(),
            nn.Flatten(),
            nn.Linear(second * rest, spec.classes),
        )
    replace_activations(net, nn.Identity, candidate, example=torch.zeros(2, spec.inputs))
    return net
