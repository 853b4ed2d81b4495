"""All that a display has heard of a search so far: counts, the best, the jobs under way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...space.printable import printable
from ..progress import Silent, clock
from ..storage.trial import Trial

if TYPE_CHECKING:
    from ...evaluators import Job, RungReport


@dataclass(slots=True)
class JobUnderWay:
    """A job on a worker. since: when it began or last reported, on the monotonic clock; epoch: as
    far as it is; live: indices of the candidates that train on; scores: fractions by index."""

    job: Job
    since: float
    live: tuple[int, ...]
    epoch: int = 0
    scores: dict[int, float] = field(default_factory=dict)


class Tally(Silent):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.unit, self.done, self.total = "", 0, 0
        self.best: Trial | None = None
        self.best_so_far: tuple[float, ...] = ()  # accuracies, after each candidate that ended
        self.jobs: dict[int, JobUnderWay] = {}
        self.worker_count: int | None = None
        self.start = time.monotonic()
        self._first = 0  # how many were done when the stage began
        self._expected_end: float | None = None
        self._later: float | None = None

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None:
        self.best = best or self.best
        self.unit, self.done, self.total, self._first = unit, done, total, done
        self._expected_end = self._later = None
        self.jobs = {}
        self.start = time.monotonic()

    def candidate(self, trial: Trial) -> None:
        best = -1.0 if self.best is None else self.best.val_accuracy or 0.0
        if trial.state == "complete" and (trial.val_accuracy or 0.0) > best:
            self.best = trial
        if self.best is not None:
            self.best_so_far = (*self.best_so_far, self.best.val_accuracy or 0.0)
        self.advance(self.done + 1)

    def advance(self, done: int) -> None:
        self.done = done

    def expect(self, left: float | None, later: float | None = None) -> None:
        self._expected_end = None if left is None else time.monotonic() + left
        self._later = later

    def settle(self) -> None:
        """The stage is over, whatever of it was still expected."""
        self._expected_end = self._later = None
        self.jobs = {}

    def workers(self, count: int | None) -> None:
        self.worker_count = count

    def job(self, number: int, job: Job) -> None:
        everyone = tuple(range(len(job.expressions)))
        self.jobs[number] = JobUnderWay(job, time.monotonic(), everyone)

    def report(self, number: int, report: RungReport) -> None:
        job = self.jobs[number]
        job.since, job.epoch = time.monotonic(), report.epoch
        ended = {c.index for c in report.candidates if c.state != "live"}
        job.scores |= {c.index: c.val_accuracy for c in report.candidates if not c.reason}
        job.live = tuple(index for index in job.live if index not in ended)

    def job_end(self, number: int) -> None:
        self.jobs.pop(number, None)

    @property
    def per_hour(self) -> float | None:
        """How much of this stage ends an hour; None before anything has."""
        spent = time.monotonic() - self.start
        ended = self.done - self._first
        return 3600 * ended / spent if ended > 0 and spent > 0 else None

    @property
    def times(self) -> list[str]:
        """The time spent, and where it is known what is left."""
        now = time.monotonic()
        times = [f"{clock(now - self.start)} spent"]
        if self._expected_end is not None and self.done < self.total:
            later = "" if self._later is None else f", then {clock(self._later)} of confirmation"
            times.append(f"about {clock(max(0.0, self._expected_end - now))} left{later}")
        return times

    @property
    def best_text(self) -> str | None:
        """The best candidate's score and formula, while candidates are counted."""
        if self.best is None or self.unit != "candidates":
            return None
        score = 100 * (self.best.val_accuracy or 0.0)
        return f"best {score:.2f}%  {self.best.expression}"

    @property
    def line(self) -> str:
        """All of it in a line; cluster_status.py reads it from a job's log."""
        parts = [f"{self.done}/{self.total} {self.unit}"]
        if (best := self.best_text) is not None:
            parts.append(best)
        return printable("  ·  ".join([*parts, *self.times]))
