"""The default evaluator: candidates in small networks on a data set of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch

from ..space import ActsearchError
from ..space.expressions.parser import parse_stored
from .data.datasets import DATASETS, dataset_of
from .data.images import (
    Images,
    InvalidImages,
    load_train,
    split,
    subset,
)
from .protocol.evaluator import Evaluator, Job, RungReport, Training
from .protocol.successive_halving import run_bracket
from .recipes.recipe import Recipe
from .training.activations import shared
from .training.device_data import DataSplits
from .training.dispatch import training_of
from .training.members import SweepAggregate, members_of


class NoTestImages(ActsearchError):
    """Raised when a job asks for the test set where only training images were handed out."""


class NoImages(ActsearchError):
    """Raised when a job's recipe names a data set whose images were not handed out."""


@dataclass(frozen=True, slots=True)
class ImageClassification(Evaluator):
    """Scores jobs on one device.

    train: data set -> its training images, of which the recipe holds some out for validation.
    test: data set -> its test images, handed out for confirmations only; empty everywhere else.

    Raises InvalidImages where images are not of the size or the classes of their data set, or all
    of one class.
    """

    train: Mapping[str, Images]
    test: Mapping[str, Images] = field(default_factory=dict)
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, images in self.train.items():
            _check_fits(name, images)

    @staticmethod
    def of(recipes: Iterable[Recipe]) -> ImageClassification:
        """An evaluator with the training images of the data sets that the recipes name; raises
        DataUnavailable where one cannot be had."""
        names = dict.fromkeys(recipe.dataset for recipe in recipes)
        return ImageClassification({name: load_train(dataset_of(name)) for name in names})

    def on(self, device: str) -> ImageClassification:
        """The same images on another device."""
        return replace(self, device=device)

    def run(self, job: Job) -> Iterator[RungReport]:
        """Train the job's candidates; yields after every rung. Raises NoImages, NoTestImages."""
        name = job.recipe.dataset
        if name not in self.train:
            raise NoImages(f"this job is about {name}, but the images are {', '.join(self.train)}")
        opens = job.test or not job.recipe.selects
        if opens and (name not in self.test or not job.test):
            raise NoTestImages("this job scores on the test set, but only a confirmation may")
        yield from run_bracket(self._training(job), job)

    def may_confirm(self) -> bool:
        return True  # test images are handed out, not opened by itself

    def _training(self, job: Job) -> Training:
        device, recipe = torch.device(self.device), job.recipe
        train, validation = self._splits(recipe)
        test = self.test[recipe.dataset] if job.test else None
        sets = DataSplits.on(device, recipe, train, validation, test)
        candidates = [shared(parse_stored(text), recipe.granularity) for text in job.expressions]
        members = members_of(candidates, recipe, job.seed)
        training = training_of(members, recipe, sets)
        if len(members) == len(candidates):
            return training
        return SweepAggregate(training, recipe, len(candidates))

    def _splits(self, recipe: Recipe) -> tuple[Images, Images]:
        """The images to train on, and those that the score is the accuracy on."""
        images = self.train[recipe.dataset]
        if recipe.limit is not None:
            images = subset(images, recipe.limit)
        if not recipe.selects:
            return images, self.test[recipe.dataset]
        return split(images, validation=recipe.validation, seed=recipe.split_seed)


def _check_fits(name: str, images: Images) -> None:
    """Images under a data set's name must be what a network for that data set can take."""
    if name in DATASETS and images.spec != DATASETS[name].spec:
        published, spec = DATASETS[name].spec, images.spec
        raise InvalidImages(
            f"images of {name} have shape {published.shape} and {published.classes} classes, but "
            f"these have {spec.shape} and {spec.classes}"
        )
    if bool((images.labels == images.labels[0]).all()):
        raise InvalidImages(
            f"all {len(images)} images of {name} are of class {int(images.labels[0])}: there is "
            f"nothing to tell apart"
        )
