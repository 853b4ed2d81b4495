"""The file of a study: whether it is there and whole, and what is said where it is not."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ...space.scratch import scratch_folder
from ..errors import HomeUnusable

FILE = "study.db"
PARTIAL = f"{FILE}.partial"  # while it is made
NAME = "search"  # of the one study in the file; the folder carries the search's name
LONGEST_LOCKED = 60.0  # seconds to wait for another connection's lock

BESIDE = ("-wal", "-shm", "-journal")  # the files that SQLite keeps with a database
GO_ON = "go on with --resume"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_ADVICE = {  # by SQLite's primary error code
    sqlite3.SQLITE_FULL: "the disk or a quota is full: make room and {again}",
    sqlite3.SQLITE_IOERR: "the disk or a quota is full, or it fails: make room and {again}",
    sqlite3.SQLITE_READONLY: (
        "the file or its folder is read-only: allow writing in both and {again}, or copy the home "
        "to where you may write"
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "SQLite opens a file that you may read and write, in a folder that you may write in: "
        "change that and {again}, or copy the home to where you may write"
    ),
    sqlite3.SQLITE_BUSY: (
        f"another process has held it for {LONGEST_LOCKED:.0f} s: end what has it open, then "
        f"{{again}}"
    ),
    sqlite3.SQLITE_LOCKED: "another connection holds it: end what has it open and {again}",
}


def check(folder: Path) -> None:
    """Raise HomeUnusable unless a search's study is there, and whole to its last page."""
    path = folder / FILE
    check_is_made(folder)
    try:
        with closing(_connect(path)) as connection:
            damages = [str(text) for (text,) in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    if damages != ["ok"]:
        raise damaged(path, f"is damaged ({damages[0].splitlines()[-1][:200]})")


def check_is_made(folder: Path) -> None:
    """Raise HomeUnusable unless a search's folder has a file with a study in it."""
    path = folder / FILE
    if not os.path.lexists(path):
        raise damaged(path, "is missing")
    if not path.is_file():
        raise damaged(
            path, "is a folder where a file should be" if path.is_dir() else "is no file"
        )
    try:
        with readable(path) as file:
            made = (
                file.stat().st_size > 0 and _count(file, "studies", f"study_name = '{NAME}'") > 0
            )
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    if not made:
        raise damaged(path, "is empty")


def study_id(file: Path, path: Path) -> int:
    """The number of the one study of a file; raises HomeUnusable where that is none of ours.

    path: of the study in its search's folder, if what is read is a copy.
    """
    with closing(_connect(file)) as connection:
        studies = connection.execute(
            "SELECT study_id FROM studies WHERE study_name = ?", (NAME,)
        ).fetchall()
        if len(studies) != 1:
            raise damaged(path, f"is damaged (it has {len(studies)} studies named {NAME})")
        directions = connection.execute(
            "SELECT direction FROM study_directions WHERE study_id = ?", studies[0]
        ).fetchall()
    if directions != [("MAXIMIZE",)]:
        raise damaged(path, "is damaged (its direction is not to maximise)")
    return int(studies[0][0])


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """A study's file to read from: itself, or a copy where SQLite cannot make the files that it
    needs beside it, as in a home that is read-only."""
    # With a driver at work they are there, and a copy would be of no one moment.
    if _is_writable(path) or Path(f"{path}-shm").exists():
        yield path
        return
    with scratch_folder() as folder:
        for suffix in ("", "-wal"):
            if Path(f"{path}{suffix}").exists():
                shutil.copyfile(f"{path}{suffix}", folder / f"{FILE}{suffix}")
        yield folder / FILE


def _is_writable(path: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return all(os.access(p, os.W_OK, effective_ids=effective) for p in (path, path.parent))


def holds_nothing(folder: Path) -> bool:
    """Whether a folder's study was never used, as of a search that was killed before it began.

    Of one that cannot be read that is not known.
    """
    path = folder / FILE
    if not path.is_file():
        return not os.path.lexists(path)
    try:
        return path.stat().st_size == 0 or _count(path, "trials") == 0
    except sqlite3.Error:  # told to the user as what is there, by whoever asks
        return False


def remove(folder: Path) -> None:
    """Remove a study that was never used, and what was left of the making of one."""
    for name in (PARTIAL, FILE):
        # The file last: SQLite would take an old log beside it for a new one's.
        for suffix in (*BESIDE, ""):
            (folder / f"{name}{suffix}").unlink(missing_ok=True)


def unusable(path: Path, error: BaseException, again: str = GO_ON) -> HomeUnusable:
    """The error for what SQLite says of a study, by its code: what is wrong and what to do.

    again: how to go on when it is mended.
    """
    code = getattr(error, "sqlite_errorcode", None)
    detail = str(error).splitlines()[0] if str(error) else type(error).__name__
    if code is not None and code & 0xFF in _DAMAGE:
        return damaged(path, f"is damaged ({detail})")
    advice = _ADVICE.get((code or 0) & 0xFF, "{again} when that is mended")
    return HomeUnusable(f"the study {path} cannot be used: {detail}; {advice.format(again=again)}")


def damaged(path: Path, problem: str) -> HomeUnusable:
    """The error for a study that is lost: what is left of the search, and what to do."""
    folder = path.parent
    places = {
        "its finalists' trainings": folder / "confirmation.jsonl",
        "the exported module": folder / "best",
        "the home's record of opened test sets": folder.parents[1] / "test-sets.jsonl",
    }
    left = [f"{place} ({what})" for what, place in places.items() if os.path.lexists(place)]
    return HomeUnusable(
        f"the study {path} {problem}, and with it the candidates of search '{folder.name}'; what "
        f"is left: {', '.join([*left, 'the runs that MLflow has'])}. Restore {FILE} from a copy "
        f"and {GO_ON}; or begin anew under another --name, or after `actsearch delete "
        f"{folder.name}`, which removes the search's folder and runs"
    )


def of_another_version(path: Path, error: BaseException) -> HomeUnusable:
    """The error for a study whose tables are not those of the Optuna that is installed."""
    what = str(error) or "it does not say the version of its tables"
    return HomeUnusable(
        f"the study {path} cannot be used with the Optuna that is installed: {what} Or restore "
        f"{FILE} from a copy that an installed version wrote, and {GO_ON}"
    )


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that makes no file."""
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=LONGEST_LOCKED)


def _count(path: Path, table: str, condition: str = "TRUE") -> int:
    """The rows of a table; 0 where there is no such table."""
    with closing(_connect(path)) as connection:
        tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,))
        if tables.fetchone() is None:
            return 0
        rows = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()
    return int(rows[0])
