"""The order of the leaderboard: trials, best first, and which are ties by the noise of one run."""

from __future__ import annotations

from collections.abc import Sequence

from ...evaluators.protocol.noise import tie_margin
from ..strategies import pareto
from .setting_rules import ACCURACY
from .trial import Trial

_ORDER = {"complete": 0, "pruned": 1, "infeasible": 2, "running": 3, "failed": 4}


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """Complete ones by score, then pruned by rung and score, then those without a score."""
    shown = [trial for trial in trials if trial.state in _ORDER and not _replaced(trial, trials)]
    return sorted(shown, key=_key)


def trained(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of the leaderboard that have trained."""
    return [trial for trial in ranked(trials) if trial.trained]


def front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that no other beats in accuracy and equals in cost, or the other way; the most
    accurate, and dearest, first.

    Of those that went furthest, the complete ones mostly: the accuracies of different rungs
    cannot be compared.
    """
    last = furthest(trials)
    return [last[index] for index in pareto.front([point(trial) for trial in last])]


def furthest(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of the front and those they are held against: ended, with a cost and a score at
    the last rung that any of them reached."""
    scored = [
        trial
        for trial in trials
        if trial.state in ("complete", "pruned") and trial.val_accuracies and trial.cost
    ]
    last = max((max(trial.val_accuracies) for trial in scored), default=0)
    return [trial for trial in scored if last in trial.val_accuracies]


def point(trial: Trial) -> pareto.Point:
    """Accuracy and cost of a trial that has both."""
    assert trial.val_accuracy is not None
    assert trial.cost is not None
    return trial.val_accuracy, trial.cost.time


def finalist_order(trials: Sequence[Trial], objectives: Sequence[str] = ACCURACY) -> list[Trial]:
    """The order in which trials become finalists: that of the leaderboard; where cost is an
    objective, the front before all others, so that the best comes first, then what is cheaper."""
    order = ranked(trials)
    if "cost" not in objectives:
        return order
    members = {trial.number for trial in front(order)}
    return sorted(order, key=lambda trial: trial.number not in members)


def tied_with_best(trials: Sequence[Trial], images: int) -> set[int]:
    """Numbers of the trials within two standard errors of the best complete one's score, itself
    included; none where it stands alone."""
    complete = [
        (trial.number, trial.val_accuracy)
        for trial in trials
        if trial.state == "complete" and trial.val_accuracy is not None
    ]
    if not complete:
        return set()
    best = max(accuracy for _, accuracy in complete)
    least = best - tie_margin(best, images)
    tied = {number for number, accuracy in complete if accuracy >= least}
    return tied if len(tied) > 1 else set()


def _replaced(trial: Trial, trials: Sequence[Trial]) -> bool:
    """A crash or an interruption that was tried again is not shown beside its retry."""
    return trial.state == "failed" and any(
        other.origin == trial.origin and other.number > trial.number for other in trials
    )


def _key(trial: Trial) -> tuple[int, int, float, int]:
    rung = max(trial.val_accuracies, default=0)
    return _ORDER[trial.state], -rung, -(trial.val_accuracy or 0.0), trial.number
