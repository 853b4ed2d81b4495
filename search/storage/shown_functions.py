"""The record of every function that was ever shown a test set, one file for a home.

HOME/test-sets.jsonl has a JSON object a line. Verdicts are corrected over all of them: who tries
twenty functions on one test set, one at a time, finds a winner by luck as surely as who tries them
at once. Deleting a search does not take back what its test set has shown, so the file stays.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated

from ..errors import HomeUnusable
from .home import usable
from .validation import mistakes

NAME = "test-sets.jsonl"


@validated(frozen=True, slots=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Showing:
    """One opening of a data set's test set: when, from which folder, for which functions."""

    at: str  # ISO time, UTC
    folder: str  # of the confirmation, below the home
    dataset: str
    functions: tuple[str, ...]


_SHOWING = TypeAdapter(Showing)


@dataclass(frozen=True, slots=True)
class ShownFunctions:
    """The record of one home."""

    home: Path

    def read(self) -> list[Showing]:
        """Every opening, the oldest first. Raises HomeUnusable for a damaged line."""
        path = self.home / NAME
        if not path.is_file():
            return []
        with usable(self.home):
            data = path.read_bytes()
        showings = []
        for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), 1):
            try:
                showings.append(_SHOWING.validate_json(line))
            except ValidationError as error:
                raise HomeUnusable(
                    f"{path}, line {number} is damaged ({mistakes(error)}): restore it from a "
                    f"copy, or delete that line, which forgets the functions it names"
                ) from error
        return showings

    def add(self, showing: Showing) -> tuple[int, int]:
        """Record an opening before it happens.

        Returns how often that test set was opened before, and how many functions other than
        these it had been shown; of several processes one goes after the other.
        """
        with usable(self.home), open(self.home / NAME, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = [s for s in self.read() if s.dataset == showing.dataset]
            file.truncate(self._whole())  # a line torn by a kill or a full disk
            line = json.dumps(_SHOWING.dump_python(showing)) + "\n"
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        others = {function for s in before for function in s.functions} - set(showing.functions)
        return len(before), len(others)

    def _whole(self) -> int:
        """Bytes up to the last whole line."""
        return (self.home / NAME).read_bytes().rfind(b"\n") + 1
