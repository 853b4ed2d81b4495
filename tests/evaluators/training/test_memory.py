"""The memory predicted for a member is what its tensors add up to."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
import sys
from typing import Any

import pytest
import torch

from actsearch.evaluators import NETWORKS, RECIPES, ImageSpec, OutOfMemory, Recipe
from actsearch.evaluators.training.device_data import Batches, DataSplits
from actsearch.evaluators.training.members import members_of
from actsearch.evaluators.training.memory import Footprint, footprint, free_bytes, members_at_once
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.space import parse

MLP = Recipe(widths=(256, 64), batch_size=2048)  # so large that validation needs no more
WEIGHTS = 784 * 256 + 256 + 256 * 64 + 64 + 64 * 10 + 10


def of(recipe: Recipe, text: str = "tanh(x)") -> Footprint:
    net = recipe.build(parse(text), 0, ImageSpec())
    return footprint(net, recipe, ImageSpec())


def test_an_mlp_keeps_its_images_activations_and_log_probabilities() -> None:
    # tanh needs its output alone, which the next layer keeps as well; the loss also keeps its
    # labels (8 bytes), and the gradients of the layers' outputs come on top.
    needed = of(MLP)
    per_image = 4 * (784 + 256 + 64 + 10) + 8 + 2 * 4 * 256
    assert needed.signals == pytest.approx(2048 * per_image, rel=0.001)


@pytest.mark.parametrize(
    ("changes", "copies"),
    [
        ({}, 4),  # weights, gradients, two moments
        ({"optimizer": "sgd"}, 2),
        ({"optimizer": "sgd", "momentum": 0.9}, 3),
    ],
)
def test_the_state_is_weights_gradients_and_moments(
    changes: dict[str, str | float], copies: int
) -> None:
    assert of(dataclasses.replace(MLP, **changes)).state == copies * 4 * WEIGHTS  # type: ignore[arg-type]


def test_a_composed_formula_keeps_more() -> None:
    plain, composed = of(MLP).signals, of(MLP, "sin(x) * tanh(softplus(x)) * cos(2 * x)").signals
    assert composed > plain + 2048 * 4 * 3 * (256 + 64)


def test_bfloat16_keeps_less_though_it_has_copies_of_the_weights() -> None:
    recipe = dataclasses.replace(RECIPES["resnet20"], batch_size=2048)
    assert of(dataclasses.replace(recipe, precision="bfloat16")).signals < 0.8 * of(recipe).signals


def _peak(profile: torch.profiler.profile) -> int:
    """The most bytes that were allocated at once since the profile began."""
    held, peak = 0, 0
    events: Any = profile.profiler.kineto_results.events()  # type: ignore[union-attr]
    for event in events:
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_close_to_what_torch_allocates_for_a_step(name: str) -> None:
    images = 512 if name in ("mlp", "conv") else 128  # so that validation needs no more
    recipe = dataclasses.replace(RECIPES["quick" if name == "mlp" else name], batch_size=images)
    net = recipe.build(parse("x * tanh(softplus(x))"), 0, ImageSpec())
    predicted = footprint(net, recipe, ImageSpec())
    labels = torch.zeros(images, dtype=torch.int64)
    with torch.profiler.profile(profile_memory=True) as profile:
        x = torch.zeros(images, 784)
        torch.nn.functional.cross_entropy(net(x), labels).backward()
    peak = _peak(profile)
    # The step's share of the state is its gradients, a quarter. An MLP's largest signals are at
    # its front, where on the way back the others are gone: it is predicted to need a third more.
    expected = predicted.signals + predicted.state / 4
    assert 0.7 < peak / expected < 1.15


@pytest.mark.parametrize(
    ("members_of_memory", "fit"), [(0.5, 1), (1, 1), (3.5, 3), (64, 64), (1000, 64)]
)
def test_as_many_members_as_fit_train_at_once(members_of_memory: float, fit: int) -> None:
    members = members_of([parse("tanh(x)")] * 64, MLP, 0)
    needed = of(MLP)
    free = 64 * needed.state + members_of_memory * needed.signals
    assert members_at_once(members, MLP, ImageSpec(), MLP.build, int(free) + 1) == fit


def test_the_longest_formula_is_measured() -> None:
    texts = ("tanh(x)", "sin(x) * tanh(softplus(x)) * cos(2 * x)", "relu(x)")
    members = members_of([parse(text) for text in texts], MLP, 0)
    free = 3 * of(MLP).state + 2 * of(MLP, texts[1]).signals
    assert members_at_once(members, MLP, ImageSpec(), MLP.build, free - 9) == 1
    assert members_at_once(members, MLP, ImageSpec(), MLP.build, free + 9) == 2


def test_a_recording_takes_signals_and_gradients_once_more() -> None:
    members = members_of([parse("tanh(x)")] * 64, MLP, 0)
    needed, build = of(MLP), MLP.build
    free = 64 * (needed.state + 4 * WEIGHTS) + 20 * needed.signals
    assert members_at_once(members, MLP, ImageSpec(), build, free + 1, recorded=True) == 10


@pytest.mark.heavy
@pytest.mark.parametrize("widths", [(256, 192, 128, 64), (256,) * 8, (512,) * 16])
@pytest.mark.parametrize("text", ["relu(x)", "x * tanh(softplus(x))"])
def test_a_step_of_an_ensemble_of_mlps_takes_no_more_than_predicted(
    widths: tuple[int, ...], text: str
) -> None:
    images = 1024
    recipe = Recipe(widths=widths, batch_size=images, limit=2 * images, validation=images)
    batches = Batches(torch.zeros(images, 784, dtype=torch.uint8), torch.arange(images) % 10)
    members = members_of([parse(text)] * 2, recipe, 0)
    training = MlpEnsemble(members, recipe, DataSplits(batches, batches))
    training.advance(1)
    with torch.profiler.profile(profile_memory=True) as profile:
        training.advance(2)  # a step, and a validation that needs less
    predicted = footprint(recipe.build(parse(text), 0, ImageSpec()), recipe, ImageSpec())
    # The pieces of the gradients are not predicted, but are small.
    assert 0.5 < _peak(profile) / len(members) / predicted.signals < 1.1


@pytest.mark.heavy
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_freed_memory_is_kept_and_not_taken_again_page_by_page() -> None:
    # Counted in MiB that the process holds, not in page faults: how many pages there are to a
    # tensor is the kernel's choice, and in which gap of the heap it lands is glibc's.
    script = """
import resource, torch
from pathlib import Path
from actsearch.evaluators.training.memory import keep_freed_memory

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20

keep_freed_memory()
before = resident()
for _ in range(5):
    tensors = [torch.ones(2**21) for _ in range(12)]  # 8 MiB each
    del tensors
    print(resident() - before)
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    first, *_, last = map(float, process.stdout.split())
    assert first > 90  # of 96
    assert last < first + 32  # of 4 * 96 more: the same pages, but for a gap or two


def test_a_core_gets_its_share_of_the_machines_memory() -> None:
    assert 2**24 < free_bytes(torch.device("cpu")) < 2**44


def test_a_network_that_no_machine_holds_says_what_to_lower() -> None:
    recipe = dataclasses.replace(RECIPES["quick"], widths=(2**22, 2**22))  # 70 TB
    members = members_of([parse("relu(x)")], recipe, 0)
    with pytest.raises(OutOfMemory, match="lower batch_size or widths in the recipe"):
        members_at_once(members, recipe, ImageSpec(), recipe.build, free=1)
