"""The leaderboard: a search's trained candidates, best first, with the noise of one run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .trial import Trial

_ORDER = {"complete": 0, "pruned": 1, "infeasible": 2, "running": 3, "failed": 4}


def ranked(candidates: Sequence[Trial]) -> list[Trial]:
    """Complete ones by score, then pruned by rung and score, then what never got a score."""
    shown = [c for c in candidates if c.state in _ORDER and not _replaced(c, candidates)]
    return sorted(shown, key=_key)


def trained(candidates: Sequence[Trial]) -> list[Trial]:
    """Those of the leaderboard that have trained."""
    return [c for c in ranked(candidates) if c.trained]


def noise(score: float, images: int) -> float:
    """Standard error of one accuracy (a fraction) over that many validation images.

    Binomial: what another draw of images would change. Another seed on the same images changes
    less (docs/validity.md has both, measured), so that ties err on the side of ties.
    """
    return math.sqrt(score * (1 - score) / images)


def tied_with_best(candidates: Sequence[Trial], images: int) -> set[int]:
    """Trials within two standard errors of the best complete one's score, itself included."""
    complete = [c for c in candidates if c.state == "complete" and c.val_accuracy is not None]
    if not complete:
        return set()
    best = max(c.val_accuracy or 0.0 for c in complete)
    margin = 2 * noise(best, images)
    return {c.number for c in complete if (c.val_accuracy or 0.0) >= best - margin}


def _replaced(candidate: Trial, candidates: Sequence[Trial]) -> bool:
    """A crash or an interruption that was tried again is not shown beside its retry."""
    return candidate.state == "failed" and any(
        c.origin == candidate.origin and c.number > candidate.number for c in candidates
    )


def _key(candidate: Trial) -> tuple[int, int, float, int]:
    rung = max(candidate.val_accuracies, default=0)
    return _ORDER[candidate.state], -rung, -(candidate.val_accuracy or 0.0), candidate.number
