"""How good what a search on a table recommends is: regrets, read by seeds that it never saw.

The best of the table is named by seeds, and it and what is recommended are read by others
(evaluators/tables/tabular.py), so a small regret can be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actsearch.evaluators import ScoreTable
from actsearch.evaluators.tables.tabular import naming_seeds, read_accuracy, reading_seeds

FINALISTS = 5  # that are trained again, the default of a search
TOP = 0.025  # of a table that counts as its best
NOISIEST = 100  # candidates that the noise of a run is taken from, the best


class Judge:
    """Regrets on a table, for searches that see one of its seeds."""

    def __init__(self, table: ScoreTable, seen: int) -> None:
        self._table = table
        self.readings = {  # accuracy by the seeds that read
            text: read_accuracy(table, text, reading_seeds(list(curves), seen))
            for text, curves in table.rows.items()
        }
        self._namings = {  # accuracy by the seeds that name, of those that have any
            text: read_accuracy(table, text, naming_seeds(list(curves)))
            for text, curves in table.rows.items()
            if naming_seeds(list(curves))
        }
        self._order = sorted(self.readings, key=lambda text: -self.readings[text])
        most = max(map(len, table.rows.values()))
        named = [text for text in self._namings if len(table.rows[text]) == most]
        best = max(named, key=lambda text: self._namings[text], default=self._order[0])
        self._best = self.readings[best]
        self._best_seeds = len(reading_seeds(list(table.rows[best]), seen))

    @property
    def floor(self) -> float:
        """The standard error of the best one's reading, in points: below it nothing is told."""
        deviations = [
            np.std([self._table.accuracy(t, s) or 0.0 for s in self._table.rows[t]], ddof=1)
            for t in self._order[:NOISIEST]
        ]
        return float(100 * np.median(deviations) / np.sqrt(self._best_seeds))

    @property
    def top(self) -> set[str]:
        """The best TOP of the table by the seeds that read."""
        return {*self._order[: max(1, round(TOP * len(self._order)))]}

    def confirmed(self, finalists: Sequence[str]) -> str:
        """The finalist that is best by the seeds that name; the first where none has any."""
        named = [text for text in finalists if text in self._namings]
        return max(named, key=lambda text: self._namings[text], default=finalists[0])

    def regrets(self, leaders: Sequence[str]) -> tuple[float, float]:
        """Regrets in points of accuracy: of the leaderboard's first, and of the finalist that a
        confirmation prefers."""
        confirmed = self.confirmed(leaders[:FINALISTS])
        first, second = (self.readings[text] for text in (leaders[0], confirmed))
        return 100 * (self._best - first), 100 * (self._best - second)


@dataclass(frozen=True, slots=True)
class Course:
    """One search after each of so many candidates: the two regrets (`Judge.regrets`), and the
    share of the table's best that it has trained by then."""

    first: Sequence[float]
    confirmed: Sequence[float]
    shares: Sequence[float]
