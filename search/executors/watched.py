"""An executor whose jobs somebody watches: which one is on a worker, and how far it is."""

from __future__ import annotations

from types import TracebackType

from ...evaluators import Evaluator, RungReport
from .base import Assignment, Executor, NextJob, OnDone, OnRung
from .job_listener import JobListener


class Watched:
    """An executor that tells a listener of each job. count: workers; None: it changes."""

    def __init__(self, executor: Executor, listener: JobListener, count: int | None) -> None:
        self._executor, self._listener, self._count = executor, listener, count

    def __enter__(self) -> Watched:
        self._executor.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.__exit__(kind, error, trace)

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        """As in `Executor.run`."""

        def told_job() -> Assignment | None:
            assignment = next_job()
            if assignment is not None:
                self._listener.job(assignment.number, assignment.job)
            return assignment

        def told_rung(number: int, report: RungReport) -> None:
            self._listener.report(number, report)
            on_rung(number, report)

        def told_done(number: int, error: str | None) -> None:
            self._listener.job_end(number)
            on_done(number, error)

        self._listener.workers(self._count)
        self._executor.run(evaluator, told_job, told_rung, told_done)
