"""One search over three hosts that share no disk: each candidate exactly once, each host at work."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from actsearch.search import Trial
from contracts.ray_cluster import RayCluster

pytestmark = pytest.mark.cluster


def exactly_once(trials: list[Trial], candidates: int) -> None:
    """Check that so many candidates have trained, none twice, and none is left over."""
    scored = [t for t in trials if t.trained and t.state in ("complete", "pruned", "infeasible")]
    assert len(scored) == candidates
    assert max(Counter(t.expression for t in scored).values()) == 1
    assert not [t for t in trials if t.state in ("running", "failed")]


def test_a_search_from_the_head_trains_on_every_node_and_each_candidate_once(
    cluster: RayCluster, smoke: tuple[str, ...]
) -> None:
    for host in cluster.hosts[1:]:
        cluster.join(host)
    log = cluster.search("--name", "a", "--candidates", "36", "--workers", "3", *smoke)
    output = cluster.ended(log)
    assert "failed" not in output, output
    exactly_once(cluster.trials("a"), 36)
    for host in cluster.hosts:
        assert _trained(host.folder), f"{host.name} did not train"
        assert host is cluster.head or not (host.folder / "home").exists()


def _trained(folder: Path) -> bool:
    """Whether a worker process of a host said that it became one of Tune's."""
    logs = (folder / "ray/session_latest").resolve()
    return any("Worker" in p.read_text(errors="replace") for p in logs.glob("logs/worker-*"))
