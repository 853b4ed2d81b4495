"""Which way slices are trained: as one stack where that is faster, else one net after another."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Training
from .batches import Batches
from .chunked import ChunkedTraining
from .memory import free_bytes, slices_at_once
from .module_stack import ModuleStackTraining
from .networks import NETWORKS
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
    """A training of the slices in the recipe's network, on the device the batches are on, as many
    at once as are predicted to fit its memory."""
    build, device = NETWORKS[recipe.network], train.pixels.device

    def start(part: Sequence[Slice]) -> Training:
        if recipe.network == "mlp":
            return StackedTraining(part, recipe, train, validation, test)
        if device.type == "cuda":
            return ModuleStackTraining(build, part, recipe, train, validation, test)
        return OneByOneTraining(build, part, recipe, train, validation, test)

    size = 1
    # On a CPU a stack takes longer than its nets one after another: four 1.2 times (resnet20, vit)
    # to 1.4 times (conv) as long, nine 1.6 to 1.9 times (benchmarks/networks.py and gpu.py). Its
    # grouped convolutions have no fast kernels, and the signals of nine leave the cache.
    if recipe.network == "mlp" or device.type == "cuda":
        size = slices_at_once(slices, recipe, train.task, build, free_bytes(device))
    return ChunkedTraining(start, slices, recipe, size=size)
