"""A user's network once per candidate, interleaved: every batch is fetched once, for all of them.

Data that comes from files through transforms often costs more than a small network's step, and
the candidates see the same augmented samples, whatever shares the job.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ...space import (
    Activation,
    CandidateError,
    Expression,
)
from ..protocol.divergence import diverged
from ..protocol.evaluator import FinalScore, MemberProgress
from ..protocol.metrics import OverAll, accuracy, final_score, right
from ..protocol.report_validation import EvaluatorError
from ..recipes.recipe import Recipe
from .members import Member
from .optimizer import optimizer_of
from .precision import autocast
from .rng import generators_kept, reseed
from .schedule import learning_rate
from .sequential import learned_values
from .user_data import Batch, Samples
from .weight_decay import split_by_decay

# Of a batch's outputs and targets, a mean over its samples. The loss has a gradient; the metric is
# a fraction, more being better.
Measure: TypeAlias = Callable[[Any, Any], Any]
BuildUserNet: TypeAlias = Callable[[Expression], nn.Module]
_WEIGHTS, _VALIDATION = 1, 2  # streams of random numbers, apart from those of the batches


@dataclass(frozen=True, slots=True)
class Task:
    """Samples, loss and metric of a user's task; `name` is that of the evaluator, for messages."""

    name: str
    train: Samples
    validation: Samples
    test: Samples | None
    loss: Measure
    metric: Measure | OverAll


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
                moved = to(batch, self._device)
                for trainer in alive:
                    reseed(seed, epoch, step)  # of dropout: the same whatever shares the job
                    trainer.step(moved, step, len(batches))
        for trainer in trainers:
            trainer.end_epoch(len(self._train))

    def _measured(self, samples: Samples) -> list[tuple[float, float]]:
        """Metric and loss of every member, means over the samples."""
        sums = [torch.zeros(2, device=self._device, dtype=torch.float64) for _ in self._trainers]
        for batch in self._batches(samples):
            for trainer, total in zip(self._trainers, sums, strict=True):
                if trainer.alive:
                    total += trainer.measure(batch) * len(batch[1])
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
        for batch in self._batches(samples):
            for trainer, batches in zip(self._trainers, correct, strict=True):
                batches.append(trainer.right(batch))
        return correct

    def _batches(self, samples: Samples) -> Iterator[Batch]:
        """All samples once, in order, on the device; the networks do not train."""
        for trainer in self._trainers:
            trainer.net.eval()
        for batch in samples.fetch(samples.in_order(self._recipe.batch_size), _VALIDATION):
            yield to(batch, self._device)


class UserNetTrainer:
    """One network in training. An error in the user's code is raised with candidate and batch."""

    def __init__(
        self, build: BuildUserNet, member: Member, recipe: Recipe, task: Task, device: torch.device
    ) -> None:
        self._member, self._recipe, self._task, self._device = member, recipe, task, device
        self.seed = member.seed
        self.losses: list[float] = []  # per epoch
        self.net: nn.Module = nn.Identity()
        self._total = torch.zeros((), device=device)
        self._gathered: list[tuple[Tensor, Tensor]] = []  # outputs and targets for an OverAll
        self._reason: str | None = None
        reseed(member.seed, _WEIGHTS)
        try:
            self.net = build(member.expression).to(device)
        except CandidateError as error:
            self._reason = str(error)  # it does not fit this network, which is no crash
            return
        decaying, others = split_by_decay(self.net)
        groups = [
            {"params": decaying, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._optimizer = optimizer_of(recipe, [group for group in groups if group["params"]])

    @property
    def alive(self) -> bool:
        """Whether it can still go on."""
        return self._reason is None and all(map(math.isfinite, self.losses))

    def step(self, batch: Batch, number: int, steps_per_epoch: int) -> None:
        """One optimiser step, the number-th (from 0) of the training."""
        self.net.train()
        rate = learning_rate(self._recipe, number, steps_per_epoch) * self._member.lr_multiplier
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss(batch, self.output(batch), "training")
        self._guarded(loss.backward, batch, "the backward pass")
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._total += loss.detach() * len(batch[1])

    def end_epoch(self, samples: int) -> None:
        """Note the epoch's mean loss: the one host synchronisation of an epoch."""
        self.losses.append(float(self._total) / samples if self.alive else math.nan)
        self._total.zero_()

    @torch.no_grad()
    def measure(self, batch: Batch) -> Tensor:
        """Metric and loss of a batch, means over its samples: float64 [2]. A metric over all
        samples is 0 here, and `metric_of_all` has it."""
        output, function = self.output(batch), self._task.metric
        loss = self._loss(batch, output, "validation")
        if isinstance(function, OverAll):
            self._gathered.append((output, batch[1]))
            metric: Any = 0.0
        else:
            metric = self._guarded(lambda: function(output, batch[1]), batch, "the metric")
        pair = [torch.as_tensor(value, device=self._device).double() for value in (metric, loss)]
        return torch.stack(pair)

    def metric_of_all(self, mean: float) -> float:
        """The metric of the batches measured since the last call: their mean, or that of an
        OverAll on all of them."""
        function, gathered = self._task.metric, self._gathered
        if not isinstance(function, OverAll):
            return mean
        outputs, targets = (torch.cat(parts) for parts in zip(*gathered, strict=True))
        self._gathered = []
        joined = (outputs, targets)
        return float(self._guarded(lambda: function.function(*joined), joined, "the metric"))

    def right(self, batch: Batch) -> Tensor:
        """Whether it has each sample of a batch right: bool [B], or shaped as the targets are."""
        output = self.output(batch)
        correct: Tensor = self._guarded(lambda: right(output, batch[1]), batch, "the accuracy")
        return correct

    def progress(self, metric: float, loss: float) -> MemberProgress:
        learned: dict[str, tuple[float, ...]] = {}
        if self._reason is None:
            modules = [m for m in self.net.modules() if isinstance(m, Activation)]
            learned = learned_values(self._member.expression, modules)
        reason = self._reason or diverged(self.losses, loss, learned)
        return MemberProgress(
            val_accuracy=metric,
            val_loss=loss,
            train_losses=tuple(self.losses),
            learned=learned,
            reason=reason,
        )

    def output(self, batch: Batch) -> Any:
        """The network's outputs for a batch, in float32."""
        with autocast(self._recipe, self._device):
            output = self._guarded(lambda: self.net(batch[0]), batch, "the network")
        return output.float() if isinstance(output, Tensor) else output

    def _loss(self, batch: Batch, output: Any, when: str) -> Tensor:
        loss = self._guarded(lambda: self._task.loss(output, batch[1]), batch, "the loss")
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise EvaluatorError(
                f"evaluator {self._task.name}: the {when} loss must be a tensor of one number, "
                f"but is {_described(loss)}"
            )
        return loss.squeeze()

    def _guarded(self, call: Callable[[], Any], batch: Batch, part: str) -> Any:
        """The result of a call into the user's code; an error names candidate and batch."""
        try:
            return call()
        except Exception as error:
            text = " ".join(str(error).split())
            raise EvaluatorError(
                f"evaluator {self._task.name}: {part} failed with candidate "
                f"{self._member.expression} on inputs {_described(batch[0])} and targets "
                f"{_described(batch[1])}: {type(error).__name__}: {text}"
            ) from error


def to(batch: Batch, device: torch.device) -> Batch:
    """A batch on a device; what is not a tensor stays."""
    moved = [part.to(device) if isinstance(part, Tensor) else part for part in batch]
    return moved[0], moved[1]


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
    return type(value).__name__
