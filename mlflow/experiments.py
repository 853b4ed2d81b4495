"""The experiment of a search: found, made under a name that is free, put away, erased for good.

In a home's own store a search is known by its name. On a server that several people use it is
known by its id as well, which its folder keeps: another search of the same name is left alone.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .client import TrackingRefused
from .run_fields import SEARCH_TAG
from .run_io import find, now_ms

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

PREFIX = "actsearch/"  # other experiments may live in the same store
ID_TAG = "actsearch.id"  # of a search on a server; searches of before there were ids have none
OWNER_TAG = "owner"  # who began it there, and on which machine
TAKEN = "RESOURCE_ALREADY_EXISTS"  # MLflow's code for a name that something else has
NAMES_TRIED = 100  # of one search and one owner on one server


@dataclass(frozen=True, slots=True)
class SharedName:
    """A search as a server tells it from others: its name and its id, which is empty for one that
    was begun before there were ids."""

    search: str
    id: str

    @property
    def tags(self) -> dict[str, str]:
        """The tags that its experiment and its model carry."""
        return {SEARCH_TAG: self.search, **({ID_TAG: self.id} if self.id else {})}

    def has(self, tags: dict[str, str]) -> bool:
        """Whether these are the tags of what belongs to it."""
        return tags.get(SEARCH_TAG) == self.search and tags.get(ID_TAG, "") == self.id

    def no_name_left(self, things: str, name: str) -> TrackingRefused:
        """The refusal where a name and all its variants are taken."""
        return TrackingRefused(
            f"{NAMES_TRIED} {things} of the server are called '{name}' already: take another "
            f"--name"
        )


def find_local(client: MlflowClient, search: str) -> Experiment | None:
    """A search's experiment in a home's own store, if any; one in MLflow's trash gives up the name
    it blocks."""
    experiment = client.get_experiment_by_name(PREFIX + search)
    if experiment is not None and experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
        retire(client, experiment)
        return None
    return experiment


def find_shared(client: MlflowClient, name: SharedName) -> Experiment | None:
    """A search's experiment on a server, whatever it is called there; None where only others'
    have the name, or it is in the trash."""
    condition = f"tags.`{SEARCH_TAG}` = '{name.search}'"
    token, pages = None, set[str]()
    while True:
        page = client.search_experiments(filter_string=condition, page_token=token)
        for experiment in page:
            if name.has(experiment.tags):
                return experiment
        token = page.token
        if not token:
            return None
        if token in pages:
            raise TrackingRefused("MLflow's list of experiments has no end: a page came twice")
        pages.add(token)


def make_once(client: MlflowClient, name: str, location: str | None) -> str:
    """The id of a new experiment, or of the one that another process has made since we looked."""
    from mlflow.exceptions import MlflowException

    try:
        made: str = client.create_experiment(name, location)
        return made
    except MlflowException as error:
        experiment = client.get_experiment_by_name(name) if error.error_code == TAKEN else None
        if experiment is None:
            raise
        return str(experiment.experiment_id)


def make_shared(client: MlflowClient, name: SharedName) -> str:
    """The id of a new experiment for a search on a server, under the first name that is free."""
    from mlflow.exceptions import MlflowException

    tags = {**name.tags, OWNER_TAG: owner()}
    for suffix in suffixes():
        try:
            experiment: str = client.create_experiment(PREFIX + name.search + suffix, tags=tags)
            return experiment
        except MlflowException as error:
            if error.error_code != TAKEN:
                raise
    raise name.no_name_left("experiments", PREFIX + name.search)


def suffixes() -> Iterator[str]:
    """The ends that a name may have on a server where others have it: none, or whose it is."""
    yield ""
    yield f" ({owner()})"
    yield from (f" ({owner()}, {n})" for n in range(2, NAMES_TRIED))


def owner() -> str:
    """The user of this process and its machine, as USER@MACHINE."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


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
