"""The best of a search as a registered model that needs nothing of ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from actsearch.mlflow.client import TrackingRefused
from actsearch.mlflow.records import CandidateRecord, ModelRecord
from actsearch.mlflow.tracker import Tracker
from actsearch.space import module_source, parse

Trial = Callable[..., CandidateRecord]

# What a colleague runs: torch and MLflow installed, actsearch not.
LOADING = """
import importlib.machinery, importlib.util, os, sys
def has_it(path):  # as a folder, or by the path hook of an editable install
    return "__editable__" in path or os.path.isdir(os.path.join(path, "actsearch"))

sys.path = [path for path in sys.path if not has_it(path)]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
assert importlib.util.find_spec("actsearch") is None
import mlflow, torch
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pytorch.load_model("models:/actsearch-mine@champion")
x = torch.linspace(-3, 3, 24).reshape(2, 3, 4)
assert isinstance(model, torch.nn.Module)
assert torch.allclose(model(x), x * torch.sigmoid(x)), model(x)
assert [name for name, _ in model.named_parameters()] == ["beta"]
assert "actsearch" not in sys.modules
print(mlflow.models.get_model_info("models:/actsearch-mine@champion").signature)
"""


@pytest.fixture
def best(tmp_path: Path) -> Callable[..., ModelRecord]:
    """Makes the record of trial 0, a winner, with what is given changed."""
    module = tmp_path / "activation.py"

    def make(**changes: Any) -> ModelRecord:
        values: dict[str, Any] = {
            "search": "mine",
            "trial": 0,
            "expression": "x * sigmoid(beta * x)",
            "verdict": "winner",
            "module": module,
            "class_name": "Activation",
            "notes": "It beats ReLU: a winner.",
        }
        record = ModelRecord(**values | changes)
        module.write_text(module_source(parse(record.expression), class_name="Activation"))
        return record

    return make


@pytest.mark.long
def test_the_champion_loads_with_its_signature_where_actsearch_is_not_installed(
    tracker: Tracker, candidate: Trial, best: Callable[..., ModelRecord]
) -> None:
    tracker.write(candidate(0))
    tracker.register(best())
    process = subprocess.run(
        [sys.executable, "-P", "-c", LOADING, tracker.uri],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert process.returncode == 0, process.stderr
    assert "float32" in process.stdout


def test_a_model_is_registered_once_and_another_verdict_moves_the_alias(
    tracker: Tracker, client: MlflowClient, candidate: Trial, best: Callable[..., ModelRecord]
) -> None:
    run_id = tracker.write(candidate(0))
    assert tracker.register(best()) == tracker.register(best()) == "actsearch-mine"
    (version,) = client.search_model_versions("name = 'actsearch-mine'")
    assert (version.run_id, version.tags["verdict"]) == (run_id, "winner")
    assert "models:/actsearch-mine@champion" in str(version.description)
    outputs = client.get_run(run_id).outputs
    assert outputs is not None
    (logged,) = outputs.model_outputs
    assert client.get_logged_model(logged.model_id).artifact_location == version.source
    tracker.register(best(verdict="tie"))
    aliases = client.get_registered_model("actsearch-mine").aliases
    assert {alias: str(number) for alias, number in aliases.items()} == {"candidate": "2"}


def test_a_deleted_search_takes_its_model_along(
    tracker: Tracker, client: MlflowClient, candidate: Trial, best: Callable[..., ModelRecord]
) -> None:
    tracker.write(candidate(0))
    tracker.register(best())
    tracker.delete_search("mine")
    with pytest.raises(MlflowException, match="not found"):
        client.get_registered_model("actsearch-mine")


def test_a_best_without_a_run_is_refused(
    tracker: Tracker, best: Callable[..., ModelRecord]
) -> None:
    with pytest.raises(TrackingRefused, match="no run of the best candidate"):
        tracker.register(best(trial=5))
