"""A plan: the top of the leaderboard without any baseline, under the recipes asked for."""

from __future__ import annotations

import dataclasses

import pytest

from actsearch.search import RunSettings, Trial
from actsearch.search.confirmation.plan import plan_of, recipes_of
from actsearch.search.errors import InvalidSetting
from actsearch.search.storage.config import SearchFile
from actsearch.search.storage.trial import MeasuredCost, State
from contracts.tiny import CONFIG, TINY, TINY_CONV

FILE = SearchFile(CONFIG, RunSettings(finalists=2, seeds=4, second_seeds=9))


def trial(number: int, expression: str, score: float, state: State = "complete") -> Trial:
    epoch = 4 if state == "complete" else 1
    return Trial(
        number=number,
        expression=expression,
        state=state,
        val_accuracy=score,
        val_accuracies={epoch: score},
    )


def test_baselines_under_any_name_are_left_out() -> None:
    trials = [
        trial(0, "max(x, 0)", 0.95),  # relu
        trial(1, "sigmoid(x) * x", 0.94),  # silu
        trial(2, "sin(x)", 0.93),
        trial(3, "x * sigmoid(beta * x)", 0.92),  # more than silu: beta is learned
        trial(4, "cos(x)", 0.91),
    ]
    plan = plan_of(FILE, trials)
    assert list(plan.finalists) == ["sin(x)", "x * sigmoid(beta * x)"]
    assert list(plan.baselines) == ["ReLU", "SiLU", "GELU", "Mish", "Tanh", "PReLU"]


def test_pruned_ones_fill_up_and_diverged_ones_do_not() -> None:
    trials = [trial(0, "sin(x)", 0.5, "pruned"), trial(1, "exp(x)", 0.0, "infeasible")]
    assert list(plan_of(FILE, trials).finalists) == ["sin(x)"]
    assert not plan_of(FILE, trials[1:]).finalists


def test_the_first_seeds_of_a_larger_confirmation_are_those_of_a_smaller_one() -> None:
    plan = plan_of(FILE, [])
    assert plan.seeds(9)[:4] == plan.seeds(4)
    assert CONFIG.seed not in plan.seeds(9)


def test_the_second_network_never_has_more_seeds_than_the_first() -> None:
    assert [count for _, count in plan_of(FILE, []).recipes] == [4, 4]


def test_the_other_data_set_gets_the_search_s_recipe() -> None:
    (_, n), _, (other, m) = recipes_of(TINY, TINY_CONV, RunSettings(seeds=4, also_on="cifar10"))
    assert (n, m) == (4, 4)
    assert other.dataset == "cifar10"
    assert other.digest != TINY.digest
    assert {**other.to_dict(), "dataset": TINY.dataset} == TINY.to_dict()


def test_the_search_s_own_data_set_is_no_other_one() -> None:
    with pytest.raises(InvalidSetting, match="of --also-on must be another, but got fashion-mn"):
        recipes_of(TINY, TINY_CONV, RunSettings(also_on="fashion-mnist"))


def test_no_more_finalists_than_asked_come_from_the_front_the_most_accurate_of_it() -> None:
    def priced(number: int, expression: str, score: float, time: float) -> Trial:
        cost = MeasuredCost(time=time, low=time, high=time, device="cpu")
        return dataclasses.replace(trial(number, expression, score), cost=cost)

    trials = [
        priced(0, "sin(x)", 0.95, 5.0),
        priced(1, "sin(x) + x", 0.94, 6.0),  # beaten
        priced(2, "max(x, 0)", 0.93, 1.5),  # of the front, but a baseline
        priced(3, "cos(x)", 0.92, 1.2),
        priced(4, "abs(x)", 0.91, 1.1),
    ]
    config = dataclasses.replace(CONFIG, objectives=("accuracy", "cost"))
    file = SearchFile(config, FILE.settings)
    assert list(plan_of(file, trials).finalists) == ["sin(x)", "cos(x)"]
    assert list(plan_of(FILE, trials).finalists) == ["sin(x)", "sin(x) + x"]
    more = SearchFile(config, dataclasses.replace(FILE.settings, finalists=9))
    assert list(plan_of(more, trials).finalists) == ["sin(x)", "cos(x)", "abs(x)", "sin(x) + x"]
