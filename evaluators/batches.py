"""What every training shares: the images on the device, the order of batches, the step size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .images import Images, Task
from .recipe import Recipe

# Of the training pixels / 255 (facts about FashionMNIST, recomputed in tests/evaluators).
MEAN, STD = 0.2860, 0.3530
EVALUATION_BATCH = 1024  # images; larger ones leave the CPU's cache and gain nothing


@dataclass(frozen=True, slots=True)
class Batches:
    """Labelled images on a device, cut into batches.

    pixels: uint8 [N, 784]; labels: int64 [N]. They are made float batch by batch: as float32
    the training set would be 157 MB in every worker. mean, std: of pixels / 255, which a batch is
    normalised by.
    """

    pixels: Tensor
    labels: Tensor
    mean: float = MEAN
    std: float = STD
    task: Task = field(default_factory=Task)

    @staticmethod
    def on(images: Images, device: torch.device, recipe: Recipe | None = None) -> Batches:
        """The images flattened and copied to a device, to be normalised as the recipe says."""
        halves = recipe is not None and recipe.pixels == "-1 to 1"
        mean, std = (0.5, 0.5) if halves else (MEAN, STD)
        return Batches(images.pixels.flatten(1).to(device), images.labels.to(device), mean, std)

    def shuffled(self, size: int, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch in an order drawn from (seed, epoch): float [B, 784], int64 [B]."""
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.labels), generator=generator).to(self.labels.device)
        for chosen in order.split(size):
            yield self._normalised(self.pixels[chosen]), self.labels[chosen]

    def in_order(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All images once, for evaluation: float [B, 784], int64 [B]."""
        pieces = zip(
            self.pixels.split(EVALUATION_BATCH), self.labels.split(EVALUATION_BATCH), strict=True
        )
        for pixels, labels in pieces:
            yield self._normalised(pixels), labels

    def _normalised(self, pixels: Tensor) -> Tensor:
        return pixels.float().mul_(1 / (255 * self.std)).sub_(self.mean / self.std)

    def __len__(self) -> int:
        return len(self.labels)


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The step size of a step (from 0): linear warm-up, then linear to 0 over the full horizon,
    or constant where the recipe says so."""
    rising = (step + 1) / (recipe.warmup + 1)
    if recipe.schedule == "constant":
        return recipe.learning_rate * min(1.0, rising)
    total = recipe.epochs * steps_per_epoch
    falling = (total - step) / total
    return recipe.learning_rate * min(1.0, rising) * falling


def steps_per_epoch(recipe: Recipe, images: int) -> int:
    """Batches in one epoch; the last may be smaller."""
    return math.ceil(images / recipe.batch_size)
