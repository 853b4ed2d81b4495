"""From a search's own records to what MLflow shows of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from ..evaluators import Recipe
from ..mlflow.client import TrackingError
from ..mlflow.records import CandidateRecord, FinalistRecord
from ..mlflow.tracker import Tracker
from .confirmation.comparison import ComparisonRow, Confirmation
from .provenance import versions
from .storage.config import SearchConfig
from .storage.home import Home
from .storage.study import RETRIES
from .storage.trial import Trial

logger = logging.getLogger(__name__)


def tracker_of(home: Home) -> Tracker:
    """The tracker on MLFLOW_TRACKING_URI if it is set, else on the home's own store."""
    return Tracker(home.root, os.environ.get("MLFLOW_TRACKING_URI") or None)


def description_of(config: SearchConfig) -> dict[str, str]:
    """What the experiment's page says the search is."""
    return {
        "space": config.space,
        "strategy": config.strategy,
        "recipe": config.recipe.label,
        "evaluator": config.evaluator,
        "network": _network(config.recipe),
        "data set": config.recipe.dataset,
        "rungs": ", ".join(map(str, config.recipe.rungs)) + " epochs",
        "second network": config.second.label if config.second else "none",
        "seed": str(config.seed),
        "bracket": str(config.bracket),
        **versions(),
    }


def _network(recipe: Recipe) -> str:
    """With its widths, where those are the recipe's to decide."""
    if recipe.evaluator:
        return recipe.network
    return f"{recipe.network} {'-'.join(map(str, recipe.widths))}"


def is_shown(candidate: Trial) -> bool:
    """Whether it gets a run: what has trained to its end, and what crashed for good.

    Not duplicates, not what is under way, not a crash or an interruption that was tried again.
    """
    if candidate.state == "failed":
        return candidate.error is not None and candidate.retry >= RETRIES
    return candidate.trained and candidate.state != "running"


def candidate_record(config: SearchConfig, found: Trial) -> CandidateRecord:
    """A finished candidate as MLflow's record."""
    return CandidateRecord(
        search=config.name,
        trial=found.number,
        expression=found.expression,
        state=found.state,
        strategy=config.strategy,
        started_ms=found.started_ms,
        finished_ms=found.finished_ms,
        val_accuracy=found.val_accuracy,
        val_accuracies=found.val_accuracies,
        train_losses=found.train_losses,
        val_losses=found.val_losses,
        seconds=found.seconds,
        lr_multiplier=found.lr_multiplier,
        base_lr_accuracy=found.base_lr_accuracy,
        learned=found.learned,
        reason=found.reason or found.error,
        duplicate_of=found.duplicate_of,
    )


def finalist_records(
    search: str, found: Confirmation, candidates: Sequence[Trial]
) -> list[FinalistRecord]:
    """The rows of a confirmation as MLflow's records."""
    trials = {c.expression: c.number for c in candidates if is_shown(c)}
    return [_finalist_record(search, row, found.label(row), trials) for row in found.rows]


def show(
    tracker: Tracker,
    search: str,
    found: Confirmation | None,
    candidates: Sequence[Trial],
) -> bool:
    """Write a confirmation to MLflow; False, with a warning, if that cannot be done now."""
    if found is None:
        return True
    try:
        tracker.write_confirmation(finalist_records(search, found, candidates))
    except TrackingError as error:
        logger.warning("MLflow does not show the confirmation: %s", error)
        return False
    return True


def _finalist_record(
    search: str, row: ComparisonRow, network: str, trials: dict[str, int]
) -> FinalistRecord:
    comparison = row.comparison
    return FinalistRecord(
        search=search,
        trial=trials.get(row.expression) if row.role == "finalist" else None,
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
        verdict=row.verdict or "baseline",
    )
