"""The prior of a search: the tables and searches that its strategy learns from before it begins.

They are stored as NAME@CHECKSUM of their scores: proposals follow from them, so a search goes on
only with those it was begun with, and keeps a copy of them in its folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..evaluators.tables.score_table import ScoreTable, read_table
from ..evaluators.tables.shipped import TEACHING, is_table, lasting_name, table_from_name
from ..space.printable import shown
from .errors import InvalidSetting
from .storage.home import PRIOR, Home
from .storage.usable import usable
from .strategies.registry import strategy_class
from .table import table_of

NONE = "none"


def prior_of(
    home: Home, prior: str | Sequence[str] | None, strategy: str, evaluator: str
) -> tuple[str, ...]:
    """The stored form of a prior: of `none`, of names of tables and searches, or by default of
    the shipped tables that teach, but for one that is the evaluator itself.

    Raises InvalidSetting for a strategy that takes none, or `none` beside others; and where a name
    leads to no table or search.
    """
    takes = takes_prior(strategy)
    if prior is None:
        names = default_names(strategy, evaluator)
    else:
        names = [prior] if isinstance(prior, str) else list(prior)
        if not names or not all(isinstance(name, str) for name in names):
            raise InvalidSetting(
                f"prior must be none, or names of tables and searches, but got {shown(prior)}"
            )
        if NONE in names and len(names) > 1:
            raise InvalidSetting(f"prior none stands alone, but got {' '.join(names)}")
        names = [name for name in names if name != NONE]
        if names and not takes:
            raise InvalidSetting(
                f"strategy {strategy} takes no prior, but got {' '.join(names)}: use --strategy "
                f"surrogate, or leave --prior out"
            )
    return tuple(f"{lasting_name(name)}@{_table(home, name).checksum}" for name in names)


def default_names(strategy: str, evaluator: str) -> list[str]:
    """The shipped tables that a strategy learns from by default."""
    return [name for name in TEACHING if name != evaluator] if takes_prior(strategy) else []


def takes_prior(strategy: str) -> bool:
    """Whether a strategy learns from a prior."""
    return bool(getattr(strategy_class(strategy), "takes_prior", False))


def names_of(prior: Sequence[str]) -> list[str]:
    """The names in a stored prior."""
    return [entry.rpartition("@")[0] for entry in prior]


def tables_now(home: Home, prior: Sequence[str]) -> tuple[list[ScoreTable], tuple[str, ...]]:
    """The tables that a stored prior's names lead to now, and how these are stored: a new search
    takes a search that still trains as far as that has come when it begins."""
    names = names_of(prior)
    tables = [_table(home, name) for name in names]
    stored = (f"{name}@{t.checksum}" for name, t in zip(names, tables, strict=True))
    return tables, tuple(stored)


def tables_of(home: Home, prior: Sequence[str], folder: Path) -> list[ScoreTable]:
    """The tables of a stored prior: the copies in a search's folder, or else what their names lead
    to. Raises InvalidSetting where one has changed."""
    tables = []
    for name, entry in zip(names_of(prior), prior, strict=True):
        copy = folder / _file_name(entry.rpartition("@")[2])
        table = read_table(copy) if copy.is_file() else _table(home, name)
        if f"{name}@{table.checksum}" != entry:
            raise InvalidSetting(
                f"the search was begun with the prior {entry}, but {name} has other scores by now "
                f"({table.checksum}), and would propose others: restore it, or start a new search"
            )
        tables.append(table)
    return tables


def keep(tables: Sequence[ScoreTable], folder: Path) -> None:
    """Copy them into a search's folder, whatever becomes of what their names lead to."""
    with usable(folder):
        for table in tables:
            table.save(folder / _file_name(table.checksum))


def _file_name(checksum: str) -> str:
    return f"{PRIOR}{checksum}.jsonl"


def about(tables: Sequence[ScoreTable], space: str) -> str:
    """One line about a search's prior: its tables, and whether the search's space is in them."""
    listed = ", ".join(
        f"{table.name} ({len(table.rows):,} candidates of {table.space} by {table.recipe.label})"
        for table in tables
    )
    known = [table.name for table in tables if table.space == space]
    within = (
        f"; {space} itself is in it: proposals partly look up what was trained there"
        if known
        else ""
    )
    return f"prior: {listed}{within}"


def _table(home: Home, name: str) -> ScoreTable:
    return table_from_name(name) if is_table(name) else table_of(home, [name], name)
