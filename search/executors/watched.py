"""An executor whose jobs somebody watches: which one is on a worker, and how far it is."""

from __future__ import annotations

from ...evaluators import Evaluator, RungReport
from .base import Assignment, Executor, NextJob, OnDone, OnRung
from .job_listener import JobListener
from .wrapping import Wrapping


class Watched(Wrapping):
    """An executor that tells a listener of each job. count: workers; None: it changes."""

    def __init__(self, executor: Executor, listener: JobListener, count: int | None) -> None:
        super().__init__(executor)
        self._listener, self._count = listener, count

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        """As in `Executor.run`."""

        def heard_job() -> Assignment | None:
            assignment = next_job()
            if assignment is not None:
                self._listener.job(assignment.number, assignment.job)
            return assignment

        def heard_rung(number: int, report: RungReport) -> None:
            self._listener.report(number, report)
            on_rung(number, report)

        def heard_done(number: int, error: str | None) -> None:
            self._listener.job_end(number)
            on_done(number, error)

        self._listener.workers(self._count)
        self._executor.run(evaluator, heard_job, heard_rung, heard_done)
