"""A search's settings: their defaults and rules, and every mistake told at once."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest

from actsearch.evaluators import BUILT_IN, Recipe
from actsearch.search import InvalidSetting, RunSettings, SearchConfig
from actsearch.search.storage.config import check_names
from actsearch.space import UnknownNameError


def test_the_defaults_are_read_without_anything_heavy() -> None:
    code = (
        "import dataclasses, sys; from actsearch.search.storage.config import RunSettings, "
        "SearchConfig; print([f.default for f in dataclasses.fields(RunSettings)][0], "
        "[name for name in ('torch', 'optuna', 'mlflow', 'ray', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "60 []\n"


def test_the_defaults_are_the_built_in_evaluator_and_the_quick_recipe() -> None:
    config = SearchConfig(name="mine", second=None)
    assert (config.evaluator, config.recipe) == (BUILT_IN, Recipe())


def test_every_mistake_is_told_at_once_with_its_rule_and_value() -> None:
    wrong: dict[str, Any] = {
        "candidates": 0, "workers": "two", "time_limit": 0.0, "gpus_per_worker": 1.5,
        "seeds": True, "second_seeds": -1, "confirm": "yes", "ray_address": 3, "wrokers": 2,
    }  # fmt: skip
    with pytest.raises(InvalidSetting) as caught:
        RunSettings(**wrong)
    assert str(caught.value).split("; ") == [
        "candidates must be at least 1, but got 0",
        "time limit must be above 0 seconds, but got 0.0",
        "workers must be 1 to 1024, or auto, but got 'two'",
        "gpus per worker must be a share from 0 to 1, or a whole number, but got 1.5",
        "ray address must be a text, but got 3",
        "confirm must be true or false, but got 'yes'",
        "seeds must be a whole number, but got True",
        "second seeds must be at least 0, but got -1",
        "there is no wrokers",
    ]


@pytest.mark.parametrize(
    ("max_cost", "rule"),
    [
        (-1, "a number above 0, as ReLU's time is 1, but got -1"),
        (0, "a number above 0, as ReLU's time is 1, but got 0"),
        (math.nan, "a number above 0, as ReLU's time is 1, but got nan"),
        (math.inf, "a number above 0, as ReLU's time is 1, but got inf"),
        ("1.5", "a number, but got '1.5'"),
        (True, "a number, but got True"),
        (0.4, "at least 0.5: only x itself takes less than half of ReLU's time, but got 0.4"),
    ],
)
def test_a_limit_of_the_cost_that_nothing_can_keep_is_told_why(max_cost: Any, rule: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        SearchConfig(name="mine", second=None, max_cost=max_cost)
    assert str(caught.value) == f"max cost must be {rule}"


@pytest.mark.parametrize(
    "objectives",
    ["speed", "cost", "accuracy,speed", "accuracy,accuracy", "", [], [1], 3, ["cost"]],
)
def test_objectives_are_accuracy_with_or_without_cost(objectives: Any) -> None:
    with pytest.raises(InvalidSetting) as caught:
        SearchConfig(name="mine", second=None, objectives=objectives)
    assert str(caught.value) == (
        f"objectives must be accuracy, or accuracy,cost (by cost alone x itself is the best), "
        f"but got {objectives!r}"
    )


@pytest.mark.parametrize("objectives", ["cost, accuracy", ["accuracy", "cost"]])
def test_objectives_are_a_text_or_a_list_in_any_order(objectives: Any) -> None:
    config = SearchConfig(name="mine", second=None, objectives=objectives)
    assert config.objectives == ("accuracy", "cost")


@pytest.mark.parametrize("recipe", [None, "quick", 3])
def test_a_configuration_holds_a_recipe_and_no_name_of_one(recipe: Any) -> None:
    with pytest.raises(InvalidSetting, match="recipe must be a Recipe, but got"):
        SearchConfig(name="mine", recipe=recipe, second=None)


def test_an_unknown_data_set_names_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="unknown data set 'kminst'; did you mean 'kmnist'"):
        RunSettings(also_on="kminst")


def test_an_unknown_setting_names_the_nearest_one() -> None:
    check_names(["name", "evaluator", "limit_data", "candidates", "second"])
    with pytest.raises(UnknownNameError, match="did you mean 'candidates'"):
        check_names(["candidate"])


def test_a_whole_number_does_for_any_number() -> None:
    settings = RunSettings(time_limit=90, gpus_per_worker=2)
    assert (settings.time_limit, settings.gpus_per_worker) == (90.0, 2.0)
