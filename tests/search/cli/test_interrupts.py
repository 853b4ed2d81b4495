"""Ctrl-C while libraries load ends the command at once, without a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.heavy
@pytest.mark.parametrize("library", ["numpy", "torch", "optuna", "mlflow"])
def test_ctrl_c_within_an_import_is_no_traceback(library: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SENDS.format(library=library))
    process = subprocess.run(
        [sys.executable, "-m", "actsearch.search.cli", "search", "--home", tmp_path / "home"],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 130, process.stderr
    assert process.stderr.splitlines()[-1] in (
        "stopped: nothing had begun yet",
        "stopped before the search began: nothing of it is there",  # as MLflow loads, the last
    )
    assert "Traceback" not in process.stderr
    assert not (tmp_path / "home").exists()


# Sends itself Ctrl-C when a module of the library is about to be looked for, deep in its import.
# It does not ignore it, as what a shell has put into the background does.
SENDS = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)

class Sends:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("{library}.") and name.count(".") == 2:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Sends())
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.3, 0.7, 1.5, 3.0, 5.0, 8.0, 12.0])
def test_ctrl_c_after_any_delay_ends_the_search_without_a_traceback(
    delay: float, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "actsearch.search.cli", "search", "--home", tmp_path / "home"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "stopped" in output.splitlines()[-1]
    assert "Traceback" not in output
