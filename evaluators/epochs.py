"""What all stacks share: epochs counted, losses kept by slice, slices validated and tested."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from .base import FinalScore, Progress
from .batches import Batches, Sets, steps_per_epoch
from .divergence import diverged
from .hits import final_score
from .recipe import Recipe
from .slices import Slice


class Stack(ABC):
    """K slices that train together, on the device the batches are on."""

    def __init__(self, slices: Sequence[Slice], recipe: Recipe, sets: Sets) -> None:
        self._recipe, self._slices, self._sets = recipe, list(slices), sets
        self._device = sets.device
        self._epoch = 0
        self._steps = steps_per_epoch(recipe, len(sets.train))
        self._losses: list[tuple[float, ...]] = [() for _ in slices]  # per slice, per epoch

    def advance(self, epoch: int) -> list[Progress]:
        """Train every slice to the end of `epoch` (counted from 1) and validate it."""
        while self._epoch < epoch:
            self._epoch += 1
            losses = self._train_epoch().tolist()  # the one host synchronisation of the epoch
            self._losses = [(*old, new) for old, new in zip(self._losses, losses, strict=True)]
        right, means = self._evaluate(self._sets.validation)
        count = len(self._sets.validation)
        accuracy, loss = [n / count for n in right.sum(1).tolist()], means.tolist()
        learned = self._learned()
        return [
            Progress(
                accuracy[k], loss[k], history, learned[k], diverged(history, loss[k], learned[k])
            )
            for k, history in enumerate(self._losses)
        ]

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these slices only."""
        self._slices = [self._slices[p] for p in positions]
        self._losses = [self._losses[p] for p in positions]
        self._keep(positions, torch.tensor(positions, device=self._device))

    def test(self) -> list[FinalScore]:
        """Every slice on the test images."""
        if self._sets.test is None:
            raise ValueError("this training was given no test images")
        return [final_score(right) for right in self._evaluate(self._sets.test)[0]]

    def _drawn(self) -> Iterator[dict[int, tuple[Tensor, Tensor]]]:
        """For every step of the epoch, the images and labels of each seed; one pass per seed."""
        seeds = list(dict.fromkeys(one.seed for one in self._slices))
        size = self._recipe.batch_size
        orders = [self._sets.train.shuffled(size, seed, self._epoch) for seed in seeds]
        for drawn in zip(*orders, strict=True):
            yield dict(zip(seeds, drawn, strict=True))

    @abstractmethod
    def _train_epoch(self) -> Tensor:
        """One pass over the training images; each slice's mean loss in nats, [K]."""

    @abstractmethod
    def _evaluate(self, images: Batches) -> tuple[Tensor, Tensor]:
        """Which images each slice has right, bool [K, N], and its mean loss in nats, [K]."""

    @abstractmethod
    def _learned(self) -> Sequence[Mapping[str, tuple[float, ...]]]:
        """For each slice: parameter name -> value per layer, or one if shared by the net."""

    @abstractmethod
    def _keep(self, positions: Sequence[int], index: Tensor) -> None:
        """Drop the weights and moments of the other slices; index: int64 [M], the positions."""
