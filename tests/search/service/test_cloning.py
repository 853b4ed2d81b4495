"""A clone has the settings of its original, and what follows from those that are changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from actsearch.search import Home, Search
from actsearch.search.service.cloning import cloned_settings
from actsearch.search.storage.search_file import SearchFile
from contracts.tiny import TINY, TINY_CONV

Stored = Callable[[Search], SearchFile]


def clone_of(original: Search, home: Home, stored: Stored, **changes: Any) -> SearchFile:
    """Settings that a clone would run with."""
    settings = cloned_settings(stored(original), changes)
    return stored(Search("new", home=home.root, **settings))


def test_a_clone_has_all_the_settings(home: Home, stored: Stored) -> None:
    original = Search(
        "mine", home=home.root, space="core-2", strategy="evolution", recipe=TINY,
        second=TINY_CONV, seed=3, bracket=4, lag=5, max_cost=2.0, objectives="accuracy,cost",
        candidates=7, time_limit=60.0, workers=2, finalists=2, seeds=4, confirm=False,
    )  # fmt: skip
    clone = clone_of(original, home, stored)
    assert clone.settings == stored(original).settings
    assert clone.config == dataclasses.replace(stored(original).config, name="new")


def test_the_prior_is_that_of_the_original(home: Home, stored: Stored) -> None:
    without = Search("mine", home=home.root, recipe=TINY, prior="none")
    assert clone_of(without, home, stored).config.prior == ()
    default = Search("mine", home=home.root, recipe=TINY)
    assert clone_of(default, home, stored).config.prior == stored(default).config.prior != ()
    assert clone_of(default, home, stored, strategy="random").config.prior == ()


def test_no_clone_learns_from_the_table_that_it_searches(home: Home, stored: Stored) -> None:
    default = Search("mine", home=home.root, recipe=TINY)
    assert clone_of(default, home, stored, evaluator="core-1-table").config.prior == ()
    on_table = Search("other", home=home.root, evaluator="core-1-table")
    again = clone_of(on_table, home, stored, evaluator="elsewhere-table", space="tree-5")
    assert again.config.prior == stored(default).config.prior
    chosen = Search("third", home=home.root, recipe=TINY, prior="elsewhere-table")
    clone = clone_of(chosen, home, stored, evaluator="core-1-table")
    assert clone.config.prior == stored(chosen).config.prior


@pytest.mark.parametrize(
    ("first", "changes", "setting", "value"),
    [
        ({"asynchronous": True}, {"lag": 9}, "asynchronous", False),
        ({"lag": 9}, {"asynchronous": True}, "asynchronous", True),
        ({}, {"seed": 7}, "seed", 7),
    ],
)
def test_a_change_brings_what_follows_from_it(
    first: dict[str, Any],
    changes: dict[str, Any],
    setting: str,
    value: object,
    home: Home,
    stored: Stored,
) -> None:
    original = Search("mine", home=home.root, recipe=TINY, second=TINY_CONV, **first)
    assert getattr(clone_of(original, home, stored, **changes).config, setting) == value


def test_another_recipe_brings_its_second_network_and_keeps_the_limit(
    home: Home, stored: Stored
) -> None:
    original = Search("mine", home=home.root, recipe="quick", limit_data=3000)
    clone = clone_of(original, home, stored, recipe="conv").config
    assert (clone.recipe.network, clone.recipe.limit) == ("conv", 3000)
    assert clone.second is not None
    assert (clone.second.network, clone.second.limit) == ("mlp", 3000)


def test_an_evaluator_with_a_recipe_of_its_own_brings_it_again(home: Home, stored: Stored) -> None:
    original = Search("mine", home=home.root, evaluator="core-1-table", space="core-1")
    clone = clone_of(original, home, stored)
    assert clone.config.recipe == stored(original).config.recipe
