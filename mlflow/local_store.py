"""A home's own MLflow store: made aside and put in place whole, made anew where it is not.

A kill or a full disk while MLflow makes its tables leaves a file that it can neither use nor
mend, and processes that make them at once spoil each other's. The store is a projection of the
searches in the home, so nothing is lost with it: `actsearch sync` fills a new one.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from .uris import sqlite_uri

LONGEST_MAKING = 120.0  # seconds; 2 to 6 are usual
LONGEST_LOCKED = 20.0  # seconds to wait for another process's lock on a store, as MLflow does
BESIDE = ("", "-wal", "-shm", "-journal")  # a database, and the files that SQLite keeps with it

log = logging.getLogger(__name__)


def make_home(home: Path) -> None:
    """Make a home that is not there, for its owner alone: it may come to hold secrets."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_whole(database: Path) -> None:
    """Make a store that is not there, and anew one that is not whole, which is kept aside.

    Raises OSError or sqlite3.Error where the home cannot be written, is full, or is locked.
    """
    make_home(database.parent)
    if database.is_file() and _defect(database) is None:
        return
    with _alone(database):
        defect = _defect(database) if database.exists() else None
        if database.exists() and defect is None:  # another process has made it meanwhile
            return
        aside = database.with_name(f"{database.name}.making")
        try:
            _make(aside)
            if defect is not None:
                log.warning(
                    "the MLflow store %s is not whole (%s): kept as %s and made anew; write each "
                    "search into it with `actsearch sync NAME`",
                    database,
                    defect,
                    _put_away(database).name,
                )
            _remove(database, BESIDE[1:])  # SQLite would take an old log for this store's
            os.replace(aside, database)
            _flush(database.parent)
            _forget(database)
        finally:
            _remove(aside)


def _defect(database: Path) -> str | None:
    """The defect of a store that cannot be used as it is; None if it has none."""
    if not database.is_file():
        return "it is not a file"
    try:
        with closing(sqlite3.connect(database, timeout=LONGEST_LOCKED)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if "alembic_version" not in tables:
                return "it has no tables of MLflow"
            revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            damages = [str(text) for (text,) in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.OperationalError:  # locked, not allowed, no room: nothing is known of it
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    if damages != ["ok"]:
        return damages[0].splitlines()[-1][:200]
    needed, revision = _schema()
    if missing := sorted(needed - tables):
        return f"{len(missing)} tables are missing, {missing[0]} among them"
    if revisions != [(revision,)]:
        return f"its revision is not {revision}, that of this MLflow"
    return None


def _schema() -> tuple[set[str], str]:
    """The tables and the revision that MLflow itself looks for when it opens a store (3.17)."""
    from mlflow.store.db import utils
    from mlflow.store.db.base_sql_model import Base

    return set(Base.metadata.tables), utils._get_latest_schema_revision()


def _make(path: Path) -> None:
    """A new store in one file, complete and on the disk."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    _remove(path)  # what a killed process left
    with closing(sqlite3.connect(path)) as connection:
        # Whoever is killed begins anew: nothing needs to be safe before the end. Kept in the
        # file, write-ahead logging lets the UI read while a search writes, and halves writes.
        connection.execute("PRAGMA journal_mode=WAL")
    uri = sqlite_uri(path)
    store = SqlAlchemyStore(uri, (path.parent / "artifacts").as_uri())
    store.engine.dispose()
    SqlAlchemyStore._engine_map.pop(uri, None)  # its file is about to have another name
    with closing(sqlite3.connect(path)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError(f"{path} is in use by another process")
    _flush(path)


def _forget(database: Path) -> None:
    """Have MLflow open a store's file again: it keeps connections to the one that was there."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    engine = SqlAlchemyStore._engine_map.get(sqlite_uri(database))
    if engine is not None:
        engine.dispose()


def _put_away(database: Path) -> Path:
    """Give a store another name, with the files beside it; returns it."""
    name = next(n for i in count(1) if not (n := Path(f"{database}.unusable-{i}")).exists())
    for suffix in BESIDE:
        if os.path.lexists(f"{database}{suffix}"):
            os.rename(f"{database}{suffix}", f"{name}{suffix}")
    return name


def _remove(path: Path, suffixes: tuple[str, ...] = BESIDE) -> None:
    for suffix in suffixes:
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Have a file, or a folder's names, written to the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold the making of a store as the only process; the kernel ends it with the process."""
    give_up = time.monotonic() + LONGEST_MAKING
    handle = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise OSError(
                        error.errno, f"{os.strerror(error.errno or 0)}: no lock on {database}.lock"
                    ) from error
                if time.monotonic() > give_up:
                    raise TimeoutError(
                        f"another process has been making {database} for {LONGEST_MAKING:.0f} s"
                    ) from error
            time.sleep(0.1)
        yield
    finally:
        os.close(handle)
