"""A small network and data of a user's, and an evaluator of them, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import (
    Dataset,
)

from actsearch.evaluators import (
    CandidateReport,
    Job,
    ModelEvaluator,
    Recipe,
)

RECIPE = Recipe(name="little", rungs=(1, 2), batch_size=16, warmup=2)
X = torch.randn(70, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = (X.mean((1, 2, 3)) > 0).long() + 2 * (X[:, 0, 0, 0] > 0).long()  # four classes
SWISH, CHANNELS = "x * sigmoid(beta * x)", "x * sigmoid(beta[channel] * x)"


class Net(nn.Module):
    """A convolution and a linear layer, each followed by an activation of its own name."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.conv, self.norm, self.act1 = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(True)
        self.drop, self.act2 = nn.Dropout(0.3), nn.ReLU()
        self.hidden, self.head = nn.Linear(48, 8), nn.Linear(8, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.act1(self.norm(self.conv(x))))
        out: Tensor = self.head(self.act2(self.hidden(x.flatten(1))))
        return out


class Functional(nn.Module):
    """Calls its activation as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(36, 4)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.head(x.flatten(1)))


class Noisy(Dataset[tuple[Tensor, int]]):
    """Samples that are augmented at random when they are fetched, with a list of targets."""

    def __init__(self, noise: float = 0.3) -> None:
        self.noise, self.targets, self.drawn = noise, Y.tolist(), 0

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        self.drawn += 1
        return X[index] + self.noise * torch.randn(1, 6, 6), self.targets[index]


def made(network: Callable[[], nn.Module] = Net, data: Any = (X, Y), **changes: Any) -> Any:
    return ModelEvaluator(network, data, **{"validation": 20, "recipe": RECIPE, **changes})


def ends(evaluator: ModelEvaluator, *texts: str, **settings: Any) -> list[CandidateReport]:
    """The end of each of these candidates, without halving."""
    recipe = settings.pop("recipe", evaluator.recipe)
    (only,) = evaluator.run(Job(texts, recipe, settings.pop("seed", 0), halving=False, **settings))
    return list(only.candidates)
