"""A home's own MLflow store is whole or not there, whatever happens while it is made."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from actsearch.mlflow.client import TrackingUnavailable, local_uri
from actsearch.mlflow.experiments import make_once
from actsearch.mlflow.records import CandidateRecord
from actsearch.mlflow.tracker import Tracker

# Makes a store in processes of its own, all forked from one that has imported what it takes.
MAKER = """
import os, resource, signal, sys
from pathlib import Path
import mlflow.store.tracking.sqlalchemy_store
import sqlalchemy
from actsearch.mlflow.tracker import Tracker

def in_a_process(action):
    process = os.fork()
    if process:
        return process
    try:
        action()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(1)
    os._exit(0)

def make(home):
    Tracker(home).open_search("mine", {})

def killed_at(statement, home):
    made = 0
    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "before_cursor_execute")
    def count(*_):
        nonlocal made
        made += 1
        if made == statement:
            os.kill(os.getpid(), signal.SIGKILL)
    make(home)

def on_a_full_disk(home):
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    make(home)

homes = Path(sys.argv[1])
for statement in (1, 5, 40, 150, 300, 450):
    home = homes / f"killed-{statement}"
    _, status = os.waitpid(in_a_process(lambda: killed_at(statement, home)), 0)
    assert os.WIFSIGNALED(status), f"it makes fewer than {statement} statements"
    assert not (home / "mlflow.db").exists()
together = [in_a_process(lambda: make(homes / "together")) for _ in range(3)]
assert [os.waitpid(process, 0)[1] for process in together] == [0, 0, 0]
_, status = os.waitpid(in_a_process(lambda: on_a_full_disk(homes / "full")), 0)
assert os.WEXITSTATUS(status) == 1
assert not (homes / "full" / "mlflow.db").exists()
"""


@pytest.mark.long
def test_a_store_is_whole_whenever_its_maker_was_killed_or_ran_out_of_room_or_had_company(
    tmp_path: Path, candidate: Callable[..., CandidateRecord]
) -> None:
    maker = subprocess.run(
        [sys.executable, "-c", MAKER, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert maker.returncode == 0, maker.stdout + maker.stderr
    assert maker.stdout.startswith("TrackingUnavailable: MLflow at sqlite:////")
    assert "make room there" in maker.stdout
    homes = sorted(tmp_path.iterdir())
    assert len(homes) == 8
    for home in homes:
        tracker = Tracker(home)
        tracker.open_search("mine", {})
        tracker.write(candidate())
        assert tracker.written("mine") == {0}
        names = {path.name.removesuffix("-wal").removesuffix("-shm") for path in home.iterdir()}
        assert names == {"artifacts", "mlflow.db", "mlflow.db.lock"}


def test_of_two_that_make_an_experiment_at_once_both_write_into_one(home: Path) -> None:
    client = MlflowClient(local_uri(home))
    first = make_once(client, "actsearch/mine", None)
    assert make_once(client, "actsearch/mine", None) == first
    with pytest.raises(MlflowException, match="name"):
        make_once(client, "", None)


@pytest.fixture
def made_by_copying(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow takes 2 s for a store, and has made this one before."""
    copied = partial(shutil.copy, empty_home / "mlflow.db")
    monkeypatch.setattr("actsearch.mlflow.local_store._make", copied)


def spoil(database: Path, how: str) -> None:
    whole = database.read_bytes()
    match how:
        case "empty":
            database.write_bytes(b"")
        case "no database":
            database.write_bytes(b"<html>" * 1000)
        case "cut in the middle":
            database.write_bytes(whole[: len(whole) // 2])
        case "overwritten in the middle":
            database.write_bytes(whole[:60_000] + b"\xff" * 80_000 + whole[140_000:])
        case "a folder":
            database.unlink()
            database.mkdir()
        case _:
            with closing(sqlite3.connect(database)) as connection, connection:
                connection.execute(how)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("empty", "no tables of MLflow"),
        ("no database", "not a database"),
        ("cut in the middle", "malformed"),
        ("overwritten in the middle", ""),
        ("a folder", "not a file"),
        ("DROP TABLE latest_metrics", "1 tables are missing, latest_metrics among them"),
        ("DROP TABLE alembic_version", "no tables of MLflow"),
        ("UPDATE alembic_version SET version_num = '39d1c3be5f05'", "its revision is not"),
        ("DELETE FROM alembic_version", "its revision is not"),
    ],
)
def test_a_store_that_is_not_whole_is_kept_aside_and_made_anew(
    home: Path,
    made_by_copying: None,
    candidate: Callable[..., CandidateRecord],
    caplog: pytest.LogCaptureFixture,
    how: str,
    reason: str,
) -> None:
    spoil(home / "mlflow.db", how)
    tracker = Tracker(home)
    tracker.open_search("mine", {})
    tracker.write(candidate())
    assert tracker.written("mine") == {0}
    assert (home / "mlflow.db.unusable-1").exists()
    assert reason in caplog.text
    assert "kept as mlflow.db.unusable-1" in caplog.text
    assert "actsearch sync NAME" in caplog.text


def test_a_log_left_beside_a_store_that_is_gone_does_not_get_into_the_new_one(
    home: Path, tracker: Tracker
) -> None:
    with closing(sqlite3.connect(home / "mlflow.db")) as open_store, open_store:
        open_store.execute("CREATE TABLE stranger (x)")
        log = shutil.copy(home / "mlflow.db-wal", home / "kept")
    (home / "mlflow.db").unlink()
    shutil.move(log, home / "mlflow.db-wal")
    Tracker(home).check()
    with closing(sqlite3.connect(home / "mlflow.db")) as store:
        assert not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'stranger'").fetchall()
        assert store.execute("PRAGMA quick_check").fetchall() == [("ok",)]


def test_a_store_that_is_locked_is_not_taken_for_a_damaged_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actsearch.mlflow.local_store.LONGEST_LOCKED", 0.1)
    with closing(sqlite3.connect(home / "mlflow.db", isolation_level=None)) as store:
        store.execute("PRAGMA journal_mode=DELETE")
        store.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackingUnavailable, match="locked"):
            Tracker(home).check()
    Tracker(home).check()
    assert not list(home.glob("*.unusable*"))


def test_a_new_home_is_its_owners_alone_and_one_that_is_there_keeps_its_mode(
    tmp_path: Path,
) -> None:
    Tracker(tmp_path / "above" / "new").check()
    assert (tmp_path / "above" / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o775)
    Tracker(tmp_path / "shared").check()
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o775
