"""Runs of a search that are removed for the room they take, the best ones left."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Set
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from . import run_fields
from .local_store import LONGEST_LOCKED
from .run_io import find

if TYPE_CHECKING:
    from mlflow import MlflowClient


def trim(client: MlflowClient, experiment: str, keep: Set[int], artifacts: Path | None) -> int:
    """Remove the runs of an experiment's candidates but those of some trials; how many went.

    artifacts: where the files of a home's own store are: there a run is gone for good, files
    first, so that what was killed on the way is found again. None: on a server it is in the
    trash, files and all, until `mlflow gc` runs there.
    """
    runs = list(find(client, experiment, "tags.role = 'candidate'"))
    removed = 0
    for run in runs:
        trial = run.data.tags.get(run_fields.TRIAL_TAG, "")
        if not trial.isdecimal() or int(trial) in keep:
            continue
        removed += 1
        if artifacts is None:
            client.delete_run(run.info.run_id)
            continue
        shutil.rmtree(artifacts / run.info.run_id, ignore_errors=True)
        client.delete_run(run.info.run_id)
        client._tracking_client.store._hard_delete_run(run.info.run_id)  # as in experiments.erase
    return removed


def shrink(database: Path) -> None:
    """Give the room of what was removed from a SQLite store back to the disk.

    Raises sqlite3.Error where another process holds the store, or there is no room for a copy.
    """
    with closing(sqlite3.connect(database, timeout=LONGEST_LOCKED)) as connection:
        connection.execute("VACUUM")
