"""Jobs one after another in this process: one worker, no start-up, for laptops and tests."""

from __future__ import annotations

import traceback
from types import TracebackType

import torch

from ...evaluators import Evaluator
from ._base import Assignment, NextJob, OnDone, OnRung, reports_of


class InProcess:
    """Trains in the calling thread, on the GPU if there is one."""

    def __enter__(self) -> InProcess:
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
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # two on one training are slower than one when cores are shared
        try:
            while (assignment := next_job()) is not None:
                on_done(assignment.number, _train(evaluator, assignment, on_rung))
        finally:
            torch.set_num_threads(threads)


def _train(evaluator: Evaluator, assignment: Assignment, on_rung: OnRung) -> str | None:
    """Run one job; the traceback if the evaluator raised."""
    reports = reports_of(evaluator, assignment.job)
    while True:
        try:
            report = next(reports, None)
        except Exception:
            # Not swallowed: the driver records it, and stops the search if nothing succeeds.
            return traceback.format_exc()
        if report is None:
            return None
        on_rung(assignment.number, report)
