"""Evaluators that go wrong on cue around one that works: what a search has to survive.

They live here, and not in a test, because a Ray worker imports them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from actsearch.evaluators import Evaluator, Job, RungReport


@dataclass(frozen=True)
class Faulty(Evaluator):
    """Passes jobs on to `inner`, but for those that hold the culprit."""

    inner: Evaluator
    culprit: str = ""  # an expression; empty: every job goes wrong

    def on(self, device: str) -> Faulty:
        return dataclasses.replace(self, inner=self.inner.on(device))

    def run(self, job: Job) -> Iterator[RungReport]:
        if self.culprit and self.culprit not in job.expressions:
            return self.inner.run(job)
        return self.go_wrong(job)

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        raise NotImplementedError


@dataclass(frozen=True)
class RaisesBetweenRungs(Faulty):
    """Raises once the first rung is reported."""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        yield next(iter(self.inner.run(job)))
        raise RuntimeError("no luck after the first rung")


@dataclass(frozen=True)
class RaisesAtOnce(Faulty):
    """Raises from `run` itself, which is no generator here."""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        raise ValueError("no luck at all")


@dataclass
class BreaksAfter(Evaluator):
    """Passes so many jobs on to `inner`, and raises in all later ones, as a lost device does."""

    inner: Evaluator
    jobs: int

    def on(self, device: str) -> BreaksAfter:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        self.jobs -= 1
        if self.jobs < 0:
            raise RuntimeError("the device is gone")
        return self.inner.run(job)


@dataclass(frozen=True)
class CannotMove(Faulty):
    """Raises when it is put on a device."""

    def on(self, device: str) -> Faulty:
        raise OSError(f"nothing grows on {device}")


@dataclass(frozen=True)
class EndsEarly(Faulty):
    """Ends after the first rung, though members are still live."""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        yield next(iter(self.inner.run(job)))


@dataclass(frozen=True)
class Diverges(Faulty):
    """Reports the culprit as diverged at the first rung, as a training loss of nan would be."""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        for report in self.inner.run(job):
            yield dataclasses.replace(
                report,
                candidates=tuple(
                    dataclasses.replace(
                        candidate,
                        state="infeasible",
                        val_accuracy=0.0,
                        val_loss=math.nan,
                        reason="nan",
                    )
                    if job.expressions[candidate.index] == self.culprit
                    else candidate
                    for candidate in report.candidates
                ),
            )


@dataclass(frozen=True)
class KillsItsProcess(Faulty):
    """Dies of SIGKILL after the first rung, the first time only: `mark` is a file it leaves."""

    mark: str = ""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        reports = self.inner.run(job)
        yield next(reports)
        if not Path(self.mark).exists():
            Path(self.mark).write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        yield from reports


@dataclass(frozen=True)
class StopsItsProcess(Faulty):
    """Stops as by Ctrl-Z after the first rung; `mark` is a file it leaves, with its process."""

    mark: str = ""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        yield next(iter(self.inner.run(job)))
        Path(self.mark).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(frozen=True)
class DiesOnceOpened(Faulty):
    """Has the test data of `inner`, and dies of SIGKILL before it trains, the first time only:
    `mark` is a file it leaves."""

    mark: str = ""

    def opened(self) -> DiesOnceOpened:
        return self

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        if not Path(self.mark).exists():
            Path(self.mark).write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        yield from self.inner.run(job)


@dataclass(frozen=True)
class Meets(Faulty):
    """Trains only when a number of jobs are under way at the same time; else raises."""

    folder: str = ""
    number: int = 2
    patience: float = 60.0  # seconds

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        (Path(self.folder) / f"{os.getpid()}").touch()
        give_up = time.monotonic() + self.patience
        while len(list(Path(self.folder).iterdir())) < self.number:
            if time.monotonic() > give_up:
                raise RuntimeError("nobody else is at work")
            time.sleep(0.05)
        yield from self.inner.run(job)


@dataclass(frozen=True)
class Hangs(Faulty):
    """Reports the first rung, then never again, whatever interrupts it as an Exception. `mark` is
    a file that it leaves, with its process."""

    mark: str = ""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        yield next(iter(self.inner.run(job)))
        if self.mark:
            Path(self.mark).write_text(str(os.getpid()))
        while True:
            with contextlib.suppress(Exception):
                time.sleep(3600)


@dataclass(frozen=True)
class Overtaken(Faulty):
    """Trains only once the job of another candidate has trained on another worker; else raises.
    `mark` is a file by which they know."""

    by: str = ""
    mark: str = ""
    patience: float = 60.0  # seconds

    def run(self, job: Job) -> Iterator[RungReport]:
        if self.by not in job.expressions:
            return super().run(job)
        reports = list(self.inner.run(job))
        Path(self.mark).touch()
        return iter(reports)

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        give_up = time.monotonic() + self.patience
        while not Path(self.mark).exists():
            if time.monotonic() > give_up:
                raise RuntimeError("nobody has overtaken it")
            time.sleep(0.05)
        yield from self.inner.run(job)
