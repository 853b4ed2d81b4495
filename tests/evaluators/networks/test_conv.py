"""The conv net: one draw of weights for every candidate, with the candidate in both layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from actsearch.evaluators import RECIPES, ImageSpec
from actsearch.space import Activation, parse

CONV = RECIPES["conv"]


def net(text: str = "relu(x)", seed: int = 0) -> nn.Module:
    return CONV.build(parse(text), seed, ImageSpec())


def weights(module: nn.Module) -> list[torch.Tensor]:
    return [p.detach() for name, p in module.named_parameters() if name.endswith("weight")]


def test_flat_images_become_scores_of_ten_classes() -> None:
    assert net()(torch.zeros(5, 784)).shape == (5, 10)


def test_it_computes_what_its_docstring_says() -> None:
    module = net("x * sigmoid(x)").eval()
    x = torch.randn(3, 784, generator=torch.Generator().manual_seed(0))
    first, second, head = (m for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear))
    signal = x.view(3, 1, 28, 28)
    for layer in (first, second):  # batch norm as it starts: mean 0, variance 1, eps 1e-5
        signal = nn.functional.silu(layer(signal) / (1 + 1e-5) ** 0.5)
    assert signal.shape == (3, CONV.widths[1], 7, 7)
    torch.testing.assert_close(module(x), head(signal.flatten(1)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("text", ["tanh(x)", "x * sigmoid(beta[channel] * x)"])
def test_every_candidate_starts_from_the_same_weights(text: str) -> None:
    first, second = weights(net(text)), weights(net("relu(x)"))
    assert len(first) == len(second) == 5
    assert all(map(torch.equal, first, second))


def test_the_seed_decides_the_weights_and_leaves_the_global_generator_as_found() -> None:
    before = torch.get_rng_state()
    first, again, other = (weights(net(seed=seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_both_layers_get_the_candidate_with_their_own_channels() -> None:
    activations = [m for m in net("a[channel] * x + b * x").modules() if isinstance(m, Activation)]
    assert [m.channels for m in activations] == list(CONV.widths)
    assert activations[0].b is not activations[1].b


def test_a_parameter_of_the_network_is_one_tensor() -> None:
    first, second = (m for m in net("a[network] * x").modules() if isinstance(m, Activation))
    assert first.a is second.a


def test_building_it_shows_batch_norm_no_image() -> None:
    norms = [m for m in net("a[channel] * x").modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 2
    for norm in norms:
        assert norm.num_batches_tracked is not None
        assert int(norm.num_batches_tracked) == 0
        assert norm.training
