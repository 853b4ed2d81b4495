"""The default evaluator: candidates in small networks on FashionMNIST."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from ..space import ActsearchError, parse
from .activations import shared
from .base import Job, RungReport, Training
from .batches import Batches
from .bracket import run_bracket
from .images import Images, split, subset
from .recipe import Recipe
from .slices import Grid, slices_of
from .vehicles import training_of


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
        opens = job.test or not job.recipe.selects
        if opens and (self.test is None or not job.test):
            raise NoTestImages("this job scores on the test set, but only a confirmation may")
        yield from run_bracket(self._training(job), job)

    def _training(self, job: Job) -> Training:
        device, recipe = torch.device(self.device), job.recipe
        train, validation = self._parts(recipe)
        opened = self.test if job.test else None
        test = None if opened is None else Batches.on(opened, device, recipe)
        batches = Batches.on(train, device, recipe), Batches.on(validation, device, recipe), test
        candidates = [shared(parse(text), recipe.sharing) for text in job.expressions]
        slices = slices_of(candidates, recipe, job.seed)
        training = training_of(slices, recipe, *batches)
        alone = len(slices) == len(candidates)
        return training if alone else Grid(training, recipe, len(candidates))

    def _parts(self, recipe: Recipe) -> tuple[Images, Images]:
        """What is trained on, and what the score is the accuracy on."""
        images = self.train if recipe.limit is None else subset(self.train, recipe.limit)
        if not recipe.selects:
            assert self.test is not None  # `run` has looked
            return images, self.test
        return split(images, validation=recipe.validation, seed=recipe.split_seed)
