"""The progress of a search in a notebook: one output of a cell, shown anew as results come in."""

from __future__ import annotations

import html
import sys
import time
from typing import Any

from ...space.printable import printable
from ..storage.trial import Trial
from .tally import Tally

EVERY = 0.5  # seconds between two showings
JOBS = 8  # that are listed


def in_notebook() -> bool:
    """Whether this program is the kernel of a notebook."""
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    return hasattr(shell, "kernel")


class NotebookProgress(Tally):
    """A reporter for people in notebooks."""

    def __init__(self) -> None:
        super().__init__()
        self._handle: Any = None  # IPython's, of the output that is shown anew
        self._shown = 0.0
        self._stages: list[str] = []
        self._picture = ""

    def stage(self, text: str) -> None:
        self._stages.append(text)
        self._show()

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None:
        super().begin(done, total, unit, best)
        self._draw()
        self._show()

    def candidate(self, trial: Trial) -> None:
        before = self.best
        super().candidate(trial)
        if self.best is not before:
            self._draw()

    def advance(self, done: int) -> None:
        super().advance(done)
        self._show_if_due()

    def expect(self, left: float | None, later: float | None = None) -> None:
        super().expect(left, later)
        self._show_if_due()

    def end(self) -> None:
        if self.unit:
            self.settle()
            self._stages.append(self.line)
            self.unit = ""
        self._show()

    def page(self) -> str:
        """The HTML that is shown now."""
        lines = [f"<div>{_escaped(stage)}</div>" for stage in self._stages]
        if self.unit:
            lines.append(
                f'<div><progress value="{self.done}" max="{self.total}" style="width:24em">'
                f"</progress> {_escaped(self.line)}</div>"
            )
        jobs = list(self.jobs.values())
        for job in jobs[:JOBS]:
            formulas = ", ".join(job.job.expressions[index] for index in job.live)
            lines.append(
                f"<div>epoch {job.epoch} of {job.job.recipe.epochs}: "
                f"<code>{_escaped(formulas)}</code></div>"
            )
        if len(jobs) > JOBS:
            lines.append(f"<div>… and {len(jobs) - JOBS} more jobs</div>")
        return f"<div>{''.join(lines)}{self._picture}</div>"

    def _draw(self) -> None:
        """Have the picture show the best so far."""
        from ...space.expressions.parser import parse_stored
        from ...space.expressions.picture import as_svg

        if self.best is not None:
            self._picture = as_svg(parse_stored(self.best.expression))

    def _show_if_due(self) -> None:
        if time.monotonic() - self._shown >= EVERY:
            self._show()

    def _show(self) -> None:
        from IPython.display import HTML, display

        self._shown = time.monotonic()
        page = HTML(self.page())
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)


def _escaped(text: str) -> str:
    return html.escape(printable(text))
