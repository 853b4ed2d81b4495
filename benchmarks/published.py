"""The published FashionMNIST table of 13 activations again, under both momenta, beside `standard`.

    python benchmarks/published.py [--quick] [--seeds 5] [--recipes dldna dldna-0.8 standard]
                                   [--functions ReLU STAF …]

--functions also takes formulas: records/published_search.py trains those so that searches chose.

Published: the book Deep Learning DNA (dldna), chapter 4: one run each, test accuracy after 15
epochs; its text says momentum 0.9, its code 0.8, and which one made the table is not said. Here
every function is trained over the same seeds under each recipe: `dldna` (0.9) and `dldna-0.8` on
all 60,000 images, as published, `standard` on 50,000. The verdict of the momentum is the one whose
mean test losses lie nearer to the published ones, over all 13 functions. The test set is opened:
nothing is chosen by it.

Trainings are kept as they end in benchmarks/published.jsonl (one line each), so that the script
goes on where it was stopped; `--seeds 0` prints what is there. `--quick` trains 4 functions for an
epoch on 6,000 images and keeps nothing. One thread.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import itertools
import json
import math
import statistics
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from hardware import hardware
from numpy.typing import NDArray
from torch import nn

from actsearch.evaluators import (
    ImageClassification,
    ImageSpec,
    Job,
    Recipe,
    RungReport,
    load_test,
    load_train,
    recipe_from_name,
    run_bracket,
    split,
)
from actsearch.evaluators.networks.init import weight_gain
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import Member
from actsearch.evaluators.training.sequential import SequentialTraining
from actsearch.search.provenance import machine
from actsearch.search.storage.expression_argument import expression_of
from actsearch.space import Expression, parse

RECORD = Path(__file__).with_suffix(".jsonl")
# name -> text, published test accuracy (%), published test cross-entropy (nats)
PUBLISHED: Mapping[str, tuple[str, float, float]] = {
    "Sigmoid": ("sigmoid(x)", 10.0, 2.30),
    "Tanh": ("tanh(x)", 82.3, 0.50),
    "ReLU": ("relu(x)", 81.3, 0.52),
    "GELU": ("gelu(x)", 80.5, 0.54),
    "Mish": ("mish(x)", 81.9, 0.51),
    "LeakyReLU": ("max(x, 0) + 0.01 * min(x, 0)", 80.8, 0.55),
    "SiLU": ("silu(x)", 78.3, 0.59),
    "Hardswish": ("hardswish(x)", 76.7, 0.64),
    "Swish": ("x * sigmoid(x)", 78.5, 0.59),
    "PReLU": ("max(x, 0) + a=0.25 * min(x, 0)", 86.0, 0.40),
    "RReLU": ("", 81.5, 0.52),  # random slopes: no expression, trained as torch's module
    # What the book calls TeLU is an ELU with a learnable alpha; the published TeLU is another.
    "ELU, learnable": ("max(x, 0) + alpha * (exp(min(x, 0)) - 1)", 86.2, 0.39),
    "STAF": ("", 85.4, 0.44),  # 25 sines, drawn anew for every seed
}
NONE = "no activation"  # not in the book
# What of a difference is scale and step size alone: weights scaled by the activation, and the best
# of four step sizes by validation, for each function.
FITTED = dataclasses.replace(
    recipe_from_name("dldna-validation"),
    name="dldna-fitted",
    moment_init=True,
    lr_multipliers=(1.0, 0.3, 3.0, 10.0),
)
QUICK = ("ReLU", "PReLU", "RReLU", "STAF")
SINES = 25


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """One training to the end: test accuracy (a fraction) and test cross-entropy (nats).

    name: of a row, or a formula. hits: which test images were right, a bit each, packed; empty in
    lines of before it was kept.
    """

    recipe: str  # label
    name: str
    seed: int
    accuracy: float
    loss: float | None
    epochs: int
    torch: str
    hardware: str
    hits: str = ""

    @property
    def right(self) -> NDArray[np.uint8] | None:
        """1 for each test image that was right; None where that was not kept."""
        packed = zlib.decompress(base64.b64decode(self.hits)) if self.hits else b""
        return np.unpackbits(np.frombuffer(packed, np.uint8)) if packed else None


def packed(hits: bytes | None) -> str:
    """Hits, a byte for each image, as they are kept."""
    bits = np.packbits(np.frombuffer(hits or b"", np.uint8)).tobytes()
    return base64.b64encode(zlib.compress(bits, 9)).decode() if bits else ""


def recipe_of(name: str) -> Recipe:
    """A shipped recipe, or FITTED."""
    return FITTED if name == FITTED.name else recipe_from_name(name)


def text_of(name: str, seed: int) -> str:
    """The expression of a row; STAF's 75 numbers are standard normal, as in the book's code."""
    if name == NONE:
        return "x"
    if name != "STAF":
        return PUBLISHED[name][0] if name in PUBLISHED else name
    drawn = torch.randn(3, SINES, generator=torch.Generator().manual_seed(seed)).tolist()
    terms = (
        f"c{i}={c:.7g} * sin(o{i}={o:.7g} * x + p{i}={p:.7g})"
        for i, (c, o, p) in enumerate(zip(*drawn, strict=True))
    )
    return " + ".join(terms)


def rrelu_net(recipe: Recipe, seed: int, spec: ImageSpec) -> nn.Module:
    """The MLP with torch's RReLU, whose slopes are drawn for each element in training."""
    # In evaluation RReLU is a leaky ReLU of the mean slope, 11 / 48: the gain is that one's.
    gain = weight_gain(parse("max(x, 0) + 0.2291667 * min(x, 0)"))
    torch.manual_seed(seed)  # also of the slopes: the one place that needs torch's own generator
    sizes = (spec.inputs, *recipe.widths, spec.classes)
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        linear = nn.Linear(fan_in, fan_out)
        if recipe.moment_init:
            nn.init.normal_(linear.weight, std=(gain if layers else 1.0) / math.sqrt(fan_in))
            nn.init.zeros_(linear.bias)
        layers += [linear, nn.RReLU()]
    return nn.Sequential(*layers[:-1])


def train_rrelu(evaluator: ImageClassification, recipe: Recipe, seed: int) -> Iterator[RungReport]:
    """The same protocol for the one function that is no expression."""
    cpu = torch.device("cpu")
    train, test = evaluator.train[recipe.dataset], evaluator.test[recipe.dataset]
    held_out = test
    if recipe.limit is not None:
        train, _ = split(train, validation=len(train) - recipe.limit, seed=0)
    if recipe.selects:
        train, held_out = split(train, validation=recipe.validation, seed=recipe.split_seed)
    sets = DataSplits.on(cpu, recipe, train, held_out, test)
    identity = parse("x")

    def build(_: Expression, seed: int, spec: ImageSpec) -> nn.Module:
        return rrelu_net(recipe, seed, spec)

    training = SequentialTraining(build, [Member(identity, seed)], recipe, sets)
    yield from run_bracket(training, Job(("x",), recipe, seed, halving=False, test=True))


def trained(
    evaluator: ImageClassification, recipe: Recipe, names: Sequence[str], seed: int
) -> Iterator[Result]:
    """Every named function under one recipe and seed; RReLU alone, all others as one stack."""
    stacked = [name for name in names if name != "RReLU"]
    texts = tuple(text_of(name, seed) for name in stacked)
    runs = [(stacked, evaluator.run(Job(texts, recipe, seed, halving=False, test=True)))]
    if "RReLU" in names:
        runs.append((["RReLU"], train_rrelu(evaluator, recipe, seed)))
    for row, reports in runs:
        if not row:
            continue
        for candidate in list(reports)[-1].candidates:
            accuracy = 0.0 if candidate.test_accuracy is None else candidate.test_accuracy
            loss = (
                None if recipe.selects else candidate.val_loss
            )  # there it is of validation images
            yield Result(
                recipe.label, row[candidate.index], seed, accuracy, loss, recipe.epochs,
                torch.__version__, machine(), packed(candidate.test_correct),
            )  # fmt: skip


def recorded(path: Path) -> list[Result]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [Result(**json.loads(line)) for line in lines]


def mean_sd(values: Sequence[float]) -> tuple[float, float]:
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def show(results: Sequence[Result], recipes: Sequence[Recipe], names: Sequence[str]) -> None:
    """The table: published, then mean ± sd of test accuracy (%) and test loss per recipe."""
    print(f"{'test accuracy (%), loss (nats)':32}{'published':>14}", end="")
    print("".join(f"{r.label:>34}" for r in recipes))
    for name in names:
        _, accuracy, loss = PUBLISHED.get(name, ("", math.nan, math.nan))
        print(f"{name:32}{accuracy:7.1f} {loss:6.2f}", end="")
        for recipe in recipes:
            rows = [r for r in results if (r.recipe, r.name) == (recipe.label, name)]
            if not rows:
                print(f"{'':34}", end="")
                continue
            a, s = mean_sd([100 * r.accuracy for r in rows])
            losses = [r.loss for r in rows if r.loss is not None]
            text = "{:6.3f} ± {:5.3f}".format(*mean_sd(losses)) if losses else " " * 14
            print(f"   {a:6.2f} ± {s:4.2f}  {text} n={len(rows)}", end="")
        print()


def distances(
    results: Sequence[Result], recipes: Sequence[Recipe], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """How far each recipe's means lie from the published numbers, root mean square over names."""
    by_name = {}
    for recipe in recipes:
        gaps_loss, gaps_accuracy = [], []
        for name in names:
            rows = [r for r in results if (r.recipe, r.name) == (recipe.label, name)]
            if rows and name in PUBLISHED and not recipe.selects:
                _, accuracy, loss = PUBLISHED[name]
                gaps_loss.append(statistics.fmean(r.loss or 0.0 for r in rows) - loss)
                gaps_accuracy.append(100 * statistics.fmean(r.accuracy for r in rows) - accuracy)
        if gaps_loss:
            by_name[recipe.name] = {
                "loss_nats": round(math.sqrt(statistics.fmean(g * g for g in gaps_loss)), 4),
                "accuracy_points": round(
                    math.sqrt(statistics.fmean(g * g for g in gaps_accuracy)), 2
                ),
            }
    return by_name


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--functions", nargs="+", metavar="NAME")
    options.add_argument("--recipes", nargs="+", default=["dldna", "dldna-0.8", "standard"])
    arguments = options.parse_args()
    torch.set_num_threads(1)
    recipes = [recipe_of(name) for name in arguments.recipes]
    names = arguments.functions or [*PUBLISHED, NONE]
    for formula in set(names) - {*PUBLISHED, NONE}:
        expression_of(formula)  # raises for a name that is none
    if arguments.quick:
        recipes = [dataclasses.replace(r.limited(6_000), rungs=(1,)) for r in recipes]
        names = [*QUICK, NONE]
    results = [] if arguments.quick else recorded(RECORD)
    evaluator = ImageClassification(
        {"fashion-mnist": load_train()}, {"fashion-mnist": load_test()}
    )
    for seed in range(1 if arguments.quick else arguments.seeds):
        for recipe in recipes:
            done = {r.name for r in results if (r.recipe, r.seed) == (recipe.label, seed)}
            new = list(trained(evaluator, recipe, [n for n in names if n not in done], seed))
            results += new
            if new and not arguments.quick:
                with RECORD.open("a") as file:
                    file.writelines(json.dumps(dataclasses.asdict(r)) + "\n" for r in new)
    show(results, recipes, names)
    near = distances(results, recipes, names)
    nearest = min(near, key=lambda name: near[name]["loss_nats"]) if near else None
    print(
        json.dumps({"distance": near, "nearest": nearest, "quick": arguments.quick, **hardware()})
    )


if __name__ == "__main__":
    main()
