"""The order of the leaderboard: trials, best first, and which are ties by the noise of one run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .trial import Trial

_ORDER = {"complete": 0, "pruned": 1, "infeasible": 2, "running": 3, "failed": 4}


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """Complete ones by score, then pruned by rung and score, then those without a score."""
    shown = [trial for trial in trials if trial.state in _ORDER and not _replaced(trial, trials)]
    return sorted(shown, key=_key)


def trained(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of the leaderboard that have trained."""
    return [trial for trial in ranked(trials) if trial.trained]


def noise(score: float, images: int) -> float:
    """Standard error of one accuracy (a fraction) over that many validation images.

    Binomial: what another draw of images would change. Another seed on the same images changes
    less (docs/validity.md has both, measured), so that ties err on the side of ties.
    """
    return math.sqrt(score * (1 - score) / images)


def tied_with_best(trials: Sequence[Trial], images: int) -> set[int]:
    """Numbers of the trials within two standard errors of the best complete one's score, itself
    included."""
    complete = [
        (trial.number, trial.val_accuracy)
        for trial in trials
        if trial.state == "complete" and trial.val_accuracy is not None
    ]
    if not complete:
        return set()
    best = max(accuracy for _, accuracy in complete)
    margin = 2 * noise(best, images)
    return {number for number, accuracy in complete if accuracy >= best - margin}


def _replaced(trial: Trial, trials: Sequence[Trial]) -> bool:
    """A crash or an interruption that was tried again is not shown beside its retry."""
    return trial.state == "failed" and any(
        other.origin == trial.origin and other.number > trial.number for other in trials
    )


def _key(trial: Trial) -> tuple[int, int, float, int]:
    rung = max(trial.val_accuracies, default=0)
    return _ORDER[trial.state], -rung, -(trial.val_accuracy or 0.0), trial.number
