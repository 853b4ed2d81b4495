"""Cost of an epoch of the conv net next to its layers alone, and of vmap next to one by one.

    python benchmarks/networks.py [--quick]

Real FashionMNIST, the shipped recipes, batches of 128, one thread; CPU seconds, measured in turn,
round after round, medians of the rounds' ratios. conv_over_layers: a training epoch of the conv
net with ReLU over the forward and backward passes of its convolutions and batch norms, on tensors
that stay in the cache (nothing asks for the gradient of the images). stack_over_one_by_one: four
candidates by vmap over the same four one after another, above 1 where vmap is slower;
`dispatch.py` chooses by it. `--quick` measures fewer steps.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from hardware import hardware
from torch import Tensor, nn

from actsearch.evaluators import (
    RECIPES,
    Images,
    ImageSpec,
    load_train,
    split,
    subset,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import members_of
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.evaluators.training.vmap_ensemble import VmapEnsemble
from actsearch.space import parse

BATCH = 128
TEXTS = ("relu(x)", "x * sigmoid(beta * x)", "tanh(x)", "x * tanh(softplus(x))")
STEPS = {"mlp": 40, "conv": 20, "resnet20": 1, "vit": 1}  # an epoch's, where --quick compares
Kind = type[SequentialTraining] | type[VmapEnsemble]


def epochs(
    images: Images, kind: Kind, name: str, texts: Sequence[str], steps: int, rounds: int
) -> Callable[[], object]:
    """Each call trains one epoch more of these candidates, `steps` batches long."""
    recipe = dataclasses.replace(
        RECIPES["quick" if name == "mlp" else name],
        limit=(steps + 1) * BATCH,
        validation=BATCH,
        rungs=(rounds + 1,),
    )
    train, validation = split(subset(images, (steps + 1) * BATCH), validation=BATCH, seed=0)
    sets = DataSplits.on(torch.device("cpu"), recipe, train, validation)
    slices = members_of([parse(text) for text in texts], recipe, 0)
    training = kind(recipe.build, slices, recipe, sets)
    epoch = iter(range(1, rounds + 2))
    return lambda: training.advance(next(epoch))


def layers_alone(steps: int) -> Callable[[], None]:
    """Forward and backward passes of the conv net's convolutions and batch norms, one by one."""
    net = RECIPES["conv"].build(parse("relu(x)"), 0, ImageSpec())
    pieces: list[tuple[nn.Module, Tensor, Tensor]] = []
    signal = torch.randn(BATCH, *ImageSpec().shape)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.BatchNorm2d):
            output = layer(signal).detach()
            pieces.append((copy.deepcopy(layer), signal, torch.randn_like(output)))
            signal = output.requires_grad_()

    def run() -> None:
        for _ in range(steps):
            for layer, signal, gradient in pieces:
                layer.zero_grad()
                signal.grad = None
                layer(signal).backward(gradient)

    return run


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def ratio(
    title: str, over: Callable[[], object], under: Callable[[], object], rounds: int
) -> float:
    """Median of the rounds' ratios, the first round left out as it warms up; printed."""
    pairs = [(cpu_seconds(over), cpu_seconds(under)) for _ in range(rounds + 1)][1:]
    ratios = [a / b for a, b in pairs]
    median = statistics.median(ratios)
    seconds = [statistics.median(each) for each in zip(*pairs, strict=True)]
    print(
        f"{median:6.3f}  ({min(ratios):.3f} to {max(ratios):.3f})  {title}: "
        f"{seconds[0]:.3f} s over {seconds[1]:.3f} s"
    )
    return round(median, 3)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    torch.set_num_threads(1)
    images = load_train()
    steps, rounds = (40, 5) if quick else (200, 7)
    conv = ratio(
        "conv net with ReLU over its layers alone",
        epochs(images, SequentialTraining, "conv", TEXTS[:1], steps, rounds),
        layers_alone(steps),
        rounds,
    )
    rounds = 2 if quick else 5
    stacks = {
        name: ratio(
            f"{name}, four in a stack over one by one",
            epochs(images, VmapEnsemble, name, TEXTS, steps, rounds),
            epochs(images, SequentialTraining, name, TEXTS, steps, rounds),
            rounds,
        )
        for name, steps in ((n, s if quick else 3 * s) for n, s in STEPS.items())
    }
    result = {
        "conv_over_layers": conv,
        "stack_over_one_by_one": stacks,
        "rounds": rounds,
        "quick": quick,
        **hardware(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
