"""Scratch folders end with their process, however it ends, and nobody else's is ever touched."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from actsearch.space import ActsearchError
from actsearch.space.scratch import OWNER, held, scratch_folder, sweep

KILLED = """
import os, signal
from actsearch.space.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "results").write_text("all of them")
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_by_a_killed_process(tmp: Path) -> Path:
    process = subprocess.run(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "TMPDIR": str(tmp)},
        capture_output=True,
        text=True,
    )
    folder = Path(process.stdout.strip())
    assert (folder / "deep" / "results").is_file(), process.stderr
    return folder.parent


def test_a_scratch_folder_is_empty_and_is_gone_in_the_end_whatever_happens(tmp: Path) -> None:
    def fail() -> None:
        with scratch_folder() as folder:
            assert list(folder.iterdir()) == []
            (folder / "file").write_text("content")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp.iterdir()) == []


@pytest.mark.heavy
def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp: Path) -> None:
    first = left_by_a_killed_process(tmp)
    second = left_by_a_killed_process(tmp)
    assert not first.exists(), "the second has swept it"
    sweep(tmp, "actsearch-*")
    assert not second.exists()


def test_a_folder_in_use_is_left_alone(tmp: Path) -> None:
    with scratch_folder() as folder:
        (folder / "file").write_text("content")
        sweep(tmp, "actsearch-*")
        assert (folder / "file").read_text() == "content"


def test_a_folder_that_is_just_being_made_is_left_alone(tmp: Path) -> None:
    """At each of the steps of its making."""
    folder = tmp / "actsearch-12345678"
    folder.mkdir()
    sweep(tmp, "actsearch-*")
    assert folder.is_dir()
    (folder / f"{OWNER}.partial").touch()
    sweep(tmp, "actsearch-*")
    assert folder.is_dir()
    (folder / f"{OWNER}.partial").unlink()
    with held(folder):
        sweep(tmp, "actsearch-*")
        assert folder.is_dir()
    sweep(tmp, "actsearch-*")
    assert not folder.exists()


def test_a_folder_of_another_user_is_left_alone(
    tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp / "actsearch-12345678"
    folder.mkdir()
    with held(folder):
        pass
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    sweep(tmp, "actsearch-*")
    assert (folder / OWNER).is_file()


def test_a_folder_of_another_machine_is_left_alone(tmp: Path) -> None:
    """Its lock may not be seen through a shared file system."""
    folder = tmp / "actsearch-12345678"
    folder.mkdir()
    (folder / OWNER).write_text("elsewhere")
    sweep(tmp, "actsearch-*")
    assert (folder / OWNER).is_file()


def test_links_are_not_followed(tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with held(elsewhere):
        pass
    (elsewhere / "file").touch()
    (tmp / "actsearch-12345678").symlink_to(elsewhere)
    folder = tmp / "actsearch-abcdefgh"
    folder.mkdir()
    with held(folder):
        (folder / "link").symlink_to(elsewhere)
    sweep(tmp, "actsearch-*")
    assert not folder.exists()
    assert (elsewhere / "file").is_file()


def test_a_sweep_that_was_killed_on_the_way_is_finished_by_the_next(tmp: Path) -> None:
    """The owner goes last: what has none is nobody's."""
    folder = tmp / "actsearch-12345678"
    (folder / "files").mkdir(parents=True)
    with held(folder):
        pass
    owner = os.open(folder / OWNER, os.O_RDWR)
    fcntl.flock(owner, fcntl.LOCK_EX)  # as the sweep that is killed holds it
    (folder / "files").rmdir()
    sweep(tmp, "actsearch-*")
    assert (folder / OWNER).is_file()
    os.close(owner)
    sweep(tmp, "actsearch-*")
    assert not folder.exists()


def test_a_place_that_takes_no_folder_is_named_with_the_way_out(
    tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp / "not there"))
    with pytest.raises(ActsearchError, match=r"not there.*make room there, or set TMPDIR"):
        scratch_folder().__enter__()
