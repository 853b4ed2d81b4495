"""Reads the trials of a study's file; what has ended is read and decoded once.

Loads neither torch nor SQLAlchemy: lists of searches and leaderboards read through here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from optuna.trial import FrozenTrial

from ..errors import HomeUnusable
from . import study_file
from .rows import REPORTED, TABLES, read_rows
from .trial import Trial
from .trial_codec import trial_of

_NONE = 2**63 - 1  # the row after which there is none
_FOREIGN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def read_trials(folder: Path) -> list[Trial]:
    """Every trial of a search's study, in order, also while a driver is writing it.

    Raises HomeUnusable for a study that is missing, empty or damaged.
    """
    path = folder / study_file.FILE
    study_file.check_is_made(folder)
    try:
        with study_file.readable(path) as file:
            reader = TrialReader(file, study_file.study_id(file, path), REPORTED)
            reader.update()
    except sqlite3.Error as error:
        raise study_file.unusable(path, error) from error
    return reader.trials


class TrialReader:
    """The trials of one study. A file is looked at by `update`, and between two of them nothing
    changes; of what has ended only the decoded form is kept.

    Raises HomeUnusable for rows that are none of ours, and sqlite3's errors.
    """

    def __init__(self, path: Path, study: int, tables: Collection[str] = TABLES) -> None:
        """tables: which parts of a trial are read, at least REPORTED."""
        self._path, self._study, self._tables = path, study, tables
        self._trials: dict[int, Trial] = {}  # by number
        self._rows: dict[int, int] = {}  # by number
        self._last = 0  # the last row
        self.unfinished: dict[int, FrozenTrial] = {}  # by row

    @property
    def trials(self) -> list[Trial]:
        """Every trial, in order."""
        return [self._trials[number] for number in sorted(self._trials)]

    def row(self, number: int) -> int:
        """The row of a trial."""
        return self._rows[number]

    def update(self) -> dict[int, FrozenTrial]:
        """Read what is new, and what had not ended; the first time that is all. By row."""
        trials = self._read(self._last, self.unfinished)
        self.unfinished = {
            row: trial for row, trial in trials.items() if not trial.state.is_finished()
        }
        self._last = max(self._last, *trials, 0)
        return trials

    def read_again(self, row: int) -> FrozenTrial:
        """One trial as it is now."""
        trial = self._read(_NONE, [row])[row]
        if trial.state.is_finished():
            self.unfinished.pop(row, None)
        return trial

    def _read(self, after: int, also: Collection[int]) -> dict[int, FrozenTrial]:
        with closing(sqlite3.connect(self._path, timeout=study_file.LONGEST_LOCKED)) as file:
            try:
                trials = read_rows(file, self._study, after, also, self._tables)
                self._trials |= {trial.number: trial_of(trial) for trial in trials.values()}
            except _FOREIGN as error:
                raise HomeUnusable(
                    f"the study holds what no version of actsearch writes ({error!r}): restore "
                    f"study.db from a copy"
                ) from error
        self._rows |= {trial.number: row for row, trial in trials.items()}
        return trials
