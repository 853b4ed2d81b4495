"""A search that is driven by a job of a Ray cluster: where it is, and how it is begun."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ...space.bounded_input import from_json, read_bounded
from ..errors import ClusterUnusable, HomeUnusable, NameTaken, SubmitFailed
from ..executors.ray_jobs import ENDS, LOOK_EVERY, RayJobs
from ..storage.home import CLUSTER_JOB, CONFIG, Home
from ..storage.search_name import name_to_resume
from ..storage.usable import usable
from ..storage.validation import mistakes
from .status import PLACE_TAKEN
from .working_files import working_files

SIZE = 64 * 1024  # bytes of a record; it has some 150
# The head's own Python, and its user's home; its shell looks them up.
PROGRAM = "python -P -m actsearch.search.cli"
CLUSTER_HOME = '"${ACTSEARCH_HOME:-$HOME/.actsearch}"'
_PREFIX = "actsearch: "  # of the command line's messages
_SHOWN = 12  # lines of a job that failed


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="ignore"))
class ClusterJob:
    """The job of a search: the cluster's address as it was given, and the job's id there. home: of
    the search there, as a word of a shell's."""

    address: str
    job: str
    home: str = CLUSTER_HOME


_JOB = TypeAdapter(ClusterJob)


def read_job(folder: Path) -> ClusterJob | None:
    """The job of a search that was submitted to a cluster from here; None for any other. Raises
    HomeUnusable for a damaged record."""
    path = folder / CLUSTER_JOB
    try:
        return _JOB.validate_python(from_json(read_bounded(path, SIZE)))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = mistakes(error) if isinstance(error, ValidationError) else error
        raise HomeUnusable(
            f"{path} is damaged ({reason}): restore it from a copy; `ray job list` on the cluster "
            f"has the jobs' ids"
        ) from error


def submit_job(
    home: Home,
    name: str | None,
    address: str,
    words: Callable[[str], Sequence[str]],
    *,
    resume: bool,
) -> tuple[str, ClusterJob]:
    """Have a command drive a search as a job on the head of a cluster; its name and job.

    words: the command for the search's name, without the home. Returns once the driver has looked
    at the settings. Raises NameTaken or NoSuchSearch for the name, ClusterUnusable for the
    cluster, and SubmitFailed with what the driver said where it did not come so far.
    """
    folder, job = _folder(home, name, resume), None
    try:
        jobs = RayJobs(address)
        command = [*words(folder.name)]
        with working_files(command) as files:
            line = f"{PROGRAM} {shlex.join(command)} --home {CLUSTER_HOME}"
            job = ClusterJob(address=address, job=jobs.submit(line, folder.name, files))
        _wait_for_place(jobs, job.job, folder.name)
        with usable(folder):
            (folder / CLUSTER_JOB).write_bytes(_JOB.dump_json(job))
    except BaseException as error:
        if job is not None and not isinstance(error, SubmitFailed):
            with suppress(ClusterUnusable):
                RayJobs(address).stop(job.job)  # nothing here would know of it
        if not (folder / CONFIG).exists() and not (folder / CLUSTER_JOB).exists():
            with suppress(OSError):  # it holds something
                folder.rmdir()
                folder.parent.rmdir()
        raise
    return folder.name, job


def _folder(home: Home, name: str | None, resume: bool) -> Path:
    """Where the job of a search is kept here: there since it was first submitted, or made."""
    if resume and (home.searches / name_to_resume(name) / CLUSTER_JOB).exists():
        return home.searches / name_to_resume(name)
    name = home.fresh_name() if name is None else name
    if (home.searches / name / CLUSTER_JOB).exists():
        raise NameTaken(
            f"search '{name}' was submitted to a cluster: go on with it by --resume, take another "
            f"--name, or forget it here with `actsearch delete {name}`"
        )
    return home.new_folder(name)


def _wait_for_place(jobs: RayJobs, job: str, name: str) -> None:
    """Return once the driver has its place; raises SubmitFailed where it ends before."""
    while True:
        state, log = jobs.state(job), jobs.log(job)
        if PLACE_TAKEN.format(name=name) in log or state == "SUCCEEDED":
            return
        if state in ENDS:
            lines = log.strip().splitlines() or jobs.message(job).splitlines()
            raise SubmitFailed(_advice("\n".join(lines[-_SHOWN:])))
        time.sleep(LOOK_EVERY)


def _advice(text: str) -> str:
    """Error of a driver in its own words, or what to do where the cluster has no actsearch."""
    if ("No module named" in text and "actsearch" in text) or "not found" in text:
        return (
            f"{text.splitlines()[-1]}: the cluster's head has no actsearch in the `python` of its "
            f"PATH; install it there, and start Ray in that environment"
        )
    at = text.rfind(_PREFIX)
    return text[at + len(_PREFIX) :] if at >= 0 else text
