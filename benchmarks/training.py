"""Cost of an epoch of one candidate in an ensemble, beside its matrix products and training alone.

    python benchmarks/training.py [--quick]

The published MLP (784-256-192-128-64-10), batches of 128, one thread, real FashionMNIST; nine
candidates in an ensemble, as a search trains them. All but the last figure are CPU seconds of one
candidate's training epoch, measured in turn, round after round; the ratios are medians of the
rounds'. The products are those of one net whose tensors stay in the cache. Five seeds of each of
the nine are 45 members, as with `seeds_per_score = 5` in a recipe, here on a fifth of the
images. By hand is the same formula as a Python function over torch, on tensors of each layer's
size, forward and backward. two_workers_over_one: throughput by the clock, of processes that each
train an ensemble; on a machine with fewer than two idle cores it says less about us than about
the machine. `--quick` trains on 5,120 images instead of 50,000.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from hardware import hardware
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from actsearch.evaluators import (
    Recipe,
    load_train,
    split,
    subset,
)
from actsearch.evaluators.data.cache import data_root
from actsearch.evaluators.data.datasets import FASHION_MNIST
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.dispatch import training_of
from actsearch.evaluators.training.members import members_of
from actsearch.space import parse

BATCH, SIZES = 128, (784, 256, 192, 128, 64, 10)
BETA = torch.ones(1, requires_grad=True)
COMPOSED: Mapping[str, Callable[[Tensor], Tensor]] = {
    "x * sigmoid(x)": lambda x: x * torch.sigmoid(x),
    "x * sigmoid(beta * x)": lambda x: x * torch.sigmoid(BETA * x),
    "max(x, sin(x))": lambda x: torch.maximum(x, torch.sin(x)),
    "x * tanh(softplus(x))": lambda x: x * torch.tanh(F.softplus(x)),
    "x * exp(-square(x))": lambda x: x * torch.exp(-torch.square(x)),
    "square(relu(x))": lambda x: torch.square(torch.relu(x)),
    "min(x, 0) + atan(x)": lambda x: x.clamp(max=0) + torch.atan(x),
    "x / (1 + abs(x))": lambda x: x / (1 + torch.abs(x)),
    "sin(x) - cos(2 * x)": lambda x: torch.sin(x) - torch.cos(2 * x),
}
RELU = ("relu(x)",) * len(COMPOSED)


@cache
def sets_of(images: int) -> DataSplits:
    """Training images, and a single batch for validation, which is not what is measured."""
    train, validation = split(subset(load_train(), images + BATCH), validation=BATCH, seed=0)
    return DataSplits.on(torch.device("cpu"), None, train, validation)


def stack(
    texts: tuple[str, ...], images: int, epochs: int, seeds: int = 1
) -> Callable[[], object]:
    """Each call trains one epoch more of a stack."""
    recipe = Recipe(limit=images + BATCH, validation=BATCH, rungs=(epochs,), seeds_per_score=seeds)
    slices = members_of([parse(t) for t in texts], recipe, 0)
    training = training_of(slices, recipe, sets_of(images))
    epoch = iter(range(1, epochs + 1))
    return lambda: training.advance(next(epoch))


def products(steps: int) -> Callable[[], None]:
    """Each call does the matrix products of one net's epoch, forward and backward."""
    shapes = list(pairwise(SIZES))
    weights = [torch.randn(out, fan_in) for fan_in, out in shapes]
    signals = [torch.randn(BATCH, fan_in) for fan_in, _ in shapes]
    gradients = [torch.randn(BATCH, out) for _, out in shapes]

    def epoch() -> None:
        for _ in range(steps):
            for layer in range(len(shapes)):
                torch.mm(signals[layer], weights[layer].t())
                torch.mm(gradients[layer].t(), signals[layer])
                if layer:  # nothing needs the gradient of the images
                    torch.mm(gradients[layer], weights[layer])

    return epoch


def by_hand(steps: int) -> None:
    """All nine formulas in every layer, forward and backward."""
    signals = [torch.randn(BATCH, width, requires_grad=True) for width in SIZES[1:-1]]
    gradients = [torch.randn(BATCH, width) for width in SIZES[1:-1]]
    for formula in COMPOSED.values():
        for _ in range(steps):
            for signal, gradient in zip(signals, gradients, strict=True):
                signal.grad = None
                formula(signal).backward(gradient)


def loader_epoch(images: int) -> Callable[[], None]:
    """The epoch as torch's tutorials write it."""
    steps = [transforms.ToTensor(), transforms.Normalize(FASHION_MNIST.mean, FASHION_MNIST.std)]
    dataset = datasets.FashionMNIST(str(data_root()), transform=transforms.Compose(steps))
    loader = DataLoader(Subset(dataset, range(images)), BATCH, shuffle=True, num_workers=0)
    layers = [m for a, b in pairwise(SIZES) for m in (nn.Linear(a, b), nn.ReLU())]
    net = nn.Sequential(nn.Flatten(), *layers[:-1])
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)

    def epoch() -> None:
        for x, labels in loader:
            loss = F.cross_entropy(net(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def rounds_of_one_thread(images: int, rounds: int) -> list[dict[str, float]]:
    """CPU seconds of one candidate-epoch of each kind, round by round; the first warms up."""
    k, steps = len(RELU), -(-images // BATCH)
    kinds: dict[str, tuple[Callable[[], object], int]] = {
        "ReLU, in a stack of nine": (stack(RELU, images, rounds + 1), k),
        "its matrix products alone": (products(steps), 1),
        "ReLU, with five seeds of each": (stack(RELU, images // 5, rounds + 1, seeds=5), k),
        "composed, in a stack of nine": (stack(tuple(COMPOSED), images, rounds + 1), k),
        "its formula alone, by hand": (partial(by_hand, steps), k),
        "ReLU, alone": (stack(RELU[:1], images, rounds + 1), 1),
        "ReLU, torch modules and DataLoader": (loader_epoch(images), 1),
    }
    measured = [
        {name: cpu_seconds(work) / share for name, (work, share) in kinds.items()}
        for _ in range(rounds + 1)
    ]
    return measured[1:]


def train_stack(images: int) -> None:
    """One worker's task."""
    stack(RELU, images, 1)()


def two_over_one(images: int, rounds: int) -> float:
    """Throughput of two processes over that of one, by the clock, in turn."""
    context = multiprocessing.get_context("spawn")
    ratios = []
    with context.Pool(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for _ in range(rounds + 1):  # the first warms up
            began = time.perf_counter()
            pool.map(train_stack, [images], chunksize=1)
            between = time.perf_counter()
            pool.map(train_stack, [images] * 2, chunksize=1)
            ratios.append(2 * (between - began) / (time.perf_counter() - between))
    return statistics.median(ratios[1:])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    torch.set_num_threads(1)
    images, rounds = (5_120, 5) if quick else (50_000, 5)
    measured = rounds_of_one_thread(images, rounds)
    for name in measured[0]:
        seconds = [each[name] for each in measured]
        spread = f"{min(seconds):.3f} to {max(seconds):.3f}"
        print(f"{statistics.median(seconds):8.3f} s  ({spread})  {name}")

    def ratio(over: str, *under: str) -> float:
        ratios = [each[over] / sum(each[name] for name in under) for each in measured]
        return round(statistics.median(ratios), 3)

    relu, products_, seeds, composed, hand, alone, loader = measured[0]
    result = {
        "epoch_over_matmul": ratio(relu, products_),
        "five_seeds_over_matmul": ratio(seeds, products_),
        "epoch_over_matmul_and_activation": ratio(composed, products_, hand),
        "dataloader_over_epoch": ratio(loader, relu),
        "stack_over_single": ratio(relu, alone),
        "two_workers_over_one": round(two_over_one(images, rounds), 3),
        "images": images,
        "rounds": rounds,
        "quick": quick,
        **hardware(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
