"""Best first, what was tried again only once, and near-ties as ties."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from actsearch.evaluators.protocol.noise import noise
from actsearch.search import (
    Trial,
)
from actsearch.search.reports import leaderboard as tables
from actsearch.search.storage.ranking import (
    finalist_order,
    front,
    ranked,
    tied_with_best,
    trained,
)
from actsearch.search.storage.trial import (
    RETRIES,
    MeasuredCost,
    State,
    entered,
)
from actsearch.search.tracking import is_shown
from contracts.tiny import CONFIG

BOTH = dataclasses.replace(CONFIG, objectives=("accuracy", "cost"))


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
    assert tied_with_best(trials[:1], 10_000) == set(), "it stands alone"


def test_a_score_at_another_learning_rate_says_so_and_what_the_recipe_s_own_gives() -> None:
    rows = [
        trial(0, "complete", {9: 0.9}, lr_multiplier=3.0, base_lr_accuracy=0.88),
        trial(1, "complete", {9: 0.8}, lr_multiplier=0.3),
        trial(2, "complete", {9: 0.7}, base_lr_accuracy=0.7),
    ]
    text = tables.leaderboard_text(rows, CONFIG)
    assert "[at 3 times the step size; at its own 88.00%]" in text
    assert "[at 0.3 times the step size; at its own diverges]" in text
    assert text.count("step size") == 2
    listed = tables.leaderboard_json(rows, CONFIG)
    assert [(row["step"], row["own_score"]) for row in listed] == [
        (3.0, 0.88),
        (0.3, None),
        (1.0, 0.7),
    ]


def priced(number: int, state: State, accuracies: dict[int, float], time: float) -> Trial:
    """A trial whose cost was measured."""
    cost = MeasuredCost(time=time, low=time - 0.5, high=time + 0.5, device="cpu, a processor")
    return trial(number, state, accuracies, cost=cost)


PRICED = [
    priced(0, "complete", {9: 0.90}, 6.0),
    priced(1, "complete", {9: 0.88}, 1.0),
    priced(2, "complete", {9: 0.87}, 2.0),
    priced(3, "complete", {9: 0.89}, 3.0),
    priced(4, "pruned", {1: 0.95}, 0.9),
    priced(5, "running", {9: 0.99}, 0.9),
    trial(6, "complete", {9: 0.91}),  # of before costs were measured
]


def test_the_front_is_of_those_that_went_furthest_the_most_accurate_first() -> None:
    assert [t.number for t in front(PRICED)] == [0, 3, 1]
    assert [t.number for t in front(PRICED[4:])] == [4]
    assert front([PRICED[6]]) == []


def test_finalists_come_from_the_front_where_cost_is_an_objective_then_from_the_leaderboard() -> (
    None
):
    assert [t.number for t in finalist_order(PRICED)][:5] == [6, 0, 3, 1, 2]
    both = finalist_order(PRICED, ("accuracy", "cost"))
    assert [t.number for t in both][:5] == [0, 3, 1, 6, 2]


def test_the_leaderboard_shows_what_was_measured_and_marks_the_front() -> None:
    text = tables.leaderboard_text(PRICED, BOTH)
    lines = {line.split()[0]: line.split() for line in text.splitlines()}
    assert lines["trial"][-3:] == ["cost", "front", "formula"]
    assert "6.00×" in lines["0"]
    assert "yes" in lines["0"]
    assert "2.00×" in lines["2"]
    assert "yes" not in lines["2"]
    assert "cost is time over ReLU's" in text
    rows = {row["trial"]: row for row in tables.leaderboard_json(PRICED, BOTH)}
    assert rows[3]["cost"] == {"time": 3.0, "low": 2.5, "high": 3.5, "device": "cpu, a processor"}
    assert (rows[3]["front"], rows[2]["front"], rows[6]["cost"]) == (True, False, None)


def test_where_cost_is_no_objective_there_is_no_front_and_unmeasured_no_cost() -> None:
    limited = tables.leaderboard_text(PRICED, CONFIG)
    assert "cost" in limited
    assert "front" not in limited
    assert "cost" not in tables.leaderboard_text([PRICED[6]], CONFIG)
    (row,) = tables.leaderboard_json([PRICED[6]], CONFIG)
    assert (row["cost"], row["front"]) == (None, None)


def test_the_leaderboard_counts_what_was_too_dear() -> None:
    dear = trial(7, "infeasible", reason="costs", screened=True, cost=PRICED[0].cost)
    text = tables.leaderboard_text([*PRICED, dear, trial(8, "infeasible", screened=True)], CONFIG)
    assert text.endswith("1 proposal above --max-cost: not trained")
