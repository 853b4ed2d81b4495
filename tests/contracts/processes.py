"""The command line in a process of its own, to be watched, stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from actsearch.search import (
    Home,
    Trial,
)
from actsearch.search.storage.trial_reader import read_trials

PATIENCE = 400.0  # seconds until a search that should get somewhere is given up

# Python runs it at its start, before any of ours: nothing leads to actsearch, whatever way
# it is installed.
HIDING = """
import sys

class Hides:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "actsearch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hides())
"""


class Driver:
    """A running `actsearch`, with its output so far."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process, self._folder = process, folder

    @property
    def out(self) -> str:
        return (self._folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self._folder / "err").read_text()

    def stop(self, number: int) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def environment(**changes: str) -> dict[str, str]:
    """This process's, without what would lead a search elsewhere."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "PYTHONPATH")}
    return {**kept, "PYTHONUNBUFFERED": "1", **changes}


def without_actsearch(folder: Path) -> None:
    """Have the processes that find this folder first (PYTHONPATH) find no actsearch."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(HIDING)


@contextmanager
def actsearch(folder: Path, *arguments: str, **env: str) -> Iterator[Driver]:
    """The command, started; its output goes into `folder`. Killed at the end if it still runs."""
    with (
        open(folder / "out", "w") as out,
        open(folder / "err", "w") as err,
        subprocess.Popen(
            [sys.executable, "-m", "actsearch.search.cli", *arguments],
            env=environment(**env),
            stdout=out,
            stderr=err,
            text=True,
            start_new_session=True,
            # A shell has what it starts in the background ignore Ctrl-C, and we pass that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process,
    ):
        try:
            yield Driver(process, folder)
        finally:
            process.kill()


def wait_for(
    driver: Driver, home: Home, name: str, ready: Callable[[list[Trial]], bool]
) -> list[Trial]:
    """Watch a search from outside until its trials are ready; return them."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        assert driver.process.poll() is None, f"it ended: {driver.err}"
        trials = read_trials(home.folder(name)) if name in home.names() else []
        if ready(trials):
            return trials
        time.sleep(0.05)
    raise AssertionError(f"nothing came of it in {PATIENCE:g} s: {driver.err}")


def ended(trials: list[Trial]) -> list[Trial]:
    """The trials whose training has ended with a score, or diverged."""
    return [t for t in trials if t.trained and t.state not in ("running", "failed")]


def wait_until_gone(pid: int) -> None:
    """Return when a process has ended, whoever is to reap it."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True).stdout
        if not state.strip() or state.startswith(b"Z"):
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")
