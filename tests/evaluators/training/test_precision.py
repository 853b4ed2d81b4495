"""bfloat16 is for products and convolutions: weights and what is learned stay float32."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import nn

from actsearch.evaluators import (
    Images,
    MemberProgress,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import members_of
from actsearch.evaluators.training.precision import autocast
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.evaluators.training.vmap_ensemble import VmapEnsemble
from actsearch.space import parse

CPU = torch.device("cpu")
RECIPES = {
    "conv": Recipe(network="conv", widths=(4, 8)),
    "vit": Recipe(network="vit", widths=(16,)),
    "mlp": Recipe(widths=(24, 16)),
}
TRAININGS: dict[str, type[SequentialTraining] | type[VmapEnsemble]] = {
    "one by one": SequentialTraining,
    "a vmap ensemble": VmapEnsemble,
}


def trained(
    images: Images, training_class: str, name: str, precision: str
) -> tuple[list[MemberProgress], set[torch.dtype]]:
    """Progress of the members, and the formats of all that is learned wherever it is used."""
    recipe = dataclasses.replace(
        RECIPES[name], precision=precision, limit=200, validation=40, rungs=(3,), warmup=2,
        batch_size=32, learning_rate=5e-3,
    )  # fmt: skip
    train, validation = split(subset(images, 200), validation=40, seed=0)
    sets = DataSplits.on(CPU, None, train, validation)
    members = members_of([parse("relu(x)"), parse("x * sigmoid(beta[channel] * x)")], recipe, 0)
    formats: set[torch.dtype] = set()

    def note(module: nn.Module, _: object) -> None:
        tensors = (*module.parameters(recurse=False), *module.buffers(recurse=False))
        formats.update(t.dtype for t in tensors if t.is_floating_point())

    def build(*arguments: Any) -> nn.Module:
        net = recipe.build(*arguments)
        for module in net.modules():
            module.register_forward_pre_hook(note)
        return net

    return TRAININGS[training_class](build, members, recipe, sets).advance(3), formats


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("training_class", TRAININGS)
def test_bfloat16_changes_the_numbers_and_trains_with_float32_weights(
    images: Images, training_class: str, name: str
) -> None:
    half, formats = trained(images, training_class, name, "bfloat16")
    full, _ = trained(images, training_class, name, "float32")
    assert formats == {torch.float32}
    for rounded, exact in zip(half, full, strict=True):
        assert rounded.train_losses != exact.train_losses
        assert rounded.train_losses == pytest.approx(exact.train_losses, rel=0.1)
        assert rounded.train_losses[-1] < 0.9 * rounded.train_losses[0]
        assert rounded.reason is None


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_products_are_in_the_recipes_format(precision: str) -> None:
    a = torch.ones(2, 2)
    with autocast(dataclasses.replace(Recipe(), precision=precision), CPU):
        assert (a @ a).dtype == getattr(torch, precision)
    assert (a @ a).dtype == torch.float32
