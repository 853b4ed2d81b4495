"""Ctrl-C in spite of a clean-up that drops it.

KeyboardInterrupt surfaces anywhere. In a weak reference's callback, or in a `__del__`, Python
prints it and goes on as if nothing had been: the search would run to its end.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN = 0.05  # seconds after which it is raised again: the clean-up is over by then


@contextmanager
def raised_again() -> Iterator[None]:
    """Have a KeyboardInterrupt that is dropped within the block raised again a moment later, as
    often as it takes; in the main thread, where it is raised."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, is_due = sys.unraisablehook, False

    def interrupt() -> None:
        nonlocal is_due
        time.sleep(AGAIN)
        is_due = False
        # Shells have the jobs that they put in the background ignore Ctrl-C.
        ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGTERM if ignored else signal.SIGINT)

    def hear(dropped: sys.UnraisableHookArgs) -> None:
        nonlocal is_due
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            before(dropped)
        elif not is_due:
            is_due = True
            # No threading.Thread, which takes a lock that the interrupted code may hold.
            _thread.start_new_thread(interrupt, ())

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before
