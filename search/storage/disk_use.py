"""Size of a search on disk: its folder, and the pictures and records of its candidates."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LARGE = 100 * 2**20  # bytes of pictures and records, of 1,600 candidates: 45 took 2.8 MiB
# SQLite's, beside a database that is open: they go when the last process closes it.
_PASSING = ("-wal", "-shm")
_BLOCK = 512  # bytes, the unit of st_blocks whatever the file system's own is


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes on disk. folder: the study, confirmation and export; shown: what MLflow's UI shows,
    but for its rows in the home's one database (10 kB a candidate); 0 where that is a server's."""

    folder: int
    shown: int

    @staticmethod
    def of(folder: Path, artifacts: Path | None) -> DiskUse:
        return DiskUse(size_of(folder), 0 if artifacts is None else size_of(artifacts))

    @property
    def text(self) -> str:
        """Both in one phrase."""
        shown = f" and {_mib(self.shown)} of pictures and records" if self.shown else ""
        return f"{_mib(self.folder)}{shown}"


def size_of(folder: Path) -> int:
    """Bytes that a folder takes and keeps, links not followed; 0 for one that is not there."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in ("", *(file for file in files if not file.endswith(_PASSING))):
            with suppress(FileNotFoundError):  # gone meanwhile: it takes nothing
                total += _BLOCK * (Path(place) / name).lstat().st_blocks
    return total


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
