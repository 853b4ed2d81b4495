"""The lag: which earlier results a bracket's proposals and cut-offs depend on, whoever ends first.

Candidates are counted from 0 in the order in which they enter training, and stand in brackets of
a fixed size. Those of a bracket are proposed from the results of all candidates but the latest so
many before it, and wait for these. So the same seed gives the same search on any number of
workers, as long as what is under way lies within the lag.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...evaluators.protocol.successive_halving import CUTOFF_SCORES
from ...space.counted import counted
from ..storage.config import RunSettings, SearchConfig


@dataclass(frozen=True, slots=True)
class Lag:
    """candidates: how many of the latest ones are left out; None: whatever has ended is seen."""

    candidates: int | None
    bracket: int

    @staticmethod
    def of(config: SearchConfig) -> Lag:
        return Lag(None if config.asynchronous else config.lag, config.bracket)

    def seen(self, candidate: int) -> int | None:
        """How many of the first candidates the bracket of a candidate may look at; None: all."""
        if self.candidates is None:
            return None
        return max(0, candidate - candidate % self.bracket - self.candidates)

    @property
    def blind(self) -> int:
        """How many of the first candidates are in brackets that see too few results to be held to
        a cut-off; where whatever has ended is seen, at least so many."""
        needed = CUTOFF_SCORES + (self.candidates or 0)
        return math.ceil(needed / self.bracket) * self.bracket

    def left_in_bracket(self, candidate: int) -> int:
        """How many candidates its bracket has from this one on."""
        return self.bracket - candidate % self.bracket

    @property
    def brackets(self) -> int | None:
        """How many brackets can train at once; None: any number."""
        return None if self.candidates is None else self.candidates // self.bracket + 1


def idle_workers(config: SearchConfig, settings: RunSettings) -> str | None:
    """Warning about more workers than the lag feeds; None where it feeds all."""
    fed = Lag.of(config).brackets
    workers = settings.fixed_workers
    if fed is None or (workers is not None and workers <= fed):
        return None
    if workers is None:
        return (
            f"of the workers that there is room for, {fed} at most will have something to do, by "
            f"--lag {config.lag}; a new search with {config.bracket} more feeds one more, and "
            f"--asynchronous all of them, but its proposals depend on who ends first"
        )
    idle = workers - fed
    return (
        f"{idle} of {workers} workers will have nothing to do: with --lag {config.lag}, "
        f"{counted(fed, 'bracket')} of {config.bracket} candidates can train at once; "
        f"a new search with --lag {(workers - 1) * config.bracket} feeds all of them, "
        f"or with --asynchronous, whose proposals depend on who ends first"
    )
