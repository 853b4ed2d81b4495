"""One search from its name to its best candidate: open, sweep, search, confirm, export, show."""

from __future__ import annotations

from itertools import count

from ..space.counted import counted
from . import tracking
from .confirmation.comparison import Confirmation, read_confirmation
from .confirmation.opening import no_test_data
from .confirmation.plan import confirmation_work, left_out, plan_of
from .confirmation.retrain import retrain
from .engine.driver import Engine
from .engine.lag import idle_workers
from .errors import SearchFailed
from .evaluator_choice import BUILT_IN_EVALUATOR, NamedEvaluator
from .exporting.winner import best_of, export_best
from .open_search import OpenSearch, opened
from .outcome import Outcome
from .search_page import search_record
from .service.driver import Driver
from .storage.confirmation_log import ConfirmationLog
from .storage.home import Home
from .storage.kept import KeptRuns
from .storage.ranking import ranked
from .storage.search_file import SearchFile
from .storage.trial import Trial, entered, is_finished

PAGE_EVERY = 9  # candidates that end between two writes of the search's page in MLflow


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
    with opened(home, file, named, resume, driver) as search:
        file = search.file
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
            and tracking.show(search.tracker, file.config, search.folder, confirmation, trials)
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
            search.writer.submit(tracking.candidate_record(config, trial, search.folder))


def _search(search: OpenSearch) -> Engine:
    """Train candidates until the budget, the time or the space is used up."""
    config, settings = search.file.config, search.file.settings

    ended = count(1)

    def on_trial(trial: Trial) -> None:
        search.writer.submit(tracking.candidate_record(config, trial, search.folder))
        search.reporter.candidate(trial)
        if next(ended) % PAGE_EVERY == 0:
            search.writer.submit(
                search_record(search.file, search.folder, search.study.trials(), None, ended=False)
            )

    confirms = settings.confirm and search.evaluator.may_confirm()
    confirmation = confirmation_work(search.file) if confirms else {}

    def on_work(left: float, longest: float) -> None:
        seconds = search.pace.seconds({config.recipe: left}, {config.recipe: longest})
        if seconds is not None:  # a bracket that is begun at the last moment is trained to its end
            last = search.pace.seconds({config.recipe: longest}, {config.recipe: longest}) or 0.0
            seconds = min(seconds, engine.seconds_left + last)
        search.reporter.expect(seconds, search.pace.seconds(confirmation))

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
    if is_finished(trials, settings.candidates):
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
            search.reporter.stage(f"no confirmation: {no_test_data(search.file.config.evaluator)}")
    except SearchFailed:  # the best so far is there all the same
        export_best(best_of(search.file.config, search.study.trials(), None), search.folder)
        raise
    return read_confirmation(plan, log)
