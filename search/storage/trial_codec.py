"""What an Optuna trial stores of a candidate, and the candidate read from it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from ...evaluators import CandidateReport
from .trial import State, Trial

# Names of trial attributes: part of the stored format.
EXPRESSION, RESULT, REASON = "expression", "result", "infeasible"
DUPLICATE_OF, ORIGIN, RETRY, ERROR = "duplicate_of", "origin", "retry", "error"


def trial_of(trial: FrozenTrial) -> Trial:
    """The candidate that a trial of the study is."""
    attributes = trial.user_attrs
    result = json.loads(attributes[RESULT]) if RESULT in attributes else {}
    told = result.get("rungs", trial.intermediate_values)
    rungs = {int(epoch): float(score) for epoch, score in told.items()}
    return Trial(
        number=trial.number,
        expression=attributes.get(EXPRESSION, ""),
        state=_state_of(trial),
        val_accuracy=rungs[max(rungs)] if rungs else None,
        val_accuracies=rungs,
        val_losses={int(k): float(v) for k, v in result.get("losses", {}).items()},
        train_losses=tuple(result.get("train_losses", ())),
        learned={k: tuple(v) for k, v in result.get("learned", {}).items()},
        seconds=float(result.get("seconds", 0.0)),
        lr_multiplier=float(result.get("step", 1.0)),
        base_lr_accuracy=result.get("own_score"),
        reason=attributes.get(REASON),
        screened=REASON in attributes and RESULT not in attributes,
        duplicate_of=attributes.get(DUPLICATE_OF),
        origin=attributes.get(ORIGIN, trial.number),
        retry=attributes.get(RETRY, 0),
        error=attributes.get(ERROR),
        started_ms=_milliseconds(trial.datetime_start),
        finished_ms=_milliseconds(trial.datetime_complete),
    )


def _state_of(trial: FrozenTrial) -> State:
    if trial.state == TrialState.PRUNED:
        if DUPLICATE_OF in trial.user_attrs:
            return "duplicate"
        return "infeasible" if REASON in trial.user_attrs else "pruned"
    words: dict[TrialState, State] = {
        TrialState.COMPLETE: "complete",
        TrialState.FAIL: "failed",
        TrialState.RUNNING: "running",
        TrialState.WAITING: "waiting",
    }
    return words[trial.state]


def result_text(reports: Mapping[int, CandidateReport], seconds: float) -> str:
    """What a finished training leaves behind, as JSON: reports by epoch, and its seconds."""
    last = reports[max(reports)]
    finite = {epoch: r for epoch, r in reports.items() if r.state != "infeasible"}
    return json.dumps(
        {
            "rungs": {epoch: r.val_accuracy for epoch, r in finite.items()},
            "losses": {epoch: r.val_loss for epoch, r in finite.items()},
            "train_losses": last.train_losses,
            "learned": dict(last.learned),
            "step": last.lr_multiplier,
            "own_score": last.base_lr_accuracy,
            "seconds": round(seconds, 6),
        }
    )


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000) if moment else 0
