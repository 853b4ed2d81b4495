"""One search from its name to its best candidate: open, sweep, search, confirm, export, show."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ..evaluators import Evaluator, ScoreTable
from ..mlflow.background_writer import BackgroundWriter
from ..mlflow.tracker import Tracker
from ..space import Space, space_from_name
from ..space.counted import counted
from ..space.printable import printable
from . import tracking
from .confirmation.comparison import Confirmation, read_confirmation
from .confirmation.opening import NO_TEST_DATA
from .confirmation.plan import confirmation_work, left_out, plan_of, recipes_of
from .confirmation.retrain import retrain
from .engine.costs import Costs, costs_of
from .engine.driver import Engine, Timings
from .engine.lag import idle_workers
from .errors import InvalidSetting, SearchFailed
from .evaluator_choice import BUILT_IN_EVALUATOR, NamedEvaluator, evaluator_for
from .executors.base import Executor
from .executors.choice import executor_for
from .executors.on_demand import OnDemand
from .executors.watched import Watched
from .exporting.module_file import Exported
from .exporting.winner import Best, best_of, check_record, export_best
from .prior import about, keep, tables_of
from .progress import Reporter
from .remaining_time import Pace
from .search_page import search_record
from .service.driver import Driver
from .service.stoppable import Stoppable
from .storage.config import RunSettings, SearchConfig
from .storage.confirmation_log import ConfirmationLog
from .storage.folder_lock import lock
from .storage.home import Home
from .storage.kept import KeptRuns
from .storage.ranking import ranked
from .storage.search_file import SearchFile
from .storage.shown_functions import ShownFunctions
from .storage.study import Study
from .storage.study_database import make_study
from .storage.trial import Trial, entered, interrupted
from .storage.trial_reader import read_trials
from .strategies.registry import strategy_from_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

PAGE_EVERY = 9  # candidates that end between two writes of the search's page in MLflow


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Outcome:
    """The end of a search; a notebook shows it as its verdict, its best and its tables.

    exhausted, timed_out: whether the space, or the time limit, ended it before its budget did.
    shown: whether all of it is in MLflow; else `sync` writes it.
    """

    config: SearchConfig
    folder: Path
    trials: list[Trial]
    confirmation: Confirmation | None
    best: Best | None
    exported: Exported | None
    exhausted: bool
    timed_out: bool
    shown: bool
    timings: Timings

    def gallery(self, path: str | Path) -> Path:
        """Write the page of its candidates to a file (`actsearch gallery`); the file's path."""
        from .gallery.page import write_gallery

        return write_gallery(self.folder, Path(path))

    def plot(self, axes: Axes | None = None) -> Axes:
        """Accuracies by trial and the best so far, on matplotlib's axes."""
        from .reports.outcome_display import plot

        return plot(self.trials, axes)

    def to_pandas(self) -> DataFrame:
        """The leaderboard as a pandas DataFrame, the best candidate first."""
        from .reports.outcome_display import to_pandas

        return to_pandas(self.config, self.trials)

    def __repr__(self) -> str:
        best = "no candidate with a score" if self.best is None else f"best {self.best.summary}"
        count = counted(entered(self.trials), "candidate")
        return f"<Outcome of '{self.config.name}': {count}, {best}>"

    def _repr_html_(self) -> str:
        """The best with its picture, the leaderboard and the confirmation, for notebooks."""
        from .reports.outcome_display import leaderboard_html

        parts = [f"<h4>search {html.escape(printable(self.config.name))}</h4>"]
        if self.best is not None:
            parts.append(self.best._repr_html_())
        if self.confirmation is not None:
            parts.append(self.confirmation._repr_html_())
        parts.append(leaderboard_html(self.config, self.trials))
        return f"<div>{''.join(parts)}</div>"


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


def run(
    home: Home,
    file: SearchFile,
    *,
    resume: bool,
    driver: Driver,
    named: NamedEvaluator = BUILT_IN_EVALUATOR,
) -> Outcome:
    """Run a new search, or go on with one.

    driver: put on record in the search's folder; hears of its progress, and may stop it. Raises
    ActsearchError's kinds; they and KeyboardInterrupt leave the search so that it can be resumed.
    """
    with _opened(home, file, named, resume, driver) as search:
        with search.writer, search.workers:
            try:
                _sweep(search)
                engine = _search(search)
                if engine.timed_out:
                    driver.ends("stopped", "its time limit")
                confirmation = _confirm(search) if file.settings.confirm else None
            finally:
                search.study.sweep()  # those in flight wait to be retried, however this ends
        trials = search.study.trials()
        best = best_of(file.config, trials, confirmation)
        exported = export_best(best, search.folder)
        unsent = search.writer.close(0)  # the end of its block has waited
        shown = (
            not unsent
            and tracking.show_front(search.tracker, file.config, trials)
            and tracking.show(search.tracker, file.config.name, confirmation, trials)
            and tracking.show_search(search.tracker, file, search.folder, trials, confirmation)
        )
        if shown:  # with the lock still held: another driver would write there too
            tracking.register(search.tracker, file.config, search.folder, trials, confirmation)
    return Outcome(
        config=file.config,
        folder=search.folder,
        trials=trials,
        confirmation=confirmation,
        best=best,
        exported=exported,
        exhausted=engine.exhausted,
        timed_out=engine.timed_out,
        shown=shown,
        timings=engine.timings,
    )


@contextmanager
def _opened(
    home: Home, file: SearchFile, named: NamedEvaluator, resume: bool, driver: Driver
) -> Iterator[OpenSearch]:
    """A search ready to run.

    The cheapest checks come first, and nothing of it is stored before everything it needs has
    answered (its data, MLflow, the workers): so the corrected command works, and so does a resume
    with the settings as they were.
    """
    config, settings = file.config, file.settings
    space = space_from_name(config.space)
    strategy = strategy_from_name(config.strategy, space, config.seed)
    tables = _prior(home, file, resume)
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
        if resume and settings.ray_address is None and _is_finished(study.trials(), settings):
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


def _prior(home: Home, file: SearchFile, resume: bool) -> list[ScoreTable]:
    """The tables that the strategy learns from. None where it has nothing more to propose, and
    they have changed since a version that kept no copy."""
    if not resume:
        return tables_of(home, file.config.prior)
    folder = home.folder(file.config.name)
    try:
        return tables_of(home, file.config.prior, folder)
    except InvalidSetting:
        if _is_finished(read_trials(folder), file.settings):
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


def _sweep(search: OpenSearch) -> None:
    """Put right what an earlier driver left: trials in training, and MLflow behind the study."""
    config = search.file.config
    again = search.study.sweep()
    if again:
        search.reporter.stage(
            f"{counted(again, 'candidate')} in training when it stopped: tried again"
        )
    search.tracker.close_open_runs(config.name)
    written = search.tracker.written(config.name)
    kept = KeptRuns.load(search.folder)
    for trial in search.study.trials():
        is_due = tracking.is_shown(trial) and kept.shows(trial.number)
        if is_due and trial.number not in written:
            search.writer.submit(tracking.candidate_record(config, trial))


def _search(search: OpenSearch) -> Engine:
    """Train candidates until the budget, the time or the space is used up."""
    config, settings = search.file.config, search.file.settings

    ended = count(1)

    def on_trial(trial: Trial) -> None:
        search.writer.submit(tracking.candidate_record(config, trial))
        search.reporter.candidate(trial)
        if next(ended) % PAGE_EVERY == 0:
            search.writer.submit(
                search_record(search.file, search.folder, search.study.trials(), None, ended=False)
            )

    confirmation = confirmation_work(search.file) if settings.confirm else {}

    def on_work(left: float, longest: float) -> None:
        search.reporter.expect(
            search.pace.seconds({config.recipe: left}, longest), search.pace.seconds(confirmation)
        )

    engine = Engine(
        config,
        settings,
        search.space,
        search.study,
        on_trial,
        search.pace,
        on_work,
        search.file.fingerprints,
        search.costs,
        search.reporter.rung,
    )
    trials = search.study.trials()
    if _is_finished(trials, settings):
        search.reporter.stage(
            f"the search is finished: {counted(entered(trials), 'candidate')} trained, "
            f"{settings.candidates} asked for; a larger --candidates makes it go on"
        )
    if (idle := idle_workers(config, settings)) is not None:
        search.reporter.stage(idle)
    done = sum(map(tracking.is_shown, trials))
    best = next((trial for trial in ranked(trials) if trial.state == "complete"), None)
    search.reporter.begin(done, settings.candidates, "candidates", best)
    engine.run(search.executor, search.evaluator)
    search.reporter.end()
    if engine.timed_out:
        search.reporter.stage(
            f"the time limit of {settings.time_limit:g} s has ended the search: "
            f"{entered(search.study.trials())} of {counted(settings.candidates, 'candidate')} "
            f"trained"
        )
    return engine


def _is_finished(trials: Sequence[Trial], settings: RunSettings) -> bool:
    """Whether all candidates that are asked for have trained."""
    return entered(trials) >= settings.candidates and not interrupted(trials)


def _confirm(search: OpenSearch) -> Confirmation | None:
    """The finalists against baselines; None where there is no finalist, or no test data."""
    plan = plan_of(search.file, search.study.trials())
    if plan.set_aside:
        search.reporter.stage(left_out(plan))
    log = ConfirmationLog(search.folder)
    try:
        is_tested = retrain(
            plan,
            log,
            search.shown,
            search.executor,
            search.evaluator,
            search.reporter,
            search.pace,
        )
        if not is_tested:
            search.reporter.stage(f"no confirmation: {NO_TEST_DATA}")
    except SearchFailed:  # the best so far is there all the same
        export_best(best_of(search.file.config, search.study.trials(), None), search.folder)
        raise
    return read_confirmation(plan, log)
