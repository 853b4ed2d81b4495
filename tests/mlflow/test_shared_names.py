"""On a store that several people share, each search has its own experiment, runs and model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from actsearch.mlflow.client import database
from actsearch.mlflow.records import CandidateRecord, ModelRecord
from actsearch.mlflow.tracker import Tracker
from actsearch.mlflow.uris import sqlite_uri

MODULE = """
import torch

class Activation(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x)
"""


@pytest.fixture
def shared(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a store that is no home's own, as a server is."""
    monkeypatch.chdir(tmp_path)  # where MLflow puts the files of such a store
    return sqlite_uri(Path(shutil.copy(database(empty_home), tmp_path / "shared.db")))


def tracker_of(shared: str, folder: Path, identity: str) -> Tracker:
    return Tracker(folder, shared, lambda search: identity)


def test_searches_of_one_name_have_an_experiment_each_and_find_their_own(
    shared: str, tmp_path: Path, candidate: Callable[..., CandidateRecord]
) -> None:
    trackers = [tracker_of(shared, tmp_path, identity) for identity in ("aa", "bb", "")]
    ids = [tracker.open_search("mine", {}) for tracker in trackers]
    assert len({*ids}) == 3
    client = MlflowClient(shared)
    plain, second, third = (client.get_experiment(number) for number in ids)
    assert plain.name == "actsearch/mine"
    assert second.name == f"actsearch/mine ({second.tags['owner']})"
    assert third.name == f"actsearch/mine ({third.tags['owner']}, 2)"
    trackers[1].write(candidate(3))
    assert [tracker.written("mine") for tracker in trackers] == [set(), {3}, set()]
    again = [tracker_of(shared, tmp_path, identity) for identity in ("aa", "bb", "")]
    client.rename_experiment(ids[1], "the better one")
    assert [tracker.link("mine")[0] for tracker in again] == ids
    trackers[0].delete_search("mine")
    assert [trackers[n].written("mine") for n in (1, 2)] == [{3}, set()]


def test_an_experiment_of_before_there_were_ids_stays_its_searchs_and_no_new_ones(
    shared: str, tmp_path: Path
) -> None:
    client = MlflowClient(shared)
    before = client.create_experiment("actsearch/mine", tags={"actsearch.search": "mine"})
    assert tracker_of(shared, tmp_path, "aa").open_search("mine", {}) != before
    assert tracker_of(shared, tmp_path, "").open_search("mine", {}) == before


def test_models_of_one_name_are_two(
    shared: str, tmp_path: Path, candidate: Callable[..., CandidateRecord]
) -> None:
    module = tmp_path / "activation.py"
    module.write_text(MODULE)
    record = ModelRecord(
        search="mine",
        trial=0,
        expression="tanh(x)",
        verdict="tie",
        module=module,
        class_name="Activation",
        notes="",
    )
    names = []
    for identity in ("aa", "bb"):
        tracker = tracker_of(shared, tmp_path, identity)
        tracker.open_search("mine", {})
        tracker.write(candidate(0))
        names.append(tracker.register(record))
        assert tracker.register(record) == names[-1]
    assert names[0] == "actsearch-mine"
    assert names[1].startswith("actsearch-mine-")
    tracker_of(shared, tmp_path, "bb").delete_search("mine")
    assert [m.name for m in MlflowClient(shared).search_registered_models()] == names[:1]


def test_runs_that_a_late_server_made_twice_become_one(
    tracker: Tracker, client: MlflowClient, candidate: Callable[..., CandidateRecord]
) -> None:
    experiment = tracker.link("mine")[0]
    tags = {"actsearch.search": "mine", "actsearch.trial": "0", "role": "candidate"}
    for _ in range(2):
        client.create_run(experiment, tags=tags)
    run_id = tracker.write(candidate(0))
    assert [run.info.run_id for run in client.search_runs([experiment])] == [run_id]
    client.create_run(experiment, tags=tags)
    assert tracker.written("mine") == {0}
    assert [run.info.run_id for run in client.search_runs([experiment])] == [run_id]
