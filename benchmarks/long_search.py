"""Cost of long searches to the process that drives them, without training: for driver.py.

Searches of core-2 by the real engine, in brackets of nine through three rungs, the study in SQLite
on disk, with an evaluator that scores at once. One search by `random` grows to the largest count;
at each count its folder is copied, and every other strategy goes on from a copy. All figures are
CPU time of this process and its threads, so that a machine that is shared does not show in them.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
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
from actsearch.search import Home, RunSettings, SearchConfig, Strategy, Trial
from actsearch.search.engine.driver import Engine
from actsearch.search.executors.in_process import InProcess
from actsearch.search.prior import prior_of, tables_now
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.study import Study
from actsearch.search.storage.study_database import make_study
from actsearch.search.storage.study_file import FILE
from actsearch.search.strategies.registry import strategy_from_name
from actsearch.search.tracking import candidate_record
from actsearch.space import Encoding, space_from_name

SPACE = "core-2"  # large: core-1 has 3,700 candidates
COUNTS = (100, 1_000, 10_000)  # candidates at which a search is looked at
QUICK_COUNTS = (100, 300, 1_000)
ASKED_AFTER = 2_000
ASK_SIZE = 16
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
SLOW = ("GPSampler",)  # a second a candidate with 100 trials: no further


class AtOnce(Evaluator):
    """Scores a candidate by its text: the same in every process, and no two alike. first: the CPU
    time of this process when its first job began."""

    first: float | None = None

    def on(self, device: str) -> AtOnce:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        self.first = self.first or time.process_time()
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
            SearchFile.of(
                {"name": name, "space": SPACE, "strategy": strategy, "recipe": config.recipe,
                 "second": None, "prior": prior}, {},
            ).save(self.folder)  # fmt: skip
        self.strategy = Timed(strategy_from_name(strategy, space, config.seed))
        self.strategy.learn(tables_now(home, prior)[0])
        self._config, self._space = config, space
        began = time.process_time()
        self.study = Study(self.folder, self.strategy)
        self.study.sweep()
        self._engine(self.study.entered() + 1)
        self._opening = time.process_time() - began  # CPU seconds

    def begin(self) -> float:
        """Train a bracket; the CPU seconds of opening the study and of all until that bracket
        trains, but for the strategy's own."""
        evaluator, began = AtOnce(), time.process_time()
        self._engine(self.study.entered() + self._config.bracket).run(InProcess(), evaluator)
        assert evaluator.first is not None
        return self._opening + evaluator.first - began - self.strategy.seconds

    def go_on(self, more: int) -> tuple[float, float]:
        """Train so many more candidates; CPU milliseconds per candidate of all but the strategy,
        and of the strategy."""
        engine = self._engine(self.study.entered() + more)
        proposal, began = self.strategy.seconds, time.process_time()
        engine.run(InProcess(), AtOnce())
        proposal = self.strategy.seconds - proposal
        total = time.process_time() - began
        return 1000 * (total - proposal) / more, 1000 * proposal / more

    def _engine(self, candidates: int) -> Engine:
        def record(trial: Trial) -> None:  # as for MLflow
            candidate_record(self._config, trial, self.folder)

        settings = RunSettings(candidates=candidates)
        return Engine(
            self._config, settings, self._space, self.study, record, Pace(1), lambda *_: None
        )


def measured(quick: bool) -> dict[str, Any]:
    """Every figure; see driver.py."""
    optuna.logging.set_verbosity(logging.ERROR)
    warnings.simplefilter("ignore")  # Optuna's own samplers warn of being slow
    counts = QUICK_COUNTS if quick else COUNTS
    after = counts[1] if quick else ASKED_AFTER
    with tempfile.TemporaryDirectory(prefix="actsearch-driver-") as root:
        home = Home(Path(root))
        figures = _grown(home, sorted({*counts, after}))
        for strategy in STRATEGIES:
            for count in counts:
                figures[f"{strategy}_{count}"] = _gone_on(home, f"at-{count}", strategy)
        ask_seconds = {s: _ask_seconds(home, f"at-{after}", s) for s in ("random", *STRATEGIES)}
        last = f"at-{counts[-1]}"
        figures |= {
            f"ask{ASK_SIZE}_after_{after}_s": ask_seconds,
            f"resume_{counts[-1]}_s": round(LongSearch(home, last, "random").begin(), 2),
            f"leaderboard_{counts[-1]}_s": round(_leaderboard_s(home, last), 2),
            f"disk_{counts[-1]}_mib": round((home.searches / last / FILE).stat().st_size / MIB, 1),
            "optuna_ms": {
                name: {
                    count: _optuna_ms(home.searches / f"at-{count}", make)
                    for count in (counts[:1] if name in SLOW else counts)
                }
                for name, make in SAMPLERS.items()
            },
        }
    return figures


def _grown(home: Home, counts: Sequence[int]) -> dict[str, Any]:
    """A search by `random` to the last count, copied at each; its figures there."""
    search = LongSearch(home, "grown", "random")
    figures: dict[str, Any] = {}
    for count in counts:
        search.go_on(count - OVER - search.study.entered())
        driver, proposal = search.go_on(OVER)
        figures |= {
            f"ms_per_candidate_{count}": round(driver, 1),
            f"memory_{count}_mib": round(resident() / MIB),
        }
        _show(f"random, {count} candidates", driver, proposal)
        shutil.copytree(search.folder, home.searches / f"at-{count}")
    return figures


def _gone_on(home: Home, name: str, strategy: str) -> dict[str, float]:
    """CPU ms per candidate, of driver and of strategy, going on from a copy of a search."""
    copy = f"{name}-{strategy}"
    shutil.copytree(home.searches / name, home.searches / copy)
    search = LongSearch(home, copy, strategy)
    search.begin()
    first = search.strategy.seconds
    driver, proposal = search.go_on(MORE)
    _show(f"{strategy}, {name}", driver, proposal)
    return {
        "ms_per_candidate": round(driver, 1),
        "proposal_ms": round(proposal, 1),
        "first_bracket_s": round(first, 2),
    }


def _ask_seconds(home: Home, name: str, strategy: str) -> float:
    """CPU seconds in which a bracket of ASK_SIZE is proposed, accepted and trained at once: the
    mean of two, after a first in which a strategy builds the state that it keeps."""
    copy = f"{name}-{strategy}-asked"
    shutil.copytree(home.searches / name, home.searches / copy)
    search = LongSearch(home, copy, strategy, ASK_SIZE)
    search.begin()
    return round(sum(search.go_on(2 * ASK_SIZE)) * ASK_SIZE / 1000, 2)


def _leaderboard_s(home: Home, name: str) -> float:
    """CPU seconds of the whole command."""
    before = _children()
    subprocess.run(
        [sys.executable, "-m", "actsearch.search.cli", "leaderboard", name, "--home", home.root],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return _children() - before


def _optuna_ms(folder: Path, sampler: Callable[[], BaseSampler]) -> float:
    """CPU milliseconds of a trial as Optuna's users run it: a sampler of its own on a copy of the
    same file, asked, its parameters suggested, told."""
    with tempfile.TemporaryDirectory() as place:
        copy = shutil.copy(folder / FILE, place)
        study = optuna.load_study(
            study_name="search", storage=f"sqlite:///{copy}", sampler=sampler()
        )
        space, trials = space_from_name(SPACE), 1 + MORE // 3
        for number in range(trials):
            if number == 1:  # the first one reads the file
                began = time.process_time()
            trial = study.ask()
            text = str(space.build(trial.suggest_categorical))
            study.tell(trial, crc32(text.encode()) / 2**32)
    return round(1000 * (time.process_time() - began) / (trials - 1), 1)


def _show(what: str, driver: float, proposal: float) -> None:
    print(
        f"{driver:8.1f} ms a candidate, beside {proposal:.1f} of the strategy: {what}", flush=True
    )


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
