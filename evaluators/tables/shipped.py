"""The tables shipped with the package, and those in files, by the name `--evaluator` takes."""

from __future__ import annotations

from pathlib import Path

from ...space import UnknownNameError
from .score_table import ScoreTable, read_table

FOLDER = Path(__file__).parent / "data"
SUFFIX = "-table"
ENDING = ".jsonl"
# What a prior is made of unless told. The other tables judge strategies, or are what these are
# tuned on: a prior that had seen them would know the answers.
TEACHING = ("core-1-table",)


def is_table(name: str) -> bool:
    """Whether a name means a table: `core-1-table`, or a file `mine.jsonl`."""
    return name.endswith((SUFFIX, ENDING)) and ":" not in name


def lasting_name(name: str) -> str:
    """The name under which a table is found from any working folder: of a file its whole path."""
    return str(Path(name).absolute()) if name.endswith(ENDING) else name


def shipped_tables() -> list[str]:
    """The names of the tables shipped, as `--evaluator` takes them."""
    return [f"{path.stem}{SUFFIX}" for path in sorted(FOLDER.glob(f"*{ENDING}"))]


def table_from_name(name: str) -> ScoreTable:
    """The table of a name; raises UnknownNameError or TableError."""
    if name.endswith(ENDING):
        return read_table(Path(name))
    if name not in shipped_tables():
        raise UnknownNameError("table", name, shipped_tables())
    return read_table(FOLDER / f"{name.removesuffix(SUFFIX)}{ENDING}")
