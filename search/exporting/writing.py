"""Exported files on their way to the disk: none over another's, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..errors import NameTaken


def check_free(folder: Path, names: Iterable[str]) -> None:
    """Raise NameTaken if the folder holds a file, or a folder, of one of the names."""
    for name in names:
        if os.path.lexists(folder / name):
            raise _taken(folder / name)


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write the files, none of which may exist; what stops it half-way (a full disk, Ctrl-C) finds
    them and the folders made for them removed, and nothing else."""
    made: list[Path] = []
    written: list[Path] = []
    try:
        for name, content in files.items():
            path = folder / name
            made += [p for p in path.parents if not p.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            with new_file(path) as file:
                written.append(path)
                file.write(content.encode() if isinstance(content, str) else content)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        for path in sorted(made, key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError):  # it was not made yet, or somebody else put something there
                path.rmdir()
        raise


def new_file(path: Path) -> IO[bytes]:
    """The file, opened for writing; raises NameTaken where there is one."""
    try:
        return path.open("xb")
    except FileExistsError:
        raise _taken(path) from None


def _taken(path: Path) -> NameTaken:
    return NameTaken(f"{path} exists: choose another --output, or remove it")
