"""A candidate's trial as everything but the study sees it: state, scores, what it learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["complete", "pruned", "infeasible", "duplicate", "failed", "running", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial of a search.

    score: validation accuracy (a fraction) at the last rung reached. rungs and losses (nats): by
    epoch. seconds: this candidate's share of its bracket's training time. step: the multiple of
    the recipe's step size that validation preferred; own_score: the score at the recipe's own,
    where others were tried.
    """

    number: int
    expression: str
    state: State
    val_accuracy: float | None = None
    val_accuracies: Mapping[int, float] = field(default_factory=dict)
    val_losses: Mapping[int, float] = field(default_factory=dict)
    train_losses: tuple[float, ...] = ()
    learned: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    seconds: float = 0.0
    lr_multiplier: float = 1.0
    base_lr_accuracy: float | None = None
    reason: str | None = None  # why it is infeasible
    screened: bool = False  # infeasible without any training
    duplicate_of: int | None = None
    origin: int = 0  # the trial that was first drawn; itself unless this is a retry
    retry: int = 0
    error: str | None = None  # the traceback of a failed training
    started_ms: int = 0
    finished_ms: int = 0

    @property
    def trained(self) -> bool:
        """Whether training told something about it: a score, or that it diverges."""
        return bool(self.val_accuracies) or (self.state == "infeasible" and not self.screened)

    @property
    def entered_training(self) -> bool:
        """Whether it was handed to a worker: it counts, and its like is never trained again."""
        words = ("complete", "pruned", "failed", "running")
        return bool(self.expression) and (self.trained or self.state in words)


def entered(candidates: list[Trial]) -> int:
    """Distinct candidates that entered training: a retry counts with its origin."""
    return len({c.origin for c in candidates if c.entered_training})
