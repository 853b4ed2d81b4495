"""Workers that find no room on a full cluster: what they wait for is told soon, then now and then.

Imported by ray_tune.py alone, which sets Ray's environment first.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import ray
from ray import tune
from ray._private import state

from .ray_capacity import had, needs, own_placement_groups

FIRST = 6.0  # seconds without room until it is told
AGAIN = 60.0  # seconds until it is told again; doubled each time
SELDOM = 1800.0  # seconds between two lines at most
LOOK_EVERY = 1.0  # seconds; asking the cluster takes milliseconds
LONGEST = 60  # characters of another job's command
SHOWN = 3  # jobs that a line names

logger = logging.getLogger(__name__)


class TellsWaiting(tune.Callback):
    """Warns as long as workers wait for room: how much each takes, what is free, whose is the
    rest. A worker that has its room and is starting waits for nothing."""

    def __init__(self, workers: int | None, gpus: float) -> None:
        """workers: None where they are as many as fit."""
        self._workers, self._gpus = workers, gpus
        self._looked = -LOOK_EVERY
        self._full_since: float | None = None
        self._next, self._pause = FIRST, AGAIN

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        waiting = _without_room() if any(trial.status == "PENDING" for trial in trials) else 0
        if not waiting:
            self._full_since, self._next, self._pause = None, FIRST, AGAIN
            return
        if self._full_since is None:
            self._full_since = now
        waited = now - self._full_since
        if waited >= self._next:
            self._next = waited + self._pause
            self._pause = min(2 * self._pause, SELDOM)
            workers = self._workers or sum(not trial.is_finished() for trial in trials)
            logger.warning("%s", self._line(waiting, workers, waited))

    def _line(self, waiting: int, workers: int, waited: float) -> str:
        nodes = state.available_resources_per_node().values()
        return (
            f"{waiting} of {workers} workers wait for room on the Ray cluster, for "
            f"{waited:.0f} s now: each takes {needs(self._gpus)}, and of what is free there "
            f"{had(nodes, self._gpus)}{_others()} (Ctrl-C stops; what has finished is kept)"
        )


def _without_room() -> int:
    """How many of this driver's workers have not got their resources."""
    states = [group["state"] for group in own_placement_groups()]
    return sum(state in ("PENDING", "RESCHEDULING") for state in states)


def _others() -> str:
    """Who else is on the cluster, by their commands, as the end of a sentence."""
    mine = ray.get_runtime_context().get_job_id()
    jobs = [job for job in state.jobs() if not job["IsDead"] and job["JobID"] != mine]
    names = [f"`{_shortened(job)}` from {job['DriverIPAddress']}" for job in jobs[:SHOWN]]
    if len(jobs) > SHOWN:
        names.append(f"{len(jobs) - SHOWN} more")
    return f"; it is also used by {', '.join(names)}" if names else ""


def _shortened(job: dict[str, Any]) -> str:
    command = str(job.get("Entrypoint") or f"process {job['DriverPid']}")
    return command if len(command) <= LONGEST else f"{command[: LONGEST - 1]}…"
