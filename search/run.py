"""One search from its name to its best candidate: open, search, confirm, export."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..evaluators import Recipe
from ..mlflow.background_writer import BackgroundWriter
from ..mlflow.tracker import Tracker
from ..space import space_from_name
from . import tracking
from .confirm import confirm_finalists, recipes_of, recorded
from .confirmation.comparison import Confirmation
from .engine.driver import Engine, Timings
from .evaluator_choice import (
    BUILT_IN_EVALUATOR,
    NamedEvaluator,
    check,
    evaluator_for,
)
from .executors.choice import executor_for
from .exporting.module_file import Exported
from .exporting.winner import Best, best_of, export_best
from .progress import Reporter
from .storage.config import RunSettings, SearchConfig, SearchFile
from .storage.home import Home, lock
from .storage.study import Study, read_trials
from .storage.trial import Trial
from .strategies.registry import strategy_from_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a search came to. shown: whether all of it is in MLflow; else `sync` writes it."""

    config: SearchConfig
    folder: Path
    trials: list[Trial]
    confirmation: Confirmation | None
    best: Best | None
    exported: Exported | None
    exhausted: bool
    shown: bool
    timings: Timings


def run(
    home: Home,
    stored: SearchFile,
    *,
    resume: bool,
    reporter: Reporter,
    found: NamedEvaluator = BUILT_IN_EVALUATOR,
) -> Outcome:
    """Run a new search, or go on with one. Raises ActsearchError's kinds; KeyboardInterrupt
    leaves the search in a state from which it can be resumed."""
    config, launch = stored.config, stored.settings
    space = space_from_name(config.space)
    strategy = strategy_from_name(config.strategy, space, config.seed)
    folder = home.folder(config.name) if resume else None
    if folder is None:
        home.check_free(config.name)  # before anything that takes long
    evaluator = evaluator_for(found, _recipes(config, launch))
    if found.own is not None:
        reporter.stage(f"evaluator {found.name}, recipe {config.recipe.label}: a first try")
        check(found)
    tracker = tracking.tracker_of(home)
    tracker.check()  # before any training: what cannot be shown should be known now
    folder = folder or home.new_folder(config.name)
    with lock(folder):
        stored.save(folder)
        study = Study(folder, strategy)
        swept = study.sweep()
        if swept:
            reporter.stage(f"{swept} candidates were in training when it stopped: tried again")
        tracker.open_search(config.name, tracking.description_of(config))
        reporter.stage(_headline(config, launch, space.size))
        with _writing(tracker, config, study) as writer:
            engine = Engine(config, launch, space, study, _observer(config, writer, reporter))
            with executor_for(launch) as executor, _swept(study):
                done = sum(map(tracking.is_shown, study.trials()))
                reporter.begin(done, launch.candidates, "candidates")
                engine.run(executor, evaluator)
                reporter.end()
                confirmation = None
                if launch.confirm:
                    confirmation = confirm_finalists(folder, stored, executor, evaluator, reporter)
        candidates = read_trials(folder)
        best = best_of(config, candidates, confirmation)
        exported = export_best(best, folder)
        unsent = len(writer.close(0))  # the end of its block has waited
        shown = not unsent and tracking.show(tracker, config.name, confirmation, candidates)
    return Outcome(
        config=config,
        folder=folder,
        trials=candidates,
        confirmation=confirmation,
        best=best,
        exported=exported,
        exhausted=engine.exhausted,
        shown=shown,
        timings=engine.timings,
    )


def _recipes(config: SearchConfig, launch: RunSettings) -> list[Recipe]:
    """Those it trains under: their data must be had before anything is trained."""
    if not launch.confirm:
        return [config.recipe]
    return [recipe for recipe, n in recipes_of(config.recipe, config.second, launch) if n > 0]


def _headline(config: SearchConfig, launch: RunSettings, size: int) -> str:
    where = f"{launch.workers} Ray workers" if launch.uses_ray else "this process"
    return (
        f"search '{config.name}': {launch.candidates} candidates of {config.space} "
        f"({size:,} encodings) by {config.strategy}, recipe {config.recipe.label}, on {where}"
    )


def _observer(
    config: SearchConfig, writer: BackgroundWriter, reporter: Reporter
) -> Callable[[Trial], None]:
    def observe(found: Trial) -> None:
        writer.submit(tracking.candidate_record(config, found))
        reporter.candidate(found)

    return observe


@contextlib.contextmanager
def _writing(tracker: Tracker, config: SearchConfig, study: Study) -> Iterator[BackgroundWriter]:
    """The background writer, first brought up to date with what the study already holds."""
    tracker.close_open_runs(config.name)
    written = tracker.written(config.name)
    with BackgroundWriter(tracker) as writer:
        for found in study.trials():
            if tracking.is_shown(found) and found.number not in written:
                writer.submit(tracking.candidate_record(config, found))
        yield writer


@contextlib.contextmanager
def _swept(study: Study) -> Iterator[None]:
    """However the block ends, no trial is left running: those in flight wait to be retried."""
    try:
        yield
    finally:
        study.sweep()


def sync(home: Home, name: str) -> int:
    """Write a search to MLflow anew from its folder; how many candidates were written.

    Raises SearchBusy while the search is driven: its driver writes them itself.
    """
    folder = home.folder(name)
    stored = SearchFile.load(folder)
    tracker = tracking.tracker_of(home)
    tracker.check()
    with lock(folder):
        found = read_trials(folder)
        tracker.open_search(name, tracking.description_of(stored.config))
        tracker.close_open_runs(name)
        shown = [candidate for candidate in found if tracking.is_shown(candidate)]
        for candidate in shown:
            tracker.write(tracking.candidate_record(stored.config, candidate))
        confirmation = recorded(folder, stored)
        if confirmation is not None:
            tracker.write_confirmation(tracking.finalist_records(name, confirmation, found))
    return len(shown)
