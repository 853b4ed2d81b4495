"""Three hosts, and a Ray cluster on them: root makes them from namespaces of this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.hosts import Host, hosts
from contracts.ray_cluster import RayCluster
from contracts.smoke import smoke

TESTS = Path(__file__).parents[1]  # nodes import contracts.on_hosts, as if it was installed there


@pytest.fixture
def meeting() -> Iterator[Path]:
    """A folder that all hosts see, unlike /tmp; for what an evaluator leaves there."""
    with tempfile.TemporaryDirectory(prefix="meeting-", dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def three_hosts() -> Iterator[list[Host]]:
    """Hosts without Ray, in a folder with a short path, for sockets."""
    with (
        tempfile.TemporaryDirectory(prefix="hosts-", dir="/tmp", ignore_cleanup_errors=True) as at,
        hosts(Path(at), 3, RAY_AUTH_MODE="disabled", PYTHONPATH=str(TESTS)) as three,
    ):
        (three[0].folder / "smoke.toml").write_text(smoke())
        yield three


@pytest.fixture
def cluster(three_hosts: list[Host]) -> RayCluster:
    """A head with one CPU; the other two hosts may join."""
    cluster = RayCluster(three_hosts)
    cluster.start_head()
    return cluster
