"""A home's path may hold any character: each home has its own study, MLflow store and plots."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.client import local_uri
from actsearch.mlflow.ui_server import serve
from actsearch.search import Home, Search
from actsearch.search.storage.trial_reader import read_trials
from contracts.tiny import TINY

NAMES = ("a b", "a%20b", "a?b#c")


def shown(home: Path) -> list[str]:
    """The candidates' formulas in a home's MLflow store, each with its plot in that home."""
    client = MlflowClient(local_uri(home))
    experiment = client.get_experiment_by_name("actsearch/mine")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "tags.role = 'candidate'")
    for run in runs:
        assert (home / "artifacts" / "search-mine" / run.info.run_id).is_dir()
        assert "curve.png" in {file.path for file in client.list_artifacts(run.info.run_id)}
    return sorted(run.data.params["expression"] for run in runs)


@pytest.mark.long
def test_homes_whose_paths_read_alike_hold_what_is_their_own(tmp_path: Path) -> None:
    for seed, name in enumerate(NAMES):
        Search(
            "mine", home=tmp_path / name, recipe=TINY, strategy="random", candidates=1,
            bracket=1, confirm=False, seed=seed,
        ).run()  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    for name in NAMES:
        trials = read_trials(Home(tmp_path / name).folder("mine"))
        trained = sorted(trial.expression for trial in trials if trial.trained)
        assert len(trained) == 1
        assert shown(tmp_path / name) == trained


@pytest.mark.long
def test_the_ui_serves_the_plots_of_a_home_whose_path_is_quoted(
    tmp_path: Path,
) -> None:
    home = tmp_path / "a%20b?c#d"
    Search(
        "mine", home=home, recipe=TINY, strategy="random", candidates=1, bracket=1, confirm=False
    ).run()
    (expression,) = shown(home)
    with serve(home, port=0, search="mine") as url:
        server = f"http://{urlsplit(url).netloc}"
        candidates = {"experiment_ids": ["1"], "filter": "tags.role = 'candidate'"}
        body = json.dumps(candidates).encode()
        request = urllib.request.Request(
            f"{server}/api/2.0/mlflow/runs/search", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            (run,) = json.load(answer)["runs"]
        assert run["info"]["run_name"] == expression
        query = urlencode({"path": "curve.png", "run_uuid": run["info"]["run_id"]})
        with urllib.request.urlopen(f"{server}/get-artifact?{query}") as picture:
            assert picture.read(8) == b"\x89PNG\r\n\x1a\n"
