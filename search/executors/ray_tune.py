"""Jobs on Ray workers, through Ray Tune: several processes, GPUs, or a cluster by its address.

A Tune trial is one job: the searcher's `suggest` is `next_job`, and one `step` is one rung. Tune
knows nothing of candidates or studies, and nothing is ever restored from its snapshots: they are
older than the study (measured: Tuner.restore on a persistent study crashed every time).
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import math
import os
import pickle
import signal
import socket
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

# Read when ray is imported: no boxes and hints on the screen, no CSV and JSON per trial, no
# telemetry, and workers at the driver's own priority.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_worker_niceness", "0")

import ray
import torch
from ray import cloudpickle, tune
from ray.exceptions import RayActorError
from ray.tune.search import Searcher

from ...evaluators import Evaluator, Job, RungReport
from ...evaluators.reports import checked_reports
from ..errors import InvalidSetting
from ._base import NextJob, OnDone, OnRung, overdue
from ._local import local_modules

STDERR = 2  # the descriptor: Ray puts an object without one in sys.stderr's place
WORKER_DIED = "the worker process ended while training (killed, or out of memory)"


class RayTune:
    """A number of workers, each one Ray actor with one CPU and a share of a GPU.

    rung_limit: seconds after which a worker is ended that has not reported again; its job counts
    as failed. None: it may take as long as it likes.
    """

    def __init__(
        self,
        workers: int,
        gpus_per_worker: float,
        address: str | None,
        rung_limit: float | None = None,
    ) -> None:
        self._workers, self._gpus, self._rung_limit = workers, gpus_per_worker, rung_limit
        self._address = address or os.environ.get("RAY_ADDRESS")
        self._started = False

    def __enter__(self) -> RayTune:
        """Start Ray here, or connect to the cluster; a session that is open already is used."""
        if not ray.is_initialized():
            try:
                _knock(self._address)
                with _handlers_restored():
                    ray.init(
                        address=self._address or "local",  # else Ray may find a cluster itself
                        num_cpus=None if self._address else self._workers,
                        include_dashboard=False,
                        log_to_driver=False,
                        logging_level=logging.ERROR,
                    )
            except OSError as error:
                raise InvalidSetting(
                    f"no Ray cluster answers at {self._address}: start one with `ray start "
                    f"--head`, or leave --ray-address out to use this machine"
                ) from error
            self._started = True
        have = float(ray.cluster_resources().get("GPU", 0))
        if self._gpus > have:
            self.__exit__(None, None, None)
            raise InvalidSetting(
                f"each worker asks for {self._gpus:g} GPUs, but Ray has {have:g}: lower "
                f"--gpus-per-worker (0 trains on CPUs)"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._started:
            ray.shutdown()
            self._started = False

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        """As in `Executor.run`; the evaluator and its data go to the object store once."""
        calls = _Calls(next_job, on_rung, on_done, self._rung_limit)
        with _by_value(local_modules()):
            given = {"evaluator": evaluator, "rung_limit": self._rung_limit}
            worker = tune.with_resources(
                tune.with_parameters(_Worker, **given), {"cpu": 1, "gpu": self._gpus}
            )
        logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # a dead worker is ours to tell
        with (
            tempfile.TemporaryDirectory(prefix="actsearch-ray-") as scratch,
            _handlers_restored(),
        ):
            tune.Tuner(
                worker,
                tune_config=tune.TuneConfig(
                    search_alg=_JobSearcher(calls),
                    num_samples=-1,
                    max_concurrent_trials=self._workers,
                    reuse_actors=True,  # a fresh process costs 5 s of imports
                    trial_dirname_creator=_short_name,
                ),
                run_config=tune.RunConfig(
                    name="jobs",
                    storage_path=scratch,
                    verbose=0,
                    stop=_StopOnFault(calls),
                    callbacks=[_OnError(calls)],
                ),
            ).fit()
        if calls.fault is not None:
            raise calls.fault
        if not calls.over:
            raise KeyboardInterrupt  # Tune ends its loop on SIGINT and returns as if finished


@contextlib.contextmanager
def _by_value(modules: Sequence[ModuleType]) -> Iterator[None]:
    """Pickle what these modules hold with its code, not as something to import."""
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _knock(address: str | None) -> None:
    """Raise OSError where nothing listens at HOST:PORT: Ray itself tries for over ten minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@contextlib.contextmanager
def _handlers_restored() -> Iterator[None]:
    """Ray leaves handlers behind: of SIGTERM, which ends in an abort; and Tune of SIGINT, which
    would swallow the first Ctrl-C after the run."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers: Tune sets none elsewhere
        return
    taken = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _short_name(trial: Any) -> str:
    return str(trial.trial_id)  # the default holds the configuration's text, too long for a path


class _Calls:
    """The driver's callbacks, and the first exception one of them raised.

    Stays in the driver: Tune pickles searcher and stopper into its snapshots, and this drops out.
    """

    def __init__(
        self, next_job: NextJob, on_rung: OnRung, on_done: OnDone, rung_limit: float | None
    ) -> None:
        self._next_job, self._on_rung, self._on_done = next_job, on_rung, on_done
        self._rung_limit = rung_limit
        self.under_way: dict[str, int] = {}  # Tune's trial -> the job's number
        self._heard: dict[str, float] = {}  # Tune's trial -> when it began or last reported
        self.fault: BaseException | None = None
        self.over = False  # there is no job left, and none under way

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _nothing, ()

    @contextlib.contextmanager
    def _keeping(self) -> Iterator[None]:
        """Keeps what the block raises for `run` to raise: Tune would wrap it, or only log it."""
        try:
            yield
        except Exception as error:
            self.fault = self.fault or error

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        assignment = None
        if self.fault is None:
            with self._keeping():
                assignment = self._next_job()
        if assignment is None:
            self.over = self.fault is not None or not self.under_way
            return Searcher.FINISHED if self.over else None
        self.under_way[trial_id] = assignment.number
        self._heard[trial_id] = time.monotonic()
        return {"job": assignment.job}

    def rung(self, trial_id: str, report: RungReport) -> None:
        self._heard[trial_id] = time.monotonic()
        with self._keeping():
            self._on_rung(self.under_way[trial_id], report)

    def died(self, trial_id: str) -> str:
        """Why a worker ended by itself: its time limit, if it was silent for so long."""
        silent = time.monotonic() - self._heard.get(trial_id, math.inf)
        limit = self._rung_limit
        return WORKER_DIED if limit is None or silent < limit else overdue(limit)

    def done(self, trial_id: str, error: str | None) -> None:
        number = self.under_way.pop(trial_id, None)
        if number is not None and self.fault is None:
            with self._keeping():
                self._on_done(number, error)


def _nothing() -> None:
    return None


class _JobSearcher(Searcher):
    """Tune's view of the driver."""

    def __init__(self, calls: _Calls) -> None:
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
            return  # _OnError is told why, and comes next
        found = result or {}
        if "report" in found:
            self._calls.rung(trial_id, found["report"])
        self._calls.done(trial_id, found.get("error"))

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study is what is restored from."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as above."""


class _OnError(tune.Callback):
    """Is told of workers that died, or that could not start (an evaluator that does not unpickle
    there, say)."""

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._calls.done(trial.trial_id, self._why(trial))

    def _why(self, trial: Any) -> str:
        """What ended a Tune trial, from the files that Tune has just put it in."""
        if trial.pickled_error_file is not None:
            error = pickle.loads(Path(trial.pickled_error_file).read_bytes())
            if isinstance(error, RayActorError) and not error.actor_init_failed:
                return self._calls.died(trial.trial_id)
        return Path(trial.error_file).read_text()


class _StopOnFault(tune.Stopper):
    """Ends the run as soon as a callback has raised."""

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._calls.fault is not None


class _Worker(tune.Trainable):
    """A worker: keeps the evaluator between jobs, trains one rung a step."""

    def setup(
        self,
        config: dict[str, Any],
        evaluator: Evaluator | None = None,
        rung_limit: float | None = None,
    ) -> None:
        assert evaluator is not None  # tune.with_parameters gives it
        self._rung_limit = rung_limit
        torch.set_num_threads(1)
        cuda = bool(ray.get_gpu_ids()) and torch.cuda.is_available()
        self._evaluator = evaluator.on("cuda" if cuda else "cpu")
        self._start(config["job"])

    def _start(self, job: Job) -> None:
        self._reports = checked_reports(self._evaluator, job)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._start(new_config["job"])
        return True

    def step(self) -> dict[str, Any]:
        try:
            with self._time_limit():
                report = next(self._reports, None)
        except Exception:
            return {"error": traceback.format_exc(), "done": True}
        return {"done": True} if report is None else {"report": report, "done": report.last}

    @contextlib.contextmanager
    def _time_limit(self) -> Iterator[None]:
        """End this process if the block takes too long, even where it hangs in C code; Ray's log
        of the worker then says where."""
        if self._rung_limit is not None:
            faulthandler.dump_traceback_later(self._rung_limit, exit=True, file=STDERR)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing worth keeping; Tune calls it at the end of every trial."""
