"""A user's own network and evaluators, as `--evaluator contracts.own:…` takes them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from actsearch.evaluators import (
    Evaluator,
    Images,
    Job,
    ModelEvaluator,
    Recipe,
    RungReport,
    load_test,
    load_train,
    subset,
)

RECIPE = Recipe(name="own-mlp", rungs=(1, 2, 3), batch_size=32, warmup=2)


def network() -> nn.Module:
    """Two activations, of which one works in place, and dropout between them."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 12), nn.ReLU(inplace=True), nn.Dropout(0.2),
        nn.Linear(12, 8), nn.ReLU(),
        nn.Linear(8, 10),
    )  # fmt: skip


def tensors(images: Images) -> tuple[Tensor, Tensor]:
    """Float [N, 1, 28, 28] of mean 0 and deviation 1, and labels."""
    return (images.pixels.float() / 255 - 0.2860).div(0.3530).unsqueeze(1), images.labels


@functools.cache
def train_images() -> Images:
    """300 images of FashionMNIST, read once in a process."""
    return subset(load_train(), 300)


def made(**changes: Any) -> ModelEvaluator:
    """The evaluator with something else in it."""
    settings: dict[str, Any] = {
        "network": network,
        "train": tensors(train_images()),
        "validation": 100,
        "recipe": RECIPE,
        **changes,
    }
    return ModelEvaluator(settings.pop("network"), settings.pop("train"), **settings)


def without_test() -> ModelEvaluator:
    """300 images of FashionMNIST."""
    return made()


def evaluator() -> ModelEvaluator:
    """The same, with 200 test images that are loaded when they are opened."""
    return made(test=lambda: tensors(subset(load_test(), 200)))


def evaluator_of_tensors() -> ModelEvaluator:
    """The same with test data at hand, so that it pickles by name alone."""
    return made(test=tensors(subset(load_test(), 200)))


def wide() -> nn.Module:
    """Another network, for a search that was begun with the first."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))


class AnyRecipe(Evaluator):
    """Has no recipe of its own, and trains the small network under the one it is given."""

    def __init__(self) -> None:
        self._inner: Evaluator = without_test()

    def on(self, device: str) -> AnyRecipe:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        return self._inner.run(job)
