"""A confirmation in MLflow: what the test set said, on the run of each function."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from actsearch.mlflow.client import TrackingRefused
from actsearch.mlflow.records import CandidateRecord, FinalistRecord
from actsearch.mlflow.tracker import Tracker

Trial = Callable[..., CandidateRecord]
Finalist = Callable[..., FinalistRecord]


@pytest.fixture
def rows(finalist: Finalist) -> list[FinalistRecord]:
    """Trial 0 and ReLU on two networks, two seeds each: eight trainings."""
    relu = {"expression": "max(x, 0)", "name": "ReLU", "verdict": "baseline"}
    bare = {"difference": None, "interval": None, "p_value": None}
    return [
        finalist(),
        finalist(None, **relu, **bare),
        finalist(network="conv", verdict="worse"),
        finalist(None, network="conv", **relu, **bare),
    ]


def runs(client: MlflowClient, tracker: Tracker, condition: str) -> list[Run]:
    return list(client.search_runs([tracker.link("mine")[0]], condition))


def test_the_finalists_run_carries_the_figures_and_the_verdict_of_the_first_network(
    tracker: Tracker, client: MlflowClient, candidate: Trial, rows: list[FinalistRecord]
) -> None:
    run_id = tracker.write(candidate(0))
    tracker.write_confirmation(rows)
    run = client.get_run(run_id)
    assert run.data.tags["verdict"] == "tie"
    assert run.data.metrics["mlp/test_percent_mean"] == 87.5
    assert run.data.metrics["mlp/test_percent_sd"] == 0.71
    assert run.data.metrics["mlp/val_percent_mean"] == 88.5
    assert run.data.metrics["mlp/test_n"] == 2
    assert run.data.metrics["conv/difference_points_low"] == -0.1
    assert run.data.tags["conv/interval"] == "[-0.10, +0.90]"
    assert run.data.metrics["conv/p_value"] == 0.08
    table = Path(client.download_artifacts(run_id, "confirmation.md")).read_text()
    assert "ReLU" in table


def test_a_baseline_has_a_top_level_run_of_its_own_with_its_picture(
    tracker: Tracker, client: MlflowClient, candidate: Trial, rows: list[FinalistRecord]
) -> None:
    tracker.write(candidate(0))
    tracker.write_confirmation(rows)
    (run,) = runs(client, tracker, "tags.role = 'baseline'")
    assert run.info.run_name == "ReLU"
    assert run.data.params["expression"] == "max(x, 0)"
    assert "mlflow.parentRunId" not in run.data.tags
    description = run.data.tags["mlflow.note.content"]
    assert description.startswith("### ReLU: f(x) = `max(x, 0)`\n\nA baseline in the confirmation")
    assert f"path=curve.png&run_uuid={run.info.run_id}" in description
    assert description.count("| `max(x, 0)` (ReLU) |") == 2, "its rows alone, one per network"
    assert "curve.png" in {file.path for file in client.list_artifacts(run.info.run_id)}
    assert "mlp/difference_points" not in run.data.metrics
    assert tracker.written("mine") == {0}


def test_every_training_has_a_run_below_its_function(
    tracker: Tracker, client: MlflowClient, candidate: Trial, rows: list[FinalistRecord]
) -> None:
    run_id = tracker.write(candidate(0))
    tracker.write_confirmation(rows)
    below = runs(client, tracker, f"tags.`mlflow.parentRunId` = '{run_id}'")
    trainings = {
        (r.data.params["network"], r.data.params["seed"], r.data.metrics["test_percent"])
        for r in below
    }
    names = {r.info.run_name for r in below}
    assert {"seed 1 of 2", "seed 2 of 2", "seed 1 of 2 on conv"} < names
    assert trainings == {
        (net, *r) for net in ("mlp", "conv") for r in (("11", 88.0), ("12", 87.0))
    }


def test_written_again_it_adds_only_new_seeds(
    tracker: Tracker,
    client: MlflowClient,
    candidate: Trial,
    finalist: Finalist,
    rows: list[FinalistRecord],
) -> None:
    run_id = tracker.write(candidate(0))
    tracker.write_confirmation(rows)
    tracker.write_confirmation(rows)
    assert len(runs(client, tracker, "")) == 2 + 8
    changes = {
        "seeds": [11, 12, 13],
        "val_accuracies": [0.8] * 3,
        "test_accuracies": [0.87] * 3,
    }
    tracker.write_confirmation([finalist(verdict="worse", **changes)])
    assert len(runs(client, tracker, "")) == 2 + 9
    assert client.get_run(run_id).data.tags["verdict"] == "worse"
    assert client.get_run(run_id).data.metrics["mlp/test_n"] == 3
    assert runs(client, tracker, "attributes.status = 'RUNNING'") == []


def test_the_note_and_a_saved_view_show_the_confirmation(
    tracker: Tracker, client: MlflowClient, candidate: Trial, rows: list[FinalistRecord]
) -> None:
    tracker.write(candidate(0))
    tracker.write_confirmation(rows)
    tags = client.get_experiment(tracker.link("mine")[0]).tags
    assert "## Confirmation" in tags["mlflow.note.content"]
    assert "| space | core-1 |" in tags["mlflow.note.content"]
    state = json.loads(json.loads(tags["mlflow.sharedViewState.confirmation"])["state"])
    shown = runs(client, tracker, state["searchFilter"])
    assert {run.data.tags["role"] for run in shown} == {"candidate", "baseline"}
    page = client.search_runs(
        [tracker.link("mine")[0]], state["searchFilter"], order_by=[f"{state['orderByKey']} DESC"]
    )
    assert [run.info.run_name for run in page] == ["x * sigmoid(beta * x)", "ReLU"]
    columns = "test_percent_mean", "val_percent_mean", "difference_points", "p_value"
    assert {f"metrics.`conv/{name}`" for name in columns} < set(state["selectedColumns"])
    assert "tags.`conv/interval`" in state["selectedColumns"]


def test_a_finalist_that_diverged_on_every_seed_is_written_without_figures(
    tracker: Tracker, client: MlflowClient, candidate: Trial, finalist: Finalist
) -> None:
    run_id = tracker.write(candidate(0))
    bare = {"difference": None, "interval": None, "p_value": None}
    tracker.write_confirmation(
        [finalist(seeds=[], val_accuracies=[], test_accuracies=[], verdict="worse", **bare)]
    )
    data = client.get_run(run_id).data
    assert data.tags["verdict"] == "worse"
    assert data.metrics["mlp/test_n"] == 0
    assert "mlp/test_percent_mean" not in data.metrics


def test_a_finalist_that_was_never_written_is_refused_with_what_to_do(
    tracker: Tracker, rows: list[FinalistRecord]
) -> None:
    with pytest.raises(TrackingRefused, match=r"no run of trial 0.*actsearch sync mine"):
        tracker.write_confirmation(rows)
