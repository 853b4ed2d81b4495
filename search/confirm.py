"""Confirmation: finalists against baselines over fresh paired seeds, with the test set.

A data set's test set is opened here and nowhere else, once per confirmation, and each opening is
recorded. Everything is chosen on validation images: which candidates are finalists, which baseline
they are held to, which finalist is the best. The test set only says how good they are.
"""

from __future__ import annotations

import dataclasses
import datetime
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..evaluators import (
    Evaluator,
    ImageClassification,
    Job,
    Recipe,
    RungReport,
    dataset_of,
    load_test,
)
from ..evaluators.statistics import Comparison, Verdict, compare, holm, verdict
from .errors import SearchFailed
from .evaluation import ByRecipe
from .executors import Assignment, Executor
from .ledger import Ledger, Opening, Training

# Slices per job, by network; of any other one. Small enough that workers end together.
CHUNK = {"mlp": 5, "conv": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a confirmation trains: name -> expression, and per recipe how many of the seeds."""

    finalists: Mapping[str, str]
    baselines: Mapping[str, str]
    recipes: Sequence[tuple[Recipe, int]]  # the search's own first
    seed: int  # the search's, from which the fresh ones are drawn

    @property
    def functions(self) -> dict[str, str]:
        return {**self.baselines, **self.finalists}

    def seeds(self, count: int) -> list[int]:
        """Fresh seeds: never the search's own; of a larger count, the first stay the same."""
        drawn = np.random.default_rng([self.seed, 0xC0F1]).integers(1_000, 2**31, size=count)
        return [int(seed) for seed in drawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One function on one network and data set; val and test by seed, in the seeds' order."""

    name: str
    expression: str
    network: str
    dataset: str
    role: str  # "finalist" or "baseline"
    seeds: tuple[int, ...]
    val: tuple[float, ...]
    test: tuple[float, ...]
    diverged: int = 0  # seeds in which it did not train to the end
    comparison: Comparison | None = None  # with the best baseline there
    p_adjusted: float | None = None
    verdict: Verdict | None = None  # of finalists only

    @property
    def where(self) -> str:
        """Network and data set."""
        return f"{self.network} on {self.dataset}"

    @property
    def val_mean(self) -> float:
        return statistics.fmean(self.val) if self.val else 0.0

    @property
    def test_mean(self) -> float:
        return statistics.fmean(self.test) if self.test else 0.0

    @property
    def test_sd(self) -> float | None:
        return statistics.stdev(self.test) if len(self.test) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The table of a confirmation, best finalist first, and how often the test set was opened."""

    rows: tuple[Row, ...]
    best: str | None  # name of the finalist with the best validation mean on the first network
    baseline: str  # name of the baseline with the best validation mean there
    openings: int  # of the first rows' data set
    elsewhere: Mapping[str, int] = field(default_factory=dict)  # of other data sets, by name

    def row(self, name: str, network: str | None = None) -> Row:
        """A function's row, on the first network unless told."""
        return next(r for r in self.rows if r.name == name and network in (None, r.network))

    def label(self, row: Row) -> str:
        """The row's network; with its data set, where that is not the first rows'."""
        return row.network if row.dataset == self.rows[0].dataset else row.where


def with_test_set(evaluator: Evaluator, names: Iterable[str]) -> Evaluator | None:
    """The evaluator with the test samples of those data sets: the one place that hands them out.
    An own evaluator opens its own; None if it has none."""
    if isinstance(evaluator, ByRecipe):
        own = with_test_set(evaluator.own, names)
        return own and ByRecipe(own, _with_test_images(evaluator.built_in, names))
    if isinstance(evaluator, ImageClassification):
        return _with_test_images(evaluator, names)
    found: Evaluator | None = getattr(evaluator, "opened", _nothing)()
    return found


def _with_test_images(evaluator: ImageClassification, names: Iterable[str]) -> ImageClassification:
    test = {name: load_test(dataset_of(name)) for name in names if name in evaluator.train}
    return dataclasses.replace(evaluator, test=test)


def _nothing() -> None:
    return None


def missing_jobs(plan: Plan, ledger: Ledger) -> list[Job]:
    """The trainings of a plan that the ledger lacks."""
    jobs = []
    for recipe, count in plan.recipes:
        for seed in plan.seeds(count):
            lacking = [
                text
                for text in dict.fromkeys(plan.functions.values())
                if (recipe.digest, seed, text) not in ledger.trainings
            ]
            slices = len(recipe.steps) * recipe.repeats  # of one function
            size = max(1, CHUNK.get(recipe.network, 1) // slices)
            chunks = [lacking[i : i + size] for i in range(0, len(lacking), size)]
            jobs += [Job(tuple(c), recipe, seed, halving=False, test=True) for c in chunks]
    return jobs


class Confirmer:
    """Trains what a plan still lacks, and reads the table off the ledger."""

    def __init__(
        self, plan: Plan, ledger: Ledger, on_training: Callable[[int, int], None]
    ) -> None:
        self._plan, self._ledger, self._on_training = plan, ledger, on_training
        self._jobs = missing_jobs(plan, ledger)
        self._total = sum(len(job.expressions) for job in self._jobs)
        self._done = 0
        self._under_way: dict[int, Job] = {}
        self._next = 0

    @property
    def missing(self) -> int:
        """Trainings that are not in the ledger yet."""
        return self._total

    @property
    def datasets(self) -> list[str]:
        """The data sets that these are about."""
        return list(dict.fromkeys(job.recipe.dataset for job in self._jobs))

    def run(self, executor: Executor, evaluator: Evaluator) -> None:
        """Open the test set of each data set that lacks a training; raises SearchFailed on a
        crash."""
        if not self._jobs:
            return
        count = max(count for _, count in self._plan.recipes)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        finalists = tuple(self._plan.finalists.values())
        seeds = tuple(self._plan.seeds(count))
        self._ledger.add([Opening(now, finalists, seeds, name) for name in self.datasets])
        executor.run(evaluator, self._next_job, self._on_rung, self._on_done)

    def _next_job(self) -> Assignment | None:
        if self._next == len(self._jobs):
            return None
        self._next += 1
        self._under_way[self._next] = self._jobs[self._next - 1]
        return Assignment(self._next, self._jobs[self._next - 1])

    def _on_rung(self, number: int, report: RungReport) -> None:
        job = self._under_way[number]
        self._ledger.add(
            [
                Training(
                    job.recipe.digest,
                    job.recipe.network,
                    job.seed,
                    job.expressions[found.index],
                    None if found.reason else found.accuracy,
                    None if found.reason else found.test_accuracy,
                    dict(found.learned),
                    found.reason,
                )
                for found in report.slices
            ]
        )
        self._done += len(report.slices)
        self._on_training(self._done, self._total)

    def _on_done(self, number: int, error: str | None) -> None:
        if error is not None:
            last = error.strip().splitlines()[-1]
            raise SearchFailed(
                f"a confirmation training crashed: {last}; what was trained is recorded, run "
                f"`actsearch confirm` again to train the rest (--debug shows the traceback)",
                error,
            )


def table(plan: Plan, ledger: Ledger) -> Confirmation | None:
    """The table of what the ledger holds of a plan; None while a training is missing."""
    rows: list[Row] = []
    for recipe, count in plan.recipes:
        if count == 0:
            continue
        found = _rows_under(plan, ledger, recipe, plan.seeds(count))
        if found is None:
            return None
        rows += found
    first = [row for row in rows if row.where == rows[0].where]
    finalists = [r for r in first if r.role == "finalist" and not r.diverged]
    best = max(finalists, key=lambda r: r.val_mean, default=None)
    wanted, own = set(plan.finalists.values()), rows[0].dataset
    opened = Counter(o.dataset for o in ledger.openings if wanted & set(o.finalists))
    others = {row.dataset for row in rows} - {own}
    return Confirmation(
        rows=tuple(rows),
        best=best.name if best else None,
        baseline=_best_baseline(first).name,
        openings=opened[own],
        elsewhere={name: opened[name] for name in sorted(others)},
    )


def _rows_under(
    plan: Plan, ledger: Ledger, recipe: Recipe, seeds: Sequence[int]
) -> list[Row] | None:
    rows = []
    for name, text in plan.functions.items():
        trainings = [ledger.trainings.get((recipe.digest, seed, text)) for seed in seeds]
        if None in trainings:
            return None
        whole = [t for t in trainings if t is not None and t.val is not None]
        rows.append(
            Row(
                name=name,
                expression=text,
                network=recipe.network,
                dataset=recipe.dataset,
                role="finalist" if name in plan.finalists else "baseline",
                seeds=tuple(t.seed for t in whole),
                val=tuple(t.val for t in whole if t.val is not None),
                test=tuple(t.test for t in whole if t.test is not None),
                diverged=len(trainings) - len(whole),
            )
        )
    return sorted(
        _judged(rows, _best_baseline(rows)), key=lambda r: (r.role != "finalist", -r.val_mean)
    )


def _best_baseline(rows: Sequence[Row]) -> Row:
    """What finalists are held to on one network: of the baselines that trained on every seed, if
    there are any, the one with the best validation mean."""
    baselines = [r for r in rows if r.role == "baseline"]
    return max(baselines, key=lambda r: (not r.diverged, r.val_mean))


def _judged(rows: Sequence[Row], baseline: Row) -> list[Row]:
    """The rows with their comparison to the baseline, Holm-corrected over the finalists."""
    finalists = [r for r in rows if r.role == "finalist"]
    compared = {r.name: _against(r, baseline) for r in rows if r is not baseline}
    p_values = [1.0 if (c := compared[r.name]) is None else c.p_value for r in finalists]
    adjusted = dict(zip((r.name for r in finalists), holm(p_values), strict=True))
    judged = []
    for row in rows:
        comparison = compared.get(row.name)
        told: Verdict | None = None
        if row.role == "finalist":
            if row.diverged:
                told = "worse"
            elif comparison is None:  # no baseline trained
                told = "tie"
            else:
                told = verdict(comparison, adjusted[row.name])
        judged.append(
            dataclasses.replace(
                row, comparison=comparison, p_adjusted=adjusted.get(row.name), verdict=told
            )
        )
    return judged


def _against(row: Row, baseline: Row) -> Comparison | None:
    """Over the seeds both trained to the end; None if there are none."""
    ours = dict(zip(row.seeds, row.test, strict=True))
    theirs = dict(zip(baseline.seeds, baseline.test, strict=True))
    shared = [seed for seed in row.seeds if seed in theirs]
    if not shared:
        return None
    return compare([ours[s] for s in shared], [theirs[s] for s in shared])
