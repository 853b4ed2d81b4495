"""How many workers fit into a cluster, and what is said of those that do not."""

from __future__ import annotations

import logging

import pytest
import ray
from ray.util import placement_group, remove_placement_group

from actsearch.search import InvalidSetting
from actsearch.search.executors.ray_capacity import check_capacity, room, workers_that_fit


@pytest.mark.parametrize(
    ("nodes", "gpus", "workers"),
    [
        ([{"CPU": 4.0}], 0.0, 4),
        ([{"CPU": 2.0}, {"CPU": 1.0}], 0.0, 3),
        ([{"CPU": 0.5}, {"CPU": 0.5}], 0.0, 0),  # a worker's CPU is of one node
        ([{"CPU": 8.0}, {"GPU": 1.0}], 1.0, 0),  # and its GPU of the same
        ([{"CPU": 8.0, "GPU": 2.0}], 0.6, 2),  # and no parts of two GPUs
        ([{"CPU": 20.0, "GPU": 1.0}], 0.1, 10),
        ([{"CPU": 8.0, "GPU": 3.0}, {"CPU": 8.0, "GPU": 1.0}], 2.0, 1),
        ([{"CPU": 8.0, "GPU": 0.5}], 0.5, 1),  # free beside another worker
        ([{"CPU": 8.0, "GPU": 1.5}], 0.4, 3),
        ([], 0.0, 0),
    ],
)
def test_workers_fit_where_one_node_has_all_they_take(
    nodes: list[dict[str, float]], gpus: float, workers: int
) -> None:
    assert workers_that_fit(nodes, gpus) == workers


@pytest.mark.usefixtures("ray_session")
def test_fewer_workers_than_asked_for_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check_capacity(4, 0.0, None)
    assert "2 of the 4 workers asked for fit at once: each takes 1 CPU" in caplog.text


@pytest.mark.usefixtures("ray_session")
def test_room_is_what_this_driver_has_and_what_is_free() -> None:
    assert room(0.0) == 2
    assert room(0.25) == 2
    assert room(1.0) == 1
    taken = placement_group([{"CPU": 1}])
    ray.get(taken.ready())
    try:
        assert room(0.0) == 2
    finally:
        remove_placement_group(taken)


@pytest.mark.usefixtures("ray_session")
def test_workers_that_share_cpus_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check_capacity(2, 0.0, 2)
        assert not caplog.records
        check_capacity(2, 0.0, 1)
    assert "2 workers share the 1 CPU of this machine" in caplog.text


@pytest.mark.usefixtures("ray_session")
def test_where_no_worker_fits_asked_and_had_are_told() -> None:
    with pytest.raises(InvalidSetting, match="asks for 2 GPUs, but Ray has 1"):
        check_capacity(1, 2.0, None)
