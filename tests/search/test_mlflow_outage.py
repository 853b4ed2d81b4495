"""MLflow cannot be reached: known before training, and survived in the midst of it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from mlflow import MlflowClient

from actsearch.mlflow import background_writer as writer
from actsearch.mlflow.client import local_uri
from actsearch.search import (
    Home,
    Search,
    Trial,
)
from actsearch.search.progress import Silent
from contracts.processes import ended
from contracts.tiny import TINY, TINY_CONV

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there
Verb = Callable[..., Any]


class LocksMlflow(Silent):
    """Takes MLflow's store away as soon as a candidate has ended."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._store = store

    def candidate(self, trial: Trial) -> None:
        if not self._store.in_transaction:
            self._store.execute("BEGIN EXCLUSIVE")


def shown(home: Home) -> list[int]:
    """The trials that MLflow shows."""
    client = MlflowClient(local_uri(home.root))
    (experiment,) = client.search_experiments(filter_string="name LIKE '%mine'")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    assert {run.info.status for run in runs} <= {"FINISHED"}
    return sorted(
        int(run.data.tags["actsearch.trial"]) for run in runs if "actsearch.trial" in run.data.tags
    )


def test_unreachable_at_the_start_it_says_so_before_training_and_leaves_no_search(
    actsearch: Verb, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOWHERE)
    output = actsearch("search", "--name", "mine", "--limit-data", "500", "--home", home.root)
    assert output.status == 1
    assert output.err.startswith(f"actsearch: MLflow at {NOWHERE} is unavailable")
    assert "start that server, or unset MLFLOW_TRACKING_URI" in output.err
    assert output.err.count("\n") == 1
    assert home.names() == []
    assert not home.searches.exists()


@pytest.mark.parametrize("verb", [("confirm", "mine", "--seeds", "3"), ("sync", "mine")])
def test_other_verbs_that_write_say_so_before_they_begin(
    actsearch: Verb, searched: Home, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    log = searched.searches / "mine" / "confirmation.jsonl"
    before = log.read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOWHERE)
    output = actsearch(*verb, "--home", searched.root)
    assert output.status == 1
    assert "is unavailable" in output.err
    assert log.read_bytes() == before


def test_a_record_is_shown_without_mlflow(
    actsearch: Verb, searched: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOWHERE)
    output = actsearch("confirm", "mine", "--home", searched.root)
    assert output.status == 0
    assert "Test set opened 1 time in this home" in output.out


@pytest.mark.long
def test_lost_in_the_midst_the_search_goes_on_and_the_runs_are_written_later(
    actsearch: Verb, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 1.0)  # seconds; 60 are for a user's server
    with closing(sqlite3.connect(home.root / "mlflow.db", isolation_level=None)) as store:
        outcome = Search(
            "mine",
            home=home.root,
            recipe=TINY,
            second=TINY_CONV,
            strategy="random",
            bracket=3,
            candidates=6,
            finalists=1,
            seeds=2,
            second_seeds=0,
            reporter=LocksMlflow(store),
        ).run()
        for thread in threading.enumerate():
            if thread.name == "mlflow-writer":
                thread.join(60)  # its last try; a command's process would just end here
        store.rollback()
    assert len(ended(outcome.trials)) == 6
    assert not outcome.shown
    assert outcome.confirmation is not None
    assert outcome.exported is not None
    output = actsearch("sync", "mine", "--home", home.root)
    assert (output.status, output.out.split()[0]) == (0, "6")
    assert shown(home) == [c.number for c in ended(outcome.trials)]
