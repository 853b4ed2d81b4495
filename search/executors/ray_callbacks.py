"""Jobs for Ray Tune, and its reports of them: its searcher, callback and stopper.

Imported by ray_tune.py alone, which sets Ray's environment first.
"""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ray import tune
from ray.exceptions import RayActorError
from ray.tune.search import Searcher

from ...evaluators import RungReport
from .base import (
    NextJob,
    OnDone,
    OnRung,
    overdue,
)

LOOK_EVERY = 0.5  # seconds between two looks for room on the cluster
WORKER_DIED = "the worker process ended while training (killed, or out of memory)"


class Calls:
    """The driver's callbacks, and the first exception one of them raised.

    Stays in the driver: Tune pickles searcher and stopper into its snapshots, and this drops out.
    """

    def __init__(
        self,
        next_job: NextJob,
        on_rung: OnRung,
        on_done: OnDone,
        rung_limit: float | None,
        room: Callable[[], int] | None = None,
    ) -> None:
        """room: how many jobs there is room for now; None: Tune holds to a number."""
        self._next_job, self._on_rung, self._on_done = next_job, on_rung, on_done
        self._rung_limit, self._room = rung_limit, room
        self._looked, self._fit = -LOOK_EVERY, 0
        self.under_way: dict[str, int] = {}  # Tune's trial -> the job's number
        self._heard: dict[str, float] = {}  # Tune's trial -> when it began or last reported
        self.fault: BaseException | None = None
        self.over = False  # there is no job left, and none under way

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _nothing, ()

    @contextlib.contextmanager
    def _keeping(self) -> Iterator[None]:
        """Keep the block's exception for `run` to raise: Tune would wrap it, or only log it."""
        try:
            yield
        except Exception as error:
            self.fault = self.fault or error

    def _is_full(self) -> bool:
        """Whether there is no room for one more job; the first one always has some, to wait in."""
        if self._room is None or not self.under_way:
            return False
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked, self._fit = now, self._room()
        return len(self.under_way) >= self._fit

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if self.fault is None and self._is_full():
            return None
        assignment = None
        if self.fault is None:
            with self._keeping():
                assignment = self._next_job()
        if assignment is None:
            self.over = self.fault is not None or not self.under_way
            return Searcher.FINISHED if self.over else None
        self.under_way[trial_id] = assignment.number
        return {"job": assignment.job}

    def hear(self, trial_id: str) -> None:
        """Take it down that a worker has begun a job, or has reported."""
        self._heard[trial_id] = time.monotonic()

    def silence(self, trial_id: str) -> float:
        """Seconds since a worker was last heard; 0 of one that has not begun."""
        now = time.monotonic()
        return now - self._heard.get(trial_id, now)

    def rung(self, trial_id: str, report: RungReport) -> None:
        self.hear(trial_id)
        with self._keeping():
            self._on_rung(self.under_way[trial_id], report)

    def died(self, trial_id: str) -> str:
        """Why a worker ended by itself: its time limit, if it was silent for so long."""
        limit = self._rung_limit
        if limit is None or self.silence(trial_id) < limit:
            return WORKER_DIED
        return overdue(limit)

    def done(self, trial_id: str, error: str | None) -> None:
        self._heard.pop(trial_id, None)
        number = self.under_way.pop(trial_id, None)
        if number is not None and self.fault is None:
            with self._keeping():
                self._on_done(number, error)


def _nothing() -> None:
    return None


class JobSearcher(Searcher):
    """Tune's view of the driver."""

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    def suggest(self, trial_id: str) -> Any:
        return self._calls.suggest(trial_id)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        if "report" in result:
            self._calls.rung(trial_id, result["report"])

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        if error:
            return  # OnError is told why, and comes next
        last = result or {}
        if "report" in last:
            self._calls.rung(trial_id, last["report"])
        self._calls.done(trial_id, last.get("error"))

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study is what is restored from."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as above."""


class OnError(tune.Callback):
    """Tune's view of workers that died, or that could not start (an evaluator that does not
    unpickle there, say)."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._calls.done(trial.trial_id, self._why(trial))

    def _why(self, trial: Any) -> str:
        """The error that ended a Tune trial, from the files that Tune has just written."""
        if trial.pickled_error_file is not None:
            error = pickle.loads(Path(trial.pickled_error_file).read_bytes())
            if isinstance(error, RayActorError) and not error.actor_init_failed:
                return self._calls.died(trial.trial_id)
        return Path(trial.error_file).read_text()


class StopOnFault(tune.Stopper):
    """Ends the run as soon as a callback has raised."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._calls.fault is not None
