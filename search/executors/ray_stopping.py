"""Ctrl-C while Tune runs jobs: its loop ends within a step, and the workers are killed.

Tune's own handler of the signal has it ask each worker to stop and wait up to 10 s for one that
trains; and its run then returns as if all jobs were done.

Imported by ray_tune.py alone, which sets Ray's environment first.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

import ray
from ray import tune


class Interrupted(Exception):
    """Raised in Tune's loop. No BaseException: this one has Tune end what it began, in a session
    that others go on to use too."""


class StopsOnSignal(tune.Callback):
    """Has SIGINT end the run by Interrupted; a second one raises KeyboardInterrupt at once.

    A signal that is ignored, as in a job that a shell has put into the background, stays so.
    """

    def __init__(self) -> None:
        self._handler = signal.getsignal(signal.SIGINT)
        self.is_asked = False

    def setup(self, *_: Any, **info: Any) -> None:
        """Take the signal over from Tune, which has just taken it."""
        if threading.current_thread() is threading.main_thread():
            ignored = self._handler is signal.SIG_IGN
            signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        # No exception here: it would surface anywhere, in a commit of the study or in Ray's C++.
        self.is_asked = True
        signal.signal(signal.SIGINT, self._handler)

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        if not self.is_asked:
            return
        for trial in trials:
            if (worker := trial.temporary_state.ray_actor) is not None:
                ray.kill(worker)  # at once, whatever it computes: it keeps nothing
        raise Interrupted
