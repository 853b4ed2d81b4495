"""The lock on a search's folder: one driver, and free again when that dies, however it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actsearch.search import SearchBusy
from actsearch.search.storage.folder_lock import lock

HOLDS_THE_LOCK = """
import sys, time
from pathlib import Path
from actsearch.search.storage.folder_lock import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that drives the search, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(folder)], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the search `mine`."""
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


def test_a_second_driver_is_refused_with_the_process_of_the_first(folder: Path) -> None:
    with (
        holder(folder) as process,
        pytest.raises(SearchBusy, match=f"'mine' is being driven by process {process.pid}"),
        lock(folder),
    ):
        pass


def test_the_lock_is_free_again_when_its_holder_is_killed(folder: Path) -> None:
    with holder(folder) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with lock(folder):
            assert (folder / "lock").read_text() == str(os.getpid())
