"""Ensembles: steps and epochs counted, losses kept by member, members validated."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from ..protocol.divergence import diverged
from ..protocol.evaluator import FinalScore, MemberProgress
from ..protocol.metrics import final_score
from ..recipes.recipe import Recipe
from .cuda_graphs import Record, Replay
from .device_data import Batches, DataSplits
from .ensemble_optimizer import EnsembleOptimizer
from .members import Member
from .schedule import steps_per_epoch


class Ensemble(ABC):
    """K members that train together, on the device the batches are on; with a `record`, their
    steps are recorded and replayed."""

    _optimizer: EnsembleOptimizer

    def __init__(
        self, members: Sequence[Member], recipe: Recipe, sets: DataSplits, record: Record | None
    ) -> None:
        self._recipe, self._members, self._sets = recipe, list(members), sets
        self._device, self._record = sets.device, record
        self._epoch = 0
        self._steps = steps_per_epoch(recipe, len(sets.train))
        self._losses: list[tuple[float, ...]] = [() for _ in members]  # per member, per epoch

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every member to the end of `epoch` (counted from 1) and validate it."""
        replay = Replay(self._record, self._optimizer.forget)
        self._total = torch.zeros(len(self._members), device=self._device)  # losses of an epoch
        while self._epoch < epoch:
            self._epoch += 1
            losses = self._train_epoch(replay).tolist()  # the one host synchronisation of it
            self._losses = [(*old, new) for old, new in zip(self._losses, losses, strict=True)]
        del replay  # with the memory that a recording holds: other members may come next
        right, means = self._evaluate(self._sets.validation)
        count = len(self._sets.validation)
        accuracy, loss = [n / count for n in right.sum(1).tolist()], means.tolist()
        learned = self._learned()
        return [
            MemberProgress(
                val_accuracy=accuracy[k],
                val_loss=loss[k],
                train_losses=history,
                learned=learned[k],
                reason=diverged(history, loss[k], learned[k]),
            )
            for k, history in enumerate(self._losses)
        ]

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these members only."""
        self._members = [self._members[p] for p in positions]
        self._losses = [self._losses[p] for p in positions]
        self._keep(positions, torch.tensor(positions, device=self._device))

    def test(self) -> list[FinalScore]:
        """Every member on the test images."""
        if self._sets.test is None:
            raise ValueError("this training was given no test images")
        return [final_score(right) for right in self._evaluate(self._sets.test)[0]]

    def _train_epoch(self, replay: Replay) -> Tensor:
        """One pass over the training images; each member's mean loss in nats, [K]."""
        self._total.zero_()
        first = (self._epoch - 1) * self._steps
        for number, batches in enumerate(self._drawn(), first):
            self._optimizer.prepare(number, self._steps)
            replay(self._step_on, list(itertools.chain(*batches)))
        return self._total / len(self._sets.train)

    def _drawn(self) -> Iterator[Sequence[tuple[Tensor, Tensor]]]:
        """For every step of the epoch, the images and labels of each seed; one pass per seed."""
        size = self._recipe.batch_size
        orders = [self._sets.train.shuffled(size, seed, self._epoch) for seed in self._seeds()]
        yield from zip(*orders, strict=True)

    def _seeds(self) -> list[int]:
        """The members' seeds, each once."""
        return list(dict.fromkeys(member.seed for member in self._members))

    def _step_on(self, *tensors: Tensor) -> None:
        """tensors: images and labels, for each of the seeds."""
        pairs = zip(tensors[::2], tensors[1::2], strict=True)
        self._train_step(dict(zip(self._seeds(), pairs, strict=True)))

    @abstractmethod
    def _train_step(self, by_seed: Mapping[int, tuple[Tensor, Tensor]]) -> None:
        """Take a step on each seed's images, float [B, inputs], and labels, int64 [B]; add each
        member's loss, in nats and summed over the images, to `_total`."""

    @abstractmethod
    def _evaluate(self, images: Batches) -> tuple[Tensor, Tensor]:
        """Whether members have images right, bool [K, N], and their mean losses in nats, [K]."""

    @abstractmethod
    def _learned(self) -> Sequence[Mapping[str, tuple[float, ...]]]:
        """For each member: parameter name -> value per layer, or one if shared by the net."""

    @abstractmethod
    def _keep(self, positions: Sequence[int], index: Tensor) -> None:
        """Drop the weights and moments of the other members; index: int64 [M], the positions."""
