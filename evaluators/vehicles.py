"""Which way slices are trained: as one stack where that is faster, else one net after another."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Training
from .batches import Batches
from .networks import conv_net
from .one_by_one import OneByOneTraining
from .recipe import Recipe
from .slices import Slice
from .stack import StackedTraining


def training_of(
    slices: Sequence[Slice],
    recipe: Recipe,
    train: Batches,
    validation: Batches,
    test: Batches | None,
) -> Training:
    """A training of the slices in the recipe's network, on the device the batches are on."""
    if recipe.network == "mlp":
        return StackedTraining(slices, recipe, train, validation, test)
    return OneByOneTraining(conv_net, slices, recipe, train, validation, test)
