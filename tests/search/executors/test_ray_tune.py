"""Ray workers die, share a GPU, and are asked for where there are none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from actsearch.evaluators import Evaluator, ImageClassification, Job
from actsearch.search import (
    InvalidSetting,
    RunSettings,
)
from actsearch.search.confirmation.opening import with_test_set
from actsearch.search.confirmation.plan import Plan
from actsearch.search.confirmation.retrain import retrain
from actsearch.search.executors.base import Assignment, Executor
from actsearch.search.executors.in_process import InProcess
from actsearch.search.executors.ray_callbacks import WORKER_DIED
from actsearch.search.executors.ray_tune import RayTune
from actsearch.search.progress import Silent
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.shown_functions import ShownFunctions
from actsearch.search.storage.trial import entered
from contracts.executors import Events
from contracts.faults import CannotMove, DiesOnceOpened, Hangs, KillsItsProcess, Meets
from contracts.processes import environment, wait_until_gone
from contracts.tiny import TINY, Ran, run_engine

pytestmark = pytest.mark.usefixtures("ray_session")


@pytest.fixture(scope="module")
def unharmed(images: ImageClassification, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The search that the next fixture disturbs, here in this process."""
    return run_engine(tmp_path_factory.mktemp("search"), images, candidates=6)


@pytest.fixture(scope="module")
def harmed(
    images: ImageClassification,
    unharmed: Ran,
    tmp_path_factory: pytest.TempPathFactory,
    ray_session: None,
) -> Ran:
    """The same search on two workers at half a GPU each; one dies between two rungs."""
    folder = tmp_path_factory.mktemp("search")
    victim = unharmed.jobs[0].expressions[0]
    evaluator = KillsItsProcess(images, victim, mark=str(folder / "killed"))
    return run_engine(
        folder,
        evaluator,
        candidates=6,
        launch=RunSettings(workers=2, gpus_per_worker=0.5),
        executor=RayTune(2, 0.5, None),
    )


def test_a_killed_worker_is_recorded_as_what_it_is(harmed: Ran) -> None:
    failed = harmed.by_state("failed")
    assert failed
    assert {trial.error for trial in failed} == {WORKER_DIED}
    assert {trial.retry for trial in failed} == {0}


def test_its_candidates_are_trained_again_and_nothing_is_lost(harmed: Ran, unharmed: Ran) -> None:
    assert entered(harmed.candidates) == 6
    expressions = [trial.expression for trial in harmed.reported]
    assert sorted(expressions) == sorted(trial.expression for trial in unharmed.reported)
    assert not harmed.by_state("running")


def test_the_scores_are_those_of_a_search_without_the_accident(harmed: Ran, unharmed: Ran) -> None:
    first_rungs = {trial.expression: trial.val_accuracies.get(1) for trial in unharmed.reported}
    assert {
        trial.expression: trial.val_accuracies.get(1) for trial in harmed.reported
    } == first_rungs


def test_two_workers_share_a_gpu_and_train_at_the_same_time(
    images: ImageClassification, tmp_path: Path
) -> None:
    jobs = iter([Job((text,), TINY, seed=0) for text in ("relu(x)", "tanh(x)")])
    events = Events([*jobs])
    with RayTune(workers=2, gpus_per_worker=0.5, address=None) as executor:
        evaluator = Meets(images, folder=str(tmp_path))
        executor.run(evaluator, events.next_job, events.on_rung, events.on_done)
    assert events.done == {0: None, 1: None}, "each waits for the other before it trains"


def test_auto_has_as_many_at_work_as_fit_and_hands_out_no_more(
    images: ImageClassification, tmp_path: Path
) -> None:
    jobs = [Job((text,), TINY, seed=0) for text in ("relu(x)", "tanh(x)", "sin(x)", "erf(x)")]
    events = Events(jobs)
    most = 0

    def next_job() -> Assignment | None:
        nonlocal most
        assignment = events.next_job()
        most = max(most, len(events.handed_out) - len(events.done))
        return assignment

    with RayTune(workers=None, gpus_per_worker=0.5, address=None) as executor:
        evaluator = Meets(images, folder=str(tmp_path))
        executor.run(evaluator, next_job, events.on_rung, events.on_done)
    assert events.done == dict.fromkeys(range(4)), "each waits for another before it trains"
    assert most == 2


def test_more_gpus_than_there_are_is_said_with_both_numbers() -> None:
    executor = RayTune(workers=1, gpus_per_worker=2.0, address=None)
    with pytest.raises(InvalidSetting, match=r"asks for 2 GPUs, but Ray has 1.*gpus-per-worker"):
        executor.__enter__()


def test_an_open_session_is_used_and_left_open() -> None:
    with RayTune(workers=1, gpus_per_worker=0.0, address=None):
        pass
    assert ray.is_initialized()


def test_an_evaluator_that_cannot_start_on_a_worker_says_why(images: ImageClassification) -> None:
    events = Events([Job(("relu(x)",), TINY, seed=0)])
    with RayTune(workers=1, gpus_per_worker=0.0, address=None) as executor:
        executor.run(CannotMove(images), events.next_job, events.on_rung, events.on_done)
    assert "OSError: nothing grows on" in (events.done[0] or "")


@pytest.mark.slow  # 15 s: two workers start one after the other
def test_a_worker_killed_during_a_confirmation_costs_no_training_and_no_opening(
    images: ImageClassification, tmp_path: Path
) -> None:
    plan = Plan(
        finalists={"sin(x)": "sin(x)"}, baselines={"ReLU": "relu(x)"}, recipes=((TINY, 2),), seed=7
    )
    opened = with_test_set(images, ["fashion-mnist"])
    assert opened is not None
    dies = DiesOnceOpened(opened, "sin(x)", mark=str(tmp_path / "killed"))
    runs: list[tuple[str, Evaluator, Executor]] = [
        ("harmed", dies, RayTune(workers=1, gpus_per_worker=0.0, address=None)),
        ("unharmed", images, InProcess()),
    ]
    logs = []
    for name, evaluator, executor in runs:
        folder = tmp_path / name
        folder.mkdir()
        with executor:
            retrain(
                plan,
                ConfirmationLog(folder),
                ShownFunctions(folder),
                executor,
                evaluator,
                Silent(),
                Pace(1),
            )
        logs.append(ConfirmationLog(folder))
    harmed, unharmed = logs
    assert (tmp_path / "killed").exists()
    assert len(harmed.openings) == 1
    assert harmed.trainings == unharmed.trainings


STOPPED = """
import os, signal, sys, threading, time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from actsearch.evaluators import ImageClassification, Job, load_train
from actsearch.search.cli.options import stoppable
from actsearch.search.executors.base import Assignment
from actsearch.search.executors.ray_tune import RayTune
from contracts.faults import Hangs
from contracts.tiny import TINY

mark = Path(sys.argv[1])
jobs = iter([Assignment(0, Job(("relu(x)",), TINY, seed=0))])
evaluator = Hangs(ImageClassification({"fashion-mnist": load_train()}), mark=str(mark))

def stop():
    while not mark.exists():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

try:
    with stoppable(), RayTune(workers=1, gpus_per_worker=0.0, address=None) as executor:
        threading.Thread(target=stop).start()
        executor.run(evaluator, lambda: next(jobs, None), lambda *_: None, lambda *_: None)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_sigterm_stops_a_driver_and_its_workers_as_cleanly_as_ctrl_c(tmp_path: Path) -> None:
    mark, tests = tmp_path / "hangs", Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, str(mark)],
        env=environment(PYTHONPATH=str(tests)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    wait_until_gone(int(mark.read_text()))


STARTING = """
import os, signal, sys
import ray
from actsearch.search.cli.options import stoppable
from actsearch.search.executors.ray_tune import RayTune

begin = ray._private.node.Node.start_head_processes

def stopped(node):
    begin(node)
    os.kill(os.getpid(), signal.SIGTERM)

ray._private.node.Node.start_head_processes = stopped
try:
    with stoppable(), RayTune(workers=1, gpus_per_worker=0.0, address=None):
        sys.exit("it was not stopped")
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.slow  # 5 s: starts Ray once more
def test_sigterm_stops_a_driver_that_is_starting_ray_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTING],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 130, done.stderr


@pytest.fixture
def handler() -> Iterator[Any]:
    """Python's own of Ctrl-C, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_workers_of_a_run_in_an_open_session_and_frees_their_room(
    images: ImageClassification, tmp_path: Path, handler: Any
) -> None:
    mark = tmp_path / "hangs"
    events = Events([Job(("relu(x)",), TINY, seed=0)])

    def stop() -> None:
        while not mark.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    with RayTune(workers=1, gpus_per_worker=0.5, address=None) as executor:
        threading.Thread(target=stop).start()
        with pytest.raises(KeyboardInterrupt):
            executor.run(
                Hangs(images, mark=str(mark)), events.next_job, events.on_rung, events.on_done
            )
        assert signal.getsignal(signal.SIGINT) is handler
        assert not events.done, "it was stopped, and has neither succeeded nor failed"
        wait_until_gone(int(mark.read_text()))
        more = Events([Job(("relu(x)",), TINY, seed=0)])
        executor.run(images, more.next_job, more.on_rung, more.on_done)
    assert more.done == {0: None}
    assert ray.is_initialized()


def test_a_cluster_that_does_not_answer_is_told_at_once() -> None:
    address = "127.0.0.1:9"  # the discard port: nothing listens there
    done = subprocess.run(
        [
            *(sys.executable, "-m", "actsearch.search.cli", "score", "relu(x)"),
            *("--limit-data", "500", "--ray-address", address),
        ],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"actsearch: no Ray cluster answers at {address}: start one with `ray start --head`"
    )
