"""A worker that is stopped by the system cannot keep its own time: it is ended from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from actsearch.evaluators import ImageClassification, Job
from actsearch.search.executors.ray_tune import RayTune
from contracts.executors import Events
from contracts.faults import StopsItsProcess
from contracts.processes import wait_until_gone
from contracts.tiny import TINY

JOBS = [Job((text,), TINY, seed=3) for text in ("sin(x)", "tanh(x)")]


@pytest.mark.slow  # 25 s: the limit, and two workers that start
@pytest.mark.usefixtures("ray_session")
def test_a_stopped_worker_has_failed_at_the_limit_and_another_one_goes_on(
    images: ImageClassification, tmp_path: Path
) -> None:
    mark = tmp_path / "stopped"
    events = Events(JOBS)
    with RayTune(1, 0.0, None, rung_limit=10.0) as executor:
        evaluator = StopsItsProcess(images, "sin(x)", mark=str(mark))
        executor.run(evaluator, events.next_job, events.on_rung, events.on_done)
    assert "no report within 10 seconds, the limit of a rung" in (events.done[0] or "")
    assert events.done[1] is None
    wait_until_gone(int(mark.read_text()))
