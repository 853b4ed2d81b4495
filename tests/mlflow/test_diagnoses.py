"""Diagnoses in MLflow: one experiment beside the searches', a run for each, wherever homes go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient

from actsearch.mlflow.client import TrackingUnavailable, local_uri
from actsearch.mlflow.diagnoses import EXPERIMENT, DiagnosisRecord, write_diagnosis
from actsearch.mlflow.tracker import Tracker

START = 1_750_000_000_000  # milliseconds since the epoch


def record(reason: str | None = None) -> DiagnosisRecord:
    return DiagnosisRecord(
        expression="x * sigmoid(beta * x)",
        params={"recipe": "quick-1"},
        points=[("val_accuracy", 0.5, 1), ("val_accuracy", 0.75, 2), ("index", float("inf"), 0)],
        figures={"dead-units": Figure(figsize=(1, 1))},
        document={"seed": 0},
        text="layer  units",
        started_ms=START,
        finished_ms=START + 5000,
        reason=reason,
    )


def test_a_diagnosis_is_a_run_with_metrics_figures_and_the_whole_document(
    home: Path, client: MlflowClient
) -> None:
    run_id = write_diagnosis(home, None, record())
    run = client.get_run(run_id)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    assert run.info.experiment_id == experiment.experiment_id
    assert run.info.run_name == "x * sigmoid(beta * x)"
    assert (run.info.status, run.info.end_time) == ("FINISHED", START + 5000)
    assert run.data.metrics == {"val_accuracy": 0.75}, "what is not finite is left out"
    assert run.data.tags["state"] == "complete"
    assert "layer  units" in run.data.tags["mlflow.note.content"]
    assert json.loads(Path(client.download_artifacts(run_id, "diagnosis.json")).read_text()) == {
        "seed": 0
    }
    files = {file.path for file in client.list_artifacts(run_id)}
    assert files == {"curve.png", "dead-units.png", "diagnosis.json", "images"}


def test_each_writing_is_a_run_of_its_own_in_one_experiment(
    home: Path, client: MlflowClient
) -> None:
    runs = [client.get_run(write_diagnosis(home, None, record(r))) for r in (None, "loss is nan")]
    assert len({run.info.experiment_id for run in runs}) == 1
    assert runs[1].data.tags["state"] == "infeasible"
    assert runs[1].data.tags["reason"] == "loss is nan"


def test_a_search_may_be_called_diagnoses(home: Path, client: MlflowClient) -> None:
    experiment = Tracker(home).open_search("diagnoses", {"space": "core-1"})
    run = client.get_run(write_diagnosis(home, None, record()))
    assert run.info.experiment_id != experiment


def test_after_the_experiment_was_deleted_there_is_a_new_one(
    home: Path, client: MlflowClient
) -> None:
    first = client.get_run(write_diagnosis(home, None, record())).info.experiment_id
    client.delete_experiment(first)
    second = client.get_run(write_diagnosis(home, None, record())).info.experiment_id
    assert second != first


def test_a_home_that_was_moved_keeps_its_new_figures_with_it(home: Path, tmp_path: Path) -> None:
    write_diagnosis(home, None, record())
    moved = Path(shutil.move(home, tmp_path / "elsewhere"))
    run_id = write_diagnosis(moved, None, record())
    client = MlflowClient(local_uri(moved))
    assert client.get_run(run_id).info.artifact_uri.startswith(moved.as_uri())


def test_a_server_that_does_not_answer_is_told(home: Path) -> None:
    with pytest.raises(TrackingUnavailable, match=r"127\.0\.0\.1"):
        write_diagnosis(home, "http://127.0.0.1:9", record())
