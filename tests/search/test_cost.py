"""A search of the front, from its settings to what the leaderboard, MLflow and its files show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.client import local_uri
from actsearch.search import Home, InvalidSetting, Search
from actsearch.search.reports.leaderboard import leaderboard_json
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.tracking import sync
from contracts.tiny import TINY, TINY_CONV

BOTH = ("accuracy", "cost")


@pytest.fixture(scope="module")
def home(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with `mine`, a small search of the front that was not confirmed."""
    made = Home(Path(shutil.copytree(empty_home, tmp_path_factory.mktemp("front") / "home")))
    Search(
        "mine",
        home=made.root,
        recipe=TINY,
        second=TINY_CONV,
        bracket=3,
        candidates=6,
        max_cost=50,
        objectives=BOTH,
        confirm=False,
    ).run()
    return made


def front_in_mlflow(home: Home) -> set[int]:
    client = MlflowClient(local_uri(home.root))
    (experiment,) = client.search_experiments(filter_string="name = 'actsearch/mine'")
    runs = client.search_runs([experiment.experiment_id], "tags.front = 'yes'")
    assert all(run.data.metrics["cost"] > 0 for run in runs)
    assert client.search_runs([experiment.experiment_id], "tags.role = 'front'")
    return {int(run.data.tags["actsearch.trial"]) for run in runs}


@pytest.mark.long
def test_the_leaderboard_and_mlflow_mark_the_same_front_also_when_mlflow_is_written_anew(
    home: Home, empty_home: Path, tmp_path: Path
) -> None:
    folder = home.folder("mine")
    rows = leaderboard_json(read_trials(folder), SearchFile.load(folder).config)
    assert all(row["cost"]["time"] > 0 for row in rows)
    members = {row["trial"] for row in rows if row["front"]}
    assert members
    assert front_in_mlflow(home) == members
    moved = Home(Path(shutil.copytree(empty_home, tmp_path / "home")))
    shutil.copytree(home.root / "searches", moved.root / "searches", dirs_exist_ok=True)
    sync(moved, "mine")
    assert front_in_mlflow(moved) == members


@pytest.mark.long
def test_the_exported_best_has_its_cost(home: Home) -> None:
    facts = json.loads((home.folder("mine") / "best" / "activation.json").read_text())
    assert facts["cost"]["time"] > 0
    assert facts["cost"]["device"].startswith("cpu, ")


@pytest.mark.long
@pytest.mark.parametrize("other", [{"max_cost": 2.0}, {"objectives": "accuracy"}])
def test_a_resume_with_another_limit_or_other_objectives_is_refused(
    home: Home, other: dict[str, Any]
) -> None:
    Search("mine", home=home.root, resume=True, max_cost=50.0, objectives="cost,accuracy")
    with pytest.raises(InvalidSetting, match=r"was begun with (max_cost 50\.0|objectives accur)"):
        Search("mine", home=home.root, resume=True, **other)


@pytest.mark.parametrize("other", [{"max_cost": 2.0}, {"objectives": "accuracy,cost"}])
def test_a_resume_with_a_limit_or_objectives_it_was_not_begun_with_is_refused(
    finished: Home, other: dict[str, Any]
) -> None:
    with pytest.raises(InvalidSetting, match=r"was begun with (max_cost None|objectives accur)"):
        Search("mine", home=finished.root, resume=True, **other)
