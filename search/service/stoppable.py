"""An executor that can be stopped from another thread, where no Ctrl-C arrives."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from ...evaluators import Evaluator, RungReport
from ..executors.base import Assignment, Executor, NextJob, OnDone, OnRung


class Stoppable:
    """An executor that calls `check` before each job and at each report: what that raises ends the
    run, with the jobs under way unfinished."""

    def __init__(self, executor: Executor, check: Callable[[], None]) -> None:
        self._executor, self._check = executor, check

    def __enter__(self) -> Stoppable:
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

        def checked_job() -> Assignment | None:
            self._check()
            return next_job()

        def checked_rung(number: int, report: RungReport) -> None:
            on_rung(number, report)  # which keeps what was trained
            self._check()

        self._executor.run(evaluator, checked_job, checked_rung, on_done)
