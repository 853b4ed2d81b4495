"""A search opened to be driven: its folder locked, its study, data, workers and MLflow ready."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..evaluators import Evaluator, ScoreTable
from ..evaluators.training.schedule import too_short
from ..mlflow.background_writer import BackgroundWriter
from ..mlflow.tracker import Tracker
from ..space import Space, space_from_name
from ..space.counted import counted
from . import tracking
from .confirmation.plan import recipes_of
from .engine.costs import Costs, costs_of
from .errors import InvalidSetting
from .evaluator_choice import NamedEvaluator, evaluator_for
from .executors.base import Executor
from .executors.choice import executor_for
from .executors.on_demand import OnDemand
from .executors.watched import Watched
from .exporting.winner import check_record
from .prior import about, keep, tables_now, tables_of
from .progress import Reporter
from .remaining_time import Pace
from .service.driver import Driver
from .service.stoppable import Stoppable
from .storage.confirmation_log import ConfirmationLog
from .storage.folder_lock import lock
from .storage.home import Home
from .storage.search_file import SearchFile
from .storage.shown_functions import ShownFunctions
from .storage.study import Study
from .storage.study_database import make_study
from .storage.trial import is_finished
from .storage.trial_reader import read_trials
from .strategies.registry import strategy_from_name


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSearch:
    """A search that this process drives: its folder is locked, and only this writes its study.

    workers: a context at whose end the executor lets go of them. writer: writes to MLflow in the
    background, from its making on; a context that waits for it.
    """

    folder: Path
    file: SearchFile
    space: Space
    evaluator: Evaluator
    executor: Executor
    workers: ExitStack
    study: Study
    tracker: Tracker
    writer: BackgroundWriter
    reporter: Reporter
    pace: Pace
    shown: ShownFunctions
    costs: Costs | None


@contextmanager
def opened(
    home: Home, file: SearchFile, named: NamedEvaluator, resume: bool, driver: Driver
) -> Iterator[OpenSearch]:
    """A search ready to run.

    The cheapest checks come first, and nothing of it is stored before everything it needs has
    answered (its data, MLflow, the workers): so the corrected command works, and so does a resume
    with the settings as they were.
    """
    space = space_from_name(file.config.space)
    strategy = strategy_from_name(file.config.strategy, space, file.config.seed)
    if resume:
        tables = _prior(home, file)
    else:
        tables, stored = tables_now(home, file.config.prior)
        file = replace(file, config=replace(file.config, prior=stored))
    config, settings = file.config, file.settings
    strategy.learn(tables)
    with ExitStack() as held:
        if resume:
            folder = home.folder(config.name)
            held.enter_context(lock(folder))
            study = Study(folder, strategy)
            check_record(folder, ConfirmationLog(folder))
        else:
            home.check_free(config.name)
        evaluator = _ready_evaluator(file, named, driver)
        tracker = tracking.tracker_of(home, file)
        tracker.check()
        workers = held.enter_context(ExitStack())
        executor = executor_for(settings)
        if (
            resume
            and settings.ray_address is None
            and is_finished(study.trials(), settings.candidates)
        ):
            executor = OnDemand(executor)  # what is local can be started later, and will answer
        watched = Watched(executor, driver, settings.fixed_workers)
        stoppable = Stoppable(workers.enter_context(watched), driver.check_stop)
        if not resume:
            driver.check_there()
            folder = held.enter_context(home.begin(config.name))
            keep(tables, folder)
            make_study(folder, config.objectives)
            study = Study(folder, strategy)
        costs = costs_of(config, settings, study.trials())
        with file.saving(folder):  # last: it makes the folder a search
            tracking.open_search(tracker, config)
        driver.take(folder)
        if tables:
            driver.stage(about(tables, config.space))
        where = f"{settings.workers} Ray workers" if settings.uses_ray else "this process"
        if settings.fixed_workers is None:
            where = "as many Ray workers as there is room for"
        driver.stage(
            f"search '{config.name}': {counted(settings.candidates, 'candidate')} of "
            f"{config.space} ({space.size:,} encodings) by {config.strategy}, recipe "
            f"{config.recipe.label}, on {where}"
        )
        if (warning := too_short(config.recipe)) is not None:
            driver.stage(warning)
        yield OpenSearch(
            folder=folder,
            file=file,
            space=space,
            evaluator=evaluator,
            executor=stoppable,
            workers=workers,
            study=study,
            tracker=tracker,
            writer=BackgroundWriter(tracker),
            reporter=driver,
            pace=Pace(settings.fixed_workers),
            shown=ShownFunctions(home.root),
            costs=costs,
        )


def _prior(home: Home, file: SearchFile) -> list[ScoreTable]:
    """The tables that a resumed search learns from; empty where it is finished, and the tables
    have changed since a version that kept no copy of them."""
    folder = home.folder(file.config.name)
    try:
        return tables_of(home, file.config.prior, folder)
    except InvalidSetting:
        if is_finished(read_trials(folder), file.settings.candidates):
            return []
        raise


def _ready_evaluator(file: SearchFile, named: NamedEvaluator, reporter: Reporter) -> Evaluator:
    """The evaluator with the data of every recipe of a search; one of the user's own was tried."""
    config, settings = file.config, file.settings
    recipes = recipes_of(config.recipe, config.second, settings) if settings.confirm else []
    trained = [recipe for recipe, seeds in recipes if seeds > 0]
    evaluator = evaluator_for(named, trained or [config.recipe])
    if named.custom is not None:
        reporter.stage(f"evaluator {named.name}, recipe {config.recipe.label}: a first try")
        evaluator.check()
    return evaluator
