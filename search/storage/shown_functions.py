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
from typing import Protocol

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as validated

from .stored_lines import append_to, read_lines, write_lines
from .usable import usable

NAME = "test-sets.jsonl"


@validated(frozen=True, slots=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Showing:
    """One opening of a test set: when, from which folder, for which functions.

    test_set: what tells a user's own test data from others of the data set's name; empty where
    nothing does, as in lines of before it was recorded.
    """

    at: str  # ISO time, UTC
    folder: str  # of the confirmation, below the home
    dataset: str
    functions: tuple[str, ...]
    test_set: str = ""


_SHOWING = TypeAdapter(Showing)


class HasTestSet(Protocol):
    """An opening, in the home's record or in a confirmation's."""

    @property
    def dataset(self) -> str: ...

    @property
    def test_set(self) -> str: ...


def may_be_one(first: HasTestSet, second: HasTestSet) -> bool:
    """Whether two openings may have been of one test set: nothing tells them apart."""
    apart = first.test_set and second.test_set and first.test_set != second.test_set
    return first.dataset == second.dataset and not apart


@dataclass(frozen=True, slots=True)
class ShownFunctions:
    """The record of one home."""

    home: Path

    def read(self) -> list[Showing]:
        """Every opening, the oldest first. Raises HomeUnusable for a damaged line."""
        return self._read()[0]

    def add(self, showing: Showing) -> tuple[int, int]:
        """Record an opening before it happens.

        Returns how often that test set was opened before, and how many functions it had been
        shown, each as often as it was; of several processes one goes after the other.
        """
        with usable(self.home), append_to(self.home / NAME) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            showings, whole = self._read()
            fields = _SHOWING.dump_python(showing, exclude_defaults=True)
            line = json.dumps(fields) + "\n"
            write_lines(file, whole, line.encode())
        before = [s for s in showings if may_be_one(s, showing)]
        return len(before), sum(len(s.functions) for s in before)

    def _read(self) -> tuple[list[Showing], int]:
        """Every opening, and the bytes of their lines."""
        advice = "delete that line, which forgets the functions it names"
        showings: list[Showing] = []
        whole = read_lines(self.home / NAME, _SHOWING, showings.append, advice)
        return showings, whole
