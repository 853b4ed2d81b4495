"""Candidate-epochs per second of a stack, next to training one candidate after another.

    python benchmarks/gpu.py [--quick]

On the GPU where there is one, else on one thread of the CPU, which says nothing about a GPU: the
last line's `device` tells which. Real FashionMNIST, the shipped recipe of each network, seconds by
the clock with the device waited for, medians of rounds in turn. stack_over_single: seconds of a
candidate in a stack over those of one alone, below 1 where the stack is faster.
candidate_epochs_per_s: epochs of 50,000 images that one candidate in a stack would be trained in a
second; measured on fewer images, validation included. The stack is StackedTraining for the MLP and
ModuleStackTraining for the others, also on a CPU, where a search would train those one by one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from actsearch.evaluators import RECIPES, Recipe, Training, load_train, split, subset
from actsearch.evaluators.batches import Sets
from actsearch.evaluators.images import Images
from actsearch.evaluators.module_stack import ModuleStackTraining
from actsearch.evaluators.networks import NETWORKS
from actsearch.evaluators.one_by_one import OneByOneTraining
from actsearch.evaluators.slices import Slice, slices_of
from actsearch.evaluators.stack import StackedTraining
from actsearch.space import parse

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
# Batches of an epoch, by network: on a GPU, on a CPU, and on a CPU with --quick.
STEPS = {"mlp": (390, 40, 20), "conv": (390, 20, 10), "resnet20": (40, 2, 1), "vit": (40, 2, 1)}


def epochs(
    images: Images, name: str, device: torch.device, steps: int, rounds: int, count: int
) -> Callable[[], None]:
    """Each call trains `count` candidates one epoch more, in a stack where there are several."""
    recipe = RECIPES["quick" if name == "mlp" else name]
    held = recipe.batch_size
    recipe = dataclasses.replace(
        recipe, limit=(steps + 1) * held, validation=held, rungs=(rounds + 1,)
    )
    train, validation = split(subset(images, (steps + 1) * held), validation=held, seed=0)
    sets = Sets.on(device, recipe, train, validation)
    slices = slices_of([parse(TEXTS[i % len(TEXTS)]) for i in range(count)], recipe, 0)
    training = _training(name, slices, recipe, sets)
    epoch = iter(range(1, rounds + 2))

    def run() -> None:
        training.advance(next(epoch))
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return run


def _training(name: str, slices: list[Slice], recipe: Recipe, sets: Sets) -> Training:
    build = NETWORKS[name]
    if len(slices) == 1:
        return OneByOneTraining(build, slices, recipe, sets)
    if name == "mlp":
        return StackedTraining(slices, recipe, sets)
    return ModuleStackTraining(build, slices, recipe, sets)


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(
    start: Callable[[int], Callable[[], None]], count: int, rounds: int
) -> tuple[float, float]:
    """Seconds of one candidate's epoch in a stack of `count`, and their ratio to one alone."""
    stack, single = start(count), start(1)
    pairs = [(seconds(stack) / count, seconds(single)) for _ in range(rounds + 1)][1:]
    return statistics.median(a for a, _ in pairs), statistics.median(a / b for a, b in pairs)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    torch.set_num_threads(1)
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    if not gpu:
        print("no GPU: these are figures of one thread of the CPU, and say nothing about a GPU")
    count, rounds = (54 if gpu and not quick else len(TEXTS)), (2 if quick else 5)
    images = load_train()
    ratios, rates = {}, {}
    for name, choices in STEPS.items():
        steps = choices[0 if gpu else 2 if quick else 1]
        start = partial(epochs, images, name, device, steps, rounds)
        each, ratio = measured(start, count, rounds)
        share = steps * RECIPES["quick" if name == "mlp" else name].batch_size / FULL
        ratios[name], rates[name] = round(ratio, 3), float(f"{share / each:.3g}")
        print(f"{name:9} {ratios[name]:7.3f} x one alone  {rates[name]:9.4f} candidate-epochs/s")
    result = {
        "stack_over_single": ratios,
        "candidate_epochs_per_s": rates,
        "device": torch.cuda.get_device_name() if gpu else "cpu",
        "candidates": count,
        "rounds": rounds,
        "quick": quick,
        "torch": torch.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
