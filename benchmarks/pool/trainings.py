"""The pool: real trainings of SiLU and the other baselines over many seeds, a line of JSON each.

A training is the quick recipe's (its digest stands on every line), to the last rung, its test
accuracy included. The test set is opened here to judge the procedure, never to choose a function.
Every function has its own slices; those of one seed start alike and see one order of batches, as
in a confirmation. Mixed seeds share a stack, which changes no number of theirs
(tests/evaluators/test_stack.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from actsearch.evaluators import Recipe, load_test, load_train, split
from actsearch.evaluators.batches import Batches
from actsearch.evaluators.slices import Slice
from actsearch.evaluators.stack import StackedTraining
from actsearch.search.provenance import provenance_text
from actsearch.space import baselines

POOL = Path(__file__).with_name("quick.jsonl")
RECIPE = Recipe()
TAGGED = "SiLU"  # the function whose copies a search finds nothing in
FIRST_SEED = 1_000_000  # far from the seeds searches and confirmations use
BLOCK = 12  # seeds of the tagged function in one stack
ALONE = 36  # seeds of it before the other baselines follow, then at a sixth of its number


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One training: validation accuracy by rung and test accuracy, fractions; what made it.

    rungs: of those taken from a recorded confirmation, the last alone. cpu_seconds: its share of
    its stack's; 0 where it was not measured.
    """

    name: str
    seed: int
    rungs: dict[int, float]
    test: float
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
    return [Trained(**line) for line in lines]


def blocks(count: int) -> Iterator[list[tuple[str, int]]]:
    """What to train for `count` seeds of the tagged function, (name, seed), a stack at a time; a
    stop anywhere leaves what is worth most."""
    others = [name for name in baselines() if name != TAGGED]
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        yield [(TAGGED, FIRST_SEED + i) for i in range(start, stop)]
        paired = range(max(0, start - ALONE) // 6, max(0, stop - ALONE) // 6)
        yield [(name, FIRST_SEED + i) for i in paired for name in others]


def extend(count: int, path: Path = POOL) -> None:
    """Train what the pool lacks; each stack is written when it is done."""
    torch.set_num_threads(1)
    held = {(t.name, t.seed) for t in read(path) if t.recipe == RECIPE.digest}
    cpu = torch.device("cpu")
    train, validation = split(load_train(), validation=RECIPE.validation, seed=RECIPE.split_seed)
    parts = [Batches.on(images, cpu, RECIPE) for images in (train, validation, load_test())]
    for block in blocks(count):
        lacking = [one for one in block if one not in held]
        if lacking:
            found = _train(lacking, *parts)
            with path.open("a") as file:
                file.writelines(json.dumps(asdict(one)) + "\n" for one in found)
            print(f"{len(found)} x {found[0].cpu_seconds} CPU s: {found[0].name} …", flush=True)


def _train(
    wanted: Sequence[tuple[str, int]], train: Batches, validation: Batches, test: Batches
) -> list[Trained]:
    functions = baselines()
    start = time.process_time()
    slices = [Slice(functions[name], seed) for name, seed in wanted]
    training = StackedTraining(slices, RECIPE, train, validation, test)
    rungs: list[dict[int, float]] = [{} for _ in wanted]
    for epoch in RECIPE.rungs:
        for reached, progress in zip(rungs, training.advance(epoch), strict=True):
            if progress.reason:
                raise RuntimeError(f"a baseline diverged: {progress.reason}")
            reached[epoch] = progress.accuracy
    tests = training.test()
    seconds = round((time.process_time() - start) / len(wanted), 1)
    made_by = f"{provenance_text()}, one thread"
    return [
        Trained(
            name=name,
            seed=seed,
            rungs=reached,
            test=accuracy,
            recipe=RECIPE.digest,
            cpu_seconds=seconds,
            made_by=made_by,
        )
        for (name, seed), reached, accuracy in zip(wanted, rungs, tests, strict=True)
    ]
