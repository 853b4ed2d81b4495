"""Ctrl-C at any moment of a write is raised, and leaves the study free for the next one."""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from actsearch.evaluators import CandidateReport
from actsearch.search.storage.held_interrupts import held_interrupts
from actsearch.search.storage.study import Study
from actsearch.search.storage.study_file import FILE
from actsearch.search.storage.trial import RETRIES
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.strategies.random import Random
from actsearch.space import CoreUnits
from contracts.tiny import study_in

SPACE = CoreUnits()
BETWEEN = 151  # moments from one interruption to the next; a life has some 7,000, of events traced
REPORT = CandidateReport(
    index=0, state="complete", val_accuracy=0.5, val_loss=0.5, train_losses=(0.5,), learned={}
)


@pytest.fixture(autouse=True)
def raises() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, as in a command; pytest's own parent may ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def interrupted_after(moments: int) -> Iterator[Callable[[], bool]]:
    """SIGINT after so many traced events within the block; whether they came to so many."""
    left = moments

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            signal.raise_signal(signal.SIGINT)
        return trace if left > 0 else None

    sys.settrace(trace)
    try:
        yield lambda: left <= 0
    finally:
        sys.settrace(None)


def is_free(folder: Path) -> bool:
    """Whether another connection can write to the study at once."""
    with closing(sqlite3.connect(folder / FILE, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.execute("ROLLBACK")
        return True


def numbers(folder: Path) -> list[int]:
    """The numbers of the trials, as the file has them."""
    with closing(sqlite3.connect(folder / FILE)) as file:
        return [number for (number,) in file.execute("SELECT number FROM trials ORDER BY number")]


def live(study: Study) -> None:
    """A trial's life: begun (again, if one waits), a rung, failed, so that it waits."""
    trial = study.retry(SPACE) if study.waiting() else study.accept(study.ask(SPACE))
    study.rung(trial.number, 1, 0.5)
    study.fail(trial.number, "lost")


def test_at_any_moment_of_a_trial_nothing_is_lost_and_the_next_write_waits_for_nothing(
    tmp_path: Path,
) -> None:
    study = study_in(tmp_path, Random(SPACE, 0))
    live(study)  # statements are compiled
    interruptions, moments, over = 0, 1, False
    while not over:
        try:
            with interrupted_after(moments) as came:
                live(study)
            over = not came()
            assert over, "an interrupt was swallowed"
        except KeyboardInterrupt:
            assert is_free(tmp_path)  # while the traceback lives
            study.sweep()
            interruptions += 1
        moments += BETWEEN
    assert interruptions > 20
    assert numbers(tmp_path) == list(range(len(read_trials(tmp_path))))
    while study.waiting():
        study.end(study.retry(SPACE).number, {1: REPORT}, 1.0)
    last = {trial.origin: trial for trial in read_trials(tmp_path)}
    assert {(trial.state, trial.retry == RETRIES) for trial in last.values()} <= {
        ("complete", False),
        ("complete", True),
        ("failed", True),
    }


def test_it_is_raised_when_the_block_has_ended() -> None:
    steps = []

    @held_interrupts()
    def change() -> None:
        signal.raise_signal(signal.SIGINT)
        steps.append("written")

    with pytest.raises(KeyboardInterrupt):
        change()
    assert steps == ["written"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_the_block_is_kept_as_the_context() -> None:
    @held_interrupts()
    def change() -> None:
        signal.raise_signal(signal.SIGINT)
        raise ValueError("full")

    with pytest.raises(KeyboardInterrupt) as caught:
        change()
    assert isinstance(caught.value.__context__, ValueError)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_signal_that_python_does_not_handle_is_left_alone(handler: signal.Handlers) -> None:
    signal.signal(signal.SIGINT, handler)
    with held_interrupts():
        assert signal.getsignal(signal.SIGINT) is handler


def test_another_thread_writes_without_it() -> None:
    handlers = []

    def write() -> None:
        with held_interrupts():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
