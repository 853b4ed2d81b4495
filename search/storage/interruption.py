"""Candidates that a killed driver owes, known from the study alone: those without an end.

A candidate is a first trial, its origin, and the retries of it. It entered training when one of
them was accepted, and from then on it has to end: with a score, as infeasible, or as failed.
"""

from __future__ import annotations

from collections.abc import Sequence

from optuna.trial import FrozenTrial

from .trial import RETRIES, Trial
from .trial_codec import DUPLICATE_OF, EXPRESSION, REASON

_ENDS = ("complete", "pruned", "infeasible", "duplicate")


def is_ended(trial: FrozenTrial) -> bool:
    """Whether a trial has all of its end but the state: it was rejected, or had diverged."""
    return EXPRESSION in trial.user_attrs and not {REASON, DUPLICATE_OF}.isdisjoint(
        trial.user_attrs
    )


def owed_trials(trials: Sequence[Trial]) -> list[Trial]:
    """The last trial of each candidate that entered training, has no end, and does not wait for
    another try."""
    tries: dict[int, list[Trial]] = {}
    for trial in trials:
        tries.setdefault(trial.origin, []).append(trial)
    return [
        each[-1]
        for each in tries.values()
        if any(trial.expression for trial in each)
        and not is_over(each[-1])
        and not any(trial.state == "waiting" for trial in each)
    ]


def is_over(trial: Trial) -> bool:
    """Whether a candidate ends with this trial: it needs no other, or had its last try."""
    return trial.state in _ENDS or (trial.error is not None and trial.retry >= RETRIES)
