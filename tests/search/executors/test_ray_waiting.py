"""A full cluster: what workers wait for is told, and they begin once there is room."""

from __future__ import annotations

import logging

import pytest
import ray
from ray.util import placement_group, remove_placement_group
from ray.util.placement_group import PlacementGroup

from actsearch.evaluators import ImageClassification, Job
from actsearch.search.executors.ray_tune import RayTune
from contracts.executors import Events
from contracts.tiny import TINY


class Frees(logging.Handler):
    """Makes room on the cluster as soon as the first warning is there."""

    def __init__(self, taken: PlacementGroup) -> None:
        super().__init__()
        self._taken = taken
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        remove_placement_group(self._taken)


@pytest.mark.usefixtures("ray_session")
def test_a_worker_without_room_says_what_it_waits_for_and_begins_when_there_is_some(
    images: ImageClassification, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actsearch.search.executors.ray_waiting.FIRST", 0.5)
    taken = placement_group([{"CPU": 2}])
    ray.get(taken.ready())
    frees = Frees(taken)
    logger = logging.getLogger("actsearch.search.executors.ray_waiting")
    logger.addHandler(frees)
    events = Events([Job(("relu(x)",), TINY, seed=0)])
    try:
        with RayTune(workers=1, gpus_per_worker=0.0, address=None) as executor:
            executor.run(images, events.next_job, events.on_rung, events.on_done)
    finally:
        logger.removeHandler(frees)
    assert frees.lines
    assert frees.lines[0].startswith("1 of 1 workers wait for room on the Ray cluster")
    assert "each takes 1 CPU, and of what is free there is one node, with 0 CPUs" in frees.lines[0]
    assert events.done == {0: None}
