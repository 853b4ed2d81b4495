"""The published dead-unit experiment again: ReLU after training, and a deep ReLU net before it.

    python benchmarks/dead_units.py [--quick] [--seeds 5] [--momenta 0.9 0.8]

Published: the book Deep Learning DNA (dldna), chapter 4, one run each: of the hidden units of the
MLP 256/192/128/64, trained on FashionMNIST for 15 epochs, [0, 6, 13, 5] put out exactly 0 for
every one of the 60,000 training images; of an untrained net 2048/1024/1024/512/512/256/128,
[0, 0, 6, 15, 113, 102, 58]. Its text trains with momentum 0.9, its code with 0.8, so both recipes
(`dldna`, `dldna-0.8`) are trained here. Counts are over all training images; the test set stays
closed. A layer agrees if the published count could be one seed more: if it lies in the 95 %
prediction interval of the counts (Student's t). `--quick`: one seed, one epoch, 6,000 images; it
shows that the script runs, and no more. One thread.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import statistics
import sys
import time
from collections.abc import Sequence

import torch
from hardware import hardware
from scipy import stats

from actsearch.evaluators import (
    Images,
    ImageSpec,
    Recipe,
    dead_units,
    load_train,
    recipe_from_name,
    subset,
)
from actsearch.evaluators.diagnosis.training import epochs
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.space import parse

TRAINED = (0, 6, 13, 5)
DEEP_WIDTHS = (2048, 1024, 1024, 512, 512, 256, 128)
UNTRAINED = (0, 0, 6, 15, 113, 102, 58)
RECIPES = {0.9: "dldna", 0.8: "dldna-0.8"}
WATCHED = 1000  # training images whose loss shows a divergence
RELU = parse("relu(x)")

Counts = list[list[int]]  # [seeds, layers]


def counted(
    recipe: Recipe, images: Images, seeds: int, trained: bool
) -> tuple[Counts, list[float]]:
    """Silent units by seed and layer, and the seconds each seed took."""
    sets = DataSplits.on(torch.device("cpu"), recipe, images, subset(images, WATCHED))
    counts, seconds = [], []
    for seed in range(seeds):
        start = time.perf_counter()
        net = recipe.build(RELU, seed, ImageSpec())
        for number, progress in enumerate(
            epochs(net, RELU, recipe, seed, sets) if trained else ()
        ):
            if progress.reason:
                raise SystemExit(f"seed {seed} diverged: {progress.reason}")
            print(
                f"{recipe.name} seed {seed} epoch {number + 1}: training loss "
                f"{progress.train_losses[-1]:.4f}",
                file=sys.stderr,
            )
        layers = dead_units(net, (x for x, _ in sets.train.in_order()))
        counts.append([layer.silent for layer in layers])
        seconds.append(time.perf_counter() - start)
        print(f"{recipe.name} seed {seed}: {counts[-1]}", file=sys.stderr, flush=True)
    return counts, seconds


def could_be(count: int, others: Sequence[int]) -> bool | None:
    """Whether a count lies in the 95 % prediction interval of others; None of fewer than two."""
    n = len(others)
    if n < 2:
        return None
    half = float(stats.t.isf(0.025, n - 1)) * statistics.stdev(others) * math.sqrt(1 + 1 / n)
    return abs(count - statistics.fmean(others)) <= half


def row(
    name: str,
    widths: Sequence[int],
    published: Sequence[int],
    counted_seeds: tuple[Counts, list[float]],
) -> dict[str, object]:
    """Mean and deviation per layer beside the published count, printed and as JSON."""
    counts, seconds = counted_seeds
    columns = list(zip(*counts, strict=True))
    means = [statistics.fmean(column) for column in columns]
    sds = [statistics.stdev(column) if len(column) > 1 else None for column in columns]
    agrees = [could_be(there, column) for there, column in zip(published, columns, strict=True)]
    print(f"\n{name}, n = {len(counts)}, {statistics.fmean(seconds):.0f} s each")
    print(f"  {'units':>6} {'published':>9} {'mean':>7} {'sd':>6}  per seed")
    for width, there, mean, sd, agreed, column in zip(
        widths, published, means, sds, agrees, columns, strict=True
    ):
        words = {True: "agree", False: "differ", None: ""}[agreed]
        spread = "-" if sd is None else f"{sd:.1f}"
        print(f"  {width:>6} {there:>9} {mean:>7.1f} {spread:>6}  {[*column]}  {words}".rstrip())
    if len(counts) > 1:
        print(f"  {sum(map(bool, agrees))} of {len(agrees)} layers agree")
    return {
        "n": len(counts),
        "published": list(published),
        "mean": [round(mean, 2) for mean in means],
        "sd": [None if sd is None else round(sd, 2) for sd in sds],
        "counts": counts,
        "agree": agrees,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch, 6,000 images")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="default %(default)s")
    parser.add_argument(
        "--momenta", type=float, nargs="*", default=[0.9, 0.8], choices=[*RECIPES], metavar="M",
        help="of the trained nets, 0.9 and 0.8 by default",
    )  # fmt: skip
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = 1 if options.quick else options.seeds
    images = subset(load_train(), 6000) if options.quick else load_train()
    figures: dict[str, object] = {
        "quick": options.quick,
        "images": len(images),
        "torch": torch.__version__,
    }
    deep = dataclasses.replace(recipe_from_name("dldna"), name="deep", widths=DEEP_WIDTHS)
    figures["untrained"] = row(
        "untrained deep ReLU net", DEEP_WIDTHS, UNTRAINED,
        counted(deep, images, seeds, trained=False),
    )  # fmt: skip
    for momentum in options.momenta:
        recipe = recipe_from_name(RECIPES[momentum])
        if options.quick:
            recipe = dataclasses.replace(recipe, rungs=(1,))
        figures[f"trained_{recipe.name}"] = row(
            f"ReLU trained under {recipe.label}", recipe.widths, TRAINED,
            counted(recipe, images, seeds, trained=True),
        )  # fmt: skip
    print(json.dumps({**figures, **hardware()}))


if __name__ == "__main__":
    main()
