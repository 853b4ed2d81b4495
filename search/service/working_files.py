"""The files of this directory that a search on a cluster needs: the user's modules, and TOML."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...space.scratch import scratch_folder
from ..errors import InvalidSetting

LARGEST = 16 * 1024 * 1024  # bytes in all; source code is far smaller
_KINDS = (".py", ".toml")


@contextmanager
def working_files(words: list[str]) -> Iterator[Path | None]:
    """A folder with the modules and TOML files of the working directory, if a command line names
    a module (`--evaluator mine:evaluator`) or a TOML file; else None.

    Raises InvalidSetting for a TOML file elsewhere, or where there is too much.
    """
    values = [word.partition("=")[2] if word.startswith("--") else word for word in words]
    tables = [value for value in values if value.endswith(".toml")]
    modules = [value for value in values if ":" in value and "=" not in value]
    if not tables and not modules:
        yield None
        return
    here = Path.cwd()
    for table in tables:
        if not (here / table).resolve().is_relative_to(here.resolve()):
            raise InvalidSetting(
                f"{table} is not below {here}, of which the cluster gets the files: copy it here"
            )
    with scratch_folder() as folder:
        size = 0
        for path in _files(here):
            size += path.stat().st_size
            if size > LARGEST:
                raise InvalidSetting(
                    f"the .py and .toml files below {here} have more than {LARGEST:,} bytes: "
                    f"submit from a directory with those alone that the search needs"
                )
            copy = folder / path.relative_to(here)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        yield folder


def _files(here: Path) -> Iterator[Path]:
    """Source and TOML files below a directory; not in hidden folders or virtual environments."""
    for parent, folders, names in os.walk(here):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not (Path(parent) / name / "pyvenv.cfg").exists()
        ]
        yield from (Path(parent) / name for name in names if Path(name).suffix in _KINDS)
