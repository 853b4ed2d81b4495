"""The default evaluator: candidates in small networks on FashionMNIST."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from ..space import ActsearchError, parse
from .base import Job, RungReport, Training
from .batches import Batches
from .bracket import run_bracket
from .images import Images, split, subset
from .networks import conv_net
from .one_by_one import OneByOneTraining
from .recipe import Recipe
from .stack import StackedTraining


class NoTestImages(ActsearchError):
    """Raised when a job asks for the test set where only training images were handed out."""


@dataclass(frozen=True, slots=True)
class FashionMnist:
    """Scores jobs on one device.

    train: the 60,000 training images, of which the recipe holds some out for validation.
    test: the test images, handed out for confirmations only; None everywhere else.
    """

    train: Images
    test: Images | None = None
    device: str = "cpu"

    def on(self, device: str) -> FashionMnist:
        """The same images on another device."""
        return replace(self, device=device)

    def run(self, job: Job) -> Iterator[RungReport]:
        """Train the job's candidates; yields after every rung. Raises NoTestImages."""
        if job.test and self.test is None:
            raise NoTestImages("this job scores on the test set, but only a confirmation may")
        yield from run_bracket(self._training(job), job)

    def _training(self, job: Job) -> Training:
        device = torch.device(self.device)
        train, validation = self._parts(job.recipe)
        test = Batches.on(self.test, device) if job.test and self.test is not None else None
        batches = Batches.on(train, device), Batches.on(validation, device), test
        candidates = [parse(text) for text in job.expressions]
        if job.recipe.network == "mlp":
            return StackedTraining(candidates, job.recipe, job.seed, *batches)
        return OneByOneTraining(conv_net, candidates, job.recipe, job.seed, *batches)

    def _parts(self, recipe: Recipe) -> tuple[Images, Images]:
        images = self.train if recipe.limit is None else subset(self.train, recipe.limit)
        return split(images, validation=recipe.validation, seed=recipe.split_seed)
