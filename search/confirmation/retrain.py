"""Finalists and baselines trained again over fresh paired seeds, with the test set.

A data set's test set is opened here and nowhere else, once per confirmation, and each opening is
recorded. comparison.py reads the verdicts off the record.
"""

from __future__ import annotations

import dataclasses
import datetime
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
from ..remaining_time import Pace, work_of
from ..storage.confirmation_log import ConfirmationLog, Opening, Retraining
from ..storage.shown_functions import Showing, ShownFunctions
from .plan import Plan

NO_TEST_DATA = (
    "the evaluator has no test data (ModelEvaluator takes test=…, another one needs a method "
    "opened()), so what stands is the leaderboard, by validation data"
)


def retrain(
    plan: Plan,
    log: ConfirmationLog,
    shown: ShownFunctions,
    executor: Executor,
    evaluator: Evaluator,
    reporter: Reporter,
    pace: Pace,
) -> None:
    """Train what the log lacks of a plan, and record it there.

    Opens the test set of each data set that a missing training is about. Where the evaluator has
    no test data, the reporter says so and nothing is trained. Raises SearchFailed on a crash.
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
    _record_openings(plan, log, shown, datasets)
    left = work_of(jobs)
    assignments = iter([Assignment(number, job) for number, job in enumerate(jobs)])
    done = 0

    def on_rung(number: int, report: RungReport) -> None:
        nonlocal done
        log.add([_retraining(jobs[number], candidate) for candidate in report.candidates])
        done += len(report.candidates)
        left[jobs[number].recipe] -= pace.add(number, jobs[number], report)
        reporter.advance(done)
        reporter.expect(pace.seconds(left))

    def on_done(number: int, error: str | None) -> None:
        pace.end(number)
        _raise_crash(error)

    def next_job() -> Assignment | None:
        assignment = next(assignments, None)
        if assignment is not None:
            pace.begin(assignment.number)
        return assignment

    reporter.begin(0, sum(len(job.expressions) for job in jobs), "trainings")
    reporter.expect(pace.seconds(left))
    executor.run(opened, next_job, on_rung, on_done)
    reporter.end()


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


def _record_openings(
    plan: Plan, log: ConfirmationLog, shown: ShownFunctions, datasets: Iterable[str]
) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    finalists = tuple(plan.finalists.values())
    seeds = tuple(plan.seeds(max(count for _, count in plan.recipes)))
    for dataset in datasets:
        folder = str(log.folder.relative_to(shown.home))
        openings, functions = shown.add(
            Showing(at=now, folder=folder, dataset=dataset, functions=finalists)
        )
        opening = Opening(
            at=now,
            finalists=finalists,
            seeds=seeds,
            dataset=dataset,
            openings_before=openings,
            functions_before=functions,
        )
        log.add([opening])


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


def _raise_crash(error: str | None) -> None:
    if error is not None:
        last = error.strip().splitlines()[-1]
        raise SearchFailed(
            f"a confirmation training crashed: {last}; what was trained is recorded, run "
            f"`actsearch confirm` again to train the rest (--debug shows the traceback)",
            error,
        )
