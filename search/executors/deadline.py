"""A time limit for code in the main thread: the system's timer interrupts it wherever it is."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import InvalidSetting

AGAIN = 1.0  # seconds until it interrupts again what has caught the first interruption


class Overdue(BaseException):
    """Raised in a block that ran over its limit. No Exception: `except Exception` in the block,
    as of a loop that tries again, must not catch it."""


@contextmanager
def time_limit(seconds: float | None, message: str) -> Iterator[None]:
    """Raise Overdue with a message in the block once it has run for so long; None: no limit.

    Sleeping, waiting and Python code are interrupted; a call into C when it comes back.
    """
    if seconds is None:
        yield
        return
    armed = True

    def interrupt(number: int, frame: FrameType | None) -> None:
        if armed:
            raise Overdue(message)

    start = time.monotonic()
    before = signal.signal(signal.SIGALRM, interrupt)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        try:
            yield
        finally:
            armed = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's timer, such as a test runner's
            due = max(left - (time.monotonic() - start), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, due, interval)


def check_can_interrupt() -> None:
    """Raise InvalidSetting outside the main thread, where no signal arrives."""
    if threading.current_thread() is not threading.main_thread():
        raise InvalidSetting(
            "--rung-limit works in the main thread, where a signal can interrupt: run the search "
            "there, or with --workers 2 or more"
        )
