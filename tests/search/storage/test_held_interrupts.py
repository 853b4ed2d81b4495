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

from actsearch.search.storage.held_interrupts import held_interrupts
from actsearch.search.storage.study import FILE, Study, read_trials
from actsearch.search.strategies.random import Random
from actsearch.space import CoreUnits
from contracts.tiny import study_in

SPACE = CoreUnits()
BETWEEN = 41  # moments from one interruption to the next: a write has some 2,700, of events traced


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


def test_wherever_it_comes_the_next_write_waits_for_nothing(tmp_path: Path) -> None:
    study = study_in(tmp_path, Random(SPACE, 0))
    study.accept(study.ask(SPACE))  # statements are compiled
    interruptions, moments, over = 0, 1, False
    while not over:
        draw = study.ask(SPACE)
        try:
            with interrupted_after(moments) as came:
                study.accept(draw)
            over = not came()
            assert over, "an interrupt was swallowed"
        except KeyboardInterrupt:
            assert is_free(tmp_path)  # while the traceback lives
            interruptions += 1
        study = Study(tmp_path, Random(SPACE, 0))
        moments += BETWEEN
    assert interruptions > 20
    assert all(trial.expression for trial in read_trials(tmp_path))


def test_it_is_raised_when_the_block_has_ended() -> None:
    ended = False
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        signal.raise_signal(signal.SIGINT)
        ended = True
    assert ended
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_the_block_is_the_cause_of_what_the_interrupt_raises() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, held_interrupts():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("full")
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
