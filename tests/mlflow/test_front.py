"""The front in MLflow: marked on the candidates, plotted once, and written anew as it moves."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient
from PIL import Image

from actsearch.mlflow.records import CandidateRecord, FrontRecord
from actsearch.mlflow.tracker import Tracker

Candidate = Callable[..., CandidateRecord]


def marks(tracker: Tracker, client: MlflowClient) -> dict[str, str | None]:
    """The tag `front` by trial."""
    runs = client.search_runs([tracker.link("mine")[0]], "tags.role = 'candidate'")
    return {run.data.tags["actsearch.trial"]: run.data.tags.get("front") for run in runs}


def test_the_front_is_marked_and_plotted_and_follows_the_search(
    tracker: Tracker, client: MlflowClient, candidate: Candidate
) -> None:
    run_id = tracker.write(candidate(0, cost=2.31, cost_quartiles=(2.2, 2.4), cost_device="cpu"))
    for number in (1, 2):
        tracker.write(candidate(number, cost=1.0))
    assert client.get_run(run_id).data.metrics["cost"] == 2.31
    tracker.write_front(FrontRecord(search="mine", points=[(0.8, 2.0)], front={0: (0.86, 2.31)}))
    assert marks(tracker, client) == {"0": "yes", "1": None, "2": None}
    tracker.write_front(
        FrontRecord(search="mine", points=[(0.86, 2.31)], front={1: (0.87, 2.0), 2: (0.8, 1.0)})
    )
    assert marks(tracker, client) == {"0": "no", "1": "yes", "2": "yes"}
    (plot,) = client.search_runs([tracker.link("mine")[0]], "tags.role = 'front'")
    assert plot.info.status == "FINISHED"
    picture = Path(client.download_artifacts(plot.info.run_id, "front.png")).read_bytes()
    assert Image.open(io.BytesIO(picture)).size == (900, 630)
