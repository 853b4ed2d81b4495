"""The MLP as a module is a member of the ensemble, from its first number on."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from actsearch.evaluators import (
    Images,
    ImageSpec,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.networks.init import initial_weights
from actsearch.evaluators.training.activations import shared
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import Member
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.space import Activation, parse

CPU = torch.device("cpu")
RECIPE = Recipe(widths=(23, 16), limit=400, validation=80, rungs=(2,), warmup=3)


def parts(images: Images, recipe: Recipe) -> DataSplits:
    train, validation = split(subset(images, 400), validation=80, seed=0)
    return DataSplits.on(CPU, None, train, validation)


@pytest.mark.parametrize("gain", [True, False])
@pytest.mark.parametrize("text", ["relu(x)", "2 * sin(x)"])
def test_its_weights_are_the_ensembles_to_the_last_bit(text: str, gain: bool) -> None:
    recipe = dataclasses.replace(RECIPE, moment_init=gain)
    layers = initial_weights(
        [parse("tanh(x)"), parse(text)], [4, 5], (784, *recipe.widths, 10), moment_init=gain
    )
    net = recipe.build(parse(text), 5, ImageSpec())
    linears = [m for m in net.modules() if isinstance(m, nn.Linear)]
    for linear, (weight, bias) in zip(linears, layers, strict=True):
        assert torch.equal(linear.weight.flatten(), weight[1][: linear.weight.numel()])
        assert torch.equal(linear.bias, bias[1][: linear.bias.numel()])
        assert linear.bias.any() == (not gain)


def test_trained_alone_it_is_the_ensembles_member(images: Images) -> None:
    members = [Member(parse("x * sigmoid(b[channel] * x)"), 1), Member(parse("relu(x)"), 2, 0.5)]
    together = MlpEnsemble(members, RECIPE, parts(images, RECIPE)).advance(2)
    alone = SequentialTraining(RECIPE.build, members, RECIPE, parts(images, RECIPE)).advance(2)
    for progress, expected in zip(alone, together, strict=True):
        # float32 sums in another order
        assert progress.train_losses == pytest.approx(expected.train_losses, rel=1e-4)
        assert progress.val_loss == pytest.approx(expected.val_loss, rel=1e-3)


@pytest.mark.parametrize(
    ("sharing", "tensors", "sizes"),
    [("layer", 2, [1, 1]), ("network", 1, [1, 1]), ("channel", 2, [23, 16])],
)
def test_a_parameter_is_shared_as_the_recipe_says(
    sharing: str, tensors: int, sizes: list[int]
) -> None:
    candidate = shared(parse("x * sigmoid(beta * x)"), sharing)
    net = RECIPE.build(candidate, 0, ImageSpec())
    (beta,) = candidate.parameters
    learned = [m.parameter_of(beta) for m in net.modules() if isinstance(m, Activation)]
    assert len({id(tensor) for tensor in learned}) == tensors
    assert [tensor.numel() for tensor in learned] == sizes
