"""The members of an ensemble: one net for each candidate, seed and step size.

An ensemble knows members only. `SweepAggregate` makes candidates of them again: the mean over
seeds at the step size that is best on validation, beside what the recipe's step size gives.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import nn

from ...space import Expression
from ..data.datasets import ImageSpec
from ..protocol.evaluator import FinalScore, MemberProgress, Training
from ..protocol.metrics import together
from ..recipes.recipe import Recipe

# build(candidate, seed, spec): a network with fresh weights, as `Recipe.build` makes one.
BuildNet: TypeAlias = Callable[[Expression, int, ImageSpec], nn.Module]
APART = 1_000_000_007  # between the seeds of one score's repeats, so that they meet no other's


@dataclass(frozen=True, slots=True)
class Member:
    """One net: a candidate, the seed of its weights and batches, its multiple of the step size."""

    expression: Expression
    seed: int
    lr_multiplier: float = 1.0


def members_of(candidates: Sequence[Expression], recipe: Recipe, seed: int) -> list[Member]:
    """Every slice of a job: by step size, then by repeat, then by candidate."""
    return [
        Member(candidate, seed + repeat * APART, step)
        for step in recipe.lr_multipliers
        for repeat in range(recipe.seeds_per_score)
        for candidate in candidates
    ]


class SweepAggregate:
    """A training of slices, as one of candidates; `members_of` gives the order."""

    def __init__(self, training: Training, recipe: Recipe, candidates: int) -> None:
        self._training, self._recipe = training, recipe
        self._kept = list(range(candidates))  # candidates, by their number at the start
        self._best = [1.0] * candidates  # step size of each, as of the last validation

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every candidate to the end of `epoch` (counted from 1) and validate it."""
        found = self._training.advance(epoch)
        progress = [self._of(found, k) for k in range(len(self._kept))]
        self._best = [p.lr_multiplier for p in progress]
        return progress

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these candidates only, at all their step sizes."""
        count = len(self._kept)
        groups = range(len(self._recipe.lr_multipliers) * self._recipe.seeds_per_score)
        self._training.keep([group * count + p for group in groups for p in positions])
        self._kept = [self._kept[p] for p in positions]
        self._best = [self._best[p] for p in positions]

    def test(self) -> list[FinalScore]:
        """Every candidate on the test images at the step size that validation chose."""
        found = self._training.test()
        whole = [[found[i] for i in self._members(k, step)] for k, step in enumerate(self._best)]
        return [
            FinalScore(
                test_accuracy=statistics.fmean(t.test_accuracy for t in ts),
                test_correct=together([t.test_correct for t in ts]),
            )
            for ts in whole
        ]

    def _members(self, candidate: int, step: float) -> list[int]:
        """Where a candidate's repeats at one step size are among the slices."""
        first = self._recipe.lr_multipliers.index(step) * self._recipe.seeds_per_score
        count = len(self._kept)
        return [(first + r) * count + candidate for r in range(self._recipe.seeds_per_score)]

    def _of(self, found: Sequence[MemberProgress], candidate: int) -> MemberProgress:
        whole = {
            step: [found[i] for i in self._members(candidate, step)]
            for step in self._recipe.lr_multipliers
        }
        # One repeat that diverged rules a step size out: its mean would be of the lucky seeds.
        sound = {s: ps for s, ps in whole.items() if not any(p.reason for p in ps)}
        own = sound.get(1.0) if len(whole) > 1 else None
        if not sound:
            return next(p for p in whole[1.0] if p.reason)
        best = max(sound, key=lambda s: statistics.fmean(p.val_accuracy for p in sound[s]))
        repeats = sound[best]
        return MemberProgress(
            val_accuracy=statistics.fmean(p.val_accuracy for p in repeats),
            val_loss=statistics.fmean(p.val_loss for p in repeats),
            train_losses=_means([p.train_losses for p in repeats]),
            learned={
                name: _means([p.learned[name] for p in repeats]) for name in repeats[0].learned
            },
            lr_multiplier=best,
            base_lr_accuracy=statistics.fmean(p.val_accuracy for p in own) if own else None,
        )


def _means(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(statistics.fmean(column) for column in zip(*rows, strict=True))
