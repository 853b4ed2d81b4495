"""Ctrl-C while libraries load: the end, at once and in a word.

Raised as an exception within an import it may come out as another: numpy and torch tell users that
their installation is broken.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPED = 130  # exit status: 128 and the number of SIGINT, as shells have it


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """Have Ctrl-C and SIGTERM end the process within the block, in which nothing is begun."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main one's
        yield
        return
    handled = [
        number
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN  # as of a job in the background
    ]
    before = {number: signal.signal(number, _end) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(*_: object) -> None:
    os.write(2, b"stopped: nothing had begun yet\n")
    os._exit(STOPPED)
