"""Each network is trained the faster way on its device, and no faster than the device can say."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from actsearch.evaluators import (
    Images,
    ImageSpec,
    Recipe,
    Training,
    split,
    subset,
)
from actsearch.evaluators.training import dispatch
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.dispatch import training_of
from actsearch.evaluators.training.members import members_of
from actsearch.evaluators.training.memory import footprint
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.evaluators.training.vmap_ensemble import VmapEnsemble
from actsearch.space import parse

pytestmark = pytest.mark.usefixtures("one_thread")
START = Recipe(limit=120, validation=40, rungs=(1, 2), warmup=2, batch_size=16)
RECIPES = {
    "mlp": dataclasses.replace(START, widths=(16, 8)),
    "conv": dataclasses.replace(START, network="conv", widths=(4, 8)),
    "resnet20": dataclasses.replace(START, network="resnet20", widths=(4, 4, 4)),
    "vit": dataclasses.replace(START, network="vit", widths=(16,)),
}
TEXTS = ("relu(x)", "x * sigmoid(beta * x)", "tanh(x)")


def parts(images: Images, device: str = "cpu") -> DataSplits:
    train, validation = split(subset(images, 120), validation=40, seed=0)
    return DataSplits.on(torch.device(device), None, train, validation, validation)


class Synchronisations(TorchDispatchMode):
    """Counts the reads of a tensor's number by Python, for which a GPU would be waited on."""

    count = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        names = ("aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero")
        self.count += function.name() in names
        return function(*args, **(kwargs or {}))


Started = list[tuple[Callable[..., Training], int]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Every training that is started: its class, and of how many members."""
    starts: Started = []

    def noted(kind: Callable[..., Training], position: int) -> Callable[..., Training]:
        def start(*arguments: Any) -> Training:
            starts.append((kind, len(arguments[position])))
            return kind(*arguments)

        return start

    monkeypatch.setattr(dispatch, "MlpEnsemble", noted(MlpEnsemble, 0))
    monkeypatch.setattr(dispatch, "VmapEnsemble", noted(VmapEnsemble, 1))
    monkeypatch.setattr(dispatch, "SequentialTraining", noted(SequentialTraining, 1))
    return starts


@pytest.mark.parametrize("name", RECIPES)
def test_on_a_cpu_an_mlp_is_an_ensemble_and_the_others_go_one_by_one(
    images: Images, name: str, started: Started
) -> None:
    members = members_of([parse(text) for text in TEXTS], RECIPES[name], 0)
    training = training_of(members, RECIPES[name], parts(images))
    progress = training.advance(1)
    assert started == ([(MlpEnsemble, 3)] if name == "mlp" else [(SequentialTraining, 1)] * 3)
    for member, expected in zip(members, progress, strict=True):
        alone = training_of([member], RECIPES[name], parts(images))
        assert alone.advance(1) == [expected]
    training.keep([2])
    assert len(training.advance(2)) == len(training.test()) == 1


def test_what_does_not_fit_the_memory_at_once_comes_to_the_same_in_chunks(
    images: Images,
    monkeypatch: pytest.MonkeyPatch,
    started: Started,
) -> None:
    recipe = RECIPES["mlp"]
    members = members_of([parse(text) for text in TEXTS], recipe, 0)
    expected = training_of(members, recipe, parts(images)).advance(2)
    needed = footprint(recipe.build(members[1].expression, 0, ImageSpec()), recipe, ImageSpec())
    free = 3 * needed.state + 2 * needed.signals
    started.clear()
    monkeypatch.setattr(dispatch, "free_bytes", lambda device: free)
    training = training_of(members, recipe, parts(images))
    assert training.advance(2) == expected
    assert started == [(MlpEnsemble, 2), (MlpEnsemble, 1)]


def _start(training_class: str, texts: Sequence[str], recipe: Recipe, images: Images) -> Training:
    members = members_of([parse(text) for text in texts], recipe, 0)
    if training_class == "an MLP ensemble":
        return MlpEnsemble(members, recipe, parts(images))
    if training_class == "a vmap ensemble":
        return VmapEnsemble(recipe.build, members, recipe, parts(images))
    return SequentialTraining(recipe.build, members, recipe, parts(images))


@pytest.mark.parametrize("training_class", ["an MLP ensemble", "a vmap ensemble", "one by one"])
def test_no_number_is_read_within_an_epoch(images: Images, training_class: str) -> None:
    def counted(batch_size: int) -> int:
        recipe = dataclasses.replace(RECIPES["mlp"], batch_size=batch_size)
        training = _start(training_class, TEXTS, recipe, images)
        synchronisations = Synchronisations()  # type: ignore[no-untyped-call]
        with synchronisations:
            training.advance(1)
        return synchronisations.count

    # As many with two steps as with twenty: losses, scores and learned values, once each.
    assert counted(40) == counted(4) > 0


@pytest.mark.parametrize("training_class", ["an MLP ensemble", "a vmap ensemble", "one by one"])
@pytest.mark.parametrize("text", ["1", "a", "a * b"])
def test_a_constant_candidate_trains_to_chance_beside_others_and_alone(
    images: Images, training_class: str, text: str
) -> None:
    recipe = dataclasses.replace(RECIPES["mlp"], weight_decay=0.1)
    training = _start(training_class, [text, "relu(x)"], recipe, images)
    training.advance(1)
    training.keep([0])
    (constant,) = training.advance(2)
    assert (constant.reason, len(constant.train_losses)) == (None, 2)
    assert constant.val_loss == pytest.approx(math.log(10), abs=0.2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", RECIPES)
def test_on_a_gpu_every_network_is_an_ensemble_that_learns_what_a_cpu_learns(
    images: Images, name: str, started: Started
) -> None:
    members = members_of([parse(text) for text in TEXTS], RECIPES[name], 0)
    training = training_of(members, RECIPES[name], parts(images, "cuda"))
    on_gpu = training.advance(1)
    assert started == [(MlpEnsemble if name == "mlp" else VmapEnsemble, len(TEXTS))]
    alone = SequentialTraining(RECIPES[name].build, members, RECIPES[name], parts(images))
    for progress, expected in zip(on_gpu, alone.advance(1), strict=True):
        # a GPU's convolutions may round to 10 bits (TF32)
        assert progress.train_losses == pytest.approx(expected.train_losses, rel=0.02)
