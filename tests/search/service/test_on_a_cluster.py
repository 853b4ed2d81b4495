"""A search on the head of a real Ray cluster: submitted, watched, stopped, resumed, fetched."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import to_toml
from actsearch.search import ClusterUnusable, Home, InvalidSetting
from actsearch.search.executors.ray_jobs import RayJobs
from contracts.tiny import TINY

Verb = Callable[..., Any]
RAY = str(Path(sys.executable).parent / "ray")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster of this machine with a job server, which asks for a token, and
    whose searches are in a home of its own."""
    port, folder = free_port(), Path(f"/tmp/r{os.getpid()}")  # Ray's sockets want a short path
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(16))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ACTSEARCH_HOME": str(tmp_path / "there"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    options = (
        *("--port", str(port), "--dashboard-port", str(free_port())),
        *("--temp-dir", str(folder), "--num-cpus", "2", "--block"),
    )
    address = f"127.0.0.1:{port}"
    head = subprocess.Popen(
        [RAY, "start", "--head", *options], env=environment, start_new_session=True
    )
    try:
        while True:
            try:
                RayJobs(address)
                break
            except (ClusterUnusable, InvalidSetting):  # not listening yet, or not serving
                assert head.poll() is None
                time.sleep(1)
        yield address
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        head.wait()


@pytest.mark.slow
@pytest.mark.timeout(1800)  # three jobs and Ray's start: 3 minutes on two idle cores, more on full
def test_a_search_on_a_cluster_is_stopped_goes_on_and_comes_here(
    actsearch: Verb, home: Home, cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(to_toml(TINY))
    where = ("--home", home.root)
    settings = ("--recipe", "tiny.toml", "--strategy", "random", "--no-confirm", "--workers", "2")

    wrong = actsearch("submit", "--recipe", "quik", "--ray-address", cluster, *where)
    assert wrong.status == 1
    assert "unknown recipe 'quik'; did you mean 'quick'?" in wrong.err
    assert not home.searches.exists()

    begun = actsearch(
        *("submit", "--name", "mine", "--candidates", "3000", *settings),
        *("--ray-address", cluster, *where),
    )
    assert begun.status == 0, begun.err
    while json.loads(actsearch("status", "mine", "--json", *where).out)["entered"] == 0:
        time.sleep(2)
    taken = actsearch("submit", "--name", "mine", "--ray-address", cluster, *where)
    assert "search 'mine' was submitted to a cluster" in taken.err
    stopped = actsearch("stop", "mine", *where)
    assert stopped.status == 0, stopped.err
    assert "stopped; what has finished is kept" in actsearch("log", "mine", *where).out
    nothing = actsearch("stop", "mine", *where)
    assert "there is nothing to stop" in nothing.err

    fetched = actsearch("fetch", "mine", "--json", *where)
    assert fetched.status == 0, fetched.err
    shown = json.loads(actsearch("leaderboard", "mine", "--json", *where).out)
    assert 0 < len(shown) < 3000
    more = actsearch(
        *("submit", "--name", "mine", "--resume", "--candidates", len(shown) + 9),
        *("--ray-address", cluster, *where),
    )
    assert more.status == 0, more.err
    assert "best" in actsearch("log", "mine", "--follow", *where).out
    assert json.loads(actsearch("status", "mine", "--json", *where).out)["state"] == "finished"
    assert actsearch("fetch", "mine", *where).status == 0
    assert len(json.loads(actsearch("leaderboard", "mine", "--json", *where).out)) > len(shown)
    exported = actsearch("export", "mine", "-o", tmp_path / "best", *where)
    assert exported.status == 0, exported.err
