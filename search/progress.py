"""Listeners to a search: what is done, what its workers train, and the time left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .executors.job_listener import JobListener
from .storage.trial import Trial

if TYPE_CHECKING:
    from ..evaluators import Job, RungReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RungScore:
    """A candidate's score at a rung. val_accuracy: a fraction; None where it diverged. state:
    whether it goes on (`live`), stops here (`pruned`), is `complete`, or `infeasible`."""

    trial: int
    expression: str
    epoch: int
    val_accuracy: float | None
    state: str


class Reporter(JobListener, Protocol):
    """Listener to a search: its stages, what is done of them, and the jobs of its workers."""

    def stage(self, text: str) -> None: ...

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None: ...

    def rung(self, score: RungScore) -> None: ...

    def candidate(self, trial: Trial) -> None: ...

    def advance(self, done: int) -> None: ...

    def expect(self, left: float | None, later: float | None = None) -> None: ...

    def end(self) -> None: ...


class Silent:
    """Shows nothing: for libraries and tests."""

    def stage(self, text: str) -> None: ...

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None: ...

    def rung(self, score: RungScore) -> None: ...

    def candidate(self, trial: Trial) -> None: ...

    def advance(self, done: int) -> None: ...

    def expect(self, left: float | None, later: float | None = None) -> None: ...

    def workers(self, count: int | None) -> None: ...

    def job(self, number: int, job: Job) -> None: ...

    def report(self, number: int, report: RungReport) -> None: ...

    def job_end(self, number: int) -> None: ...

    def end(self) -> None: ...


class Forwarding:
    """Passes on what it hears: for listeners that care about some of it."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def stage(self, text: str) -> None:
        self._reporter.stage(text)

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None:
        self._reporter.begin(done, total, unit, best)

    def rung(self, score: RungScore) -> None:
        self._reporter.rung(score)

    def candidate(self, trial: Trial) -> None:
        self._reporter.candidate(trial)

    def advance(self, done: int) -> None:
        self._reporter.advance(done)

    def expect(self, left: float | None, later: float | None = None) -> None:
        self._reporter.expect(left, later)

    def workers(self, count: int | None) -> None:
        self._reporter.workers(count)

    def job(self, number: int, job: Job) -> None:
        self._reporter.job(number, job)

    def report(self, number: int, report: RungReport) -> None:
        self._reporter.report(number, report)

    def job_end(self, number: int) -> None:
        self._reporter.job_end(number)

    def end(self) -> None:
        self._reporter.end()


class Callbacks(Forwarding):
    """Also calls functions of the user's with each candidate that has ended, and each score."""

    def __init__(
        self,
        reporter: Reporter,
        on_candidate: Callable[[Trial], object] | None,
        on_rung: Callable[[RungScore], object] | None,
    ) -> None:
        super().__init__(reporter)
        self._on_candidate, self._on_rung = on_candidate, on_rung

    def rung(self, score: RungScore) -> None:
        super().rung(score)
        if self._on_rung is not None:
            self._on_rung(score)

    def candidate(self, trial: Trial) -> None:
        super().candidate(trial)
        if self._on_candidate is not None:
            self._on_candidate(trial)


def clock(seconds: float) -> str:
    """A time as 1:05, or 2:01:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
