"""ResNet-20 computes what the paper's section 4.2 says."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actsearch.evaluators import RECIPES, ImageSpec
from actsearch.evaluators.networks.resnet import ResidualBlock
from actsearch.space import parse

RESNET = RECIPES["resnet20"]


def by_hand(net: nn.Module, x: Tensor) -> Tensor:
    """The scores of a net with tanh that has seen no image: batch norm divides by about 1."""
    convolutions = iter([m for m in net.modules() if isinstance(m, nn.Conv2d)])
    (head,) = (m for m in net.modules() if isinstance(m, nn.Linear))

    def norm(signal: Tensor) -> Tensor:
        return signal / math.sqrt(1 + 1e-5)

    signal = torch.tanh(norm(next(convolutions)(x)))
    for stage in range(3):
        for block in range(3):
            before = signal
            signal = torch.tanh(norm(next(convolutions)(before)))
            signal = norm(next(convolutions)(signal))
            if stage and not block:
                new = signal.shape[1] - before.shape[1]
                before = torch.cat([before[:, :, ::2, ::2], torch.zeros_like(signal[:, :new])], 1)
            signal = torch.tanh(signal + before)
    assert next(convolutions, None) is None
    return F.linear(signal.mean((2, 3)), head.weight, head.bias)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_it_is_eighteen_convolutions_in_blocks_after_the_first(
    shape: tuple[int, int, int],
) -> None:
    spec = ImageSpec(shape)
    net = RESNET.build(parse("tanh(x)"), 0, spec).eval()
    x = torch.randn(2, spec.inputs, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(net(x), by_hand(net, x.view(2, *shape)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("side", "last"), [(28, 7), (32, 8)])
def test_the_stages_halve_the_image(side: int, last: int) -> None:
    net = RESNET.build(parse("relu(x)"), 0, ImageSpec((1, side, side)))
    seen = []
    for module in net.modules():
        if isinstance(module, ResidualBlock):
            module.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
    net(torch.zeros(2, side * side))
    widths = (16, 32, 64)
    assert seen == [
        (w, last * 2 ** (2 - i), last * 2 ** (2 - i))
        for i, w in enumerate(widths)
        for _ in range(3)
    ]


def test_it_has_the_published_number_of_parameters() -> None:
    net = RESNET.build(parse("relu(x)"), 0, ImageSpec((3, 32, 32)))
    assert sum(p.numel() for p in net.parameters()) == 269_722  # table 6: 0.27 million


@pytest.mark.parametrize("widths", [(8, 8, 8), (16, 8, 4)])
def test_stages_need_not_widen(widths: tuple[int, ...]) -> None:
    net = dataclasses.replace(RESNET, widths=widths).build(parse("relu(x)"), 0, ImageSpec())
    assert net(torch.zeros(2, 784)).shape == (2, 10)
