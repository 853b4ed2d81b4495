"""Make a table of a whole space, or go on with one: the scores that are shipped with the package.

    python benchmarks/make_table.py core-1 --processes 2      # Ctrl-C stops it; the same goes on

The candidates come in an order drawn once, block by block, each block under the seeds that all
get; in core-1 its best fifth get three more, its share of the best hundred ten more. So at any
time the table is a random sample of what it will be, whole but for its last block. In the end the
best of all blocks together get what they lack. The tables, their candidates, recipes and seeds:
table_plans.py.

What has trained is kept in benchmarks/pool/; shipped, where our networks trained, is the part that
has both first seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

import torch
from table_plans import FIRST, POOL, TABLES, Plan, stages

from actsearch.evaluators import Evaluator, Job, ScoreTable, TableError, read_table
from actsearch.evaluators.tables.score_table import Curve
from actsearch.evaluators.tables.shipped import FOLDER
from actsearch.search.provenance import machine, versions
from actsearch.search.storage.search_file import FINGERPRINT_VERSION

TOGETHER = 16  # candidates of a job at most

Work = tuple[int, tuple[str, ...]]  # a seed, and candidates to train together under it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=TABLES)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    path = POOL / f"{options.name}.jsonl"
    torch.set_num_threads(1)
    plan = TABLES[options.name].settled()
    texts = plan.candidates()
    table = begun(path, options.name, plan, len(texts))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        options.processes, context, initializer=prepare, initargs=(plan,)
    ) as pool:
        work, running = wanted(plan, table, texts), dict[Future[list[Curve]], Work]()
        while True:
            while len(running) < options.processes and (item := next(work, None)) is not None:
                running[pool.submit(train, plan, *item)] = item
            if not running:
                again = wanted(plan, table, texts)  # a stage is over: its scores name the best
                if (item := next(again, None)) is None:
                    break
                work, running[pool.submit(train, plan, *item)] = again, item
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                seed, trained = running.pop(future)
                table = with_curves(table, seed, dict(zip(trained, future.result(), strict=True)))
            table.save(path)
            if not plan.example and (part := shipped_part(table)).rows:
                part.save(FOLDER / path.name)
            curves = sum(map(len, table.rows.values()))
            print(f"{len(table.rows)} of {len(texts)} candidates, {curves} trainings", flush=True)


def begun(path: Path, name: str, plan: Plan, candidates: int) -> ScoreTable:
    """The table so far; raises TableError where another recipe made it."""
    if path.exists():
        table = read_table(path)
        if table.recipe.digest != plan.recipe.digest:
            raise TableError(
                f"{path} was trained under {table.recipe.label}, but {name} is now planned under "
                f"{plan.recipe.label}: scores must not mix; move the file away to begin anew"
            )
        return table
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


def wanted(plan: Plan, table: ScoreTable, texts: Sequence[str]) -> Iterator[Work]:
    """The trainings of the first stage that is not over, in order."""
    for candidates, seeds in stages(plan, table, texts):
        if work := list(missing(table, candidates, seeds)):
            yield from work
            return


def missing(table: ScoreTable, texts: Sequence[str], seeds: range) -> Iterator[Work]:
    """The trainings that a table lacks, seed by seed, in jobs as equal as can be."""
    for seed in seeds:
        left = [text for text in texts if seed not in table.rows.get(text, {})]
        jobs = math.ceil(len(left) / TOGETHER)
        for job in range(jobs):
            start, end = (len(left) * at // jobs for at in (job, job + 1))
            yield seed, tuple(left[start:end])


def has(table: ScoreTable, text: str, seeds: range) -> bool:
    return set(seeds) <= set(table.rows.get(text, {}))


def with_curves(table: ScoreTable, seed: int, curves: Mapping[str, Curve]) -> ScoreTable:
    rows = dict(table.rows)
    for text, curve in curves.items():
        rows[text] = {**rows.get(text, {}), seed: curve}
    return dataclasses.replace(table, rows=rows)


_EVALUATOR: list[Evaluator] = []  # of this process, made once: it holds the data


def prepare(plan: Plan) -> None:
    torch.set_num_threads(1)
    _EVALUATOR.append(plan.evaluator())


def train(plan: Plan, seed: int, texts: tuple[str, ...]) -> list[Curve]:
    """The curves of candidates trained together, none cut but those at chance."""
    (evaluator,) = _EVALUATOR
    recipe = plan.recipe
    cutoffs = {} if plan.chance is None else {recipe.rungs[0]: plan.chance}
    job = Job(texts, dataclasses.replace(recipe, eta=1), seed, cutoffs=cutoffs)
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
