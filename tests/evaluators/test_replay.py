"""A replayed step is the step: on the CPU, with a recorder that holds what a CUDA graph holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch
from contracts.recorder import recorded
from torch import Tensor

from actsearch.evaluators import Images, Progress, Recipe, split, subset
from actsearch.evaluators.batches import Sets
from actsearch.evaluators.epochs import Stack
from actsearch.evaluators.module_stack import ModuleStackTraining
from actsearch.evaluators.networks import NETWORKS
from actsearch.evaluators.replay import PLAIN, Record, Replay
from actsearch.evaluators.slices import slices_of
from actsearch.evaluators.stack import StackedTraining
from actsearch.space import PRIMITIVES, Expression, parse
from actsearch.space.families import FAMILIES, family

# 140 training images: eight whole batches of 16 and one of 12, six of them replays.
START = Recipe(limit=180, validation=40, rungs=(1, 2, 3), warmup=2, batch_size=16)
MLP = dataclasses.replace(START, widths=(16, 8))
RECIPES = {
    "mlp": MLP,
    "conv": dataclasses.replace(START, network="conv", widths=(4, 8)),
    "resnet20": dataclasses.replace(START, network="resnet20", widths=(4, 4, 4), limit=110),
    "vit": dataclasses.replace(START, network="vit", widths=(16,)),
}
VARIANTS = {
    "adamw": MLP,
    "sgd with momentum": dataclasses.replace(MLP, optimizer="sgd", momentum=0.9),
    "three step sizes": dataclasses.replace(MLP, steps=(1.0, 0.3, 3.0), weight_decay=0.1),
    "two seeds": dataclasses.replace(MLP, repeats=2),
    "bfloat16": dataclasses.replace(MLP, precision="bfloat16"),
}
CANDIDATES = [parse(text) for text in ("relu(x)", "x * sigmoid(beta * x)", "a[channel] * tanh(x)")]
LAST = 2  # position of the one slice kept


def at_once(work: Callable[[], None]) -> Callable[[], None]:
    """Replays by doing the work again, so Python decides anew."""
    return work


def stack(images: Images, recipe: Recipe, record: Record | None, module: bool = False) -> Stack:
    train, validation = split(subset(images, recipe.limit or 0), validation=40, seed=0)
    sets = Sets.on(torch.device("cpu"), None, train, validation)
    slices = slices_of(CANDIDATES, recipe, 0)
    if module:
        return ModuleStackTraining(NETWORKS[recipe.network], slices, recipe, sets, record)
    return StackedTraining(slices, recipe, sets, record)


def course(training: Stack) -> list[Progress]:
    """Of three epochs, the last with one slice of those before."""
    found = [*training.advance(2)]
    training.keep([LAST])
    return [*found, *training.advance(3)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_replays_of_an_mlp_learn_what_plain_steps_learn(images: Images, variant: str) -> None:
    recipe = VARIANTS[variant]
    found = course(stack(images, recipe, recorded))
    assert found == course(stack(images, recipe, at_once))
    for ours, plain in zip(found, course(stack(images, recipe, None)), strict=True):
        # step sizes are float32 tensors here, and Python's numbers there
        assert ours.train_losses == pytest.approx(plain.train_losses, rel=1e-4)
        assert ours.loss == pytest.approx(plain.loss, rel=1e-4)


@pytest.mark.parametrize("name", RECIPES)
def test_replays_of_modules_learn_what_plain_steps_learn(images: Images, name: str) -> None:
    recipe = RECIPES[name]
    found = course(stack(images, recipe, recorded, module=True))
    assert found == course(stack(images, recipe, at_once, module=True))


def _applied(name: str) -> Expression:
    return parse(f"{name}({'x' if PRIMITIVES[name].arity == 1 else 'x, 0.5 * x + 1'})")


@pytest.mark.parametrize(
    "candidate",
    [*map(_applied, PRIMITIVES), *map(family, FAMILIES)],
    ids=[*PRIMITIVES, *(f"family {name}" for name in FAMILIES)],
)
def test_every_primitive_and_family_can_be_recorded(images: Images, candidate: Expression) -> None:
    recipe = dataclasses.replace(MLP, limit=120, rungs=(1,))
    train, validation = split(subset(images, 120), validation=40, seed=0)
    sets = Sets.on(torch.device("cpu"), None, train, validation)
    slices = slices_of([candidate], recipe, 0)
    runs = [StackedTraining(slices, recipe, sets, r).advance(1) for r in (recorded, at_once)]
    assert str(runs[0]) == str(runs[1])  # NaN is not equal to itself


def test_a_recording_reads_each_batch_and_leaves_odd_ones_to_plain_steps() -> None:
    seen: list[tuple[str, list[float]]] = []
    kind = "plain"

    def step(x: Tensor) -> None:
        seen.append((kind, x.tolist()))

    def record(work: Callable[[], None]) -> Callable[[], None]:
        def again() -> None:
            nonlocal kind
            kind = "replay"
            work()
            kind = "plain"

        return again

    replay = Replay(record)
    for number in range(PLAIN + 3):
        replay(step, [torch.full((2,), float(number))])
        replay(step, [torch.full((1,), -float(number))])
    assert seen[::2] == [
        ("plain" if n < PLAIN else "replay", [float(n)] * 2) for n in range(PLAIN + 3)
    ]
    assert seen[1::2] == [("plain", [-float(n)]) for n in range(PLAIN + 3)]


def test_the_recorder_refuses_what_a_graph_cannot_hold_and_keeps_what_python_decided() -> None:
    x, factor = torch.ones(3), 2.0
    for work in (
        lambda: x.add_(float(x.sum())),
        lambda: x[x > 0].sum(),
        lambda: x.add_(torch.tensor([1.0])),
    ):
        with pytest.raises(AssertionError, match="a CUDA graph cannot hold"):
            recorded(work)  # type: ignore[arg-type]

    def work() -> None:
        x.mul_(factor)

    again = recorded(work)
    assert x.tolist() == [1.0] * 3
    factor = 5.0
    again()
    assert x.tolist() == [2.0] * 3
