"""The status of a search on a cluster, from the state of its job and the last lines it printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..errors import NotRunning
from ..executors.ray_jobs import ENDS, RayJobs
from .cluster_job import ClusterJob
from .status import State, Status

_STATES: dict[str, State] = {"SUCCEEDED": "finished", "FAILED": "failed", "STOPPED": "stopped"}
# As `Tally.line` writes it.
_LINE = re.compile(
    r"^(?P<done>\d+)/(?P<total>\d+) (?P<unit>candidates|trainings)"
    r"(?:  ·  best (?P<score>[\d.]+)%  (?P<expression>.*?))?"
    r"  ·  (?P<spent>[\d:]+) spent"
    r"(?:  ·  about (?P<left>[\d:]+) left(?:, then (?P<later>[\d:]+) of confirmation)?)?$",
    re.MULTILINE,
)
_WORKERS = re.compile(r", on (\d+) Ray workers$", re.MULTILINE)
_WAITS = re.compile(r"^search '[^']*' waits until (.*) ha(?:s|ve) ended$", re.MULTILINE)


def cluster_status(name: str, job: ClusterJob) -> Status:
    """How a search on a cluster stands. Raises ClusterUnusable where the cluster does not say."""
    jobs = RayJobs(job.address)
    return status_in(name, job, jobs.state(job.job), jobs.log(job.job))


def cluster_stop(name: str, job: ClusterJob, on_wait: Callable[[str], None]) -> Status:
    """Stop a search on a cluster, wait until it has ended, and say how it stands then. Raises
    NotRunning where it had ended before."""
    jobs = RayJobs(job.address)
    state = jobs.state(job.job)
    if state in ENDS:
        raise NotRunning(
            f"search '{name}' does not run, so there is nothing to stop: its job {job.job} on "
            f"{job.address} is {_STATES[state]}"
        )
    on_wait(f"job {job.job} on {job.address} is asked to stop …")
    jobs.stop(job.job)
    state = jobs.wait(job.job)
    return status_in(name, job, state, jobs.log(job.job))


def status_in(name: str, job: ClusterJob, state: str, log: str) -> Status:
    """Status by the lines of a job's log; a resumed search has a job of its own."""
    lines = list(_LINE.finditer(log))
    sweeps = [line for line in lines if line["unit"] == "candidates"]
    last, sweep = (lines[-1] if lines else None), (sweeps[-1] if sweeps else None)
    workers = _WORKERS.search(log)
    waits = list(_WAITS.finditer(log))
    running = state not in ENDS
    done = int(sweep["done"]) if sweep else 0
    is_waiting = running and bool(waits) and last is None and workers is None
    return Status(
        name=name,
        state=_STATES[state] if not running else _stage(last, is_waiting),
        entered=done,
        candidates=int(sweep["total"]) if sweep else None,
        trainings=(
            (int(last["done"]), int(last["total"]))
            if running and last and last["unit"] == "trainings"
            else None
        ),
        score=float(sweep["score"]) / 100 if sweep and sweep["score"] else None,
        expression=sweep["expression"] if sweep else None,
        per_hour=_per_hour(sweeps),
        left=_seconds(last["left"]) if running and last else None,
        later=_seconds(last["later"]) if running and last else None,
        workers=int(workers[1]) if workers else None,
        cluster=job.address,
        log=f"Ray job {job.job} on {job.address}: actsearch log {name}",
        behind=tuple(re.findall(r"'([^']*)'", waits[-1][1])) if is_waiting else (),
        reason=_last_words(log) if state == "FAILED" else None,
    )


def _stage(last: re.Match[str] | None, is_waiting: bool) -> State:
    if last is not None:
        return "confirming" if last["unit"] == "trainings" else "searching"
    return "waiting" if is_waiting else "starting"


def _per_hour(lines: Sequence[re.Match[str]]) -> float | None:
    """Candidates an hour between the first and the last line; of one line, since the beginning."""
    if not lines:
        return None
    points = [(int(line["done"]), _seconds(line["spent"]) or 0.0) for line in lines]
    start = points[0] if len(points) > 1 else (0, 0.0)
    seconds = points[-1][1] - start[1]
    return (points[-1][0] - start[0]) * 3600 / seconds if seconds > 0 else None


def _last_words(log: str) -> str | None:
    lines = log.strip().splitlines()
    return lines[-1].removeprefix("actsearch: ") if lines else None


def _seconds(text: str | None) -> float | None:
    """Seconds of 1:05 or 2:01:05."""
    if text is None:
        return None
    seconds = 0
    for part in text.split(":"):
        seconds = 60 * seconds + int(part)
    return float(seconds)
