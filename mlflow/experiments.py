"""The experiment of a search: found, put away under another name, erased for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .run_io import find, now_ms

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

PREFIX = "actsearch/"  # other experiments may live in the same store


def find_experiment(client: MlflowClient, search: str) -> Experiment | None:
    """The search's experiment, if any; one in MLflow's trash gives up the name it blocks."""
    experiment = client.get_experiment_by_name(PREFIX + search)
    if experiment is not None and experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
        retire(client, experiment)
        return None
    return experiment


def retire(client: MlflowClient, experiment: Experiment) -> None:
    """Put an experiment into MLflow's trash under another name: names in there stay taken."""
    retired = f"{experiment.name} (deleted {now_ms()})"
    client.rename_experiment(experiment.experiment_id, retired)
    client.delete_experiment(experiment.experiment_id)


def erase(client: MlflowClient, experiment: Experiment) -> None:
    """Take one retired experiment out of the trash of a SQL store, its files excepted.

    There is no public way: `mlflow gc` empties the whole trash, whoever threw what into it. These
    are the two methods that it calls itself (MLflow 3.17).
    """
    store = client._tracking_client.store
    for run in list(find(client, experiment.experiment_id, "", deleted=True)):
        store._hard_delete_run(run.info.run_id)
    store._hard_delete_experiment(experiment.experiment_id)
