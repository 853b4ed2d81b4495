"""An executor that is entered with its first job: what is finished waits for no Ray."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from types import TracebackType

from ...evaluators import Evaluator
from .base import Assignment, Executor, NextJob, OnDone, OnRung
from .wrapping import Wrapping


class OnDemand(Wrapping):
    """An executor whose start is put off until a job is there to run."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor)
        self._entered = False

    def __enter__(self) -> OnDemand:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._entered:
            super().__exit__(kind, error, trace)

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        """As in `Executor.run`; raises what starting the executor raises, too."""
        first = next_job()
        if first is None:
            return
        if not self._entered:
            super().__enter__()
            self._entered = True
        jobs: Iterator[Assignment | None] = chain([first], iter(next_job, object()))
        self._executor.run(evaluator, lambda: next(jobs), on_rung, on_done)
