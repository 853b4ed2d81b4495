"""The pool: real trainings of SiLU and nine others over many seeds, a line of JSON each.

A training is the quick recipe's (its digest stands on every line), to the last rung, its test
accuracy included. The test set is opened here to judge the procedure, never to choose a function.
Every function has members of its own in an ensemble; those of one seed start alike and see one
order of batches, as in a confirmation. Mixed seeds share an ensemble, which changes no number of
theirs (tests/evaluators/training/test_mlp_ensemble.py).
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from actsearch.evaluators import (
    Recipe,
    load_test,
    load_train,
    split,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import Member
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.search.provenance import provenance_text
from actsearch.space import Expression, baselines, parse

POOL = Path(__file__).with_name("quick.jsonl")
RECIPE = Recipe()
TAGGED = "SiLU"  # the function whose copies a search finds nothing in
WINNERS = (  # by searches of the default space: as a confirmation compares with the baselines
    "sigmoid(beta * x) * asinh(x)",
    "sigmoid(x) * (x + beta)",
    "sigmoid(tanh(x)) * atan(x)",
    "sigmoid(x ** 2) * max(x, 0)",
)
FIRST_SEED = 1_000_000  # far from the seeds searches and confirmations use
BLOCK = 10  # seeds of the tagged function in one ensemble
SHARE = 5  # of each other function there is one training for so many of the tagged one


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One training: validation accuracies by epoch and test accuracy, fractions; what made it.

    test_correct: a byte for each test image, whether it was right. cpu_seconds: its share of its
    ensemble's.
    """

    name: str
    seed: int
    val_accuracies: dict[int, float]
    test_accuracy: float
    test_correct: bytes
    recipe: str
    cpu_seconds: float
    made_by: str


def read(path: Path = POOL) -> list[Trained]:
    """Every training of the pool, in the order they were made."""
    if not path.exists():
        return []
    return [_trained(json.loads(line)) for line in path.read_text().splitlines()]


def _trained(stored: dict[str, Any]) -> Trained:
    return Trained(
        val_accuracies={int(k): accuracy for k, accuracy in stored.pop("rungs").items()},
        test_accuracy=stored.pop("test"),
        test_correct=zlib.decompress(base64.b64decode(stored.pop("hits"))),
        **stored,
    )


def _line(trained: Trained) -> str:
    stored = {
        "name": trained.name,
        "seed": trained.seed,
        "rungs": trained.val_accuracies,
        "test": trained.test_accuracy,
        "hits": base64.b64encode(zlib.compress(trained.test_correct, 9)).decode(),
        "recipe": trained.recipe,
        "cpu_seconds": trained.cpu_seconds,
        "made_by": trained.made_by,
    }
    return json.dumps(stored) + "\n"


def functions() -> dict[str, Expression]:
    """Every function of the pool by name: the baselines, and what searches found."""
    return {**baselines(), **{text: parse(text) for text in WINNERS}}


def blocks(count: int) -> Iterator[list[tuple[str, int]]]:
    """The trainings, (name, seed), for `count` seeds of the tagged function, an ensemble at a
    time; a stop anywhere leaves those that are worth most."""
    others = [name for name in functions() if name != TAGGED]
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        yield [(TAGGED, FIRST_SEED + i) for i in range(start, stop)]
        for i in range(start // SHARE, stop // SHARE):
            yield [(name, FIRST_SEED + i) for name in others]


def extend(count: int, path: Path = POOL) -> None:
    """Train what the pool lacks; each ensemble is written when it is done."""
    torch.set_num_threads(1)
    held = {(t.name, t.seed) for t in read(path) if t.recipe == RECIPE.digest}
    train, validation = split(load_train(), validation=RECIPE.validation, seed=RECIPE.split_seed)
    splits = DataSplits.on(torch.device("cpu"), RECIPE, train, validation, load_test())
    for block in blocks(count):
        lacking = [pair for pair in block if pair not in held]
        if lacking:
            trained = _train(lacking, splits)
            with path.open("a") as file:
                file.writelines(map(_line, trained))
            first = trained[0]
            print(f"{len(trained)} x {first.cpu_seconds} CPU s: {first.name} …", flush=True)


def _train(pairs: Sequence[tuple[str, int]], splits: DataSplits) -> list[Trained]:
    expressions = functions()
    start = time.process_time()
    members = [Member(expressions[name], seed) for name, seed in pairs]
    training = MlpEnsemble(members, RECIPE, splits)
    accuracies: list[dict[int, float]] = [{} for _ in pairs]
    for epoch in RECIPE.rungs:
        for by_epoch, progress in zip(accuracies, training.advance(epoch), strict=True):
            if progress.reason:
                raise RuntimeError(f"a training diverged, which none should: {progress.reason}")
            by_epoch[epoch] = progress.val_accuracy
    scores = training.test()
    seconds = round((time.process_time() - start) / len(pairs), 1)
    made_by = f"{provenance_text()}, one thread"
    return [
        Trained(
            name=name,
            seed=seed,
            val_accuracies=by_epoch,
            test_accuracy=score.test_accuracy,
            test_correct=score.test_correct or b"",
            recipe=RECIPE.digest,
            cpu_seconds=seconds,
            made_by=made_by,
        )
        for (name, seed), by_epoch, score in zip(pairs, accuracies, scores, strict=True)
    ]
