"""Jobs one after another in this process: one worker, no start-up, for laptops and tests."""

from __future__ import annotations

import traceback
from types import TracebackType

import torch

from ...evaluators import Evaluator
from ...evaluators.protocol.report_validation import checked_reports
from .base import (
    Assignment,
    NextJob,
    OnDone,
    OnRung,
    overdue,
)
from .deadline import Overdue, check_can_interrupt, time_limit
from .one_thread import one_thread


class InProcess:
    """Trains in the calling thread, on the GPU if there is one.

    rung_limit: seconds after which a job is ended that has not reported again, and counts as
    failed; None: it may take as long as it likes.
    """

    def __init__(self, rung_limit: float | None = None) -> None:
        self._rung_limit = rung_limit

    def __enter__(self) -> InProcess:
        """Raises InvalidSetting where a limit cannot be kept, before a search is stored."""
        if self._rung_limit is not None:
            check_can_interrupt()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        """As in `Executor.run`."""
        evaluator = evaluator.on("cuda" if torch.cuda.is_available() else "cpu")
        with one_thread():
            while (assignment := next_job()) is not None:
                on_done(assignment.number, self._train(evaluator, assignment, on_rung))

    def _train(self, evaluator: Evaluator, assignment: Assignment, on_rung: OnRung) -> str | None:
        """Run one job; the traceback if the evaluator raised, or was interrupted."""
        reports = checked_reports(evaluator, assignment.job)
        limit = self._rung_limit
        while True:
            try:
                with time_limit(limit, overdue(limit or 0.0)):
                    report = next(reports, None)
            except (Exception, Overdue):
                # Not swallowed: the driver records it, and stops the search if nothing succeeds.
                return traceback.format_exc()
            if report is None:
                return None
            on_rung(assignment.number, report)
