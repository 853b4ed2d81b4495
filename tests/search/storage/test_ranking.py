"""Best first, what was tried again only once, and near-ties as ties."""

from __future__ import annotations

import math
from typing import Any

import pytest

from actsearch.search.reports import leaderboard as tables
from actsearch.search.storage.ranking import (
    noise,
    ranked,
    tied_with_best,
    trained,
)
from actsearch.search.storage.study import RETRIES
from actsearch.search.storage.trial import State, Trial, entered
from actsearch.search.tracking import is_shown


def candidate(
    trial: int, state: State, rungs: dict[int, float] | None = None, **changes: Any
) -> Trial:
    rungs = rungs or {}
    values: dict[str, Any] = {
        "expression": f"x ** {trial}",
        "score": rungs[max(rungs)] if rungs else None,
        "rungs": rungs,
        "origin": trial,
        "seconds": 1.0,
    }
    return Trial(number=trial, state=state, **values | changes)


def test_complete_ones_come_first_then_pruned_by_rung_then_the_rest() -> None:
    found = [
        candidate(0, "pruned", {1: 0.9}),
        candidate(1, "infeasible", reason="nan"),
        candidate(2, "pruned", {1: 0.5, 3: 0.6}),
        candidate(3, "complete", {1: 0.5, 3: 0.6, 9: 0.7}),
        candidate(4, "duplicate", duplicate_of=3),
        candidate(5, "running", {1: 0.95}),
        candidate(6, "complete", {1: 0.5, 3: 0.6, 9: 0.8}),
        candidate(7, "waiting"),
    ]
    assert [c.number for c in ranked(found)] == [6, 3, 2, 0, 1, 5]


def test_what_was_screened_out_is_not_among_the_trained() -> None:
    screened = candidate(0, "infeasible", reason="affine", screened=True)
    diverged = candidate(1, "infeasible", reason="training loss is nan in epoch 1")
    assert trained([screened, diverged]) == [diverged]


@pytest.mark.parametrize("retries", [(0, 1), (0, 1, 1), (0, 1, 2)])
def test_a_crash_or_interruption_is_hidden_by_its_last_retry(retries: tuple[int, ...]) -> None:
    tries = [
        candidate(trial, "failed", {1: 0.5}, origin=0, retry=retry)
        for trial, retry in enumerate(retries)
    ]
    last = candidate(len(tries), "pruned", {1: 0.5}, origin=0, retry=retries[-1])
    assert ranked([*tries, last]) == [last]
    assert entered([*tries, last]) == 1


def test_only_what_came_to_an_end_is_shown_in_mlflow() -> None:
    error = "Traceback …"
    shown = [
        candidate(0, "complete", {9: 0.8}),
        candidate(1, "pruned", {1: 0.5}),
        candidate(2, "infeasible", reason="nan"),
        candidate(3, "failed", {1: 0.5}, error=error, retry=RETRIES),
        candidate(4, "failed", error=error, retry=RETRIES),
    ]
    hidden = [
        candidate(5, "failed", {1: 0.5}, error=error, retry=RETRIES - 1),
        candidate(6, "failed", {1: 0.5}),  # interrupted
        candidate(7, "failed", expression=""),  # killed while it was drawn
        candidate(8, "running", {1: 0.5}),
        candidate(9, "waiting"),
        candidate(10, "duplicate", duplicate_of=0, seconds=0.0),
        candidate(11, "infeasible", reason="affine", screened=True),
    ]
    assert [c.number for c in [*shown, *hidden] if is_shown(c)] == [c.number for c in shown]


def test_scores_within_two_standard_errors_of_the_best_are_ties() -> None:
    error = noise(0.9, 10_000)
    assert error == pytest.approx(math.sqrt(0.09 / 10_000))
    scores = (0.9, 0.9 - 1.99 * error, 0.9 - 2.01 * error)
    found = [candidate(i, "complete", {9: score}) for i, score in enumerate(scores)]
    found.append(candidate(3, "pruned", {1: 0.95}))
    assert tied_with_best(found, 10_000) == {0, 1}
    assert tied_with_best(found[3:], 10_000) == set()


def test_a_score_at_another_step_size_says_so_and_what_the_own_one_gives() -> None:
    rows = [
        candidate(0, "complete", rungs={9: 0.9}, step=3.0, own_score=0.88),
        candidate(1, "complete", rungs={9: 0.8}, step=0.3),
        candidate(2, "complete", rungs={9: 0.7}, own_score=0.7),
    ]
    text = tables.leaderboard_text(rows, 10_000)
    assert "[at 3 times the step size; at its own 88.00%]" in text
    assert "[at 0.3 times the step size; at its own diverges]" in text
    assert text.count("step size") == 2
    told = tables.leaderboard_json(rows)
    assert [(row["step"], row["own_score"]) for row in told] == [
        (3.0, 0.88),
        (0.3, None),
        (1.0, 0.7),
    ]
