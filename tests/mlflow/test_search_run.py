"""The run of a search is its home page, and marks its best candidates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from actsearch.mlflow.records import CandidateRecord, SearchRecord
from actsearch.mlflow.tracker import Tracker

Trial = Callable[..., CandidateRecord]


@pytest.fixture
def state() -> Callable[..., SearchRecord]:
    """Makes the state of the search `mine`, with what is given changed."""

    def make(**changes: Any) -> SearchRecord:
        values: dict[str, Any] = {
            "search": "mine",
            "headline": "2 of 9 candidates: x * tanh(x)",
            "page": "![picture](get-artifact?path=best.png&run_uuid={run})",
            "params": {"space": "core-1"},
            "points": [("best_val_percent", 80.0, 1), ("best_val_percent", 81.0, 2)],
            "started_ms": 1_750_000_000_000,
        }
        return SearchRecord(**values | changes)

    return make


def runs(client: MlflowClient, tracker: Tracker, condition: str) -> list[Run]:
    return list(client.search_runs([tracker.link("mine")[0]], condition))


def test_a_search_has_one_run_that_grows_with_it(
    tracker: Tracker, client: MlflowClient, state: Callable[..., SearchRecord]
) -> None:
    run_id = tracker.write_search(state())
    assert client.get_run(run_id).info.status == "FINISHED"  # none is left open by a kill
    points = [*state().points, ("best_val_percent", 82.0, 3)]
    files = {"leaderboard.csv": b"place,trial\n", "best/activation.py": b"import torch\n"}
    ended = state(headline="A tie.", points=points, params={"space": "core-1"})
    assert tracker.write_search(ended) == run_id
    assert tracker.write_search(state(points=points, files=files)) == run_id
    (run,) = runs(client, tracker, "tags.role = 'search'")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"space": "core-1"}
    history = client.get_metric_history(run_id, "best_val_percent")
    assert [(p.step, p.value) for p in history] == [(1, 80.0), (2, 81.0), (3, 82.0)]
    assert f"run_uuid={run_id}" in run.data.tags["mlflow.note.content"]
    stored = client.download_artifacts(run_id, "best/activation.py")
    assert Path(stored).read_bytes() == b"import torch\n"
    assert tracker.written("mine") == set()


def test_the_experiments_note_begins_with_the_headline_and_links_the_page(
    tracker: Tracker, client: MlflowClient, state: Callable[..., SearchRecord]
) -> None:
    run_id = tracker.write_search(state())
    experiment, _ = tracker.link("mine")
    note = client.get_experiment(experiment).tags["mlflow.note.content"]
    assert note.startswith("2 of 9 candidates: x * tanh(x) [The search’s page](#/experiments/")
    assert f"/{experiment}/runs/{run_id}?workflowType=machine_learning)" in note.splitlines()[0]
    assert "| space | core-1 |" in note


def test_the_best_have_their_place_and_ties_a_mark_which_move_as_better_ones_come(
    tracker: Tracker,
    client: MlflowClient,
    candidate: Trial,
    state: Callable[..., SearchRecord],
) -> None:
    for trial in range(3):
        tracker.write(candidate(trial))

    def marks() -> dict[str, tuple[str | None, str | None]]:
        matches = runs(client, tracker, "tags.role = 'candidate'")
        return {
            run.data.tags["actsearch.trial"]: (run.data.tags.get("top"), run.data.tags.get("tie"))
            for run in matches
        }

    tracker.write_search(state(top=[0, 1], ties=[0, 1]))
    assert marks() == {"0": ("1", "~"), "1": ("2", "~"), "2": (None, None)}
    tracker.write_search(state(top=[2, 0, 77], ties=()))  # 77 is still to be written
    assert marks() == {"0": ("2", None), "1": (None, None), "2": ("1", None)}


def test_the_gallery_shows_the_best_in_the_order_in_which_its_grid_turns_the_table(
    tracker: Tracker,
    client: MlflowClient,
    candidate: Trial,
    state: Callable[..., SearchRecord],
) -> None:
    for trial, accuracy in enumerate((0.7, 0.9, 0.8)):
        tracker.write(candidate(trial, val_accuracies={9: accuracy}, val_losses={}))
    tracker.write_search(state(top=[1, 2]))
    experiment, _ = tracker.link("mine")
    tag = client.get_experiment(experiment).tags["mlflow.sharedViewState.gallery"]
    view = json.loads(json.loads(tag)["state"])
    direction = "ASC" if view["orderByAsc"] else "DESC"
    table = client.search_runs(
        [experiment], view["searchFilter"], order_by=[f"{view['orderByKey']} {direction}"]
    )
    assert [run.data.tags["actsearch.trial"] for run in reversed(table)] == ["1", "2"]
    assert view["compareRunCharts"][0]["imageKeys"] == ["curve"]
