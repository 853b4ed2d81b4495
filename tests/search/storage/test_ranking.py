"""Best first, what was tried again only once, and near-ties as ties."""

from __future__ import annotations

import math
from typing import Any

import pytest

from actsearch.search import (
    Trial,
)
from actsearch.search.reports import leaderboard as tables
from actsearch.search.storage.ranking import (
    noise,
    ranked,
    tied_with_best,
    trained,
)
from actsearch.search.storage.study import RETRIES
from actsearch.search.storage.trial import (
    State,
    entered,
)
from actsearch.search.tracking import is_shown


def trial(
    number: int, state: State, accuracies: dict[int, float] | None = None, **changes: Any
) -> Trial:
    """A trial with validation accuracies by epoch."""
    accuracies = accuracies or {}
    fields: dict[str, Any] = {
        "expression": f"x ** {number}",
        "val_accuracy": accuracies[max(accuracies)] if accuracies else None,
        "val_accuracies": accuracies,
        "origin": number,
        "seconds": 1.0,
    }
    return Trial(number=number, state=state, **fields | changes)


def test_complete_ones_come_first_then_pruned_by_rung_then_the_rest() -> None:
    trials = [
        trial(0, "pruned", {1: 0.9}),
        trial(1, "infeasible", reason="nan"),
        trial(2, "pruned", {1: 0.5, 3: 0.6}),
        trial(3, "complete", {1: 0.5, 3: 0.6, 9: 0.7}),
        trial(4, "duplicate", duplicate_of=3),
        trial(5, "running", {1: 0.95}),
        trial(6, "complete", {1: 0.5, 3: 0.6, 9: 0.8}),
        trial(7, "waiting"),
    ]
    assert [c.number for c in ranked(trials)] == [6, 3, 2, 0, 1, 5]


def test_what_was_screened_out_is_not_among_the_trained() -> None:
    screened = trial(0, "infeasible", reason="affine", screened=True)
    diverged = trial(1, "infeasible", reason="training loss is nan in epoch 1")
    assert trained([screened, diverged]) == [diverged]


@pytest.mark.parametrize("retries", [(0, 1), (0, 1, 1), (0, 1, 2)])
def test_a_crash_or_interruption_is_hidden_by_its_last_retry(retries: tuple[int, ...]) -> None:
    tries = [
        trial(number, "failed", {1: 0.5}, origin=0, retry=retry)
        for number, retry in enumerate(retries)
    ]
    last = trial(len(tries), "pruned", {1: 0.5}, origin=0, retry=retries[-1])
    assert ranked([*tries, last]) == [last]
    assert entered([*tries, last]) == 1


def test_only_what_came_to_an_end_is_shown_in_mlflow() -> None:
    error = "Traceback …"
    shown = [
        trial(0, "complete", {9: 0.8}),
        trial(1, "pruned", {1: 0.5}),
        trial(2, "infeasible", reason="nan"),
        trial(3, "failed", {1: 0.5}, error=error, retry=RETRIES),
        trial(4, "failed", error=error, retry=RETRIES),
    ]
    hidden = [
        trial(5, "failed", {1: 0.5}, error=error, retry=RETRIES - 1),
        trial(6, "failed", {1: 0.5}),  # interrupted
        trial(7, "failed", expression=""),  # killed while it was drawn
        trial(8, "running", {1: 0.5}),
        trial(9, "waiting"),
        trial(10, "duplicate", duplicate_of=0, seconds=0.0),
        trial(11, "infeasible", reason="affine", screened=True),
    ]
    assert [c.number for c in [*shown, *hidden] if is_shown(c)] == [c.number for c in shown]


def test_scores_within_two_standard_errors_of_the_best_are_ties() -> None:
    error = noise(0.9, 10_000)
    assert error == pytest.approx(math.sqrt(0.09 / 10_000))
    scores = (0.9, 0.9 - 1.99 * error, 0.9 - 2.01 * error)
    trials = [trial(i, "complete", {9: score}) for i, score in enumerate(scores)]
    trials.append(trial(3, "pruned", {1: 0.95}))
    assert tied_with_best(trials, 10_000) == {0, 1}
    assert tied_with_best(trials[3:], 10_000) == set()


def test_a_score_at_another_learning_rate_says_so_and_what_the_recipe_s_own_gives() -> None:
    rows = [
        trial(0, "complete", {9: 0.9}, lr_multiplier=3.0, base_lr_accuracy=0.88),
        trial(1, "complete", {9: 0.8}, lr_multiplier=0.3),
        trial(2, "complete", {9: 0.7}, base_lr_accuracy=0.7),
    ]
    text = tables.leaderboard_text(rows, 10_000)
    assert "[at 3 times the step size; at its own 88.00%]" in text
    assert "[at 0.3 times the step size; at its own diverges]" in text
    assert text.count("step size") == 2
    listed = tables.leaderboard_json(rows)
    assert [(row["step"], row["own_score"]) for row in listed] == [
        (3.0, 0.88),
        (0.3, None),
        (1.0, 0.7),
    ]
