"""The listener to an executor's workers; loads nothing: displays are made before torch is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ...evaluators import Job, RungReport


class JobListener(Protocol):
    """Hears of workers and their jobs."""

    def workers(self, count: int | None) -> None: ...

    def job(self, number: int, job: Job) -> None: ...

    def report(self, number: int, report: RungReport) -> None: ...

    def job_end(self, number: int) -> None: ...
