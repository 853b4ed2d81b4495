"""The candidates that `delete --keep-best` left a run in MLflow; the others are not written again.

HOME/searches/NAME/kept.json: {"before": trials that there were, "kept": numbers of those left}
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from ...space.bounded_input import from_json, read_bounded
from ..errors import HomeUnusable
from .usable import refuse_special, usable

FILE = "kept.json"
SIZE = 16 * 1024 * 1024  # bytes of it; a million numbers have 8 MB


@dataclass(frozen=True, slots=True)
class KeptRuns:
    """Trials that have a run in MLflow.

    before: trials from this number on came later, and all have one. kept: the earlier ones that
    still have theirs.
    """

    before: int = 0
    kept: frozenset[int] = frozenset()

    def shows(self, number: int) -> bool:
        """Whether a trial is to have a run."""
        return number >= self.before or number in self.kept

    def and_also(self, numbers: Iterable[int]) -> KeptRuns:
        """These, and further ones."""
        return KeptRuns(self.before, self.kept | {n for n in numbers if n < self.before})

    def save(self, folder: Path) -> None:
        """Write the record whole or not at all."""
        partial = folder / f"{FILE}.partial"
        content = {"before": self.before, "kept": sorted(self.kept)}
        with usable(folder):
            partial.unlink(missing_ok=True)  # of a kill, or a symbolic link
            with partial.open("x", encoding="utf-8") as file:
                file.write(json.dumps(content) + "\n")
            os.replace(partial, folder / FILE)

    @staticmethod
    def load(folder: Path) -> KeptRuns:
        """Read the record in a search's folder; without a file, every trial is shown. Raises
        HomeUnusable where it cannot be read."""
        path = folder / FILE
        if not os.path.lexists(path):
            return KeptRuns()
        refuse_special(path)
        try:
            content = from_json(read_bounded(path, SIZE))
            before, kept = content["before"], content["kept"]
            if not _are_numbers([before, *kept]):
                raise ValueError("it holds what is no number of a trial")
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise HomeUnusable(
                f"{path} is damaged ({error}): remove it, and `actsearch sync {folder.name}` "
                f"shows every candidate in MLflow again"
            ) from error
        return KeptRuns(before, frozenset(kept))


def _are_numbers(values: Collection[object]) -> bool:
    return all(type(value) is int and value >= 0 for value in values)
