"""What long searches cost the process that drives them, besides training: for driver.py.

Searches of core-2 by the real engine, in brackets of nine through three rungs, the study in SQLite
on disk, with an evaluator that scores at once. One search by `random` grows to the largest count;
at each count its folder is copied, and every other strategy goes on from a copy. All figures are
CPU time of this process and its threads, so that a machine that is shared does not show in them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from actsearch.evaluators import (
    Evaluator,
    FinalScore,
    Job,
    MemberProgress,
    Recipe,
    RungReport,
    run_bracket,
)
from actsearch.search import Home, RunSettings, SearchConfig, Strategy
from actsearch.search.engine.driver import Engine
from actsearch.search.executors.in_process import InProcess
from actsearch.search.prior import prior_of, tables_of
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.study import Study, make_study
from actsearch.search.strategies.registry import strategy_from_name
from actsearch.search.tracking import candidate_record
from actsearch.space import Encoding, space_from_name

SPACE = "core-2"  # large: core-1 has 3,700 candidates
COUNTS = (100, 1_000, 10_000)  # candidates at which a search is looked at
QUICK_COUNTS = (100, 300, 1_000)
ASKED_AFTER = 2_000
ASKED = 16
OVER = 90  # candidates before each count that its figures are the mean of: ten brackets
MORE = 27  # candidates that a strategy goes on for from a copy
STRATEGIES = ("surrogate", "evolution", "tpe")  # beside random
MIB = 2**20
SAMPLERS: dict[str, Callable[[], BaseSampler]] = {
    "RandomSampler": lambda: RandomSampler(seed=0),
    "TPESampler": lambda: TPESampler(seed=0),
    "NSGAIISampler": lambda: NSGAIISampler(seed=0),
    "GPSampler": lambda: GPSampler(seed=0, deterministic_objective=False),
}
SLOW = ("GPSampler",)  # which takes minutes a candidate with many trials: at the least count only


class AtOnce(Evaluator):
    """Scores a candidate by its text: the same in every process, and no two alike."""

    def on(self, device: str) -> AtOnce:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        return run_bracket(_Checksums(list(job.expressions)), job)


@dataclass
class _Checksums:
    live: list[str]

    def advance(self, epoch: int) -> list[MemberProgress]:
        scores = [0.5 + 0.4 * crc32(text.encode()) / 2**32 for text in self.live]
        losses = tuple(1.0 / (1 + e) for e in range(epoch))
        return [MemberProgress(val_accuracy=s, val_loss=0.5, train_losses=losses) for s in scores]

    def keep(self, positions: Sequence[int]) -> None:
        self.live = [self.live[position] for position in positions]

    def test(self) -> list[FinalScore]:
        raise AssertionError("a search never asks for it")


class Timed(Strategy):
    """A strategy, with the CPU seconds that its own proposals take."""

    def __init__(self, inner: Strategy) -> None:
        super().__init__(inner.space, inner.seed)
        self._inner, self.may_repeat, self.seconds = inner, inner.may_repeat, 0.0

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        began = time.process_time()
        try:
            return self._inner.propose(study, trial, rng)
        finally:
            self.seconds += time.process_time() - began


class LongSearch:
    """A search of a home by a strategy, begun or gone on with in this process."""

    def __init__(self, home: Home, name: str, strategy: str, bracket: int = 9) -> None:
        self.folder, space = home.searches / name, space_from_name(SPACE)
        prior = prior_of(home, None, strategy, "")
        config = SearchConfig(
            name=name, space=SPACE, strategy=strategy, recipe=Recipe(), second=None,
            bracket=bracket, prior=prior,
        )  # fmt: skip
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            make_study(self.folder)
        self.strategy = Timed(strategy_from_name(strategy, space, config.seed))
        self.strategy.learn(tables_of(home, prior))
        self._config, self._space = config, space
        began = time.process_time()
        self._study = Study(self.folder, self.strategy)
        self._engine = self._made_engine(self._study.entered() + 1)
        self.opening = time.process_time() - began  # CPU seconds

    def go_on(self, more: int) -> tuple[float, float]:
        """So many candidates more; the CPU milliseconds of each without and of the strategy."""
        engine = self._made_engine(self._study.entered() + more)
        own, began = self.strategy.seconds, time.process_time()
        engine.run(InProcess(), AtOnce())
        own = self.strategy.seconds - own
        total = time.process_time() - began
        return 1000 * (total - own) / more, 1000 * own / more

    def _made_engine(self, candidates: int) -> Engine:
        self._study.sweep()
        return Engine(
            self._config,
            RunSettings(candidates=candidates),
            self._space,
            self._study,
            lambda trial: (candidate_record(self._config, trial), None)[1],
            Pace(1),
            lambda *_: None,
        )
