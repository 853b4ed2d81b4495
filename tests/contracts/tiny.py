"""Real searches made small: a narrow network, few images, the engine in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import TracebackType

from actsearch.evaluators import Evaluator, Job, Recipe
from actsearch.search import (
    RunSettings,
    SearchConfig,
    Strategy,
    Trial,
)
from actsearch.search.engine.costs import costs_of
from actsearch.search.engine.driver import Engine
from actsearch.search.executors.base import Assignment, Executor, NextJob, OnDone, OnRung
from actsearch.search.executors.in_process import InProcess
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.study import Study
from actsearch.search.storage.study_database import make_study
from actsearch.search.storage.study_file import FILE
from actsearch.search.strategies.registry import strategy_from_name
from actsearch.space import CoreUnits, Operators, Space
from actsearch.space.scratch import scratch_folder

TINY = Recipe(
    name="tiny", widths=(8,), rungs=(1, 2, 4), warmup=2, batch_size=64, validation=100, limit=500
)
TINY_CONV = Recipe(
    name="tiny-conv",
    network="conv",
    widths=(4, 4),
    rungs=(1,),
    warmup=2,
    batch_size=64,
    validation=100,
    limit=300,
)
# 18 encodings: 8 functions, 9 that repeat one of them, and max(x, x), which is affine.
SMALL = CoreUnits(operators=Operators(("x", "tanh(x)", "max(x, 0)"), ("x1 * x2", "max(x1, x2)")))
# 4 encodings of 3 functions.
PRODUCTS = CoreUnits(operators=Operators(("x", "tanh(x)"), ("x1 * x2",)))
CONFIG = SearchConfig(
    name="mine", strategy="random", recipe=TINY, second=TINY_CONV, seed=1, bracket=3, lag=0
)


@dataclass
class Watched:
    """An executor that remembers the jobs it was given."""

    inner: Executor = field(default_factory=InProcess)
    jobs: list[Job] = field(default_factory=list)

    def __enter__(self) -> Watched:
        self.inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.inner.__exit__(kind, error, trace)

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        def handed_out() -> Assignment | None:
            assignment = next_job()
            if assignment is not None:
                self.jobs.append(assignment.job)
            return assignment

        self.inner.run(evaluator, handed_out, on_rung, on_done)


@dataclass
class Ran:
    """A search that the engine has run."""

    study: Study
    engine: Engine
    jobs: Sequence[Job]
    reported: list[Trial]  # in the order of their reports

    @property
    def candidates(self) -> list[Trial]:
        return self.study.trials()

    def by_state(self, state: str) -> list[Trial]:
        return [trial for trial in self.candidates if trial.state == state]


def study_in(folder: Path, strategy: Strategy, config: SearchConfig = CONFIG) -> Study:
    """A folder's study, made if it has none."""
    if not (folder / FILE).exists():
        (folder / FILE).write_bytes(_new_study(config.objectives))
    return Study(folder, strategy)


@cache
def _new_study(objectives: tuple[str, ...]) -> bytes:
    """The file of one without trials: Optuna takes 0.1 s for it, and the tests need hundreds."""
    with scratch_folder() as folder:
        make_study(folder, objectives)
        return (folder / FILE).read_bytes()


def run_engine(
    folder: Path,
    evaluator: Evaluator,
    *,
    candidates: int = 6,
    space: Space | None = None,
    strategy: Strategy | None = None,
    config: SearchConfig = CONFIG,
    executor: Executor | None = None,
    launch: RunSettings | None = None,
    on_work: Callable[[float, float], None] = lambda left, longest: None,
) -> Ran:
    """Search in a study of its own (or go on with it, if the folder has one)."""
    space = space or CoreUnits()
    strategy = strategy or strategy_from_name(config.strategy, space, config.seed)
    study = study_in(folder, strategy, config)
    study.sweep()
    reported: list[Trial] = []
    settings = replace(launch or RunSettings(), candidates=candidates)
    engine = Engine(
        config,
        settings,
        space,
        study,
        reported.append,
        Pace(1),
        on_work,
        costs=costs_of(config, settings, study.trials()),
    )
    watched = Watched(executor or InProcess())
    ran = Ran(study, engine, watched.jobs, reported)
    with watched:
        engine.run(watched, evaluator)
    return ran
