"""All searches of a home as they stand, on this machine and on clusters."""

from __future__ import annotations

from ...space import ActsearchError
from ..storage.home import CLUSTER_JOB, DRIVER_RECORD, Home
from ..storage.search_name import check_name
from .cluster_job import ClusterJob, read_job
from .cluster_status import cluster_status
from .status import Status, is_on_record, status_of


def job_of(home: Home, name: str) -> ClusterJob | None:
    """The cluster's job that drives a search; None where this machine does, or did."""
    check_name(name)
    return None if is_on_record(home, name) else read_job(home.searches / name)


def current_status(home: Home, name: str) -> Status:
    """How a search stands. Raises NoSuchSearch, ClusterUnusable where its cluster does not say,
    or what its files cannot be read for."""
    job = job_of(home, name)
    return status_of(home, name) if job is None else cluster_status(name, job)


def current_statuses(home: Home) -> tuple[list[Status], dict[str, str]]:
    """All of a home, the one begun last at the end; and of those that cannot be read, by name,
    why."""
    rows, unreadable = [], home.incomplete()
    for name in names_of(home):
        try:
            rows.append(current_status(home, name))
        except ActsearchError as error:
            unreadable[name] = str(error)
    return rows, unreadable


def names_of(home: Home) -> list[str]:
    """The searches of a home that ran, run or wait, the one launched last at the end."""
    begun = home.names()
    files = (DRIVER_RECORD, CLUSTER_JOB)
    folders = {path.parent.name for file in files for path in home.searches.glob(f"*/{file}")}
    return [*begun, *sorted(folders - set(begun))]
