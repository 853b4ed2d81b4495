"""The default evaluator splits by the recipe, and the test images stay shut unless asked for.

What every evaluator promises is in tests/contracts/evaluators.py, which runs on this one too.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from actsearch.evaluators import (
    ImageClassification,
    Images,
    InvalidImages,
    Job,
    NoImages,
    NoTestImages,
    Recipe,
    load_test,
    load_train,
    locate,
    split,
    subset,
)
from actsearch.evaluators.data.datasets import (
    CIFAR10,
    KMNIST,
    MNIST,
    DataSet,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import members_of
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.space import ExpressionError, parse
from contracts.tiny_sets import tiny

RECIPE = Recipe(rungs=(1, 2)).limited(600)
TEXTS = ("relu(x)", "x * sigmoid(beta * x)", "tanh(x)")


def confirming(train: Images, test: Images) -> ImageClassification:
    """As a confirmation has it."""
    return ImageClassification({"fashion-mnist": train}, {"fashion-mnist": test})


class Shut:
    """Test images that must not be looked at."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the test images were opened: {name}")


@pytest.mark.parametrize("halving", [True, False])
def test_a_job_that_does_not_ask_never_looks_at_the_test_images(
    images: Images, halving: bool
) -> None:
    shut = confirming(images, cast(Images, Shut()))
    *_, last = shut.run(Job(TEXTS, RECIPE, 0, halving=halving))
    assert last.is_last
    with pytest.raises(AssertionError, match="were opened"):
        list(shut.run(Job(TEXTS, RECIPE, 0, halving=halving, test=True)))


def test_asking_without_test_images_says_who_may(images: Images) -> None:
    with pytest.raises(NoTestImages, match="only a confirmation may"):
        list(ImageClassification({"fashion-mnist": images}).run(Job(TEXTS, RECIPE, 0, test=True)))


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_test_accuracy_is_measured_on_the_test_images(images: Images, network: Any) -> None:
    # Test images that are the validation images must give the validation accuracy.
    recipe = Recipe(network=network, widths=(16, 8), rungs=(1,), limit=600, validation=150)
    _, validation = split(subset(images, 600), validation=150, seed=0)
    (report,) = confirming(images, validation).run(Job(TEXTS, recipe, 0, test=True))
    assert [s.test_accuracy for s in report.candidates] == [
        s.val_accuracy for s in report.candidates
    ]
    (other,) = confirming(images, load_test()).run(Job(TEXTS, recipe, 0, test=True))
    assert [s.val_accuracy for s in other.candidates] == [
        s.val_accuracy for s in report.candidates
    ]
    assert [s.test_accuracy for s in other.candidates] != [
        s.val_accuracy for s in report.candidates
    ]
    # Hits are in the images' order: of the first ones alone they are the first ones.
    first = replace(validation, pixels=validation.pixels[:40], labels=validation.labels[:40])
    (cut,) = confirming(images, first).run(Job(TEXTS, recipe, 0, test=True))
    for few, all_ in zip(cut.candidates, report.candidates, strict=True):
        assert all_.test_correct is not None
        assert few.test_correct == all_.test_correct[:40]
        assert sum(all_.test_correct) / 150 == all_.test_accuracy


def test_the_recipe_decides_which_images_train_and_which_validate(images: Images) -> None:
    job = Job(TEXTS, Recipe(rungs=(1,), limit=600, validation=150, split_seed=4), 7)
    train, validation = split(subset(images, 600), validation=150, seed=4)
    device = torch.device("cpu")
    sets = DataSplits.on(device, None, train, validation)
    members = members_of([parse(t) for t in TEXTS], job.recipe, 7)
    trained = MlpEnsemble(members, job.recipe, sets).advance(1)
    (report,) = ImageClassification({"fashion-mnist": images}).run(job)
    assert [s.val_accuracy for s in report.candidates] == [
        progress.val_accuracy for progress in trained
    ]
    assert [s.val_loss for s in report.candidates] == [progress.val_loss for progress in trained]


def test_labels_of_validation_images_do_not_reach_the_training(images: Images) -> None:
    chosen = subset(images, 600)
    _, validation = split(chosen, validation=100, seed=0)
    held_out = {bytes(pixels.flatten().tolist()) for pixels in validation.pixels}
    lies = torch.tensor([bytes(pixels.flatten().tolist()) in held_out for pixels in chosen.pixels])
    assert int(lies.sum()) == 100
    job = Job(TEXTS, Recipe(rungs=(1, 2), validation=100), 0, halving=False)
    (honest,) = ImageClassification({"fashion-mnist": chosen}).run(job)
    lies_told = Images(chosen.pixels, (chosen.labels + lies) % 10)
    (lied,) = ImageClassification({"fashion-mnist": lies_told}).run(job)
    assert [s.train_losses for s in honest.candidates] == [s.train_losses for s in lied.candidates]
    assert [s.val_accuracy for s in honest.candidates] != [s.val_accuracy for s in lied.candidates]


def test_a_text_that_does_not_parse_is_the_callers_error(images: Images) -> None:
    with pytest.raises(ExpressionError):
        list(ImageClassification({"fashion-mnist": images}).run(Job(("relu(x",), RECIPE, 0)))


@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("dataset", [MNIST, KMNIST, CIFAR10], ids=lambda known: str(known.name))
def test_the_recipe_names_the_data_set(
    images: Images, tmp_path: Path, dataset: DataSet, network: Any
) -> None:
    small = tiny(dataset, tmp_path / "own", train=700)
    locate(small, tmp_path, copy=tmp_path / "own")
    train, test = load_train(small, tmp_path), load_test(small, tmp_path)
    evaluator = ImageClassification(
        {"fashion-mnist": images, dataset.name: train}, {dataset.name: test}
    )
    recipe = Recipe(
        dataset=dataset.name, network=network, widths=(32, 16), rungs=(5,), warmup=5,
        batch_size=16, learning_rate=2e-3, limit=700, validation=150,
    )  # fmt: skip
    (report,) = evaluator.run(Job(("relu(x)",), recipe, 0, test=True))
    (candidate,) = report.candidates
    # Ten classes that a bar's place tells: far from the 10 % of a guess if labels fit the images.
    assert candidate.val_accuracy > 0.5
    assert candidate.test_accuracy is not None
    assert candidate.test_accuracy > 0.5


def test_a_recipe_whose_images_were_not_handed_out_is_refused(images: Images) -> None:
    evaluator = ImageClassification({"fashion-mnist": images})
    with pytest.raises(NoImages, match="is about kmnist, but the images are fashion-mnist"):
        list(evaluator.run(Job(TEXTS, replace(RECIPE, dataset="kmnist"), 0)))


def test_test_images_of_another_set_do_not_serve(images: Images) -> None:
    evaluator = ImageClassification({"fashion-mnist": images}, {"kmnist": images})
    with pytest.raises(NoTestImages):
        list(evaluator.run(Job(TEXTS, RECIPE, 0, test=True)))


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar10"])
def test_images_of_another_size_than_the_data_sets_are_refused(name: str) -> None:
    pixels = torch.zeros(50, 1, 20, 20, dtype=torch.uint8)
    with pytest.raises(InvalidImages, match=rf"images of {name} have shape .* \(1, 20, 20\)"):
        ImageClassification({name: Images(pixels, torch.arange(50) % 10)})


def test_images_all_of_one_class_are_refused(images: Images) -> None:
    bags = images.take((images.labels == 8).nonzero().flatten())
    with pytest.raises(InvalidImages, match="all 6000 images of fashion-mnist are of class 8"):
        ImageClassification({"fashion-mnist": bags})


def test_a_limit_beyond_the_images_there_are_is_refused(images: Images) -> None:
    evaluator = ImageClassification({"fashion-mnist": subset(images, 500)})
    with pytest.raises(InvalidImages, match="must hold 1 to 500 images, not 600"):
        list(evaluator.run(Job(TEXTS, RECIPE, 0)))


def test_another_device_has_the_same_images(images: Images) -> None:
    evaluator = confirming(images, images)
    moved = evaluator.on("cuda")
    assert (moved.device, evaluator.device) == ("cuda", "cpu")
    assert moved.train is evaluator.train
    assert moved.test is evaluator.test


def test_a_pickled_evaluator_scores_the_same(images: Images) -> None:
    evaluator = ImageClassification({"fashion-mnist": subset(images, 600)})
    again = pickle.loads(pickle.dumps(evaluator))
    job = Job(TEXTS, RECIPE, 0, halving=False)
    (first,), (second,) = evaluator.run(job), again.run(job)
    assert first.candidates == second.candidates
