"""The progress of a search: candidates done, the best so far, and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..space.printable import printable
from .storage.trial import Trial

LINE_EVERY = 15.0  # seconds between lines where the output is no terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class RungScore:
    """A candidate's score at a rung. val_accuracy: a fraction; None where it diverged. state:
    whether it goes on (`live`), stops here (`pruned`), is `complete`, or `infeasible`."""

    trial: int
    expression: str
    epoch: int
    val_accuracy: float | None
    state: str


class Reporter(Protocol):
    """Listener to a search: its stages, and what is done of them."""

    def stage(self, text: str) -> None: ...

    def begin(self, done: int, total: int, unit: str) -> None: ...

    def rung(self, score: RungScore) -> None: ...

    def candidate(self, trial: Trial) -> None: ...

    def advance(self, done: int) -> None: ...

    def expect(self, left: float | None, later: float | None = None) -> None: ...

    def end(self) -> None: ...


class Silent:
    """Shows nothing: for libraries and tests."""

    def stage(self, text: str) -> None: ...

    def begin(self, done: int, total: int, unit: str) -> None: ...

    def rung(self, score: RungScore) -> None: ...

    def candidate(self, trial: Trial) -> None: ...

    def advance(self, done: int) -> None: ...

    def expect(self, left: float | None, later: float | None = None) -> None: ...

    def end(self) -> None: ...


class Forwarding:
    """Passes on what it hears: for listeners that care about some of it."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def stage(self, text: str) -> None:
        self._reporter.stage(text)

    def begin(self, done: int, total: int, unit: str) -> None:
        self._reporter.begin(done, total, unit)

    def rung(self, score: RungScore) -> None:
        self._reporter.rung(score)

    def candidate(self, trial: Trial) -> None:
        self._reporter.candidate(trial)

    def advance(self, done: int) -> None:
        self._reporter.advance(done)

    def expect(self, left: float | None, later: float | None = None) -> None:
        self._reporter.expect(left, later)

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


class Progress:
    """One line on stderr: redrawn in place on a terminal, else repeated now and then."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._live: Live | None = None
        self._unit, self._done, self._total = "", 0, 0
        self._printed = 0  # how many were done when a line was last left
        self._best: Trial | None = None
        self._start = self._shown = 0.0
        self._expected_end: float | None = None
        self._later: float | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def stage(self, text: str) -> None:
        """A stage that begins now, as a line of its own."""
        self._console.print(printable(text), markup=False, soft_wrap=True)

    def loading(self, libraries: str) -> None:
        """Say, to somebody who watches, why nothing happens for some seconds."""
        if self._console.is_terminal:
            self.stage(f"loading {libraries} …")

    def begin(self, done: int, total: int, unit: str) -> None:
        """Start counting `unit`s towards a total."""
        self.end()
        self._unit, self._done, self._printed, self._total = unit, done, done, total
        self._expected_end = self._later = None
        self._start = self._shown = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=lambda: Text(self.line()),
                console=self._console,
                refresh_per_second=2,
                transient=True,
            )
            self._live.start()

    def rung(self, score: RungScore) -> None:
        """Not shown: a line for each candidate at each rung would be too many."""

    def candidate(self, trial: Trial) -> None:
        """A candidate that has finished."""
        best = -1.0 if self._best is None else self._best.val_accuracy or 0.0
        if trial.state == "complete" and (trial.val_accuracy or 0.0) > best:
            self._best = trial
        self.advance(self._done + 1)

    def advance(self, done: int) -> None:
        """Set how many are done."""
        self._done = done
        if self._live is None and time.monotonic() - self._shown >= LINE_EVERY:
            self._print()

    def expect(self, left: float | None, later: float | None = None) -> None:
        """Set the seconds that this stage, and the confirmation after it, will take from now."""
        self._expected_end = None if left is None else time.monotonic() + left
        self._later = later

    def end(self) -> None:
        """Stop drawing; leave the last line."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._unit and self._done > self._printed:
            self._print()
        self._unit = ""

    def _print(self) -> None:
        """Leave the line as it stands."""
        self._shown, self._printed = time.monotonic(), self._done
        self._console.print(self.line(), markup=False, soft_wrap=True)

    def line(self) -> str:
        """The line as it stands."""
        parts = [f"{self._done}/{self._total} {self._unit}"]
        if self._best is not None and self._unit == "candidates":
            score = 100 * (self._best.val_accuracy or 0.0)
            parts.append(f"best {score:.2f}%  {self._best.expression}")
        now = time.monotonic()
        parts.append(f"{clock(now - self._start)} spent")
        if self._expected_end is not None and self._done < self._total:
            later = "" if self._later is None else f", then {clock(self._later)} of confirmation"
            parts.append(f"about {clock(max(0.0, self._expected_end - now))} left{later}")
        return printable("  ·  ".join(parts))


def clock(seconds: float) -> str:
    """A time as 1:05, or 2:01:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
