"""A trial as everything but the study sees it: state, scores, learned parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ...space import Encoding, Expression

State = Literal["complete", "pruned", "infeasible", "duplicate", "failed", "running", "waiting"]

RETRIES = 2  # times a candidate is trained again after a crash; the last time all alone


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCost:
    """Time of a candidate's forward and backward pass over ReLU's, measured before it trained.

    time: the median of pairs measured in turn; low, high: their quartiles; device: where.
    """

    time: float
    low: float
    high: float
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedTrial:
    """A trial just begun, with the candidate its parameters describe."""

    number: int
    expression: Expression
    encoding: Encoding
    origin: int  # the trial first drawn; its own number unless this is a retry
    retry: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Trial:
    """One trial of a search.

    val_accuracy: a fraction, at the last rung reached; val_accuracies and val_losses (nats): by
    epoch. seconds: this candidate's share of its bracket's training time. lr_multiplier: the
    multiple of the recipe's learning rate that validation preferred; base_lr_accuracy: the
    validation accuracy at the recipe's own, where others were tried. cost: of a search that asked
    for it.
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
    cost: MeasuredCost | None = None
    reason: str | None = None  # why it is infeasible
    screened: bool = False  # infeasible without any training
    duplicate_of: int | None = None
    parents: tuple[int, ...] = ()  # trials that its strategy made it from …
    mutation: str | None = None  # … and in what way
    origin: int = 0  # the trial that was first drawn; itself unless this is a retry
    retry: int = 0
    error: str | None = None  # the traceback of a failed training
    started_ms: int = 0
    finished_ms: int = 0
    fingerprint: tuple[float, str | None] | None = None  # the key and form of one in training

    def __repr__(self) -> str:
        score = "" if self.val_accuracy is None else f", validation {self.val_accuracy:.4f}"
        return f"<Trial {self.number}: {self.expression}, {self.state}{score}>"

    @property
    def trained(self) -> bool:
        """Whether training gave a score, or showed that it diverges."""
        return bool(self.val_accuracies) or (self.state == "infeasible" and not self.screened)

    @property
    def has_result(self) -> bool:
        """Whether training came to an end, with a score or by diverging: not under way, and not
        crashed or interrupted after a rung, which another trial repeats."""
        return self.trained and self.state not in ("running", "failed")

    @property
    def entered_training(self) -> bool:
        """Whether a worker got it: it counts, and an equal candidate is never trained again."""
        states = ("complete", "pruned", "failed", "running")
        return bool(self.expression) and (self.trained or self.state in states)


def too_dear(trial: Trial) -> bool:
    """Whether it was screened out for its cost: nothing else screened out has one."""
    return trial.screened and trial.cost is not None


def entered(trials: Sequence[Trial]) -> int:
    """Distinct candidates that entered training: a retry counts with its origin."""
    return len({trial.origin for trial in trials if trial.entered_training})


def interrupted(trials: Sequence[Trial]) -> int:
    """Candidates that a stopped search has to train again: those that wait for it, and those of a
    driver that was killed before it could put them there."""
    return len(
        {
            trial.origin
            for trial in trials
            if (trial.state == "waiting" and trial.retry > 0)
            or (trial.state == "running" and trial.entered_training)
        }
    )


def is_finished(trials: Sequence[Trial], candidates: int) -> bool:
    """Whether all candidates that are asked for have trained."""
    return entered(trials) >= candidates and not interrupted(trials)
