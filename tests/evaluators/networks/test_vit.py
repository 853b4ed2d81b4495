"""The vision transformer: patches, positions, attention and the gain of its MLPs."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from actsearch.evaluators import ImagesDoNotFit, ImageSpec, Recipe
from actsearch.evaluators.networks.vit import Attention, Block, Embedding, Patches
from actsearch.space import Activation, parse

VIT = Recipe(network="vit", widths=(32, 32))
DRAWN = torch.Generator().manual_seed(0)


def test_a_token_is_a_square_of_four_by_four_pixels_row_by_row() -> None:
    image = torch.arange(2 * 8 * 12).view(1, 2, 8, 12)
    tokens = Patches((2, 8, 12))(image.flatten(1))
    assert tokens.shape == (1, 6, 32)
    assert torch.equal(tokens[0, 4].view(2, 4, 4), image[0, :, 4:8, 4:8])


def test_every_place_has_its_own_position() -> None:
    positions = Embedding(16, 32, 7, 7).positions
    assert positions.shape == (49, 32)
    distances = torch.cdist(positions, positions) + 9 * torch.eye(49)
    assert distances.min() > 0.5
    assert positions.abs().max() <= 1


def test_attention_is_that_of_torch() -> None:
    attention, reference = Attention(32), nn.MultiheadAttention(32, 2, batch_first=True)
    with torch.no_grad():
        reference.in_proj_weight.copy_(attention.inputs.weight)
        reference.in_proj_bias.copy_(attention.inputs.bias)
        reference.out_proj.weight.copy_(attention.output.weight)
        reference.out_proj.bias.copy_(attention.output.bias)
    x = torch.randn(3, 5, 32, generator=DRAWN)
    expected, _ = reference(x, x, x, need_weights=False)
    torch.testing.assert_close(attention(x), expected)


def test_without_its_branches_a_block_passes_the_signal_on() -> None:
    block = Block(32)
    for last in (block.attention.output, block.fall):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    x = torch.randn(2, 5, 32, generator=DRAWN)
    assert torch.equal(block(x), x)


def test_moving_the_patches_of_an_image_changes_its_scores() -> None:
    net = VIT.build(parse("relu(x)"), 0, ImageSpec())
    image = torch.randn(1, 1, 28, 28, generator=DRAWN)
    moved = image.roll(4, 3)
    assert not torch.allclose(net(image.flatten(1)), net(moved.flatten(1)), atol=1e-3)


def test_channels_are_the_features_of_a_token() -> None:
    channels = [
        m
        for m in VIT.build(parse("a[channel] * x"), 0, ImageSpec()).modules()
        if isinstance(m, Activation)
    ]
    assert [m.channels for m in channels] == [128, 128]
    assert [m.channel_dim for m in channels] == [-1, -1]


@pytest.mark.parametrize("text", ["relu(x)", "tanh(x)", "4 * x * sigmoid(x)"])
def test_with_gain_a_blocks_mlp_keeps_the_second_moment_at_1(text: str) -> None:
    net = dataclasses.replace(VIT, widths=(64,) * 3).build(parse(text), 0, ImageSpec())
    tokens = torch.randn(16, 49, 64, generator=DRAWN)
    for block in (m for m in net.modules() if isinstance(m, Block)):
        added = block.fall(block.activation(block.rise(block.second_norm(tokens))))
        # 256 hidden features add about 9 % of noise; without gain, 4 * SiLU would give 5.7
        assert 0.7 < added.square().mean().item() < 1.4


def test_sides_that_are_no_multiples_of_four_are_named() -> None:
    with pytest.raises(ImagesDoNotFit, match="multiples of 4, but they are 30 by 28"):
        VIT.build(parse("relu(x)"), 0, ImageSpec((1, 30, 28)))
