"""An executor that can be stopped from another thread, where no Ctrl-C arrives."""

from __future__ import annotations

from collections.abc import Callable

from ...evaluators import Evaluator, RungReport
from ..executors.base import Assignment, Executor, NextJob, OnDone, OnRung
from ..executors.wrapping import Wrapping


class Stoppable(Wrapping):
    """An executor that calls `check` before each job and at each report: what that raises ends the
    run, with the jobs under way unfinished."""

    def __init__(self, executor: Executor, check: Callable[[], None]) -> None:
        super().__init__(executor)
        self._check = check

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
