"""The seam between the driver and the workers.

    with executor: executor.run(evaluator, next_job, on_rung, on_done)

The executor pulls: whenever a worker is free it asks `next_job`, which answers None when there is
nothing to do now; with no job under way either, the run is over. It knows nothing of studies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from ...evaluators import Evaluator, Job, RungReport


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job under a number by which its reports come back."""

    number: int
    job: Job


NextJob = Callable[[], Assignment | None]
OnRung = Callable[[int, RungReport], None]
OnDone = Callable[[int, str | None], None]


class Executor(Protocol):
    """Runs jobs on workers; a context that holds them between runs."""

    def __enter__(self) -> Executor: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        """Train until there are no more jobs, calling back in this thread.

        `on_rung(number, report)` after every rung of a job, then `on_done(number, traceback)`
        once, where the traceback is None unless the job failed. What a callback raises ends the
        run and is raised here. KeyboardInterrupt leaves the jobs under way unfinished.
        """
        ...


def overdue(seconds: float) -> str:
    """Why a job failed that hangs."""
    return (
        f"no report within {seconds:g} seconds, the limit of a rung: it hangs, or --rung-limit is "
        f"too short"
    )
