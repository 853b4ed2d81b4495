"""The end of a search: its trials, its confirmation, its best; shown as tables and pictures."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..space.counted import counted
from ..space.printable import printable
from .confirmation.comparison import Confirmation
from .engine.driver import Timings
from .exporting.module_file import Exported
from .exporting.winner import Best
from .storage.config import SearchConfig
from .storage.trial import Trial, entered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Outcome:
    """The end of a search; a notebook shows it as its verdict, its best and its tables.

    exhausted, timed_out: whether the space, or the time limit, ended it before its budget did.
    shown: whether all of it is in MLflow; else `sync` writes it.
    """

    config: SearchConfig
    folder: Path
    trials: list[Trial]
    confirmation: Confirmation | None
    best: Best | None
    exported: Exported | None
    exhausted: bool
    timed_out: bool
    shown: bool
    timings: Timings

    def gallery(self, path: str | Path) -> Path:
        """Write the page of its candidates to a file (`actsearch gallery`); the file's path."""
        from .gallery.page import write_gallery

        return write_gallery(self.folder, Path(path))

    def plot(self, axes: Axes | None = None) -> Axes:
        """Accuracies by trial and the best so far, on matplotlib's axes."""
        from .reports.outcome_display import plot

        return plot(self.trials, axes)

    def to_pandas(self) -> DataFrame:
        """The leaderboard as a pandas DataFrame, the best candidate first."""
        from .reports.outcome_display import to_pandas

        return to_pandas(self.config, self.trials)

    def __repr__(self) -> str:
        best = "no candidate with a score" if self.best is None else f"best {self.best.summary}"
        count = counted(entered(self.trials), "candidate")
        return f"<Outcome of '{self.config.name}': {count}, {best}>"

    def _repr_html_(self) -> str:
        """The best with its picture, the leaderboard and the confirmation, for notebooks."""
        from .reports.outcome_display import leaderboard_html

        parts = [f"<h4>search {html.escape(printable(self.config.name))}</h4>"]
        if self.best is not None:
            parts.append(self.best._repr_html_())
        if self.confirmation is not None:
            parts.append(self.confirmation._repr_html_())
        parts.append(leaderboard_html(self.config, self.trials))
        return f"<div>{''.join(parts)}</div>"
