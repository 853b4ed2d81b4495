"""A plan: the top of the leaderboard without any baseline, under the recipes asked for."""

from __future__ import annotations

import dataclasses

import pytest

from actsearch.evaluators import RECIPES, Recipe
from actsearch.search import InvalidSetting, RunSettings, Trial
from actsearch.search.confirmation.plan import left_out, plan_of, recipes_of
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.trial import MeasuredCost, State
from contracts.tiny import CONFIG, TINY, TINY_CONV

FILE = SearchFile(CONFIG, RunSettings(finalists=2, seeds=4, second_seeds=9))


def trial(
    number: int,
    expression: str,
    score: float,
    state: State = "complete",
    **learned: tuple[float, ...],
) -> Trial:
    epoch = 4 if state == "complete" else 1
    return Trial(
        learned=learned,
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
        trial(3, "x * sigmoid(beta * x)", 0.92, beta=(1.5, 1.3)),  # more than silu
        trial(4, "cos(x)", 0.91),
    ]
    plan = plan_of(FILE, trials)
    assert list(plan.finalists) == ["sin(x)", "x * sigmoid(beta * x)"]
    assert list(plan.baselines) == ["ReLU", "SiLU", "GELU", "Mish", "Tanh", "PReLU"]


KNOB = "max(beta * x, max(x, 0))"  # ReLU at any positive beta, but for its scale
SWISH = "x * sigmoid(beta * x)"


def test_what_cannot_be_told_from_a_baseline_takes_no_finalists_place_and_is_told_so() -> None:
    trials = [
        trial(0, KNOB, 0.95),
        trial(1, SWISH, 0.94, beta=(1.03, 0.98)),
        trial(2, "sin(x)", 0.93),
        trial(3, "silu(x)", 0.92),
        trial(4, SWISH.replace("beta", "b"), 0.91, b=(1.5, 1.0)),
        trial(5, "gamma * max(x, 0)", 0.9),
    ]
    plan = plan_of(FILE, trials)
    assert list(plan.finalists) == ["sin(x)", "x * sigmoid(b * x)"]
    assert plan.set_aside == {
        KNOB: "ReLU with a learnable parameter",
        SWISH: "SiLU with a learnable parameter",
        "silu(x)": "SiLU itself",
    }
    assert left_out(plan).startswith(
        f"no finalists, since they cannot be told from a baseline: {KNOB} (ReLU with a learnable "
    )


def test_where_every_candidate_is_a_baseline_that_is_said() -> None:
    plan = plan_of(FILE, [trial(i, f"max({i + 2} * x, 0)", 0.9) for i in range(7)])
    assert not plan.finalists
    assert left_out(plan).startswith("no candidate that trained can be told from a baseline: max(")
    assert left_out(plan).endswith("(ReLU in another form) and 2 more")


def test_a_search_of_before_the_rule_keeps_the_finalists_that_it_had() -> None:
    file = dataclasses.replace(FILE, novelty=1)
    trials = [trial(0, KNOB, 0.95), trial(1, "relu(x)", 0.94), trial(2, SWISH, 0.93)]
    assert list(plan_of(file, trials).finalists) == [KNOB, SWISH]


MIRROR = "sigmoid(-x) * x"  # -SiLU(-x)


@pytest.mark.parametrize(
    ("novelty", "second", "finalists"),
    [(3, TINY_CONV, []), (2, TINY_CONV, [MIRROR]), (3, RECIPES["resnet20"], [MIRROR])],
)
def test_a_mirror_image_takes_no_finalists_place_by_the_newest_rule_where_networks_undo_signs(
    novelty: int, second: Recipe, finalists: list[str]
) -> None:
    config = dataclasses.replace(CONFIG, second=second)
    file = dataclasses.replace(FILE, config=config, novelty=novelty)
    plan = plan_of(file, [trial(0, MIRROR, 0.95)])
    assert list(plan.finalists) == finalists
    assert plan.set_aside == ({} if finalists else {MIRROR: "a mirror image of SiLU"})


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
