"""Workers that neither report nor end, such as stopped ones or those on a machine that is lost:
ended from here.

A worker keeps its time limit itself, as long as it runs at all (ray_worker.py).
Imported by ray_tune.py alone, which sets Ray's environment first.
"""

from __future__ import annotations

from typing import Any

import ray
from ray import tune

from .ray_callbacks import Calls

GRACE = 5.0  # seconds past the limit in which a worker may end itself, which says where it hung


class EndsSilent(tune.Callback):
    """Kills workers that have not reported for longer than the limit of a rung, in seconds."""

    def __init__(self, calls: Calls, rung_limit: float) -> None:
        self._calls, self._limit = calls, rung_limit

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._calls.hear(trial.trial_id)

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        for trial in trials:
            worker = trial.temporary_state.ray_actor
            if worker is None or trial.status != "RUNNING":
                continue
            if self._calls.silence(trial.trial_id) > self._limit + GRACE:
                ray.kill(worker)
