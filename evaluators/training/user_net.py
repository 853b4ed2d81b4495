"""One network of a user's in training: steps, scores, and what the user's code raises.

An error in the user's code is raised with candidate and batch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from ...space import (
    Activation,
    CandidateError,
    Expression,
)
from ..protocol.divergence import diverged
from ..protocol.evaluator import MemberProgress
from ..protocol.metrics import OverAll, right
from ..protocol.report_validation import EvaluatorError
from ..recipes.recipe import Recipe
from .members import Member
from .optimizer import optimizer_of
from .precision import autocast
from .rng import reseed
from .schedule import learning_rate
from .sequential import learned_values
from .user_data import Batch, Samples
from .weight_decay import split_by_decay

# Of a batch's outputs and targets, a mean over its samples. The loss has a gradient; the metric is
# a fraction, more being better.
Measure: TypeAlias = Callable[[Any, Any], Any]
Kind = TypeVar("Kind")
BuildUserNet: TypeAlias = Callable[[Expression], nn.Module]
_WEIGHTS = 1  # a stream of random numbers, apart from those of the batches


@dataclass(frozen=True, slots=True)
class Task:
    """Samples, loss and metric of a user's task; `name` is that of the evaluator, for messages."""

    name: str
    train: Samples
    validation: Samples
    test: Samples | None
    loss: Measure
    metric: Measure | OverAll


def activations_of(net: nn.Module, candidate: Expression) -> list[Activation]:
    """The activations of a network that are the candidate's: a user's network may hold others."""
    modules = (m for m in net.modules() if isinstance(m, Activation))
    return [module for module in modules if module.expression == candidate]


class UserNetTrainer:
    """One network in training: the candidate's, its weights drawn from the global generators."""

    def __init__(
        self, build: BuildUserNet, member: Member, recipe: Recipe, task: Task, device: torch.device
    ) -> None:
        self._member, self._recipe, self._task, self._device = member, recipe, task, device
        self.seed = member.seed
        self.losses: list[float] = []  # per epoch
        self.net: nn.Module = nn.Identity()
        self._total = torch.zeros((), device=device)
        self._gathered: list[tuple[Any, Any, int]] = []  # outputs, targets, size; for an OverAll
        self._reason: str | None = None
        self._loss_function = _for_one_net(task.loss, device)
        self._metric: Measure | OverAll = _for_one_net(task.metric, device)
        reseed(member.seed, _WEIGHTS)
        try:
            self.net = build(member.expression).to(device)
        except CandidateError as error:
            self._reason = str(error)  # it does not fit this network, which is no crash
            return
        decaying, others = split_by_decay(self.net)
        if not decaying and not others:
            raise EvaluatorError(
                f"evaluator {task.name}: all parameters of the network are frozen, so with "
                f"{member.expression} there is nothing to train: unfreeze some"
            )
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
        self._total += loss.detach() * batch.size

    def end_epoch(self, samples: int) -> None:
        """Note the epoch's mean loss: the one host synchronisation of an epoch."""
        self.losses.append(float(self._total) / samples if self.alive else math.nan)
        self._total.zero_()

    @torch.no_grad()
    def measure(self, batch: Batch) -> Tensor:
        """Metric and loss of a batch, means over its samples: float64 [2]. A metric over all
        samples is 0 here, and `metric_of_all` has it."""
        output, function = self.output(batch), self._metric
        loss = self._loss(batch, output, "validation")
        if isinstance(function, OverAll):
            self._gathered.append((output, batch.targets, batch.size))
            return torch.stack([torch.zeros_like(loss), loss]).double()
        metric = self._guarded(lambda: function(output, batch.targets), batch, "the metric")
        return torch.stack([self._number(metric).to(loss.device), loss.double()])

    def metric_of_all(self, mean: float) -> float:
        """The metric of the batches measured since the last call: their mean, or that of an
        OverAll on all of them."""
        function, gathered = self._metric, self._gathered
        if not isinstance(function, OverAll):
            return mean
        self._gathered = []
        outputs, targets, sizes = zip(*gathered, strict=True)
        if not all(isinstance(part, Tensor) for part in (*outputs, *targets)):
            raise EvaluatorError(
                f"evaluator {self._task.name}: OverAll joins the batches' outputs and targets, "
                f"which must be tensors, but are {_described(outputs[0])} and "
                f"{_described(targets[0])}"
            )
        first = Batch(outputs[0], targets[0], sizes[0])
        joined = self._guarded(
            lambda: Batch(torch.cat(outputs), torch.cat(targets), sum(sizes)), first, "OverAll"
        )
        metric = self._guarded(
            lambda: function.function(joined.inputs, joined.targets), joined, "the metric"
        )
        return float(self._number(metric))

    def right(self, batch: Batch) -> Tensor:
        """Whether it has each sample of a batch right: bool [B], or shaped as the targets are."""
        output = self.output(batch)
        correct: Tensor = self._guarded(
            lambda: right(output, batch.targets), batch, "the accuracy"
        )
        return correct

    def progress(self, metric: float, loss: float) -> MemberProgress:
        learned: dict[str, tuple[float, ...]] = {}
        if self._reason is None:
            modules = activations_of(self.net, self._member.expression)
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
            output = self._guarded(lambda: self.net(batch.inputs), batch, "the network")
        return output.float() if isinstance(output, Tensor) else output

    def _loss(self, batch: Batch, output: Any, when: str) -> Tensor:
        loss = self._guarded(lambda: self._loss_function(output, batch.targets), batch, "the loss")
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise EvaluatorError(
                f"evaluator {self._task.name}: the {when} loss must be a tensor of one number, "
                f"but is {_described(loss)}"
            )
        return loss.squeeze()

    def _number(self, metric: Any) -> Tensor:
        """The metric's number as float64 []."""
        single = metric.numel() == 1 if isinstance(metric, Tensor) else isinstance(metric, Real)
        if not single:
            raise EvaluatorError(
                f"evaluator {self._task.name}: the metric must be one number, a fraction, but is "
                f"{_described(metric)}"
            )
        return torch.as_tensor(metric).double().reshape(())

    def _guarded(self, call: Callable[[], Any], batch: Batch, part: str) -> Any:
        """The result of a call into the user's code; an error names candidate and batch."""
        try:
            return call()
        except Exception as error:
            text = " ".join(str(error).split())
            raise EvaluatorError(
                f"evaluator {self._task.name}: {part} failed with candidate "
                f"{self._member.expression} on inputs {_described(batch.inputs)} and targets "
                f"{_described(batch.targets)}: {type(error).__name__}: {text}"
            ) from error


def _for_one_net(measure: Kind, device: torch.device) -> Kind:
    """A loss or metric with its state, such as the weights of classes, apart and on the device."""
    return copy.deepcopy(measure).to(device) if isinstance(measure, nn.Module) else measure


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
    return type(value).__name__
