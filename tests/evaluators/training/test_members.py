"""Members become candidates again: means over seeds, at the step size validation prefers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pytest

from actsearch.evaluators import FinalScore, MemberProgress, Recipe
from actsearch.evaluators.training.members import (
    APART,
    Member,
    SweepAggregate,
    members_of,
)
from actsearch.space import parse

RECIPE = Recipe(lr_multipliers=(0.5, 1.0), seeds_per_score=2)
CANDIDATES = [parse("relu(x)"), parse("tanh(x)"), parse("sin(x)")]


@dataclasses.dataclass
class Planned:
    """A training with planned results: accuracies by (expression, repeat, step)."""

    members: list[Member]
    accuracies: dict[tuple[str, int, float], float | None]

    def advance(self, epoch: int) -> list[MemberProgress]:
        return [self._of(member, epoch) for member in self.members]

    def _of(self, member: Member, epoch: int) -> MemberProgress:
        key = (str(member.expression), member.seed // APART, member.lr_multiplier)
        accuracy = self.accuracies.get(key, 0.5)
        if accuracy is None:
            return MemberProgress(
                val_accuracy=0.1,
                val_loss=9.0,
                train_losses=(9.0,) * epoch,
                reason="training loss is nan in epoch 1",
            )
        return MemberProgress(
            val_accuracy=accuracy,
            val_loss=1 - accuracy,
            train_losses=(1 - accuracy,) * epoch,
            learned={"a": (accuracy,)},
        )

    def keep(self, positions: Sequence[int]) -> None:
        self.members = [self.members[p] for p in positions]

    def test(self) -> list[FinalScore]:
        """Of 100 images, the first ones right."""
        rights = [round(100 * p.val_accuracy) + 1 for p in self.advance(1)]
        return [
            FinalScore(test_accuracy=n / 100, test_correct=bytes([1] * n + [0] * (100 - n)))
            for n in rights
        ]


def grid(accuracies: dict[tuple[str, int, float], float | None]) -> SweepAggregate:
    return SweepAggregate(
        Planned(members_of(CANDIDATES, RECIPE, 0), accuracies), RECIPE, len(CANDIDATES)
    )


def test_every_candidate_has_a_member_for_each_seed_and_step_size() -> None:
    members = members_of(CANDIDATES, RECIPE, 7)
    assert len(members) == len(set(members)) == 12
    assert {member.seed for member in members} == {7, 7 + APART}
    assert members_of(CANDIDATES, Recipe(), 7) == [Member(c, 7) for c in CANDIDATES]


def test_a_score_is_the_mean_over_seeds_at_the_better_step_size() -> None:
    training = grid(
        {
            ("relu(x)", 0, 0.5): 0.8,
            ("relu(x)", 1, 0.5): 0.9,
            ("relu(x)", 0, 1.0): 0.7,
            ("relu(x)", 1, 1.0): 0.8,
        }
    )
    first, second, _ = training.advance(3)
    assert first.val_accuracy == pytest.approx(0.85)
    assert first.val_loss == pytest.approx(0.15)
    assert first.train_losses == pytest.approx((0.15,) * 3)
    assert first.learned["a"] == pytest.approx((0.85,))
    assert first.lr_multiplier == 0.5
    assert first.base_lr_accuracy == pytest.approx(0.75)
    assert (second.val_accuracy, second.base_lr_accuracy) == (0.5, 0.5)


def test_the_test_set_is_seen_at_the_step_size_that_validation_chose() -> None:
    training = grid({("tanh(x)", 0, 0.5): 0.9, ("tanh(x)", 1, 0.5): 0.7})
    training.advance(1)
    scores = training.test()
    assert [score.test_accuracy for score in scores] == pytest.approx([0.51, 0.81, 0.51])
    # Right in both repeats, in the one that had 91, in none.
    assert scores[1].test_correct == bytes([2] * 71 + [1] * 20 + [0] * 9)


def test_those_that_are_kept_keep_all_their_members() -> None:
    training = grid({("sin(x)", 0, 1.0): 0.9, ("sin(x)", 1, 1.0): 0.9})
    training.advance(1)
    training.keep([2, 0])
    assert [p.val_accuracy for p in training.advance(2)] == [pytest.approx(0.9), 0.5]
    assert [score.test_accuracy for score in training.test()] == pytest.approx([0.91, 0.51])


def test_a_step_size_with_a_diverged_seed_is_out() -> None:
    training = grid({("relu(x)", 0, 1.0): None, ("relu(x)", 1, 1.0): 0.99})
    first, *_ = training.advance(1)
    assert (first.val_accuracy, first.lr_multiplier, first.base_lr_accuracy, first.reason) == (
        0.5,
        0.5,
        None,
        None,
    )


@pytest.mark.parametrize("step", RECIPE.lr_multipliers)
def test_a_step_size_whose_score_is_not_finite_is_out(step: float) -> None:
    first, *_ = grid({("relu(x)", 0, step): math.nan}).advance(1)
    assert first.lr_multiplier != step
    assert (first.val_accuracy, first.reason) == (0.5, None)


def test_a_candidate_is_out_where_every_step_size_diverged() -> None:
    training = grid({("sin(x)", 1, step): None for step in RECIPE.lr_multipliers})
    *_, last = training.advance(1)
    assert last.reason == "training loss is nan in epoch 1"
    assert last.lr_multiplier == 1.0
