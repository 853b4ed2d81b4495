"""A store that is made once, and records to write into it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.client import local_uri
from actsearch.mlflow.records import CandidateRecord, FinalistRecord
from actsearch.mlflow.tracker import Tracker

START = 1_750_000_000_000  # milliseconds since the epoch


@pytest.fixture
def home(empty_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(empty_home, tmp_path / "home"))


@pytest.fixture
def tracker(home: Path) -> Tracker:
    """A tracker with the search `mine` opened."""
    opened = Tracker(home)
    opened.open_search("mine", {"space": "core-1", "strategy": "random"})
    return opened


@pytest.fixture
def client(home: Path) -> MlflowClient:
    """MLflow's own view of the home."""
    return MlflowClient(local_uri(home))


@pytest.fixture
def candidate() -> Callable[..., CandidateRecord]:
    """Makes the record of a trial that ran to the end, with what is given changed."""

    def make(trial: int = 0, **changes: Any) -> CandidateRecord:
        values: dict[str, Any] = {
            "search": "mine",
            "trial": trial,
            "expression": "x * sigmoid(beta * x)",
            "state": "complete",
            "val_accuracy": 0.86,
            "val_accuracies": {1: 0.81, 3: 0.84, 9: 0.86},
            "train_losses": [0.9, 0.7, 0.6, 0.5, 0.45, 0.4, 0.38, 0.36, 0.35],
            "val_losses": {1: 0.6, 3: 0.5, 9: 0.4},
            "seconds": 18.5,
            "learned": {"beta": [1.5, 0.75]},
            "strategy": "random",
            "started_ms": START,
            "finished_ms": START + 18_500,
        }
        return CandidateRecord(**values | changes)

    return make


@pytest.fixture
def finalist() -> Callable[..., FinalistRecord]:
    """Makes a row of a confirmation over two seeds, with what is given changed."""

    def make(trial: int | None = 0, **changes: Any) -> FinalistRecord:
        values: dict[str, Any] = {
            "search": "mine",
            "trial": trial,
            "expression": "x * sigmoid(beta * x)",
            "name": "x * sigmoid(beta * x)",
            "network": "mlp",
            "seeds": [11, 12],
            "val_accuracies": [0.89, 0.88],
            "test_accuracies": [0.88, 0.87],
            "difference": 0.004,
            "interval": (-0.001, 0.009),
            "p_value": 0.08,
            "verdict": "tie",
        }
        return FinalistRecord(**values | changes)

    return make
