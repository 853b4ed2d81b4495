"""The members of an ensemble: one net for each candidate, seed and learning rate.

An ensemble knows members only. `SweepAggregate` makes candidates of them again: the mean over
seeds at the learning rate that is best on validation, beside the score at the recipe's own.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import nn

from ...space import Expression
from ..data.datasets import ImageSpec
from ..protocol.divergence import with_reason
from ..protocol.evaluator import FinalScore, MemberProgress, Training
from ..protocol.metrics import correct_over_seeds
from ..recipes.recipe import Recipe

# build(candidate, seed, spec): a network with fresh weights, as `Recipe.build` makes one.
BuildNet: TypeAlias = Callable[[Expression, int, ImageSpec], nn.Module]
APART = 1_000_000_007  # between the seeds of one score, so that they meet no other score's


@dataclass(frozen=True, slots=True)
class Member:
    """One net: a candidate, the seed of its weights and batches, its multiple of the recipe's
    learning rate."""

    expression: Expression
    seed: int
    lr_multiplier: float = 1.0


def members_of(candidates: Sequence[Expression], recipe: Recipe, seed: int) -> list[Member]:
    """Every member of a job: by learning rate, then by seed, then by candidate."""
    return [
        Member(candidate, seed + number * APART, lr_multiplier)
        for lr_multiplier in recipe.lr_multipliers
        for number in range(recipe.seeds_per_score)
        for candidate in candidates
    ]


class SweepAggregate:
    """A training of members as one of candidates; `members_of` gives the order."""

    def __init__(self, training: Training, recipe: Recipe, candidates: int) -> None:
        self._training, self._recipe = training, recipe
        self._count = candidates  # that are still kept
        self._best = [1.0] * candidates  # lr_multiplier of each, as of the last validation

    def advance(self, epoch: int) -> list[MemberProgress]:
        """Train every candidate to the end of `epoch` (counted from 1) and validate it."""
        members = [with_reason(member) for member in self._training.advance(epoch)]
        candidates = [self._aggregate(members, number) for number in range(self._count)]
        self._best = [candidate.lr_multiplier for candidate in candidates]
        return candidates

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these candidates only, at all their learning rates."""
        groups = range(len(self._recipe.lr_multipliers) * self._recipe.seeds_per_score)
        self._training.keep([group * self._count + p for group in groups for p in positions])
        self._count = len(positions)
        self._best = [self._best[p] for p in positions]

    def test(self) -> list[FinalScore]:
        """Every candidate on the test images at the learning rate that validation chose."""
        scores = self._training.test()
        by_seed = [
            [scores[i] for i in self._positions(number, lr_multiplier)]
            for number, lr_multiplier in enumerate(self._best)
        ]
        return [
            FinalScore(
                test_accuracy=statistics.fmean(score.test_accuracy for score in seeds),
                test_correct=correct_over_seeds([score.test_correct for score in seeds]),
            )
            for seeds in by_seed
        ]

    def _positions(self, candidate: int, lr_multiplier: float) -> list[int]:
        """Positions, among the members, of a candidate's seeds at one learning rate."""
        seeds = self._recipe.seeds_per_score
        first = self._recipe.lr_multipliers.index(lr_multiplier) * seeds
        return [(first + seed) * self._count + candidate for seed in range(seeds)]

    def _aggregate(self, members: Sequence[MemberProgress], candidate: int) -> MemberProgress:
        by_rate = {
            lr_multiplier: [members[i] for i in self._positions(candidate, lr_multiplier)]
            for lr_multiplier in self._recipe.lr_multipliers
        }
        # One seed that diverged rules a learning rate out: its mean would be of the lucky seeds.
        sound = {rate: ms for rate, ms in by_rate.items() if not any(m.reason for m in ms)}
        if not sound:
            return next(member for member in by_rate[1.0] if member.reason)
        means = {rate: statistics.fmean(m.val_accuracy for m in ms) for rate, ms in sound.items()}
        best = max(means, key=lambda rate: means[rate])
        seeds = sound[best]
        losses = [m.val_loss for m in seeds if m.val_loss is not None]
        return MemberProgress(
            val_accuracy=means[best],
            val_loss=statistics.fmean(losses) if losses else None,
            train_losses=_means([m.train_losses for m in seeds]),
            learned={name: _means([m.learned[name] for m in seeds]) for name in seeds[0].learned},
            lr_multiplier=best,
            base_lr_accuracy=means.get(1.0) if len(by_rate) > 1 else None,
        )


def _means(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(statistics.fmean(column) for column in zip(*rows, strict=True))
