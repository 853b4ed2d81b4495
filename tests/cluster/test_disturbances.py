"""Nodes join, leave and die in mid-search, workers stop: each candidate is there exactly once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from actsearch.search import Trial
from contracts.hosts import Host
from contracts.on_hosts import marks
from contracts.processes import ended
from contracts.ray_cluster import PATIENCE, RayCluster, exactly_once, wait_until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,  # two to four minutes each
    pytest.mark.heavy,
    pytest.mark.timeout(1200),
]

OPTIONS = ("--strategy", "random", "--evaluator", "contracts.on_hosts:Meeting", "--no-confirm")
WORKER = "ray::Worker"  # in the name of a process of Tune's


def more_than(trials: list[Trial]) -> Callable[[list[Trial]], bool]:
    """Whether more trials have ended than those so far."""
    return lambda now: len(ended(now)) > len(ended(trials))


def at_work(host: Host, meeting: Path) -> Callable[[], bool]:
    """Whether a worker has begun to train on a host: it loads torch before, and may be killed as
    it does."""
    return lambda: any(mark["host"] == host.name for mark in marks(meeting))


def test_auto_grows_with_nodes_that_join_and_outlives_those_that_leave_and_die(
    cluster: RayCluster, meeting: Path
) -> None:
    _, second, third = cluster.hosts
    log = cluster.search(
        *("--name", "a", "--candidates", "108", "--workers", "auto", "--lag", "27", *OPTIONS),
        MEETING=str(meeting),
        MEMBERS="1",
        SLOWLY="5",  # alone, 12 brackets take three minutes: a node joins within half of one
    )
    cluster.wait_for(log, "a", lambda trials: len(ended(trials)) > 0)
    cluster.join(second)
    wait_until(at_work(second, meeting), "nobody works on the node that joined")
    cluster.join(third)
    wait_until(at_work(third, meeting), "nobody works on the third node")
    second.signal("raylet/raylet", signal.SIGKILL)
    trials = cluster.trials("a")
    cluster.wait_for(log, "a", more_than(trials))
    cluster.leave(third)
    wait_until(lambda: not third.processes(WORKER), "a worker has outlived its node")
    cluster.join(third)
    cluster.ended(log)
    exactly_once(cluster.trials("a"), 108)
    assert {mark["host"] for mark in marks(meeting)} == {"host-1", "host-2", "host-3"}


def test_a_stopped_worker_is_ended_by_the_limit_of_a_rung_and_its_candidates_train_elsewhere(
    cluster: RayCluster, meeting: Path
) -> None:
    second = cluster.hosts[1]
    cluster.join(second)
    log = cluster.search(
        *("--name", "a", "--candidates", "27", "--workers", "2", "--rung-limit", "20s", *OPTIONS),
        MEETING=str(meeting),
        MEMBERS="2",
        SLOWLY="1",
    )
    cluster.wait_for(log, "a", lambda trials: len(ended(trials)) > 0)
    wait_until(at_work(second, meeting), "nobody works on the second node")
    (stopped, *_) = second.signal(WORKER, signal.SIGSTOP)
    output = cluster.ended(log)
    assert "no report within 20 seconds" in output, output
    exactly_once(cluster.trials("a"), 27)
    wait_until(lambda: not Path(f"/proc/{stopped}").exists(), "the stopped worker is left")


def test_a_head_that_is_lost_in_mid_search_is_named_in_one_sentence_and_the_search_goes_on_later(
    cluster: RayCluster, meeting: Path
) -> None:
    log = cluster.search(
        *("--name", "a", "--candidates", "27", "--workers", "1", *OPTIONS),
        MEETING=str(meeting),
        MEMBERS="1",
        SLOWLY="1",
    )
    cluster.wait_for(log, "a", lambda trials: len(ended(trials)) > 0)
    cluster.head.signal("gcs_server", signal.SIGKILL)
    assert cluster.head.running[-1].wait(PATIENCE) == 1
    sentence = log.read_text().splitlines()[-1]
    assert sentence.startswith("actsearch: the head of the Ray cluster, 10.77.0.1:6379, no longer")
    assert "--resume" in sentence
    cluster.leave(cluster.head)
    cluster.start_head()
    cluster.ended(cluster.search("--name", "a", "--resume", MEETING=str(meeting), MEMBERS="1"))
    exactly_once(cluster.trials("a"), 27)
