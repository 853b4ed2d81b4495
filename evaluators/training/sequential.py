"""Any network, one candidate after another, with the interface of an ensemble.

Used where an ensemble would be slower: K small convolutions as one grouped convolution lose to K
separate ones on a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...space import Activation, Expression
from ..protocol.divergence import diverged
from ..protocol.evaluator import FinalScore, MemberProgress
from ..protocol.metrics import final_score, right
from ..recipes.recipe import Recipe
from .device_data import Batches, DataSplits
from .members import BuildNet, Member
from .optimizer import Part, Update, gradient_of
from .precision import autocast
from .schedule import steps_per_epoch
from .weight_decay import split_by_decay


class SequentialTraining:
    """K separate networks; `build(candidate, seed, spec)` makes one."""

    def __init__(
        self, build: BuildNet, members: Sequence[Member], recipe: Recipe, sets: DataSplits
    ) -> None:
        self._sets = sets
        spec = sets.train.spec
        self._trainers = [
            _NetTrainer(build(m.expression, m.seed, spec), m, recipe, sets.train) for m in members
        ]

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every member to the end of `epoch` (counted from 1) and validate it."""
        progress = []
        for trainer in self._trainers:
            trainer.advance(epoch)
            correct, loss = trainer.evaluate(self._sets.validation)
            accuracy = int(correct.sum()) / len(correct)
            learned = trainer.learned()
            reason = diverged(trainer.losses, loss, learned)
            progress.append(
                MemberProgress(
                    val_accuracy=accuracy,
                    val_loss=loss,
                    train_losses=tuple(trainer.losses),
                    learned=learned,
                    reason=reason,
                )
            )
        return progress

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these members only."""
        self._trainers = [self._trainers[position] for position in positions]

    def test(self) -> list[FinalScore]:
        """Every member on the test images."""
        if self._sets.test is None:
            raise ValueError("this training was given no test images")
        return [final_score(trainer.evaluate(self._sets.test)[0]) for trainer in self._trainers]


class _NetTrainer:
    """One network in training."""

    def __init__(self, net: nn.Module, member: Member, recipe: Recipe, train: Batches) -> None:
        self._net = net.to(train.pixels.device)
        self._member, self._recipe, self._train = member, recipe, train
        self._steps = steps_per_epoch(recipe, len(train))
        self._update = Update(recipe, train.pixels.device)
        decaying, others = split_by_decay(self._net)
        self._parts = [
            (tensors, Part.of(recipe, tensors, decay, member.lr_multiplier))
            for tensors, decay in ((decaying, recipe.weight_decay), (others, 0.0))
        ]
        self.losses: list[float] = []

    def advance(self, epoch: int) -> None:
        self._net.train()
        device = self._train.pixels.device
        for current in range(len(self.losses) + 1, epoch + 1):
            total = torch.zeros((), device=device)
            step = (current - 1) * self._steps
            for x, labels in self._train.shuffled(
                self._recipe.batch_size, self._member.seed, current
            ):
                with autocast(self._recipe, device):
                    loss = F.cross_entropy(self._net(x).float(), labels)
                loss.backward()
                self._update.prepare(step, self._steps)
                for tensors, part in self._parts:
                    self._update(part, [gradient_of(tensor) for tensor in tensors])
                self._net.zero_grad()
                total += loss.detach() * len(labels)
                step += 1
            # The one host synchronisation of the epoch.
            self.losses.append(float(total) / len(self._train))

    @torch.no_grad()
    def evaluate(self, images: Batches) -> tuple[Tensor, float]:
        """Whether it has each image right, bool [N], and the mean loss in nats."""
        self._net.eval()
        device = images.pixels.device
        correct = []
        loss = torch.zeros((), device=device)
        for x, labels in images.in_order():
            with autocast(self._recipe, device):
                scores: Tensor = self._net(x).float()
                loss += F.cross_entropy(scores, labels, reduction="sum")
            correct.append(right(scores, labels))
        return torch.cat(correct), float(loss) / len(images)

    def learned(self) -> dict[str, tuple[float, ...]]:
        modules = [m for m in self._net.modules() if isinstance(m, Activation)]
        return learned_values(self._member.expression, modules)


def learned_values(
    expression: Expression, modules: Sequence[Activation]
) -> dict[str, tuple[float, ...]]:
    """Each parameter's value per layer (mean over channels), or one if shared by the net."""
    values: dict[str, tuple[float, ...]] = {}
    for parameter in expression.parameters:
        layers = modules[:1] if parameter.granularity == "network" else modules
        values[parameter.name] = tuple(
            float(m.parameter_of(parameter).detach().mean()) for m in layers
        )
    return values
