"""The learning rate warms up, then falls in a line to 0 over the full horizon."""

from __future__ import annotations

import dataclasses

import pytest

from actsearch.evaluators import RECIPES, Recipe
from actsearch.evaluators.training.schedule import learning_rate, too_short


def test_it_rises_over_the_warm_up_and_then_falls_in_a_line_to_0() -> None:
    recipe = Recipe(learning_rate=2.0, warmup=10, rungs=(1, 4))
    rates = [learning_rate(recipe, step, 25) for step in range(100)]
    assert rates[0] == pytest.approx(2 / 11)
    assert rates[:10] == sorted(rates[:10])
    assert max(rates) == rates[10] == pytest.approx(2 * 90 / 100)
    assert rates[50] == pytest.approx(1.0)
    assert rates[99] == pytest.approx(2 / 100), "the last step still moves"
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_without_warm_up_the_first_step_is_the_full_one() -> None:
    assert learning_rate(Recipe(warmup=0), 0, 391) == Recipe().learning_rate


def test_learning_rates_depend_on_the_last_rung_only() -> None:
    # So a rung is a prefix of the full run, and the same one in a confirmation.
    for step in (0, 99, 391, 3_000):
        assert learning_rate(Recipe(rungs=(9,)), step, 391) == learning_rate(Recipe(), step, 391)


def test_a_training_shorter_than_its_warm_up_is_told() -> None:
    assert not [name for name, recipe in RECIPES.items() if too_short(recipe)]
    brief = RECIPES["brief"]
    large = dataclasses.replace(brief, batch_size=2048)
    warning = too_short(large)
    assert warning is not None
    assert warning.startswith(
        f"recipe {large.label} comes to 8% of its learning rate, since its w"
    )
    assert "100 steps and the training 30:" in warning
    assert too_short(brief.limited(300)) is not None
    assert too_short(dataclasses.replace(brief.limited(300), warmup=0)) is None
    assert too_short(dataclasses.replace(brief.limited(300), evaluator="mine:Custom")) is None
