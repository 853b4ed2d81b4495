"""From a search's own records to what MLflow shows of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version

from ..mlflow.record import CandidateRecord, FinalistRecord
from ..mlflow.tracker import Tracker
from .candidates import Candidate
from .config import SearchConfig
from .confirm import Confirmation, Row
from .home import Home


def tracker_of(home: Home) -> Tracker:
    """The tracker on MLFLOW_TRACKING_URI if it is set, else on the home's own store."""
    return Tracker(home.root, os.environ.get("MLFLOW_TRACKING_URI") or None)


def description_of(config: SearchConfig) -> dict[str, str]:
    """What the experiment's page says the search is."""
    return {
        "space": config.space,
        "strategy": config.strategy,
        "recipe": config.recipe.label,
        "network": f"{config.recipe.network} {'-'.join(map(str, config.recipe.widths))}",
        "rungs": ", ".join(map(str, config.recipe.rungs)) + " epochs",
        "second network": config.second.label,
        "seed": str(config.seed),
        "bracket": str(config.bracket),
        **{name: version(name) for name in ("actsearch", "torch", "optuna", "ray", "mlflow")},
    }


def is_shown(candidate: Candidate) -> bool:
    """Whether it gets a run: all that trained, and what crashed for good. Duplicates do not."""
    return candidate.trained or candidate.state == "failed"


def candidate_record(config: SearchConfig, found: Candidate) -> CandidateRecord:
    """A finished candidate as MLflow's record."""
    return CandidateRecord(
        search=config.name,
        trial=found.trial,
        expression=found.expression,
        state=found.state,
        strategy=config.strategy,
        started_ms=found.started_ms,
        finished_ms=found.finished_ms,
        score=found.score,
        rungs=found.rungs,
        train_loss=found.train_losses,
        val_loss=found.losses,
        seconds=found.seconds,
        learned=found.learned,
        reason=found.reason or found.error,
        duplicate_of=found.duplicate_of,
    )


def finalist_records(
    search: str, found: Confirmation, candidates: Sequence[Candidate]
) -> list[FinalistRecord]:
    """The rows of a confirmation as MLflow's records."""
    trials = {c.expression: c.trial for c in candidates if is_shown(c)}
    return [_finalist_record(search, row, trials) for row in found.rows]


def _finalist_record(search: str, row: Row, trials: dict[str, int]) -> FinalistRecord:
    comparison = row.comparison
    return FinalistRecord(
        search=search,
        trial=trials.get(row.expression) if row.role == "finalist" else None,
        expression=row.expression,
        name=row.name,
        network=row.network,
        seeds=row.seeds,
        val=row.val,
        test=row.test,
        difference=comparison.difference if comparison else None,
        interval=comparison.interval if comparison else None,
        p_value=row.p_adjusted,
        verdict=row.verdict or "baseline",
    )
