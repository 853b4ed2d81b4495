"""Make a table of a whole space, or go on with one: the scores that are shipped with the package.

    python benchmarks/make_table.py core-1 --processes 2      # Ctrl-C stops it; the same goes on

The candidates come in an order drawn once, block by block, each block under two seeds; its best
fifth get three more, its share of the best hundred ten more. So at any time the table is a random
sample of the space, whole but for its last block. In the end the best of all blocks together get
what they lack. A candidate at chance after the first rung stops there. Tables and their recipes:
TABLES below.

What has trained is kept in benchmarks/pool/; shipped is the part that has both first seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from actsearch.evaluators import RECIPES, ImageClassification, Job, Recipe, ScoreTable, read_table
from actsearch.evaluators.tables.score_table import Curve
from actsearch.evaluators.tables.shipped import FOLDER
from actsearch.search.provenance import machine, versions
from actsearch.search.storage.config import FINGERPRINT_VERSION
from actsearch.space import space_from_name
from actsearch.space.enumeration.distinct import distinct_candidates

POOL = Path(__file__).parent / "pool"
TOGETHER = 16  # candidates of a job
BLOCK = 480  # candidates that get both first seeds before the next ones get any
CHANCE = 0.15  # accuracy of ten classes that is chance after an epoch; least of a learner is 0.2
FIRST, MORE, MOST = range(2), range(2, 5), range(5, 15)  # seeds of all, of the best
FIFTH, HUNDRED = 0.2, 100

Work = tuple[int, tuple[str, ...]]  # a seed, and candidates to train together under it


@dataclass(frozen=True, slots=True)
class Plan:
    """What a table is made of."""

    space: str
    recipe: Recipe


TABLES: Mapping[str, Plan] = {"core-1": Plan("core-1", RECIPES["brief"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=TABLES)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    path = POOL / f"{options.name}.jsonl"
    torch.set_num_threads(1)
    plan = TABLES[options.name]
    texts = candidates_of(plan)
    table = begun(path, options.name, plan, len(texts))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        options.processes, context, initializer=prepare, initargs=(plan.recipe,)
    ) as pool:
        work, running = wanted(table, texts), dict[Future[list[Curve]], Work]()
        while True:
            while len(running) < options.processes and (item := next(work, None)) is not None:
                running[pool.submit(train, plan.recipe, *item)] = item
            if not running:
                again = wanted(table, texts)  # a stage is over: its scores name the best
                if (item := next(again, None)) is None:
                    break
                work, running[pool.submit(train, plan.recipe, *item)] = again, item
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                seed, trained = running.pop(future)
                table = with_curves(table, seed, dict(zip(trained, future.result(), strict=True)))
            table.save(path)
            shipped_part(table).save(FOLDER / path.name)
            curves = sum(map(len, table.rows.values()))
            print(f"{len(table.rows)} of {len(texts)} candidates, {curves} trainings", flush=True)


def candidates_of(plan: Plan) -> list[str]:
    """The distinct, trainable candidates of a plan's space, in an order drawn once."""
    texts = [str(expression) for _, expression in distinct_candidates(space_from_name(plan.space))]
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[i] for i in order]


def begun(path: Path, name: str, plan: Plan, candidates: int) -> ScoreTable:
    """The table so far."""
    if path.exists():
        return read_table(path)
    return ScoreTable(
        name=name,
        space=plan.space,
        recipe=plan.recipe,
        rows={},
        candidates=candidates,
        fingerprints=FINGERPRINT_VERSION,
        machine=machine(),
        versions=versions(),
        command=f"python benchmarks/make_table.py {name}",
    )


def shipped_part(table: ScoreTable) -> ScoreTable:
    """The candidates that have both first seeds."""
    rows = {text: curves for text, curves in table.rows.items() if has(table, text, FIRST)}
    return dataclasses.replace(table, rows=rows)


def wanted(table: ScoreTable, texts: Sequence[str]) -> Iterator[Work]:
    """The trainings of the first stage that is not over, in order."""
    for candidates, seeds in stages(table, texts):
        if work := list(missing(table, candidates, seeds)):
            yield from work
            return


def stages(table: ScoreTable, texts: Sequence[str]) -> Iterator[tuple[Sequence[str], range]]:
    """Candidates and the seeds they get: block by block, then the best of all blocks together.
    Each is asked for when those before it are over, since they name the best."""
    for start in range(0, len(texts), BLOCK):
        yield from of_block(table, texts[start : start + BLOCK], len(texts))
    yield from of_block(table, texts, len(texts))


def of_block(
    table: ScoreTable, block: Sequence[str], candidates: int
) -> Iterator[tuple[Sequence[str], range]]:
    """All of a block, its best fifth, and its share of the best hundred."""
    yield block, FIRST
    fifth = best(table, block, FIRST, round(FIFTH * len(block)))
    yield fifth, MORE
    yield best(table, fifth, range(5), round(HUNDRED * len(block) / candidates)), MOST


def missing(table: ScoreTable, texts: Sequence[str], seeds: range) -> Iterator[Work]:
    """What is not there yet, seed by seed, in jobs."""
    for seed in seeds:
        left = [text for text in texts if seed not in table.rows.get(text, {})]
        for start in range(0, len(left), TOGETHER):
            yield seed, tuple(left[start : start + TOGETHER])


def has(table: ScoreTable, text: str, seeds: range) -> bool:
    return set(seeds) <= set(table.rows.get(text, {}))


def best(table: ScoreTable, texts: Sequence[str], seeds: range, count: int) -> list[str]:
    """The candidates of highest mean accuracy over these seeds; what diverged counts as 0."""
    means = {text: np.mean([table.accuracy(text, s) or 0.0 for s in seeds]) for text in texts}
    return sorted(texts, key=lambda text: -means[text])[:count]


def with_curves(table: ScoreTable, seed: int, curves: Mapping[str, Curve]) -> ScoreTable:
    rows = dict(table.rows)
    for text, curve in curves.items():
        rows[text] = {**rows.get(text, {}), seed: curve}
    return dataclasses.replace(table, rows=rows)


_EVALUATOR: list[ImageClassification] = []  # of this process, made once: it holds the images


def prepare(recipe: Recipe) -> None:
    torch.set_num_threads(1)
    _EVALUATOR.append(ImageClassification.of([recipe]))


def train(recipe: Recipe, seed: int, texts: tuple[str, ...]) -> list[Curve]:
    """The curves of candidates trained together, none cut but those at chance."""
    (evaluator,) = _EVALUATOR
    job = Job(texts, dataclasses.replace(recipe, eta=1), seed, cutoffs={recipe.rungs[0]: CHANCE})
    curves: list[list[int | None]] = [[] for _ in texts]
    for report in evaluator.run(job):
        for candidate in report.candidates:
            diverged = candidate.state == "infeasible"
            right = None if diverged else round(candidate.val_accuracy * recipe.validation)
            curves[candidate.index].append(right)
    return [tuple(curve) for curve in curves]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
