"""A bracket: slices trained from rung to rung, the best third going on after each.

Successive halving with eta 3 (Jamieson and Talwalkar 2016), plus cut-offs from earlier brackets,
so that a weak bracket does not carry its least bad candidate to the end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence

from .evaluator import (
    CandidateReport,
    FinalScore,
    Job,
    MemberProgress,
    RungReport,
    State,
    Training,
)

CUTOFF_SCORES = 9  # scores a rung must have before late brackets are held to them: one bracket


def cutoffs_of(scores: Mapping[int, Sequence[float]], eta: int) -> dict[int, float]:
    """By epoch, what a slice must reach: the best 1/eta, rounded up, of all scores so far.

    scores: by epoch, the accuracies (fractions) of every slice of earlier brackets that got there.
    """
    return {
        epoch: sorted(found, reverse=True)[math.ceil(len(found) / eta) - 1]
        for epoch, found in scores.items()
        if len(found) >= CUTOFF_SCORES
    }


def survivors(scores: Sequence[float | None], eta: int, cutoff: float | None) -> list[int]:
    """Positions that go on: the best 1/eta, rounded up, of those that reach the cut-off.

    None is a slice that cannot go on; it still counts in the number the share is taken of.
    Equal scores go by position.
    """
    share = math.ceil(len(scores) / eta)
    ranked = sorted(
        (position for position, score in enumerate(scores) if score is not None),
        key=lambda position: (-(scores[position] or 0.0), position),
    )
    return sorted(
        position
        for position in ranked[:share]
        if cutoff is None or (scores[position] or 0.0) >= cutoff
    )


def run_bracket(training: Training, job: Job) -> Iterator[RungReport]:
    """Train a job's slices over the recipe's rungs; yields a report after each.

    A confirmation (`halving` False) reports at the last rung only, and loses no slice but those
    that diverge.
    """
    live = list(range(len(job.expressions)))
    rungs = job.recipe.rungs if job.halving else job.recipe.rungs[-1:]
    for epoch in rungs:
        start = time.perf_counter()
        progress = training.advance(epoch)
        last = epoch == job.recipe.epochs
        kept = _kept(progress, job, epoch)
        if kept and len(kept) < len(live):
            training.keep(kept)
        asked = job.test and last and kept
        tests = dict(zip(kept, training.test(), strict=True)) if asked else {}
        yield RungReport(
            epoch=epoch,
            candidates=tuple(
                _report(live[i], found, _state(found, i in kept, last), tests.get(i))
                for i, found in enumerate(progress)
            ),
            seconds=time.perf_counter() - start,
        )
        live = [live[position] for position in kept]
        if not live:
            return


def _kept(progress: Sequence[MemberProgress], job: Job, epoch: int) -> list[int]:
    scores = [None if found.reason else found.val_accuracy for found in progress]
    if not job.halving or epoch == job.recipe.epochs:
        return [position for position, score in enumerate(scores) if score is not None]
    return survivors(scores, job.recipe.eta, job.cutoffs.get(epoch))


def _state(found: MemberProgress, kept: bool, last: bool) -> State:
    if found.reason:
        return "infeasible"
    if not kept:
        return "pruned"
    return "complete" if last else "live"


def _report(
    index: int, found: MemberProgress, state: State, test: FinalScore | None
) -> CandidateReport:
    learned: Mapping[str, tuple[float, ...]] = dict(found.learned)
    return CandidateReport(
        index=index,
        state=state,
        val_accuracy=found.val_accuracy,
        val_loss=found.val_loss,
        train_losses=found.train_losses,
        learned=learned,
        reason=found.reason,
        test_accuracy=None if test is None else test.test_accuracy,
        lr_multiplier=found.lr_multiplier,
        base_lr_accuracy=found.base_lr_accuracy,
        test_correct=None if test is None else test.test_correct,
    )
