"""Finalists and baselines trained again over fresh paired seeds, with the test set.

opening.py opens it, once per confirmation; comparison.py reads the verdicts off the record.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import deque
from collections.abc import Sequence

from ...evaluators import NETWORKS, CandidateReport, Evaluator, Job, RungReport
from ..errors import SearchFailed, last_line
from ..executors.base import Assignment, Executor
from ..progress import Reporter
from ..remaining_time import Pace, longest_of, work_of
from ..storage.confirmation_log import ConfirmationLog, Retraining
from ..storage.shown_functions import ShownFunctions
from ..storage.trial import RETRIES
from .opening import record_openings, with_test_set
from .plan import Plan

logger = logging.getLogger(__name__)


def retrain(
    plan: Plan,
    log: ConfirmationLog,
    shown: ShownFunctions,
    executor: Executor,
    evaluator: Evaluator,
    reporter: Reporter,
    pace: Pace,
) -> bool:
    """Train what the log lacks of a plan, and record it there.

    Opens the test set of each data set that a missing training is about. False where the
    evaluator has no test data: then nothing is trained. What crashes is tried again as often
    as a candidate of a search, and has then failed under that seed. Where nothing but crashes
    comes back in the end, a training on record is repeated: raises SearchFailed where there is
    none, or it crashes too. Raises InvalidSetting where the test data have changed meanwhile.
    """
    jobs = missing_jobs(plan, log)
    if not jobs:
        return True
    datasets = list(dict.fromkeys(job.recipe.dataset for job in jobs))
    opened = with_test_set(evaluator, datasets)
    if opened is None:
        return False
    record_openings(plan, jobs, opened, log, shown)
    reporter.stage(
        f"confirming {len(plan.finalists)} against {len(plan.baselines)} baselines: the test "
        f"set of {' and '.join(datasets)} is opened"
    )
    trainings = _Trainings(jobs, log, reporter, pace)
    reporter.begin(0, sum(len(job.expressions) for job in jobs), "trainings")
    trainings.expect()
    executor.run(opened, trainings.next_job, trainings.on_rung, trainings.on_done)
    reporter.end()
    if trainings.crashed:
        if not _still_trains(jobs, log, opened, executor):
            (_, error), *_ = trainings.crashed
            which = "the last trainings" if trainings.done else "every training"
            raise SearchFailed(
                f"{which} of the confirmation crashed, three times each; the first error was: "
                f"{last_line(error)} (--debug shows the traceback); run `actsearch confirm` "
                f"again when it is mended",
                error,
            )
        trainings.record_crashes()
    return True


def _still_trains(
    jobs: Sequence[Job], log: ConfirmationLog, opened: Evaluator, executor: Executor
) -> bool:
    """Whether a training on record, under a recipe of these jobs, can be repeated: then it is not
    the machine or the data that makes all of them crash."""
    recipes = {job.recipe.digest: job.recipe for job in jobs}
    known = (t for t in log.trainings.values() if t.recipe in recipes and t.reason is None)
    if (training := next(known, None)) is None:
        return False
    recipe, text = recipes[training.recipe], training.expression
    waiting = [Assignment(0, Job((text,), recipe, training.seed, halving=False, test=True))]
    errors: list[str | None] = []
    executor.run(
        opened,
        lambda: waiting.pop() if waiting else None,
        lambda number, report: None,  # its scores are on record
        lambda number, error: errors.append(error),
    )
    return errors == [None]


class _Trainings:
    """The jobs of a confirmation, handed out; what crashes is tried again as a candidate is.

    A job that crashed twice is tried once more function by function, so that one of them takes no
    other down; a function that crashes alone has failed under that seed, on record once anything
    trains after it: before, the cause may be the machine.
    """

    def __init__(
        self, jobs: Sequence[Job], log: ConfirmationLog, reporter: Reporter, pace: Pace
    ) -> None:
        self._log, self._reporter, self._pace = log, reporter, pace
        self._queue = deque((job, 0) for job in jobs)  # with the times it has crashed
        self._jobs: dict[int, tuple[Job, int]] = {}
        self._ended: set[int] = set()  # numbers of jobs that have reported or crashed
        self.crashed: list[tuple[Job, str]] = []  # to be recorded when something else works
        self.left = work_of(jobs)
        self.done = 0  # functions trained

    def next_job(self) -> Assignment | None:
        if not self._queue:
            return None
        number = len(self._jobs)
        self._jobs[number] = self._queue.popleft()
        self._pace.begin(number)
        return Assignment(number, self._jobs[number][0])

    def on_rung(self, number: int, report: RungReport) -> None:
        job, _ = self._jobs[number]
        self._log.add([_retraining(job, candidate) for candidate in report.candidates])
        self.done += len(report.candidates)
        self.record_crashes()
        self.left[job.recipe] -= self._pace.add(number, job, report)
        self._reporter.advance(self.done)
        self._ended.add(number)
        self.expect()

    def expect(self) -> None:
        """Tell how long the rest will take: no less than its longest job."""
        under_way = [job for n, (job, _) in self._jobs.items() if n not in self._ended]
        longest = longest_of([*under_way, *(job for job, _ in self._queue)])
        self._reporter.expect(self._pace.seconds(self.left, longest))

    def on_done(self, number: int, error: str | None) -> None:
        self._pace.end(number)
        self._ended.add(number)
        if error is None:
            return
        job, crashes = self._jobs[number]
        logger.warning("a training of the confirmation failed: %s", last_line(error))
        if crashes + 1 < RETRIES:
            self._queue.append((job, crashes + 1))
        elif crashes < RETRIES:
            parts = [dataclasses.replace(job, expressions=(text,)) for text in job.expressions]
            self._queue.extend((part, crashes + 1) for part in parts)
        else:
            self.crashed.append((job, error))

    def record_crashes(self) -> None:
        """Put on record what crashed to the last try."""
        self._log.add([_failure(job, error) for job, error in self.crashed])
        self.crashed = []


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


def _retraining(job: Job, report: CandidateReport) -> Retraining:
    diverged = report.state == "infeasible"
    return Retraining(
        recipe=job.recipe.digest,
        network=job.recipe.network,
        seed=job.seed,
        expression=job.expressions[report.index],
        val_accuracy=None if diverged else report.val_accuracy,
        test_accuracy=None if diverged else report.test_accuracy,
        learned=dict(report.learned),
        reason=report.reason if diverged else None,
        test_correct=None if diverged else report.test_correct,
    )


def _failure(job: Job, error: str) -> Retraining:
    """A function that crashed to the last try, alone: as one that diverged, it has no score."""
    return Retraining(
        recipe=job.recipe.digest,
        network=job.recipe.network,
        seed=job.seed,
        expression=job.expressions[0],
        val_accuracy=None,
        test_accuracy=None,
        reason=f"crashed: {last_line(error)}",
    )
