"""A worker of Ray Tune: one process that trains jobs, one rung at each call of `step`.

The driver imports it through ray_tune.py, which sets Ray's environment first.
"""

from __future__ import annotations

import contextlib
import faulthandler
import traceback
from collections.abc import Iterator
from typing import Any

import ray
import torch
from ray import tune

from ...evaluators import Evaluator, Job
from ...evaluators.protocol.report_validation import checked_reports

STDERR = 2  # the descriptor: Ray puts an object without one in sys.stderr's place


class Worker(tune.Trainable):
    """A worker: keeps the evaluator between jobs, trains one rung at each call of `step`."""

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
        return {"done": True} if report is None else {"report": report, "done": report.is_last}

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
