"""The database of a study: made whole or not at all, opened for one writer, its errors in words.

Write-ahead logging lets readers work beside the writer, and `synchronous=NORMAL` loses at most the
last commits in a power cut, never the file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage

from ...mlflow.uris import sqlite_uri
from ..strategies.objectives import OBJECTIVES
from ..strategies.quiet import quiet
from . import study_file
from .setting_rules import ACCURACY
from .usable import usable

_CONNECT = {"connect_args": {"timeout": study_file.LONGEST_LOCKED}}


def make_study(folder: Path, objectives: Sequence[str] = ACCURACY) -> None:
    """Make the study of a new search, whole or not at all, in place of one that was never used.

    Whatever the objectives, it maximises accuracy: Optuna lets no trial of several directions
    report its rungs. A candidate's cost is an attribute of its trial, which is what strategies
    that search the front read (search/strategies/objectives.py).
    """
    partial = folder / study_file.PARTIAL
    with usable(folder):
        study_file.remove(folder)
    with sqlite_errors(partial, again="try again"):
        storage = RDBStorage(sqlite_uri(partial), _CONNECT)
        try:
            with quiet():
                study = optuna.create_study(
                    storage=storage, study_name=study_file.NAME, direction="maximize"
                )
                if tuple(objectives) != ACCURACY:
                    study.set_user_attr(OBJECTIVES, list(objectives))
        finally:
            storage.remove_session()
            storage.engine.dispose()
    with usable(folder):
        os.replace(partial, folder / study_file.FILE)


def opened(path: Path) -> RDBStorage:
    """A study's storage, opened for its one writer; raises HomeUnusable for another version's."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    try:
        storage = RDBStorage(sqlite_uri(path), _CONNECT)
    except (RuntimeError, AssertionError) as error:  # Optuna's check of its tables' version
        raise study_file.of_another_version(path, error) from error

    @sqlalchemy.event.listens_for(storage.engine, "connect")
    def relax(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    storage.engine.dispose()  # the connection that made the tables has not seen the pragma
    return storage


@contextmanager
def sqlite_errors(path: Path, again: str = study_file.GO_ON) -> Iterator[None]:
    """Turn SQLite's errors of a full, read-only, held or damaged file into HomeUnusable.

    again: how to go on when it is mended.
    """
    try:
        yield
    except (
        sqlite3.Error,
        sqlalchemy.exc.SQLAlchemyError,
        optuna.exceptions.StorageInternalError,
    ) as error:
        cause = error.__cause__ or error
        raise study_file.unusable(path, getattr(cause, "orig", None) or cause, again) from error
