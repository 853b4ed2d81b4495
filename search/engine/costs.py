"""Costs of candidates relative to ReLU: measured once, before training, then read from the study.

A search that was not asked to mind the cost measures none, and shows none: an estimate, such as
the FLOPs that `describe` counts, would look like a measured time (min(x, sin(x)) has the FLOPs of
x * sin(x), and twice its time).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from ...space import Expression
from ...space.analysis.cost import relative_time
from ..errors import InvalidSetting
from ..provenance import processor
from ..storage.config import RunSettings, SearchConfig
from ..storage.trial import MeasuredCost, Trial, too_dear

logger = logging.getLogger(__name__)

DIGITS = 2  # of a cost after the point: a hundredth is far below what measuring again would change
HOPELESS = 500  # candidates too dear in a row before a search ends, after a minute or so of CPU
# time, mostly for fingerprints; where one in a hundred passes, so many fail in 0.7 % of cases


class Costs:
    """Measures candidates on the device that a search trains on, and judges them by a limit.

    Raises InvalidSetting where that device is not the kind on which the search began measuring.
    """

    def __init__(
        self, limit: float | None, settings: RunSettings, trials: Sequence[Trial]
    ) -> None:
        """trials: the study's, whose costs are taken as they are."""
        self._limit, self._kind = limit, device_of(settings)
        self._device = f"{self._kind}, {_model(self._kind)}"
        # Without an expression it was killed between the measuring and the verdict.
        measured = [trial for trial in trials if trial.cost is not None and trial.expression]
        self._costs = {t.expression: t.cost for t in measured if t.cost is not None}
        self._in_a_row = 0
        for trial in measured:
            self._in_a_row = self._in_a_row + 1 if too_dear(trial) else 0
        self._passed = any(not too_dear(trial) for trial in measured)
        self._check_device({cost.device for cost in self._costs.values()})

    def of(self, expression: Expression) -> MeasuredCost:
        """A candidate's cost, measured the first time it is asked for in the search's life."""
        text = str(expression)
        if text not in self._costs:
            times = relative_time(expression, self._kind)
            self._costs[text] = MeasuredCost(
                time=round(times.total, DIGITS),
                low=round(times.low, DIGITS),
                high=round(times.high, DIGITS),
                device=self._device,
            )
        return self._costs[text]

    def objection(self, expression: Expression) -> str | None:
        """Why a candidate is too dear to train, or None."""
        time = self.of(expression).time
        if self._limit is None or time <= self._limit:
            self._in_a_row, self._passed = 0, True
            return None
        self._in_a_row += 1
        return f"costs {time:.2f} times ReLU's time, more than --max-cost {self._limit:g}"

    def check_hope(self) -> None:
        """Raise InvalidSetting where the last HOPELESS candidates or more were all too dear."""
        if self._in_a_row >= HOPELESS:
            raise self._nothing_passes(f"the last {self._in_a_row} candidates cost")

    def check_any_passed(self) -> None:
        """Raise InvalidSetting where the space ended, and all of it was too dear."""
        if self._in_a_row and not self._passed:
            raise self._nothing_passes("every candidate of the space costs")

    def _nothing_passes(self, candidates: str) -> InvalidSetting:
        text, cost = min(self._costs.items(), key=lambda item: item[1].time)
        return InvalidSetting(
            f"{candidates} more than --max-cost {self._limit:g}: the cheapest seen, {text}, costs "
            f"{cost.time:.2f} times ReLU's time; start a new search with a larger --max-cost or "
            f"another --space"
        )

    def _check_device(self, devices: set[str]) -> None:
        """Costs of a CPU and of a GPU do not compare; those of two CPUs nearly do."""
        for device in sorted(devices - {self._device}):
            if not device.startswith(f"{self._kind},"):
                raise InvalidSetting(
                    f"the costs of this search were measured on {device}, but it would go on on "
                    f"{self._device}, where they differ: go on there, or start a new search"
                )
            logger.warning(
                "costs so far were measured on %s, the next ones are on %s: they may differ by "
                "more than their spread says",
                device,
                self._device,
            )


def costs_of(config: SearchConfig, settings: RunSettings, trials: Sequence[Trial]) -> Costs | None:
    """The costs of a search that measures them; else None."""
    return Costs(config.max_cost, settings, trials) if config.measures_cost else None


def device_of(settings: RunSettings) -> str:
    """Where a search trains: the GPU that its Ray workers share, or that this process sees."""
    here = torch.cuda.is_available()
    if not settings.uses_ray:
        return "cuda" if here else "cpu"
    if settings.gpus_per_worker > 0 and not here:
        raise InvalidSetting(
            "candidates are to train on GPUs, but this process, which measures their cost, sees "
            "none: start the search on a machine of the cluster that has one, or leave out "
            "--max-cost and --objectives"
        )
    return "cuda" if settings.gpus_per_worker > 0 else "cpu"


def _model(kind: str) -> str:
    return torch.cuda.get_device_name() if kind == "cuda" else processor()
