"""An evaluator for any network and data: its activations become the candidate, then it trains."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset

from ..space import (
    Expression,
    baselines,
    parse,
    replace_activations,
)
from ..space.expressions.parser import parse_stored
from ..space.modules.places import Which
from .first_try import (
    activations_must_run,
    broadcasting_refused,
    check_apart,
    check_fraction,
    check_measures,
    check_outputs,
    check_sizes,
    check_targets,
    name_of,
)
from .image_classification import NoTestImages
from .protocol.evaluator import Evaluator, Job, RungReport, Training
from .protocol.metrics import OverAll, accuracy
from .protocol.report_validation import EvaluatorError
from .protocol.successive_halving import run_bracket
from .recipes.recipe import Recipe
from .training.activations import shared
from .training.interleaved import InterleavedTraining
from .training.members import Member, SweepAggregate, members_of
from .training.rng import generators_kept, reseed
from .training.sample_digest import digest_of
from .training.user_data import Data, Samples
from .training.user_net import Measure, Task, UserNetTrainer

TestData: TypeAlias = "Data | Callable[[], Data]"
TRIED = 8  # samples of each of the two batches that `check` trains on
# Fields of a recipe that the user's network and data decide.
_DECIDED = ("dataset", "network", "widths", "pixels", "validation", "limit", "evaluator")


class ModelEvaluator(Evaluator):
    """Scores candidates in your network on your data; see docs/own_network.md.

    network: a function that builds the network with fresh weights. train: a Dataset or DataLoader
    of (input, target), or two tensors; its transforms stay. validation: the same, or how many
    samples of `train` to hold out. test: the same, or a function that returns it, called when a
    confirmation opens it; None: no confirmation.
    replace: which modules are the activations, as in `replace_activations`. loss and metric: of a
    batch's outputs and targets, means over its samples; the metric is a fraction, more is better.
    A metric that is no mean over samples is wrapped: `OverAll(r2)`.
    recipe: rungs, batch size, optimiser and so on. Initial weights are the network's own:
    `moment_init` is not for it. channel_dim: where channels are, as in `replace_activations`.

    Raises EvaluatorError for data or a recipe that cannot be used, CandidateError where the
    network has no activation to replace.
    """

    recipe: Recipe
    stored_name = "actsearch.evaluators.model:ModelEvaluator"  # in homes from before a move

    def __init__(
        self,
        network: Callable[[], nn.Module],
        train: Data,
        *,
        validation: Data | int,
        test: TestData | None = None,
        replace: Which = nn.ReLU,
        recipe: Recipe | None = None,
        loss: Measure = F.cross_entropy,
        metric: Measure | OverAll = accuracy,
        channel_dim: int | None = None,
    ) -> None:
        recipe = recipe or Recipe(name="own")
        _check_recipe(recipe)
        self.name = recipe.name
        self._network, self._replace, self._channel_dim = network, replace, channel_dim
        self._loss, self._metric, self._test = loss, metric, test
        self._train = Samples.of(train, "train")
        if isinstance(validation, int):
            self._train, self._validation = self._train.split(validation, recipe.split_seed)
        else:
            self._validation = Samples.of(validation, "validation")
        self._opened: Samples | None = None
        self._device = torch.device("cpu")
        self.recipe: Recipe = dataclasses.replace(
            recipe,
            network=recipe.name,
            dataset="own data",
            moment_init=False,
            validation=len(self._validation),
            evaluator=f"model-{self._digest()}",
        )

    def on(self, device: str) -> ModelEvaluator:
        """The same network and data on another device."""
        other = copy.copy(self)
        other._device = torch.device(device)
        return other

    def may_confirm(self) -> bool:
        return self._test is not None

    def opened(self) -> ModelEvaluator | None:
        """The same evaluator with its test data, for a confirmation; None without any."""
        if self._test is None:
            return None
        data: Any = self._test
        if callable(data) and not isinstance(data, Dataset):
            data = data()
        other = copy.copy(self)
        other._opened = Samples.of(data, "test")
        return other

    def test_set_name(self) -> str:
        """Eight hex digits of the opened test data's number and of targets spread over them: the
        same samples are the same test set, whatever inputs a network is given of them."""
        with generators_kept():
            return "" if self._opened is None else digest_of(self._opened)[:8]

    def check(self) -> None:
        """Try every baseline on two small batches; raises EvaluatorError for what would go wrong
        in a search: labels, sizes of inputs, the loss, the metric, activations that do not run."""
        with generators_kept():
            check_measures(self._loss, self._metric)
            targets = self._train.targets()
            check_targets(targets, self._loss, self._metric)
            for baseline in baselines().values():
                self._try(baseline, targets)

    def run(self, job: Job) -> Iterator[RungReport]:
        """Train the job's candidates; yields after every rung. Raises NoTestImages."""
        if job.test and self._opened is None:
            raise NoTestImages("this job scores on the test set, but only a confirmation may")
        yield from run_bracket(self._training(job), job)

    def _training(self, job: Job) -> Training:
        candidates = [
            shared(parse_stored(text), job.recipe.granularity) for text in job.expressions
        ]
        members = members_of(candidates, job.recipe, job.seed)
        task = self._task(self._opened if job.test else None)
        training = InterleavedTraining(self._build, members, job.recipe, task, self._device)
        if len(members) == len(candidates):
            return training
        return SweepAggregate(training, job.recipe, len(candidates))

    def _task(self, test: Samples | None) -> Task:
        return Task(self.name, self._train, self._validation, test, self._loss, self._metric)

    def _build(self, candidate: Expression) -> nn.Module:
        net = self._network()
        example = None
        if any(p.granularity == "channel" for p in candidate.parameters):
            (batch,) = self._train.fetch([torch.arange(min(2, len(self._train)))], 0)
            example = (batch.inputs,)  # one argument, whatever it is
        replace_activations(
            net, self._replace, candidate, example=example, channel_dim=self._channel_dim
        )
        return net

    def _try(self, baseline: Expression, targets: Any) -> None:
        """Two small batches of training and one of validation, on the CPU."""
        cpu = torch.device("cpu")
        candidate = shared(baseline, self.recipe.granularity)
        trainer = UserNetTrainer(
            self._build, Member(candidate, 0), self.recipe, self._task(None), cpu
        )
        if not trainer.alive:
            return  # its channels do not fit this network: reported as infeasible when it trains
        batches = self._train.shuffled(TRIED, 0, 1)[:2]
        with broadcasting_refused(), activations_must_run(trainer.net, candidate):
            for step, batch in enumerate(self._train.fetch(batches, 0)):
                if step == 0:
                    output = trainer.output(batch.copied())
                    check_outputs(targets, output, self._loss, self._metric)
                trainer.step(batch.copied(), step, len(batches))
        batches = self._validation.in_order(TRIED)[:1]
        last = self._validation.in_order(self.recipe.batch_size)[-1]
        if len(last) == 1:  # as not every network takes it
            batches.append(last)
        trainer.net.eval()
        scores = [float(trainer.measure(b)[0]) for b in self._validation.fetch(batches, 0)]
        check_fraction(trainer.metric_of_all(scores[0]), self._metric)

    def _digest(self) -> str:
        """Eight hex digits of network and data as far as they are known: shapes, sizes, names."""
        with generators_kept():
            reseed(0)
            net = self._network()
            check_sizes(net)
            shapes = {name: list(value.shape) for name, value in net.state_dict().items()}
            report = replace_activations(net, self._replace, parse("max(x, 0)"), dry_run=True)
            check_apart(net, self._network(), [place.name for place in report.replaced])
        facts = {
            "shapes": shapes,
            "places": len(report.replaced),
            "samples": [len(self._train), len(self._validation)],
            "measures": [name_of(self._loss), name_of(self._metric)],
            "channel_dim": 1 if self._channel_dim is None else self._channel_dim,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def _check_recipe(recipe: Recipe) -> None:
    default = Recipe()
    changed = [field for field in _DECIDED if getattr(recipe, field) != getattr(default, field)]
    if changed:
        raise EvaluatorError(
            f"recipe {recipe.name}: {', '.join(changed)} are for our networks and data: leave "
            f"them out, ModelEvaluator is told of yours"
        )
