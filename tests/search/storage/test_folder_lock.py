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

from actsearch.search import (
    Home,
    RunSettings,
)
from actsearch.search.errors import (
    SearchBusy,
)
from actsearch.search.storage.folder_lock import lock
from actsearch.search.storage.search_file import SearchFile
from contracts.tiny import CONFIG

HOLDS_THE_LOCK = """
import sys, time
from pathlib import Path
from actsearch.search.storage.folder_lock import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def make(home: Home, name: str) -> Path:
    folder = home.new_folder(name)
    SearchFile(CONFIG, RunSettings()).save(folder)
    return folder


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


def test_a_second_driver_is_refused_with_the_process_of_the_first(home: Home) -> None:
    folder = make(home, "mine")
    with holder(folder) as process:
        with (
            pytest.raises(SearchBusy, match=f"'mine' is being driven by process {process.pid}"),
            lock(folder),
        ):
            pass
        with pytest.raises(SearchBusy):
            home.delete("mine")
    assert folder.exists()


def test_the_lock_is_free_again_when_its_holder_is_killed(home: Home) -> None:
    folder = make(home, "mine")
    with holder(folder) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with lock(folder):
            assert (folder / "lock").read_text() == str(os.getpid())
