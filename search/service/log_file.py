"""The log of a submitted search: what its driver printed."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..errors import NotRunning
from ..executors.ray_jobs import ENDS, RayJobs
from ..storage.home import DRIVER_LOG, Home
from .cluster_job import ClusterJob
from .driver_record import driving_process, read_record
from .overview import job_of
from .status import folder_of

LOOK_EVERY = 0.3  # seconds
JOB_LOOK_EVERY = 2.0  # seconds: the whole log comes over the wire each time


def log_lines(home: Home, name: str, *, follow: bool) -> Iterator[str]:
    """Output of a search's driver, piece by piece; with `follow` until the driver has ended.

    On this machine the output of all launches, on a cluster that of the last. Raises NotRunning
    where the driver prints to a terminal.
    """
    if (job := job_of(home, name)) is not None:
        yield from _job_lines(job, follow)
        return
    folder = folder_of(home, name)
    log = folder / DRIVER_LOG
    if not log.is_file():
        record = read_record(folder)
        where = f" of process {record.pid}" if record is not None else ""
        raise NotRunning(
            f"search '{name}' has no log: it was not submitted, so it printed to the terminal"
            f"{where}; `actsearch status {name}` says how it stands"
        )
    with log.open(encoding="utf-8", errors="replace") as file:
        while True:
            is_over = driving_process(folder) is None  # asked first: its last words come before
            while text := file.read(65536):
                yield text
            if not follow or is_over:
                return
            time.sleep(LOOK_EVERY)


def _job_lines(job: ClusterJob, follow: bool) -> Iterator[str]:
    """The same of a job on a cluster."""
    jobs, printed = RayJobs(job.address), 0
    while True:
        is_over = jobs.state(job.job) in ENDS
        log = jobs.log(job.job)
        yield log[printed:]
        printed = len(log)
        if not follow or is_over:
            return
        time.sleep(JOB_LOOK_EVERY)
