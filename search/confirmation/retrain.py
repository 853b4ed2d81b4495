"""Finalists and baselines trained again over fresh paired seeds, with the test set.

A data set's test set is opened here and nowhere else, once per confirmation, and each opening is
recorded. comparison.py reads the verdicts off the record.
"""

from __future__ import annotations

import dataclasses
import datetime
import logging
from collections import deque
from collections.abc import Iterable

from ...evaluators import (
    NETWORKS,
    CandidateReport,
    Evaluator,
    ImageClassification,
    Job,
    RungReport,
    dataset_of,
    load_test,
)
from ..errors import SearchFailed
from ..evaluator_choice import ByRecipe
from ..executors.base import Assignment, Executor
from ..progress import Reporter
from ..storage.confirmation_log import ConfirmationLog, Opening, Retraining
from ..storage.trial import RETRIES
from .plan import Plan

logger = logging.getLogger(__name__)

NO_TEST_DATA = (
    "the evaluator has no test data (ModelEvaluator takes test=…, another one needs a method "
    "opened()), so what stands is the leaderboard, by validation data"
)


def retrain(
    plan: Plan,
    log: ConfirmationLog,
    executor: Executor,
    evaluator: Evaluator,
    reporter: Reporter,
) -> None:
    """Train what the log lacks of a plan, and record it there.

    Opens the test set of each data set that a missing training is about. Where the evaluator has
    no test data, the reporter says so and nothing is trained. What crashes is tried again as often
    as a candidate of a search; raises SearchFailed, after the rest, where that does not help.
    """
    jobs = missing_jobs(plan, log)
    if not jobs:
        return
    datasets = list(dict.fromkeys(job.recipe.dataset for job in jobs))
    opened = with_test_set(evaluator, datasets)
    if opened is None:
        reporter.stage(f"no confirmation: {NO_TEST_DATA}")
        return
    reporter.stage(
        f"confirming {len(plan.finalists)} against {len(plan.baselines)} baselines: the test "
        f"set of {' and '.join(datasets)} is opened"
    )
    _record_openings(plan, log, [job for job in jobs if not _is_opened_for(job, plan, log)])
    queue = deque(range(len(jobs)))
    tries = [0] * len(jobs)
    crashes: list[str] = []  # of jobs that used up their tries
    done = 0

    def next_job() -> Assignment | None:
        return Assignment(number := queue.popleft(), jobs[number]) if queue else None

    def on_rung(number: int, report: RungReport) -> None:
        nonlocal done
        log.add([_retraining(jobs[number], candidate) for candidate in report.candidates])
        done += len(report.candidates)
        reporter.advance(done)

    def on_done(number: int, error: str | None) -> None:
        if error is None:
            return
        tries[number] += 1
        if tries[number] > RETRIES:
            crashes.append(error)
            return
        queue.append(number)
        last = error.strip().splitlines()[-1]
        logger.warning("a training of the confirmation failed and is tried again: %s", last)

    reporter.begin(0, sum(len(job.expressions) for job in jobs), "trainings")
    executor.run(opened, next_job, on_rung, on_done)
    reporter.end()
    if crashes:
        _raise_crash(crashes[0])


def missing_jobs(plan: Plan, log: ConfirmationLog) -> list[Job]:
    """The trainings of a plan that the log lacks; none where there is no finalist."""
    jobs: list[Job] = []
    for recipe, count in plan.recipes if plan.finalists else ():
        for seed in plan.seeds(count):
            lacking = [
                expression
                for expression in dict.fromkeys(plan.functions.values())
                if (recipe.digest, seed, expression) not in log.trainings
            ]
            members = len(recipe.lr_multipliers) * recipe.seeds_per_score  # of one function
            network = NETWORKS.get(recipe.network)  # None: an evaluator's own
            size = max(1, (network.confirmed_together if network else 1) // members)
            chunks = [lacking[i : i + size] for i in range(0, len(lacking), size)]
            jobs += [Job(tuple(c), recipe, seed, halving=False, test=True) for c in chunks]
    return jobs


def with_test_set(evaluator: Evaluator, datasets: Iterable[str]) -> Evaluator | None:
    """The evaluator with the test samples of those data sets: the one place that hands them out.
    An own evaluator opens its own; None if it has none."""
    if isinstance(evaluator, ByRecipe):
        opened = with_test_set(evaluator.own, datasets)
        return opened and ByRecipe(opened, _with_test_images(evaluator.built_in, datasets))
    if isinstance(evaluator, ImageClassification):
        return _with_test_images(evaluator, datasets)
    return evaluator.opened()


def _with_test_images(
    evaluator: ImageClassification, datasets: Iterable[str]
) -> ImageClassification:
    test = {name: load_test(dataset_of(name)) for name in datasets if name in evaluator.train}
    return dataclasses.replace(evaluator, test=test)


def _is_opened_for(job: Job, plan: Plan, log: ConfirmationLog) -> bool:
    """Whether an opening on record was for this job, which a crash or a kill kept from its end."""
    finalists = set(plan.finalists.values())
    return any(
        opening.dataset == job.recipe.dataset
        and job.recipe.digest in opening.recipes
        and job.seed in opening.seeds
        and finalists <= set(opening.finalists)
        for opening in log.openings
    )


def _record_openings(plan: Plan, log: ConfirmationLog, jobs: Iterable[Job]) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    recipes: dict[str, list[str]] = {}  # digests by data set
    for job in jobs:
        digests = recipes.setdefault(job.recipe.dataset, [])
        if job.recipe.digest not in digests:
            digests.append(job.recipe.digest)
    finalists = tuple(plan.finalists.values())
    seeds = tuple(plan.seeds(max(count for _, count in plan.recipes)))
    log.add(
        [
            Opening(at=now, finalists=finalists, seeds=seeds, dataset=name, recipes=tuple(digests))
            for name, digests in recipes.items()
        ]
    )


def _retraining(job: Job, report: CandidateReport) -> Retraining:
    diverged = bool(report.reason)
    return Retraining(
        recipe=job.recipe.digest,
        network=job.recipe.network,
        seed=job.seed,
        expression=job.expressions[report.index],
        val_accuracy=None if diverged else report.val_accuracy,
        test_accuracy=None if diverged else report.test_accuracy,
        learned=dict(report.learned),
        reason=report.reason,
        test_correct=None if diverged else report.test_correct,
    )


def _raise_crash(error: str) -> None:
    last = error.strip().splitlines()[-1]
    raise SearchFailed(
        f"a confirmation training crashed {1 + RETRIES} times: {last}; what was trained is "
        f"recorded, run `actsearch confirm` again to train the rest (--debug shows the traceback)",
        error,
    )
