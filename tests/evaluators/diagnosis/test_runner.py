"""A whole diagnosis on real images: the training is the one that scores, and all is measured."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from actsearch.evaluators import (
    Diagnosis,
    ImageClassification,
    Images,
    InvalidSizes,
    Job,
    NoValidationImages,
    Sizes,
    diagnose,
    recipe_from_name,
)
from actsearch.evaluators.diagnosis.result import PARTS
from actsearch.space import UnknownNameError, parse

SMALL = Sizes(
    images=64, probes=2, steps=6, points=3, kernel_images=8, index_batches=2, index_probes=2
)
QUICK = dataclasses.replace(
    recipe_from_name("quick").limited(900), rungs=(1, 3), widths=(32, 16), warmup=5
)
SWISH = parse("x * sigmoid(beta * x)")


@pytest.fixture(scope="module")
def diagnosis(images: Images) -> Diagnosis:
    return diagnose(SWISH, QUICK, images, seed=1, sizes=SMALL)


def test_everything_is_looked_at_before_and_after(diagnosis: Diagnosis) -> None:
    assert diagnosis.after is not None
    for look in (diagnosis.before, diagnosis.after):
        assert [layer.units for layer in look.signals] == [32, 16]
        assert [layer.units for layer in look.dead] == [32, 16]
        assert look.gradients is not None
        assert look.hessian is not None
        assert look.hessian.size == diagnosis.parameters
        assert look.instability is not None
    assert diagnosis.surface is not None
    assert diagnosis.kernel is not None
    assert diagnosis.kernel.images == 8
    assert set(diagnosis.seconds) == {*PARTS, "training"}
    assert (diagnosis.train_images, diagnosis.images) == (750, 64)


def test_epochs_are_counted_from_0_and_begin_where_nothing_has_moved(diagnosis: Diagnosis) -> None:
    assert [epoch.number for epoch in diagnosis.epochs] == [0, 1, 2, 3]
    assert diagnosis.epochs[0].change == (0.0, 0.0, 0.0)
    assert diagnosis.epochs[0].learned == {"beta": (1.0, 1.0)}
    assert diagnosis.before.gradients == diagnosis.epochs[0].gradients
    assert diagnosis.after is not None
    assert diagnosis.after.gradients == diagnosis.epochs[-1].gradients
    last = diagnosis.epochs[-1]
    assert all(value > 0.01 for value in last.change)
    assert all(value != 1 for value in last.learned["beta"])


def test_it_is_plain_data(diagnosis: Diagnosis) -> None:
    assert json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))["seed"] == 1


def test_the_same_seed_finds_the_same_whatever_else_is_looked_at(
    diagnosis: Diagnosis, images: Images
) -> None:
    state = torch.random.get_rng_state()
    again = diagnose(SWISH, QUICK, images, seed=1, sizes=SMALL, parts=("dead", "surface"))
    assert torch.equal(torch.random.get_rng_state(), state), "the global generator is left alone"
    assert again.accuracy == diagnosis.accuracy
    assert again.surface == diagnosis.surface
    assert again.before.dead == diagnosis.before.dead
    assert (again.before.signals, again.kernel, again.before.hessian) == ((), None, None)
    assert again.epochs[0].gradients is None
    assert again.epochs[1].change == ()


@pytest.mark.parametrize("name", ["conv", "quick"])
def test_the_training_is_the_one_that_scores(name: str, images: Images) -> None:
    recipe = dataclasses.replace(recipe_from_name(name).limited(600), rungs=(2,), batch_size=64)
    diagnosis = diagnose(parse("tanh(x)"), recipe, images, seed=3, parts=("dead",), sizes=SMALL)
    job = Job(("tanh(x)",), recipe, 3)
    (score,) = list(ImageClassification({recipe.dataset: images}).run(job))[-1].candidates
    assert diagnosis.epochs[-1].train_loss == pytest.approx(score.train_losses[-1], rel=1e-4)
    assert diagnosis.accuracy == pytest.approx(score.val_accuracy, abs=0.021)  # 2 of 100 images


def test_a_conv_net_is_looked_at_by_channels(images: Images) -> None:
    recipe = dataclasses.replace(recipe_from_name("conv").limited(300), rungs=(1,))
    diagnosis = diagnose(SWISH, recipe, images, sizes=SMALL)
    assert [layer.units for layer in diagnosis.before.dead] == [8, 16]
    for layer in diagnosis.before.signals:  # batch norms have the images' own statistics
        assert layer.before.mean == pytest.approx(0, abs=0.02)
        assert layer.before.sd == pytest.approx(1, abs=0.02)
    assert len(diagnosis.layers) == 3


def test_a_training_that_diverges_says_why_and_has_no_after(images: Images) -> None:
    recipe = dataclasses.replace(QUICK, learning_rate=1e30, warmup=0)
    diagnosis = diagnose(parse("exp(x)"), recipe, images, sizes=SMALL)
    assert diagnosis.reason is not None
    assert "loss is" in diagnosis.reason
    assert (diagnosis.after, diagnosis.surface, diagnosis.accuracy) == (None, None, None)
    assert diagnosis.before.signals
    assert diagnosis.kernel is not None
    json.dumps(diagnosis.to_dict(), allow_nan=False)


def test_a_recipe_that_would_open_the_test_set_is_refused(images: Images) -> None:
    with pytest.raises(NoValidationImages, match="dldna-validation"):
        diagnose(SWISH, recipe_from_name("dldna"), images)


@pytest.mark.parametrize(("name", "value"), [("images", 0), ("points", 4), ("probes", -1)])
def test_sizes_that_cannot_be_are_refused(name: str, value: int) -> None:
    with pytest.raises(InvalidSizes, match=f"{name} must be .*, but is {value}"):
        Sizes(**{name: value})


def test_an_unknown_part_is_told_with_the_nearest(images: Images) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hessian'"):
        diagnose(SWISH, QUICK, images, parts=("hesian",))
