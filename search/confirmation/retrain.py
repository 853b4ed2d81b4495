"""Confirmation: finalists against baselines over fresh paired seeds, with the test set.

A data set's test set is opened here and nowhere else, once per confirmation, and each opening is
recorded. What the trainings say is in verdicts.py.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...evaluators import (
    NETWORKS,
    Evaluator,
    ImageClassification,
    Job,
    Recipe,
    RungReport,
    dataset_of,
    load_test,
)
from ..errors import SearchFailed
from ..evaluator_choice import ByRecipe
from ..executors.base import Assignment, Executor
from ..storage.confirmation_log import ConfirmationLog, Opening, Retraining


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


def missing_jobs(plan: Plan, ledger: ConfirmationLog) -> list[Job]:
    """The trainings of a plan that the ledger lacks."""
    jobs = []
    for recipe, count in plan.recipes:
        for seed in plan.seeds(count):
            lacking = [
                text
                for text in dict.fromkeys(plan.functions.values())
                if (recipe.digest, seed, text) not in ledger.trainings
            ]
            slices = len(recipe.lr_multipliers) * recipe.seeds_per_score  # of one function
            network = NETWORKS.get(recipe.network)  # None: an evaluator's own
            size = max(1, (network.confirmed_together if network else 1) // slices)
            chunks = [lacking[i : i + size] for i in range(0, len(lacking), size)]
            jobs += [Job(tuple(c), recipe, seed, halving=False, test=True) for c in chunks]
    return jobs


class Confirmer:
    """Trains what a plan still lacks, and reads the table off the ledger."""

    def __init__(
        self, plan: Plan, ledger: ConfirmationLog, on_training: Callable[[int, int], None]
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
                Retraining(
                    job.recipe.digest,
                    job.recipe.network,
                    job.seed,
                    job.expressions[found.index],
                    None if found.reason else found.val_accuracy,
                    None if found.reason else found.test_accuracy,
                    dict(found.learned),
                    found.reason,
                    None if found.reason else found.test_correct,
                )
                for found in report.candidates
            ]
        )
        self._done += len(report.candidates)
        self._on_training(self._done, self._total)

    def _on_done(self, number: int, error: str | None) -> None:
        if error is not None:
            last = error.strip().splitlines()[-1]
            raise SearchFailed(
                f"a confirmation training crashed: {last}; what was trained is recorded, run "
                f"`actsearch confirm` again to train the rest (--debug shows the traceback)",
                error,
            )
