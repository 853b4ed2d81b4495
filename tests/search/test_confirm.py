"""Who is confirmed: the top of the leaderboard, but no function that is a baseline anyway."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from actsearch.search import Home
from actsearch.search.confirm import parse_expression_argument, plan_of
from actsearch.search.errors import NoSuchSearch
from actsearch.search.exporting.winner import best_of
from actsearch.search.storage.config import RunSettings, SearchFile
from actsearch.search.storage.trial import State, Trial
from actsearch.space import parse
from contracts.tiny import CONFIG

STORED = SearchFile(CONFIG, RunSettings(finalists=2, seeds=4, second_seeds=9))


def candidate(trial: int, expression: str, score: float, state: State = "complete") -> Trial:
    epoch = 4 if state == "complete" else 1
    return Trial(
        number=trial,
        expression=expression,
        state=state,
        val_accuracy=score,
        val_accuracies={epoch: score},
    )


def test_baselines_under_any_name_are_left_out() -> None:
    found = [
        candidate(0, "max(x, 0)", 0.95),  # relu
        candidate(1, "sigmoid(x) * x", 0.94),  # silu
        candidate(2, "sin(x)", 0.93),
        candidate(3, "x * sigmoid(beta * x)", 0.92),  # more than silu: beta is learned
        candidate(4, "cos(x)", 0.91),
    ]
    plan = plan_of(STORED, found)
    assert list(plan.finalists) == ["sin(x)", "x * sigmoid(beta * x)"]
    assert list(plan.baselines) == ["ReLU", "SiLU", "GELU", "Mish", "Tanh", "PReLU"]


def test_pruned_ones_fill_up_and_diverged_ones_do_not() -> None:
    found = [candidate(0, "sin(x)", 0.5, "pruned"), candidate(1, "exp(x)", 0.0, "infeasible")]
    assert list(plan_of(STORED, found).finalists) == ["sin(x)"]
    assert not plan_of(STORED, found[1:]).finalists


def test_the_second_network_never_has_more_seeds_than_the_first() -> None:
    assert [count for _, count in plan_of(STORED, []).recipes] == [4, 4]


def test_without_a_confirmation_the_best_is_the_top_of_the_leaderboard_unconfirmed() -> None:
    found = [candidate(0, "sin(x)", 0.5), candidate(1, "cos(x)", 0.6)]
    best = best_of(CONFIG, found, None)
    assert best is not None
    assert (str(best.expression), best.trial, best.verdict) == ("cos(x)", 1, "unconfirmed")
    assert best_of(CONFIG, [replace(found[0], val_accuracy=None, val_accuracies={})], None) is None


@pytest.mark.parametrize("text", ["x-1", "x", "2-x", "a-x"])
def test_a_bare_text_that_could_be_a_name_is_not_taken_for_an_expression(
    home: Home, text: str
) -> None:
    with pytest.raises(NoSuchSearch, match=rf"no search in .*write '\({text}\)'"):
        parse_expression_argument(home, text)
    assert str(parse_expression_argument(home, f"({text})")) == str(parse(text))


def test_a_mistyped_name_is_told_the_nearest_search(searched: Home) -> None:
    shutil.move(searched.folder("mine"), searched.searches / "relu-x")
    with pytest.raises(NoSuchSearch, match="did you mean 'relu-x'"):
        parse_expression_argument(searched, "rely-x")


@pytest.mark.parametrize("text", ["mine", "mine-2", "beta", "3.0", "my_search + 1"])
def test_a_text_without_x_is_taken_for_a_mistyped_name(home: Home, text: str) -> None:
    with pytest.raises(NoSuchSearch, match="does not depend on x"):
        parse_expression_argument(home, text)
