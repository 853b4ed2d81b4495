"""A replayed step is the step: on the CPU, with a recorder that holds what a CUDA graph holds."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from actsearch.evaluators import (
    Images,
    MemberProgress,
    Recipe,
    split,
    subset,
)
from actsearch.evaluators.training import mlp_ensemble, vmap_ensemble
from actsearch.evaluators.training.cuda_graphs import (
    PLAIN,
    Record,
    Replay,
    cuda_graph,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.ensemble import Ensemble
from actsearch.evaluators.training.members import members_of
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.evaluators.training.vmap_ensemble import VmapEnsemble
from actsearch.space import (
    FAMILIES,
    PRIMITIVES,
    Expression,
    family,
    parse,
)
from contracts.recorder import recorded

# 140 training images: eight whole batches of 16, of which the first three are run plainly, and 12.
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
    "sgd": dataclasses.replace(MLP, optimizer="sgd"),
    "sgd with momentum": dataclasses.replace(MLP, optimizer="sgd", momentum=0.9),
    "three step sizes": dataclasses.replace(MLP, lr_multipliers=(1.0, 0.3, 3.0), weight_decay=0.1),
    "two seeds": dataclasses.replace(MLP, seeds_per_score=2),
    "bfloat16": dataclasses.replace(MLP, precision="bfloat16"),
}
CANDIDATES = [parse(text) for text in ("relu(x)", "x * sigmoid(beta * x)", "a[channel] * tanh(x)")]
LAST = 2  # position of the one member kept


def at_once(work: Callable[[], None]) -> Callable[[], None]:
    """Replays by doing the work again, so Python decides anew."""
    return work


def start(
    images: Images,
    recipe: Recipe,
    record: Record | None,
    *,
    candidates: Sequence[Expression] = CANDIDATES,
    modules: bool = False,
    device: str = "cpu",
) -> Ensemble:
    train, validation = split(subset(images, recipe.limit or 0), validation=40, seed=0)
    sets = DataSplits.on(torch.device(device), None, train, validation)
    members = members_of(candidates, recipe, 0)
    if modules:
        return VmapEnsemble(recipe.build, members, recipe, sets, record)
    return MlpEnsemble(members, recipe, sets, record)


def course(training: Ensemble) -> list[MemberProgress]:
    """Of three epochs, the last with one member of those before."""
    progress = [*training.advance(2)]
    training.keep([LAST])
    return [*progress, *training.advance(3)]


SETTINGS = {
    **{f"{name}, an MLP ensemble": (recipe, False) for name, recipe in VARIANTS.items()},
    **{f"{name}, a vmap ensemble": (recipe, True) for name, recipe in VARIANTS.items()},
    **{name: (recipe, True) for name, recipe in RECIPES.items()},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_replays_learn_what_plain_steps_learn(images: Images, name: str) -> None:
    recipe, modules = SETTINGS[name]
    replayed = course(start(images, recipe, recorded, modules=modules))
    assert replayed == course(start(images, recipe, at_once, modules=modules))
    plainly = course(start(images, recipe, None, modules=modules))
    for replay, plain in zip(replayed, plainly, strict=True):
        # step sizes are float32 tensors here, and Python's numbers there
        assert replay.train_losses == pytest.approx(plain.train_losses, rel=1e-4)
        assert replay.val_loss == pytest.approx(plain.val_loss, rel=1e-3)


def _applied(name: str) -> Expression:
    return parse(f"{name}({'x' if PRIMITIVES[name].arity == 1 else 'x, 0.5 * x + 1'})")


FUNCTIONS = {
    **{name: _applied(name) for name in PRIMITIVES},
    **{f"family {name}": family(name) for name in FAMILIES},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_primitive_and_family_can_be_recorded(images: Images, name: str) -> None:
    recipe = dataclasses.replace(MLP, limit=120, rungs=(1,))
    courses = [
        start(images, recipe, record, candidates=[FUNCTIONS[name]]).advance(1)
        for record in (recorded, at_once)
    ]
    assert str(courses[0]) == str(courses[1])  # NaN is not equal to itself


class OnMeta(TorchDispatchMode):
    """Refuses the host's tensors, also where torch would take them, but for the order of an
    epoch, which is drawn there (int64). What is read back to the host is made of zeros: "meta"
    stands for a device of its own, whose tensors have no numbers."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        if function is torch.ops.aten._local_scalar_dense.default:
            return 0
        if function is torch.ops.aten._to_copy.default:
            (tensor,) = tensors
            assert tensor.is_meta or tensor.dtype is torch.int64, "the host's numbers are copied"
            if (kwargs or {}).get("device") == torch.device("cpu"):
                return torch.zeros(tensor.shape, dtype=tensor.dtype)
            return function(*args, **(kwargs or {}))
        assert all(t.is_meta for t in tensors), f"{function.name()} was given a tensor of the host"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", [*SETTINGS, "every function"])
def test_no_tensor_of_an_epoch_is_left_on_the_host(
    images: Images, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fused optimisers and autocast do not know the device.
    def kernel(*tensors: list[Tensor], lr: Tensor, **_: object) -> None:
        assert lr.is_meta
        assert all(t.is_meta for each in tensors for t in each)

    monkeypatch.setattr(torch, "_fused_adamw_", kernel)
    monkeypatch.setattr(torch, "_fused_sgd_", kernel)
    for module in (mlp_ensemble, vmap_ensemble):
        monkeypatch.setattr(module, "autocast", lambda *_: nullcontext())
    if name == "every function":  # behind one layer and in one step of an epoch, as in any other
        recipe, modules, candidates = MLP, False, list(FUNCTIONS.values())
        recipe = dataclasses.replace(recipe, limit=56, widths=(8,))
    else:
        recipe, modules, candidates = *SETTINGS[name], CANDIDATES
        recipe = dataclasses.replace(recipe, limit=80)
    training = start(
        images, recipe, at_once, candidates=candidates, modules=modules, device="meta"
    )
    with OnMeta():  # type: ignore[no-untyped-call]
        training.advance(1)
    training.keep([0])
    with OnMeta():  # type: ignore[no-untyped-call]
        training.advance(2)


def test_a_training_holds_no_recording_when_it_has_advanced(images: Images) -> None:
    alive: list[weakref.ref[Callable[[], None]]] = []

    def record(work: Callable[[], None]) -> Callable[[], None]:
        def again() -> None:
            work()

        alive.append(weakref.ref(again))
        return again

    training = start(images, MLP, record)
    training.advance(1)
    gc.collect()
    assert [reference() for reference in alive] == [None]


def test_what_cannot_be_recorded_is_run_plainly_with_a_warning(images: Images) -> None:
    def fails(work: Callable[[], None]) -> Callable[[], None]:
        with OnMeta():  # type: ignore[no-untyped-call]
            try:
                work()
            except AssertionError as error:
                raise RuntimeError("operation not permitted when stream is capturing") from error
        raise AssertionError("the work was to fail")

    with pytest.warns(
        UserWarning, match="without a recorded step, more slowly: operation not permitted"
    ):
        progress = start(images, MLP, fails).advance(2)
    assert progress == start(images, MLP, at_once).advance(2)


def test_running_out_of_memory_while_recording_is_for_the_chunks(images: Images) -> None:
    def fails(work: Callable[[], None]) -> Callable[[], None]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        start(images, MLP, fails).advance(1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", SETTINGS)
def test_a_cuda_graph_learns_what_plain_steps_learn(images: Images, name: str) -> None:
    recipe, modules = SETTINGS[name]
    graph = partial(cuda_graph, torch.device("cuda"))
    courses = [
        course(start(images, recipe, record, modules=modules, device="cuda"))
        for record in (graph, at_once)
    ]
    for replay, plain in zip(*courses, strict=True):
        # some of a GPU's kernels add up in an order of their own each time
        assert replay.train_losses == pytest.approx(plain.train_losses, rel=0.02)


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

    replay = Replay(record, lambda: None)
    for number in range(PLAIN + 3):
        replay(step, [torch.full((2,), float(number))])
        replay(step, [torch.full((1,), -float(number))])
    assert seen[::2] == [
        ("plain" if n < PLAIN else "replay", [float(n)] * 2) for n in range(PLAIN + 3)
    ]
    assert seen[1::2] == [("plain", [-float(n)]) for n in range(PLAIN + 3)]


def test_the_recorder_refuses_what_a_graph_cannot_hold_and_keeps_what_python_decided() -> None:
    x, factor = torch.ones(3), 2.0

    def reads_a_number() -> None:
        x.add_(float(x.sum()))

    def has_a_shape_of_its_numbers() -> None:
        x.copy_(x[x > 0])

    def copies_from_the_host() -> None:
        x.add_(torch.tensor([1.0]))

    for work in (reads_a_number, has_a_shape_of_its_numbers, copies_from_the_host):
        with pytest.raises(AssertionError, match="a CUDA graph cannot hold"):
            recorded(work)

    def grows() -> None:
        x.mul_(factor)

    again = recorded(grows)
    assert x.tolist() == [1.0] * 3
    factor = 5.0
    again()
    assert x.tolist() == [2.0] * 3
