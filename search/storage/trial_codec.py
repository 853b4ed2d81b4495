"""Trials of a search in Optuna's user attributes, and read from them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from ...evaluators import CandidateReport
from .trial import State, Trial

# Names of trial attributes: part of the stored format.
EXPRESSION, RESULT, REASON = "expression", "result", "infeasible"
DUPLICATE_OF, ORIGIN, RETRY, ERROR = "duplicate_of", "origin", "retry", "error"


def trial_of(stored: FrozenTrial) -> Trial:
    """The trial that Optuna stored."""
    attributes = stored.user_attrs
    result = json.loads(attributes[RESULT]) if RESULT in attributes else {}
    rungs = result.get("rungs", stored.intermediate_values)
    accuracies = {int(epoch): float(accuracy) for epoch, accuracy in rungs.items()}
    return Trial(
        number=stored.number,
        expression=attributes.get(EXPRESSION, ""),
        state=_state_of(stored),
        val_accuracy=accuracies[max(accuracies)] if accuracies else None,
        val_accuracies=accuracies,
        val_losses={int(k): float(v) for k, v in result.get("losses", {}).items()},
        train_losses=tuple(result.get("train_losses", ())),
        learned={k: tuple(v) for k, v in result.get("learned", {}).items()},
        seconds=float(result.get("seconds", 0.0)),
        lr_multiplier=float(result.get("step", 1.0)),
        base_lr_accuracy=result.get("own_score"),
        reason=attributes.get(REASON),
        screened=REASON in attributes and RESULT not in attributes,
        duplicate_of=attributes.get(DUPLICATE_OF),
        origin=attributes.get(ORIGIN, stored.number),
        retry=attributes.get(RETRY, 0),
        error=attributes.get(ERROR),
        started_ms=_milliseconds(stored.datetime_start),
        finished_ms=_milliseconds(stored.datetime_complete),
    )


def _state_of(stored: FrozenTrial) -> State:
    if stored.state == TrialState.PRUNED:
        if DUPLICATE_OF in stored.user_attrs:
            return "duplicate"
        return "infeasible" if REASON in stored.user_attrs else "pruned"
    states: dict[TrialState, State] = {
        TrialState.COMPLETE: "complete",
        TrialState.FAIL: "failed",
        TrialState.RUNNING: "running",
        TrialState.WAITING: "waiting",
    }
    return states[stored.state]


def result_text(reports: Mapping[int, CandidateReport], seconds: float) -> str:
    """The record of a finished training, as JSON: reports by epoch, and its seconds."""
    last = reports[max(reports)]
    scored = {epoch: r for epoch, r in reports.items() if r.state != "infeasible"}
    return json.dumps(
        {
            "rungs": {epoch: r.val_accuracy for epoch, r in scored.items()},
            "losses": {epoch: r.val_loss for epoch, r in scored.items()},
            "train_losses": last.train_losses,
            "learned": dict(last.learned),
            "step": last.lr_multiplier,
            "own_score": last.base_lr_accuracy,
            "seconds": round(seconds, 6),
        }
    )


def _milliseconds(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0
