"""A user's network once per candidate, interleaved: every batch is fetched once, for all of them.

Data that comes from files through transforms often costs more than a small network's step, and
the candidates see the same augmented samples, whatever shares the job.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..protocol.evaluator import FinalScore, MemberProgress
from ..protocol.metrics import accuracy, final_score
from ..recipes.recipe import Recipe
from .members import Member
from .rng import SCORES, STEPS, generators_kept, reseed
from .user_data import Batch, Samples
from .user_net import BuildUserNet, Task, UserNetTrainer

_VALIDATION = 2  # a stream of random numbers, apart from those of the batches and weights


class InterleavedTraining:
    """K networks; `build(candidate)` makes one, its weights drawn from the global generators."""

    def __init__(
        self,
        build: BuildUserNet,
        members: Sequence[Member],
        recipe: Recipe,
        task: Task,
        device: torch.device,
    ) -> None:
        self._recipe, self._task, self._device = recipe, task, device
        self._train = task.train.on(device)
        self._validation = task.validation.on(device)
        with generators_kept(device):
            self._trainers = [UserNetTrainer(build, m, recipe, task, device) for m in members]
        self._epoch = 0

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every member to the end of `epoch` (counted from 1) and validate it."""
        with generators_kept(self._device):
            for current in range(self._epoch + 1, epoch + 1):
                for seed in dict.fromkeys(trainer.seed for trainer in self._trainers):
                    of_seed = [trainer for trainer in self._trainers if trainer.seed == seed]
                    self._train_epoch(of_seed, seed, current)
            self._epoch = epoch
            measured = self._measured(self._validation)
        pairs = zip(self._trainers, measured, strict=True)
        return [trainer.progress(metric, loss) for trainer, (metric, loss) in pairs]

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these members only."""
        self._trainers = [self._trainers[position] for position in positions]

    def test(self) -> list[FinalScore]:
        """Every member on the test data, by the metric; also which samples it has right where that
        is the accuracy."""
        if self._task.test is None:
            raise ValueError("this training was given no test data")
        samples = self._task.test.on(self._device)
        with generators_kept(self._device):
            correct = self._correct(samples) if self._task.metric is accuracy else []
            if correct and all(batch.dim() == 1 for batches in correct for batch in batches):
                return [final_score(torch.cat(batches)) for batches in correct]
            return [FinalScore(test_accuracy=metric) for metric, _ in self._measured(samples)]

    def _train_epoch(self, trainers: Sequence[UserNetTrainer], seed: int, epoch: int) -> None:
        batches = self._train.shuffled(self._recipe.batch_size, seed, epoch)
        alive = [trainer for trainer in trainers if trainer.alive]
        first = (epoch - 1) * len(batches)
        if alive:
            for step, batch in enumerate(self._train.fetch(batches, seed, epoch), first):
                moved = batch.on(self._device)
                for trainer in alive:
                    # Of dropout: the same whatever shares the job.
                    reseed(seed, epoch, step, STEPS)
                    trainer.step(moved.copied(), step, len(batches))
        for trainer in trainers:
            trainer.end_epoch(len(self._train))

    def _measured(self, samples: Samples) -> list[tuple[float, float]]:
        """Metric and loss of every member, means over the samples."""
        sums = [torch.zeros(2, device=self._device, dtype=torch.float64) for _ in self._trainers]
        for number, batch in enumerate(self._batches(samples)):
            for trainer, total in zip(self._trainers, sums, strict=True):
                if trainer.alive:
                    reseed(trainer.seed, number, 0, SCORES)  # of what draws in eval mode too
                    total += trainer.measure(batch.copied()) * batch.size
        return [
            (trainer.metric_of_all(float(t[0]) / len(samples)), float(t[1]) / len(samples))
            if trainer.alive
            else (0.0, math.nan)
            for trainer, t in zip(self._trainers, sums, strict=True)
        ]

    @torch.no_grad()
    def _correct(self, samples: Samples) -> list[list[Tensor]]:
        """By member and batch, whether it has each sample right: bool [B], or as the targets."""
        correct: list[list[Tensor]] = [[] for _ in self._trainers]
        for number, batch in enumerate(self._batches(samples)):
            for trainer, batches in zip(self._trainers, correct, strict=True):
                reseed(trainer.seed, number, 0, SCORES)
                batches.append(trainer.right(batch.copied()))
        return correct

    def _batches(self, samples: Samples) -> Iterator[Batch]:
        """All samples once, in order, on the device; the networks do not train."""
        for trainer in self._trainers:
            trainer.net.eval()
        for batch in samples.fetch(samples.in_order(self._recipe.batch_size), _VALIDATION):
            yield batch.on(self._device)
