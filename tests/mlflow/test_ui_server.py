"""The UI opens on the Leaderboard, in a real browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from actsearch.mlflow.client import TrackingRefused
from actsearch.mlflow.records import CandidateRecord
from actsearch.mlflow.server_process import ServerError
from actsearch.mlflow.tracker import Tracker
from actsearch.mlflow.ui_server import serve

CHROMIUM = shutil.which("chromium")


def page_in_browser(url: str, profile: Path) -> str:
    """The page's DOM once its scripts have run and its requests are answered."""
    assert CHROMIUM is not None
    quiet = ("background-networking", "component-update", "sync", "gpu", "quic")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--no-first-run"]
    process = subprocess.run(
        [
            *command,
            *(f"--disable-{service}" for service in quiet),
            f"--user-data-dir={profile}",
            "--window-size=1700,950",
            "--virtual-time-budget=30000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_the_link_opens_the_leaderboard_best_first_in_a_browser(
    tracker: Tracker,
    candidate: Callable[..., CandidateRecord],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker.write(candidate(0, expression="min(x, sin(x))", val_accuracies={1: 0.7}, learned={}))
    tracker.write(candidate(1, expression="x * tanh(x)", val_accuracies={1: 0.8}, learned={}))
    tracker.write(
        candidate(2, expression="cosh(x)", val_accuracies={}, state="infeasible", learned={})
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")  # the server needs none
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wished = taken.getsockname()[1]
        with serve(home, port=wished, search="mine") as url:
            port = urlsplit(url).port
            assert port is not None
            assert port > wished
            page = page_in_browser(url, tmp_path / "profile")
            registry = page_in_browser(f"{url.split('#')[0]}#/models", tmp_path / "another")
    assert "Registered Models" in registry
    assert "Try it now" not in registry, "MLflow's dialog about its registry"
    assert "Leaderboard" in page
    assert page.index("x * tanh(x)") < page.index("min(x, sin(x))")
    assert "cosh(x)" not in page
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)


def test_a_home_without_runs_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"no runs in .* actsearch search"), serve(tmp_path):
        pass


def test_a_search_that_is_not_there_is_said_so(home: Path) -> None:
    with pytest.raises(TrackingRefused, match="no search 'nobody'"), serve(home, search="nobody"):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.org"])
def test_it_is_served_on_loopback_addresses_only(home: Path, host: str) -> None:
    with pytest.raises(ServerError, match=r"loopback addresses only.*ssh -L"), serve(home, host):
        pass


def test_no_free_port_is_said_so(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 65535))
        taken.listen()
        with (
            pytest.raises(ServerError, match="no free port from 65535 to 65535 on 127"),
            serve(home, port=65535),
        ):
            pass


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_no_machine_has_is_refused_with_the_range(home: Path, port: int) -> None:
    rule = f"--port must be 0 to 65535 .*but got {port}"
    with pytest.raises(ServerError, match=rule), serve(home, port=port):
        pass


def test_a_server_that_cannot_start_gives_its_last_words(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actsearch.mlflow.server_process.sys.executable", "/bin/false")
    with pytest.raises(ServerError, match="ended at once"), serve(home):
        pass
