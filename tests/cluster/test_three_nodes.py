"""One search over three hosts that share no disk: each candidate once, every host at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.on_hosts import marks
from contracts.ray_cluster import RayCluster, exactly_once

pytestmark = [pytest.mark.cluster, pytest.mark.heavy]

IMAGES = 60_000 * 28 * 28  # bytes of the training images
LOST = 1.6  # at most so many times over the network: once, with Ray's own talk


@pytest.mark.timeout(600)
def test_a_search_from_the_head_trains_on_every_node_and_each_candidate_once(
    cluster: RayCluster, meeting: Path
) -> None:
    _, second, third = cluster.hosts
    cluster.join(second, 2)
    cluster.join(third)
    before = second.received()
    log = cluster.search(
        *("--name", "a", "--candidates", "36", "--workers", "4", "--lag", "27", "--no-confirm"),
        *("--strategy", "random", "--evaluator", "contracts.on_hosts:Meeting"),
        MEETING=str(meeting),
        MEMBERS="4",  # a bracket for each CPU of the three hosts
    )
    output = cluster.ended(log)
    assert "failed" not in output, output
    exactly_once(cluster.trials("a"), 36)
    assert {str(mark["host"]) for mark in marks(meeting)} == {"host-1", "host-2", "host-3"}
    for host in (second, third):
        assert not (host.folder / "home").exists(), "the home is on the head's disk alone"
        assert not list(host.folder.glob("actsearch-*"))
    assert IMAGES < second.received() - before < LOST * IMAGES, "the data come once to each node"
