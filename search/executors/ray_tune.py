"""Jobs on Ray workers, through Ray Tune: several processes, GPUs, or a cluster by its address.

A Tune trial is one job: the searcher's `suggest` is `next_job`, and one `step` is one rung. Tune
knows nothing of candidates or studies, and nothing is ever restored from its snapshots: they are
older than the study (measured: Tuner.restore on a persistent study crashed every time).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
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
from ray import cloudpickle, tune
from ray._private.worker import RayContext

from ...evaluators import Evaluator
from ...space.scratch import held, scratch_folder, sweep
from .base import NextJob, OnDone, OnRung
from .local_modules import local_modules
from .ray_address import (
    ClusterAddress,
    address_of,
    check_answers,
    check_is_session,
    refusals_explained,
    short_paths,
)
from .ray_callbacks import (
    Calls,
    JobSearcher,
    OnError,
    StopOnFault,
)
from .ray_capacity import check_capacity, room, usable_cpus
from .ray_farewell import farewell
from .ray_nodes import WatchesNodes, check_nodes
from .ray_silence import EndsSilent
from .ray_stopping import Interrupted, StopsOnSignal
from .ray_waiting import TellsWaiting
from .ray_worker import Worker


class RayTune:
    """A number of workers, each one Ray actor with one CPU and a share of a GPU; None: as many as
    there is room for, which changes as nodes and other users come and go.

    rung_limit: seconds after which a worker is ended that has not reported again; its job counts
    as failed. None: it may take as long as it likes.
    """

    def __init__(
        self,
        workers: int | None,
        gpus_per_worker: float,
        address: str | None,
        rung_limit: float | None = None,
    ) -> None:
        self._workers, self._gpus, self._rung_limit = workers, gpus_per_worker, rung_limit
        self._address = address
        self._started = False
        self._session = contextlib.ExitStack()  # ends with the session, or the use of one

    def __enter__(self) -> RayTune:
        """Start Ray here, or connect to the cluster; a session that is open already is used, if it
        is the one asked for."""
        try:
            address = address_of(self._address)
            if ray.is_initialized():
                if self._address is not None and address is not None:
                    check_is_session(address, ray.get_runtime_context().gcs_address)
            else:
                self._started = True
                with _handlers_restored():
                    self._start(address)
            here = self._started and address is None
            self._session.enter_context(farewell(address))
            check_capacity(self._workers or 1, self._gpus, usable_cpus() if here else None)
            if address is not None:
                check_nodes(self._gpus)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self, address: ClusterAddress | None) -> None:
        options: dict[str, Any] = {
            "include_dashboard": False,
            "log_to_driver": False,
            "logging_level": logging.ERROR,
        }
        if address is None:
            with short_paths():
                session = ray.init(
                    address="local", num_cpus=self._workers or usable_cpus(), **options
                )
            assert isinstance(session, RayContext)  # as of every session but a client's
            folder = Path(str(session.address_info["session_dir"]))
            self._session.enter_context(held(folder))
            sweep(folder.parent, "session_*")  # Ray leaves them; the last one's logs stay till now
            return
        check_answers(address)
        with refusals_explained(address):
            ray.init(address=address.text, **options)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._started:
                ray.shutdown()
                self._started = False
        finally:
            self._session.close()

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        """As in `Executor.run`; the evaluator and its data go to the object store once."""
        fits = None if self._workers is not None else functools.partial(room, self._gpus)
        calls = Calls(next_job, on_rung, on_done, self._rung_limit, fits)
        with _by_value(local_modules()):
            parameters = {"evaluator": evaluator, "rung_limit": self._rung_limit}
            worker = tune.with_resources(
                tune.with_parameters(Worker, **parameters), {"cpu": 1, "gpu": self._gpus}
            )
        logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # a dead worker is ours to tell
        stop = StopsOnSignal()
        callbacks = [
            stop,
            OnError(calls),
            WatchesNodes(calls, self._gpus),
            TellsWaiting(self._workers, self._gpus),
        ]
        if self._rung_limit is not None:
            callbacks.append(EndsSilent(calls, self._rung_limit))
        with (
            scratch_folder() as scratch,
            _handlers_restored(),
            contextlib.suppress(Interrupted),
        ):
            tune.Tuner(
                worker,
                tune_config=tune.TuneConfig(
                    search_alg=JobSearcher(calls),
                    num_samples=-1,
                    max_concurrent_trials=self._workers,
                    reuse_actors=True,  # a fresh process costs 5 s of imports
                    trial_dirname_creator=_short_name,
                ),
                run_config=tune.RunConfig(
                    name="jobs",
                    storage_path=str(scratch),
                    verbose=0,
                    # Nothing to keep; and a worker of another machine cannot write here.
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    stop=StopOnFault(calls),
                    callbacks=callbacks,
                ),
            ).fit()
        if calls.fault is not None:
            raise calls.fault
        if stop.is_asked or not calls.over:
            raise KeyboardInterrupt


@contextlib.contextmanager
def _by_value(modules: Sequence[ModuleType]) -> Iterator[None]:
    """Pickle the contents of these modules with their code, not as something to import."""
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


@contextlib.contextmanager
def _handlers_restored() -> Iterator[None]:
    """Ray leaves handlers behind: of SIGTERM, which ends in an abort; and Tune of SIGINT, which
    would swallow the first Ctrl-C after the run. A SIGTERM that Ray's handler took (it raises
    SystemExit) is handed to the one that was there before."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers: Tune sets none elsewhere
        return
    taken = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in taken}
    try:
        yield
    except SystemExit as end:
        taken_by_ray = end.code == signal.SIGTERM and callable(before[signal.SIGTERM])
        if not taken_by_ray:
            raise
        signal.signal(signal.SIGTERM, before[signal.SIGTERM])
        signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _short_name(trial: Any) -> str:
    return str(trial.trial_id)  # the default holds the configuration's text, too long for a path
