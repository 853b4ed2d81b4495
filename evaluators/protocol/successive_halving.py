"""A bracket: candidates trained from rung to rung, about the best third going on after each.

Successive halving with eta 3 (Jamieson and Talwalkar 2016) in the first brackets. Later ones are
held to the best third of all candidates of earlier brackets instead, whatever company a candidate
is in (as in ASHA, Li et al. 2020): a weak bracket carries nothing on, and from one that a strategy
has filled with good candidates all may go.

Before there is anything to be held to, the best third of a bracket that was drawn blind is a fair
share. Of one that a prior has filled it is not: the differences among good candidates are the luck
of a run, and so whoever ties with the third goes on too, up to as many again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence

from .divergence import with_reason
from .evaluator import (
    CandidateReport,
    FinalScore,
    Job,
    MemberProgress,
    RungReport,
    State,
    Training,
)
from .noise import tie_margin

CUTOFF_SCORES = 9  # scores a rung must have before late brackets are held to them: one bracket


def cutoffs_of(scores: Mapping[int, Sequence[float]], eta: int) -> dict[int, float]:
    """The score a candidate must reach, by epoch: the best 1/eta, rounded up, of all so far.

    scores: by epoch, the accuracies (fractions) of all candidates of earlier brackets that got
    there.
    """
    return {
        epoch: sorted(reached, reverse=True)[math.ceil(len(reached) / eta) - 1]
        for epoch, reached in scores.items()
        if len(reached) >= CUTOFF_SCORES
    }


def survivors(
    scores: Sequence[float | None], eta: int, cutoff: float | None, ties: int | None = None
) -> list[int]:
    """Positions that go on: those that reach the cut-off, or without one the best 1/eta, rounded
    up.

    None stands for a candidate that cannot go on; the share is taken of all, with those. Equal
    scores go by position. ties: the number of images that scores are shares of, where those that
    tie with the last of the best 1/eta go on too, up to as many again, so that few images do not
    let all of nine train to the end (with an eta of 2 they may); None: where they do not.
    """
    able = [(-score, position) for position, score in enumerate(scores) if score is not None]
    if cutoff is not None:
        return [position for negative, position in able if -negative >= cutoff]
    able.sort()
    share = math.ceil(len(scores) / eta)
    best = able[:share]
    if ties is not None and best:
        last = -best[-1][0]
        least = last - tie_margin(last, ties)
        best = [pair for pair in able[: 2 * share] if -pair[0] >= least]
    return sorted(position for _, position in best)


def run_bracket(training: Training, job: Job) -> Iterator[RungReport]:
    """Train a job's candidates over the recipe's rungs; yields a report after each.

    A confirmation (`halving` False) reports at the last rung only, and loses no candidate but
    those that diverge. A score that is not finite is none, and its candidate infeasible: it could
    not be ranked.
    """
    live = list(range(len(job.expressions)))
    for epoch in job.recipe.rungs if job.halving else job.recipe.rungs[-1:]:
        start = time.perf_counter()
        members = [with_reason(member) for member in training.advance(epoch)]
        last = epoch == job.recipe.epochs
        scores = [None if member.reason else member.val_accuracy for member in members]
        kept = [position for position, score in enumerate(scores) if score is not None]
        if job.halving and not last:
            ties = job.recipe.validation if job.ties_go_on else None
            kept = survivors(scores, job.recipe.eta, job.cutoffs.get(epoch), ties)
        if kept and len(kept) < len(live):
            training.keep(kept)
        tests: dict[int, FinalScore] = {}
        if job.test and last and kept:
            tests = dict(zip(kept, training.test(), strict=True))
        states: list[State] = ["infeasible" if member.reason else "pruned" for member in members]
        for position in kept:
            states[position] = "complete" if last else "live"
        reports = tuple(
            _report(live[position], member, states[position], tests.get(position))
            for position, member in enumerate(members)
        )
        yield RungReport(epoch=epoch, candidates=reports, seconds=time.perf_counter() - start)
        live = [live[position] for position in kept]
        if not live:
            return


def _report(
    index: int, member: MemberProgress, state: State, test: FinalScore | None
) -> CandidateReport:
    return CandidateReport(
        index=index,
        state=state,
        val_accuracy=member.val_accuracy,
        val_loss=member.val_loss,
        train_losses=member.train_losses,
        learned=dict(member.learned),
        reason=member.reason,
        test_accuracy=None if test is None else test.test_accuracy,
        lr_multiplier=member.lr_multiplier,
        base_lr_accuracy=member.base_lr_accuracy,
        test_correct=None if test is None else test.test_correct,
    )
