"""The pool: real trainings of SiLU and nine others over many seeds, a line of JSON each.

A training is the quick recipe's (its digest stands on every line), to the last rung, its test
accuracy included. The test set is opened here to judge the procedure, never to choose a function.
Every function has its own slices; those of one seed start alike and see one order of batches, as
in a confirmation. Mixed seeds share a stack, which changes no number of theirs
(tests/evaluators/test_stack.py).
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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
FOUND = (  # by searches of the default space: what a confirmation holds to the baselines
    "sigmoid(beta * x) * asinh(x)",
    "sigmoid(x) * (x + beta)",
    "sigmoid(tanh(x)) * atan(x)",
    "sigmoid(x ** 2) * max(x, 0)",
)
FIRST_SEED = 1_000_000  # far from the seeds searches and confirmations use
BLOCK = 10  # seeds of the tagged function in one stack
SHARE = 5  # of each other function there is one training for so many of the tagged one


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One training: validation accuracy by rung and test accuracy, fractions; what made it.

    hits: which test images it had right, a byte each. cpu_seconds: its share of its stack's.
    """

    name: str
    seed: int
    rungs: dict[int, float]
    test: float
    hits: bytes
    recipe: str
    cpu_seconds: float
    made_by: str


def read(path: Path = POOL) -> list[Trained]:
    """Every training of the pool, in the order they were made."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["rungs"] = {int(epoch): accuracy for epoch, accuracy in line["rungs"].items()}
        line["hits"] = zlib.decompress(base64.b64decode(line["hits"]))
    return [Trained(**line) for line in lines]


def _line(one: Trained) -> str:
    hits = base64.b64encode(zlib.compress(one.hits, 9)).decode()
    return json.dumps({**asdict(one), "hits": hits}) + "\n"


def functions() -> dict[str, Expression]:
    """Every function of the pool by name: the baselines, and what searches found."""
    return {**baselines(), **{text: parse(text) for text in FOUND}}


def blocks(count: int) -> Iterator[list[tuple[str, int]]]:
    """What to train for `count` seeds of the tagged function, (name, seed), a stack at a time; a
    stop anywhere leaves what is worth most."""
    others = [name for name in functions() if name != TAGGED]
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        yield [(TAGGED, FIRST_SEED + i) for i in range(start, stop)]
        for i in range(start // SHARE, stop // SHARE):
            yield [(name, FIRST_SEED + i) for name in others]


def extend(count: int, path: Path = POOL) -> None:
    """Train what the pool lacks; each stack is written when it is done."""
    torch.set_num_threads(1)
    held = {(t.name, t.seed) for t in read(path) if t.recipe == RECIPE.digest}
    train, validation = split(load_train(), validation=RECIPE.validation, seed=RECIPE.split_seed)
    sets = DataSplits.on(torch.device("cpu"), RECIPE, train, validation, load_test())
    for block in blocks(count):
        lacking = [one for one in block if one not in held]
        if lacking:
            found = _train(lacking, sets)
            with path.open("a") as file:
                file.writelines(map(_line, found))
            print(f"{len(found)} x {found[0].cpu_seconds} CPU s: {found[0].name} …", flush=True)


def _train(wanted: Sequence[tuple[str, int]], sets: DataSplits) -> list[Trained]:
    known = functions()
    start = time.process_time()
    slices = [Member(known[name], seed) for name, seed in wanted]
    training = MlpEnsemble(slices, RECIPE, sets)
    rungs: list[dict[int, float]] = [{} for _ in wanted]
    for epoch in RECIPE.rungs:
        for reached, progress in zip(rungs, training.advance(epoch), strict=True):
            if progress.reason:
                raise RuntimeError(f"it diverged, which none should: {progress.reason}")
            reached[epoch] = progress.val_accuracy
    tests = training.test()
    seconds = round((time.process_time() - start) / len(wanted), 1)
    made_by = f"{provenance_text()}, one thread"
    return [
        Trained(
            name=name,
            seed=seed,
            rungs=reached,
            test=test.test_accuracy,
            hits=test.test_correct or b"",
            recipe=RECIPE.digest,
            cpu_seconds=seconds,
            made_by=made_by,
        )
        for (name, seed), reached, test in zip(wanted, rungs, tests, strict=True)
    ]
