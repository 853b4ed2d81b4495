"""Candidate-epochs per second of a stack, next to training one candidate after another.

    python benchmarks/gpu.py [--quick]

On the GPU where there is one, else on one thread of the CPU, which says nothing about a GPU: the
last line's `device` tells which. Real FashionMNIST, the shipped recipe of each network, seconds by
the clock with the device waited for, medians of rounds in turn. stack_over_single: seconds of a
candidate in a stack (on a GPU with its steps replayed) over those of one alone, below 1 where the
stack is faster. replay_over_plain: of the stack with its steps replayed from a CUDA graph, the
recording included, over the same stack without; only on a GPU. candidate_epochs_per_s: epochs of
50,000 images that one candidate in a stack would be trained in a second; measured on fewer, with
validation. The stack is MlpEnsemble for the MLP and VmapEnsemble for the others, also
on a CPU, where a search would train those one by one. peak_gib: what torch held of the GPU's
memory at most, with all three kinds of training alive.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import torch
from hardware import hardware

from actsearch.evaluators import (
    RECIPES,
    Images,
    Recipe,
    Training,
    load_train,
    split,
    subset,
)
from actsearch.evaluators.training.cuda_graphs import Record, cuda_graph
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import Member, members_of
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.evaluators.training.vmap_ensemble import VmapEnsemble
from actsearch.space import parse

Seconds: TypeAlias = dict[str, float]  # kind of training -> of one candidate's epoch
FULL = 50_000  # training images of an epoch
TEXTS = (
    "relu(x)",
    "x * sigmoid(beta * x)",
    "tanh(x)",
    "x * tanh(softplus(x))",
    "gelu(x)",
    "sin(x) - cos(2 * x)",
    "max(x, sin(x))",
    "x / (1 + abs(x))",
    "square(relu(x))",
)
# Candidates in a stack on a GPU; nine on a CPU and with --quick.
COUNTS = {"mlp": 54, "conv": 54, "resnet20": 18, "vit": 18}
# Batches of an epoch, by network: on a GPU, on a CPU, and on a CPU with --quick.
STEPS = {"mlp": (390, 40, 20), "conv": (390, 20, 10), "resnet20": (40, 2, 1), "vit": (40, 2, 1)}


def epochs(
    images: Images,
    name: str,
    device: torch.device,
    steps: int,
    rounds: int,
    count: int,
    record: Record | None = None,
) -> Callable[[], None]:
    """Each call trains `count` candidates one epoch more, in a stack where there are several."""
    recipe = RECIPES["quick" if name == "mlp" else name]
    held = recipe.batch_size
    recipe = dataclasses.replace(
        recipe, limit=(steps + 1) * held, validation=held, rungs=(rounds + 1,)
    )
    train, validation = split(subset(images, (steps + 1) * held), validation=held, seed=0)
    sets = DataSplits.on(device, recipe, train, validation)
    slices = members_of([parse(TEXTS[i % len(TEXTS)]) for i in range(count)], recipe, 0)
    training = _training(name, slices, recipe, sets, record)
    epoch = iter(range(1, rounds + 2))

    def run() -> None:
        training.advance(next(epoch))
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return run


def _training(
    name: str, slices: list[Member], recipe: Recipe, sets: DataSplits, record: Record | None
) -> Training:
    build = recipe.build
    if len(slices) == 1:
        return SequentialTraining(build, slices, recipe, sets)
    if name == "mlp":
        return MlpEnsemble(slices, recipe, sets, record)
    return VmapEnsemble(build, slices, recipe, sets, record)


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(works: Mapping[str, tuple[Callable[[], None], int]], rounds: int) -> list[Seconds]:
    """Seconds of one candidate's epoch of each kind, round by round; the first warms up."""
    rounds_measured = [
        {kind: seconds(work) / count for kind, (work, count) in works.items()}
        for _ in range(rounds + 1)
    ]
    return rounds_measured[1:]


def ratio(rounds: list[Seconds], over: str, under: str) -> float:
    return round(statistics.median(each[over] / each[under] for each in rounds), 3)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    torch.set_num_threads(1)
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    if not gpu:
        print("no GPU: these are figures of one thread of the CPU, and say nothing about a GPU")
    rounds = 2 if quick else 5
    images = load_train()
    stacks, replays, rates, peaks = {}, {}, {}, {}
    for name, choices in STEPS.items():
        steps = choices[0 if gpu else 2 if quick else 1]
        count = COUNTS[name] if gpu and not quick else len(TEXTS)
        start = partial(epochs, images, name, device, steps, rounds)
        works = {"plain stack": (start(count), count), "alone": (start(1), 1)}
        if gpu:
            works["replayed stack"] = (start(count, partial(cuda_graph, device)), count)
            torch.cuda.reset_peak_memory_stats()
        seconds_by_round = measured(works, rounds)
        best = "replayed stack" if gpu else "plain stack"
        share = steps * RECIPES["quick" if name == "mlp" else name].batch_size / FULL
        rates[name] = float(
            f"{share / statistics.median(each[best] for each in seconds_by_round):.3g}"
        )
        stacks[name] = ratio(seconds_by_round, best, "alone")
        line = f"{name:9} {stacks[name]:7.3f} x one alone  {rates[name]:9.4f} candidate-epochs/s"
        if gpu:
            replays[name] = ratio(seconds_by_round, best, "plain stack")
            peaks[name] = round(torch.cuda.max_memory_reserved() / 2**30, 2)
            line += f"  {replays[name]:6.3f} x without a graph  {peaks[name]:6.2f} GiB"
        print(line, flush=True)
    result = {
        "stack_over_single": stacks,
        "replay_over_plain": replays,
        "candidate_epochs_per_s": rates,
        "peak_gib": peaks,
        "device": torch.cuda.get_device_name() if gpu else "cpu",
        "candidates": COUNTS if gpu and not quick else len(TEXTS),
        "rounds": rounds,
        "quick": quick,
        **hardware(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
