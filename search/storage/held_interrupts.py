"""Ctrl-C held back while a change is made, and raised when it is in the file and in memory.

KeyboardInterrupt surfaces anywhere, in a library's clean-up too: SQLAlchemy then keeps a
transaction open for as long as the traceback lives, and whoever writes next waits for it (60 s).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_interrupts() -> Iterator[None]:
    """Hold SIGINT back until the end of the block, or of each call of what it decorates; they are
    to be short.

    Nothing changes where Python does not handle the signal (it is ignored, or ends the process),
    nor outside the main thread, which alone hears of signals.
    """
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if held:
            signal.raise_signal(signal.SIGINT)
