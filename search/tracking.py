"""A search's own records in MLflow: written as it runs, or anew by `actsearch sync`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..evaluators.protocol.noise import noise
from ..mlflow.client import TrackingError
from ..mlflow.records import (
    CandidateRecord,
    FinalistRecord,
    FrontRecord,
    ModelRecord,
    SearchRecord,
)
from ..mlflow.tracker import Tracker
from .confirmation.comparison import ComparisonRow, Confirmation, read_confirmation
from .confirmation.plan import plan_of
from .errors import HomeUnusable, InvalidSetting
from .gallery.page import write_gallery
from .provenance import versions
from .reports.confirmation import verdict_text
from .search_page import GALLERY, search_record
from .storage.config import SearchConfig
from .storage.confirmation_log import ConfirmationLog
from .storage.folder_lock import lock
from .storage.home import Home, home_flag
from .storage.kept import KeptRuns
from .storage.ranking import finalist_order, front, furthest, point, trained
from .storage.search_file import SearchFile
from .storage.trial import RETRIES, Trial
from .storage.trial_reader import read_trials

logger = logging.getLogger(__name__)

ON_PAGE = 500  # candidates of the page that MLflow shows, 25 ms each; `actsearch gallery` has all


def tracker_of(home: Home, beginning: SearchFile | None = None) -> Tracker:
    """The tracker on MLFLOW_TRACKING_URI if it is set, else on the home's own store.

    beginning: the file of a search whose folder does not have it yet.
    """
    known = {beginning.config.name: beginning.id} if beginning else {}
    uri = os.environ.get("MLFLOW_TRACKING_URI") or None
    return Tracker(home.root, uri, lambda name: known.get(name) or home.id_of(name))


def description_of(config: SearchConfig) -> dict[str, str]:
    """The search's configuration and versions, for the experiment's page."""
    network = config.recipe.network
    if not config.recipe.evaluator:  # else its widths are not the recipe's to decide
        network += f" {'-'.join(map(str, config.recipe.widths))}"
    return {
        "space": config.space,
        "strategy": config.strategy,
        "recipe": config.recipe.label,
        "evaluator": config.evaluator,
        "network": network,
        "data set": config.recipe.dataset,
        "rungs": ", ".join(map(str, config.recipe.rungs)) + " epochs",
        "second network": config.second.label if config.second else "none",
        "seed": str(config.seed),
        "bracket": str(config.bracket),
        "prior": ", ".join(config.prior) or "none",
        "lag": "none: asynchronous" if config.asynchronous else str(config.lag),
        **({"objectives": ", ".join(config.objectives)} if config.is_multi_objective else {}),
        **({} if config.max_cost is None else {"max cost": f"{config.max_cost:g} times ReLU's"}),
        **versions(),
    }


def open_search(tracker: Tracker, config: SearchConfig) -> None:
    """Make the search known to MLflow, with its note and views."""
    tracker.open_search(
        config.name, description_of(config), config.measures_cost, config.recipe.rungs
    )


def is_shown(trial: Trial) -> bool:
    """Whether it gets a run: what has trained to its end, and what crashed for good.

    Not duplicates, not what is under way, not a crash or an interruption that was tried again.
    """
    if trial.state == "failed":
        return trial.error is not None and trial.retry >= RETRIES
    return trial.has_result


def candidate_record(config: SearchConfig, trial: Trial, folder: Path) -> CandidateRecord:
    """A finished trial of the search in a folder as MLflow's record."""
    return CandidateRecord(
        home_flag=home_flag(folder.parent.parent),
        search=config.name,
        trial=trial.number,
        expression=trial.expression,
        state=trial.state,
        strategy=config.strategy,
        started_ms=trial.started_ms,
        finished_ms=trial.finished_ms,
        val_accuracy=trial.val_accuracy,
        val_accuracies=trial.val_accuracies,
        train_losses=trial.train_losses,
        val_losses=trial.val_losses,
        seconds=trial.seconds,
        lr_multiplier=trial.lr_multiplier,
        base_lr_accuracy=trial.base_lr_accuracy,
        learned=trial.learned,
        cost=trial.cost.time if trial.cost else None,
        cost_quartiles=(trial.cost.low, trial.cost.high) if trial.cost else None,
        cost_device=trial.cost.device if trial.cost else None,
        standard_error=(
            None
            if trial.val_accuracy is None
            else noise(trial.val_accuracy, config.recipe.validation)
        ),
        parents=trial.parents,
        mutation=trial.mutation,
        reason=trial.reason or trial.error,
        duplicate_of=trial.duplicate_of,
    )


def show_front(tracker: Tracker, config: SearchConfig, trials: Sequence[Trial]) -> bool:
    """Write the front to MLflow where cost is an objective; False, with a warning, if that cannot
    be done now."""
    record = front_record(config, trials)
    return record is None or _done(lambda: tracker.write_front(record), "does not show the front")


def show(
    tracker: Tracker,
    config: SearchConfig,
    folder: Path,
    confirmation: Confirmation | None,
    trials: Sequence[Trial],
) -> bool:
    """Write a confirmation to MLflow; False, with a warning, if that cannot be done now."""
    if confirmation is None:
        return True
    kept, finalists = KeptRuns.load(folder), _finalists(confirmation, trials)
    records = _finalist_records(config.name, confirmation, trials)
    if any(not kept.shows(trial.number) for trial in finalists):
        kept.and_also(trial.number for trial in finalists).save(folder)

    def write() -> None:
        # Of a finalist that `delete --keep-best` had removed, the run comes back.
        tracker.write_all(config.name, (candidate_record(config, t, folder) for t in finalists))
        tracker.write_confirmation(records)

    return _done(write, "does not show the confirmation")


def _finalists(confirmation: Confirmation, trials: Sequence[Trial]) -> list[Trial]:
    """The trials of a confirmation's functions."""
    functions = {row.expression for row in confirmation.rows}
    return [trial for trial in trials if is_shown(trial) and trial.expression in functions]


def show_search(
    tracker: Tracker,
    file: SearchFile,
    folder: Path,
    trials: Sequence[Trial],
    confirmation: Confirmation | None,
) -> bool:
    """Write the home page of a search that has ended; False, with a warning, if that cannot be
    done now."""
    record = _home_page(file, folder, trials, confirmation)
    return _done(lambda: tracker.write_search(record), "does not show the search's own page")


def _home_page(
    file: SearchFile,
    folder: Path,
    trials: Sequence[Trial],
    confirmation: Confirmation | None,
) -> SearchRecord:
    """The home page of a search that has ended, its gallery written anew. Where that cannot be, as
    something else has its name or the disk is full, a warning: all results are stored by then."""
    try:
        write_gallery(folder, folder / GALLERY, most=ON_PAGE)
    except (HomeUnusable, InvalidSetting) as error:
        logger.warning("the search's folder has no gallery of today: %s", error)
    return search_record(file, folder, trials, confirmation, ended=True)


def _done(write: Callable[[], object], what: str) -> bool:
    """Whether MLflow took what is written; a warning where it does not."""
    try:
        write()
    except TrackingError as error:
        logger.warning("MLflow %s: %s", what, error)
        return False
    return True


def register(
    tracker: Tracker,
    config: SearchConfig,
    folder: Path,
    trials: Sequence[Trial],
    confirmation: Confirmation | None,
) -> None:
    """Register the best finalist as an MLflow model, where it is a winner or a tie and exported;
    a warning where the server has no registry, or refuses: nothing else depends on it."""
    module = folder / "best" / "activation.py"
    if confirmation is None or confirmation.best is None or not module.is_file():
        return
    row = confirmation.row(confirmation.best)
    if row.verdict not in ("winner", "tie"):
        return
    numbers = {trial.expression: trial.number for trial in trials if is_shown(trial)}
    record = ModelRecord(
        search=config.name,
        trial=numbers.get(row.expression),
        expression=row.expression,
        verdict=row.verdict,
        module=module,
        class_name="Activation",
        notes=verdict_text(confirmation),
    )
    _done(lambda: tracker.register(record), "has not got the best in its model registry")


def keep_best(home: Home, name: str, count: int) -> tuple[int, int]:
    """Remove from MLflow the candidates of a search but the best, its finalists and its front; how
    many stay, and how many went. Study, configuration, confirmation and export are not touched.

    Raises SearchBusy while the search is driven.
    """
    folder = home.folder(name)
    file = SearchFile.load(folder)
    tracker = tracker_of(home)
    tracker.check()
    with lock(folder):
        trials = read_trials(folder)
        best = finalist_order(trained(trials), file.config.objectives)[:count]
        confirmation = read_confirmation(plan_of(file, trials), ConfirmationLog(folder))
        finalists = _finalists(confirmation, trials) if confirmation else []
        kept = {trial.number for trial in (*finalists, *best)}
        if file.config.measures_cost:
            kept |= {trial.number for trial in front(trials)}
        # Before anything goes: what is not written down would come back with the next sync.
        KeptRuns(len(trials), frozenset(kept)).save(folder)
        removed = tracker.trim_search(name, kept)
    return len(kept), removed


def sync(home: Home, name: str) -> int:
    """Write a search to MLflow anew from its folder; how many candidates were written.

    Raises SearchBusy while the search is driven: its driver writes them itself.
    """
    folder = home.folder(name)
    file = SearchFile.load(folder)
    tracker = tracker_of(home)
    tracker.check()
    with lock(folder):
        trials = read_trials(folder)
        open_search(tracker, file.config)
        tracker.close_open_runs(name)
        confirmation = read_confirmation(plan_of(file, trials), ConfirmationLog(folder))
        kept = KeptRuns.load(folder)
        if confirmation is not None:
            kept = kept.and_also(t.number for t in _finalists(confirmation, trials))
        shown = [trial for trial in trials if is_shown(trial) and kept.shows(trial.number)]
        tracker.write_all(name, (candidate_record(file.config, trial, folder) for trial in shown))
        if (record := front_record(file.config, trials)) is not None:
            tracker.write_front(record)
        if confirmation is not None:
            tracker.write_confirmation(_finalist_records(name, confirmation, trials))
        tracker.write_search(_home_page(file, folder, trials, confirmation))
        register(tracker, file.config, folder, trials, confirmation)
    return len(shown)


def front_record(config: SearchConfig, trials: Sequence[Trial]) -> FrontRecord | None:
    """The front of a search as MLflow's record; None where cost is no objective, or there is no
    candidate yet."""
    last = furthest(trials)
    if not config.is_multi_objective or not last:
        return None
    members = {trial.number: point(trial) for trial in front(trials)}
    points = [point(trial) for trial in last if trial.number not in members]
    return FrontRecord(search=config.name, points=points, front=members)


def _finalist_records(
    search: str, confirmation: Confirmation, trials: Sequence[Trial]
) -> list[FinalistRecord]:
    """The rows of a confirmation as MLflow's records."""
    numbers = {trial.expression: trial.number for trial in trials if is_shown(trial)}
    return [
        _finalist_record(search, row, confirmation.label(row), numbers)
        for row in confirmation.rows
    ]


def _finalist_record(
    search: str, row: ComparisonRow, network: str, numbers: Mapping[str, int]
) -> FinalistRecord:
    comparison = row.comparison
    return FinalistRecord(
        search=search,
        trial=numbers.get(row.expression) if row.role == "finalist" else None,
        expression=row.expression,
        name=row.name,
        network=network,
        seeds=row.seeds,
        val_accuracies=row.val_accuracies,
        test_accuracies=row.test_accuracies,
        difference=comparison.difference if comparison else None,
        interval=comparison.interval if comparison else None,
        images_error=comparison.images_error if comparison else None,
        p_value=row.p_adjusted,
        verdict=row.standing,
    )
