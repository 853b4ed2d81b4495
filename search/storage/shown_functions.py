"""The record of every function that was ever shown a test set, one file for a home.

HOME/test-sets.jsonl has a JSON object a line. Verdicts are corrected over all of them: who tries
twenty functions on one test set, one at a time, finds a winner by luck as surely as who tries them
at once. Deleting a search does not take back what its test set has shown, so the file stays.
"""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as validated

from .home import usable
from .stored_lines import append_to, read_lines, write_lines

NAME = "test-sets.jsonl"


@validated(frozen=True, slots=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Showing:
    """One opening of a test set: when, from which folder, for which functions.

    dataset: the data set's name; behind it, after a space, what tells a user's own test data from
    others. Without that it stands for all of the name.
    """

    at: str  # ISO time, UTC
    folder: str  # of the confirmation, below the home
    dataset: str
    functions: tuple[str, ...]


_SHOWING = TypeAdapter(Showing)


def stands_for(name: str, test_set: str) -> bool:
    """Whether a name on record is that of a test set, or of all that it may be one of."""
    return f"{test_set} ".startswith(f"{name} ")


@dataclass(frozen=True, slots=True)
class ShownFunctions:
    """The record of one home."""

    home: Path

    def read(self) -> list[Showing]:
        """Every opening, the oldest first. Raises HomeUnusable for a damaged line."""
        return self._read()[0]

    def add(self, showing: Showing) -> tuple[int, int]:
        """Record an opening before it happens.

        Returns how often that test set was opened before, and how many functions other than
        these it had been shown; of several processes one goes after the other.
        """
        with usable(self.home), append_to(self.home / NAME) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            showings, whole = self._read()
            line = json.dumps(_SHOWING.dump_python(showing)) + "\n"
            write_lines(file, whole, line.encode())
        before = [s for s in showings if stands_for(s.dataset, showing.dataset)]
        others = {function for s in before for function in s.functions} - set(showing.functions)
        return len(before), len(others)

    def _read(self) -> tuple[list[Showing], int]:
        """Every opening, and the bytes of their lines."""
        advice = "delete that line, which forgets the functions it names"
        showings: list[Showing] = []
        whole = read_lines(self.home / NAME, _SHOWING, showings.append, advice)
        return showings, whole
