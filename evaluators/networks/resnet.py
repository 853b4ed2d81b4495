"""ResNet-20 for small images (He et al. 2016, "Deep residual learning", section 4.2)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...space import Expression, replace_activations
from ..data.datasets import ImageSpec
from .init import drawn_from

BLOCKS = 3  # per stage: 6 * 3 + 2 = 20 layers with weights


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm beside a shortcut: [B, C, H, W] to [B, D, H/s, W/s].

    The shortcut has no parameters (the paper's option A, which its small-image nets use): where
    the block shrinks the image, every second pixel, and zeros for the channels that are new (or
    none of those that are gone).
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(channels, width, stride)
        self.first_norm = nn.BatchNorm2d(width)
        self.inner = nn.Identity()
        self.second = _convolution(width, width, 1)
        self.second_norm = nn.BatchNorm2d(width)
        self.outer = nn.Identity()
        self._stride, self._new = stride, width - channels

    def forward(self, x: Tensor) -> Tensor:
        signal = self.inner(self.first_norm(self.first(x)))
        signal = self.second_norm(self.second(signal))
        shortcut = x if self._stride == 1 else x[:, :, :: self._stride, :: self._stride]
        if self._new:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self._new))
        result: Tensor = self.outer(signal + shortcut)
        return result


def resnet20(
    widths: Sequence[int], candidate: Expression, seed: int, spec: ImageSpec, *, moment_init: bool
) -> nn.Module:
    """One convolution, three stages of three blocks at widths such as (16, 32, 64), mean pooling,
    a linear head; the candidate 19 times. 0.27 million parameters at these widths.

    28x28 images go to 14x14 and 7x7, 32x32 ones to 16x16 and 8x8. Takes float [B, inputs], gives
    [B, classes]. Convolutions start as He et al. 2015 have it for ReLU, for every candidate alike
    and from `seed`, whatever `moment_init`: batch norm divides the scale of a branch out, and on
    a shortcut no weight stands that a gain could be put into.
    """
    channels, *_ = spec.shape
    stages = itertools.pairwise((widths[0], *widths))
    with drawn_from(seed):
        blocks = [
            ResidualBlock(before if first else width, width, 2 if first and stage else 1)
            for stage, (before, width) in enumerate(stages)
            for first in (True, *(False,) * (BLOCKS - 1))
        ]
        net = nn.Sequential(
            nn.Unflatten(1, spec.shape),
            _convolution(channels, widths[0], 1),
            nn.BatchNorm2d(widths[0]),
            nn.Identity(),
            *blocks,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(widths[-1], spec.classes),
        )
    replace_activations(net, nn.Identity, candidate, example=torch.zeros(2, spec.inputs))
    return net


def _convolution(channels: int, width: int, stride: int) -> nn.Conv2d:
    layer = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight)
    return layer
