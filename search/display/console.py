"""The progress of a search on stderr: drawn in place on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ...space.printable import printable
from ..progress import RungScore
from ..storage.trial import Trial
from .live_view import PLOT_COLUMNS, PLOT_ROWS, view
from .tally import Tally

if TYPE_CHECKING:
    from ...evaluators import Job, RungReport

LINE_EVERY = 15.0  # seconds between lines where the output is no terminal


class Progress:
    """A reporter for people: lines, and on a terminal that can move its cursor a live view.

    NO_COLOR and TERM=dumb ask for lines.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._tally = Tally()
        self._live: Live | None = None
        self._plot: list[str] = []
        self._shown = 0.0
        self._printed = 0  # how many were done when a line was last left

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
        self._say(text)

    def loading(self, libraries: str) -> None:
        """Say, to somebody who watches, why nothing happens for some seconds."""
        if self._console.is_terminal:
            self.stage(f"loading {libraries} …")

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None:
        """Start counting `unit`s towards a total; best: the best candidate that has ended."""
        self.end()
        self._tally.begin(done, total, unit, best)
        self._printed, self._shown = done, time.monotonic()
        console = self._console
        if console.is_terminal and not console.is_dumb_terminal and not console.no_color:
            self._live = Live(
                get_renderable=self._view,
                console=console,
                refresh_per_second=2,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),
            )
            self._live.start()
            self._draw()

    def rung(self, score: RungScore) -> None:
        """Not shown: a line for each candidate at each rung would be too many."""

    def candidate(self, trial: Trial) -> None:
        """A candidate that has finished."""
        before = self._tally.best
        self._tally.candidate(trial)
        if self._tally.best is not before:
            self._draw()
        self._leave_line_if_due()

    def advance(self, done: int) -> None:
        """Set how many are done."""
        self._tally.advance(done)
        self._leave_line_if_due()

    def expect(self, left: float | None, later: float | None = None) -> None:
        """Set the seconds that this stage, and the confirmation after it, will take from now."""
        self._tally.expect(left, later)
        self._leave_line_if_due()

    def workers(self, count: int | None) -> None:
        """How many workers there are; None: as many as there is room for."""
        self._tally.workers(count)

    def job(self, number: int, job: Job) -> None:
        """A job goes to a worker."""
        self._tally.job(number, job)

    def report(self, number: int, report: RungReport) -> None:
        """A job's worker has reported."""
        self._tally.report(number, report)

    def job_end(self, number: int) -> None:
        """A job is over."""
        self._tally.job_end(number)

    def end(self) -> None:
        """Stop drawing; leave the last line."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._tally.settle()
        if self._tally.unit and self._tally.done > self._printed:
            self._print()
        self._tally.unit = ""

    def line(self) -> str:
        """The line as it stands."""
        return self._tally.line

    def _draw(self) -> None:
        """Have the plot show the best so far, where there is a live view that has one."""
        best = self._tally.best
        if self._live is not None and best is not None and self._draws_braille:
            from . import character_plot  # which loads torch

            self._plot = character_plot.curve(best.expression, PLOT_COLUMNS, PLOT_ROWS)

    @property
    def _draws_braille(self) -> bool:
        return self._console.encoding.lower().startswith("utf")

    def _view(self) -> Text:
        """The live view as it is now; called in its thread."""
        size = self._console.size
        return view(
            self._tally, self._plot, size.width, size.height, ascii=not self._draws_braille
        )

    def _leave_line_if_due(self) -> None:
        if self._live is None and time.monotonic() - self._shown >= LINE_EVERY:
            self._print()

    def _print(self) -> None:
        """Leave the line as it stands."""
        self._shown, self._printed = time.monotonic(), self._tally.done
        self._say(self.line())

    def _say(self, text: str) -> None:
        """A line; broken between words where a terminal would break it anywhere."""
        broken = self._console.is_terminal
        self._console.print(printable(text), markup=False, soft_wrap=not broken)
