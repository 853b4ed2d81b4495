"""Slices become candidates again: means over seeds, at the step size validation prefers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from actsearch.evaluators import FinalScore, Progress, Recipe
from actsearch.evaluators.training.members import (
    APART,
    Grid,
    Slice,
    slices_of,
)
from actsearch.space import parse

RECIPE = Recipe(steps=(0.5, 1.0), repeats=2)
CANDIDATES = [parse("relu(x)"), parse("tanh(x)"), parse("sin(x)")]


@dataclasses.dataclass
class Told:
    """A training that says what it is given: accuracies by (expression, repeat, step)."""

    slices: list[Slice]
    accuracies: dict[tuple[str, int, float], float | None]

    def advance(self, epoch: int) -> list[Progress]:
        return [self._of(one, epoch) for one in self.slices]

    def _of(self, one: Slice, epoch: int) -> Progress:
        key = (str(one.expression), one.seed // APART, one.step)
        accuracy = self.accuracies.get(key, 0.5)
        if accuracy is None:
            return Progress(0.1, 9.0, (9.0,) * epoch, reason="training loss is nan in epoch 1")
        return Progress(accuracy, 1 - accuracy, (1 - accuracy,) * epoch, {"a": (accuracy,)})

    def keep(self, positions: Sequence[int]) -> None:
        self.slices = [self.slices[p] for p in positions]

    def test(self) -> list[FinalScore]:
        """Of 100 images, the first ones right."""
        rights = [round(100 * p.accuracy) + 1 for p in self.advance(1)]
        return [FinalScore(n / 100, bytes([1] * n + [0] * (100 - n))) for n in rights]


def grid(accuracies: dict[tuple[str, int, float], float | None]) -> Grid:
    return Grid(Told(slices_of(CANDIDATES, RECIPE, 0), accuracies), RECIPE, len(CANDIDATES))


def test_every_candidate_has_a_slice_for_each_seed_and_step_size() -> None:
    slices = slices_of(CANDIDATES, RECIPE, 7)
    assert len(slices) == len(set(slices)) == 12
    assert {one.seed for one in slices} == {7, 7 + APART}
    assert slices_of(CANDIDATES, Recipe(), 7) == [Slice(c, 7) for c in CANDIDATES]


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
    assert first.accuracy == pytest.approx(0.85)
    assert first.loss == pytest.approx(0.15)
    assert first.train_losses == pytest.approx((0.15,) * 3)
    assert first.learned["a"] == pytest.approx((0.85,))
    assert first.step == 0.5
    assert first.own_accuracy == pytest.approx(0.75)
    assert (second.accuracy, second.own_accuracy) == (0.5, 0.5)


def test_the_test_set_is_seen_at_the_step_size_that_validation_chose() -> None:
    training = grid({("tanh(x)", 0, 0.5): 0.9, ("tanh(x)", 1, 0.5): 0.7})
    training.advance(1)
    found = training.test()
    assert [one.accuracy for one in found] == pytest.approx([0.51, 0.81, 0.51])
    # Right in both repeats, in the one that had 91, in none.
    assert found[1].hits == bytes([2] * 71 + [1] * 20 + [0] * 9)


def test_those_that_are_kept_keep_all_their_slices() -> None:
    training = grid({("sin(x)", 0, 1.0): 0.9, ("sin(x)", 1, 1.0): 0.9})
    training.advance(1)
    training.keep([2, 0])
    assert [p.accuracy for p in training.advance(2)] == [pytest.approx(0.9), 0.5]
    assert [one.accuracy for one in training.test()] == pytest.approx([0.91, 0.51])


def test_a_step_size_with_a_diverged_seed_is_out() -> None:
    training = grid({("relu(x)", 0, 1.0): None, ("relu(x)", 1, 1.0): 0.99})
    first, *_ = training.advance(1)
    assert (first.accuracy, first.step, first.own_accuracy, first.reason) == (0.5, 0.5, None, None)


def test_a_candidate_is_out_where_every_step_size_diverged() -> None:
    training = grid({("sin(x)", 1, step): None for step in RECIPE.steps})
    *_, last = training.advance(1)
    assert last.reason == "training loss is nan in epoch 1"
    assert last.step == 1.0
