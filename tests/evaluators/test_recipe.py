"""A recipe is the documented numbers, refuses bad ones all at once, and its digest is for ever."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.evaluators import RECIPES, Recipe, RecipeError, recipe_from_name
from actsearch.space import UnknownNameError

OTHER: dict[str, Any] = {  # for every field, a value that is allowed and not the default
    "name": "other",
    "network": "conv",
    "widths": (256, 192),
    "rungs": (1, 9),
    "eta": 2,
    "batch_size": 64,
    "learning_rate": 1e-2,
    "warmup": 0,
    "weight_decay": 1e-2,
    "gain": False,
    "validation": 5_000,
    "split_seed": 1,
    "limit": 30_000,
}


def test_the_default_is_the_documented_protocol() -> None:
    assert Recipe().to_dict() == {
        "name": "quick",
        "network": "mlp",
        "widths": (256, 192, 128, 64),
        "rungs": (1, 3, 9),
        "eta": 3,
        "batch_size": 128,
        "learning_rate": 1e-3,
        "warmup": 100,
        "weight_decay": 0.0,
        "gain": True,
        "validation": 10_000,
        "split_seed": 0,
        "limit": None,
    }


@pytest.mark.parametrize(("name", "digest"), [("quick", "199ead72"), ("conv", "4eb57468")])
def test_digests_of_shipped_recipes_never_change(name: str, digest: str) -> None:
    # They stand beside stored scores: if this fails, those scores have lost their recipe.
    assert RECIPES[name].digest == digest
    assert RECIPES[name].label == f"{name}-{digest}"


def test_a_shipped_recipe_is_found_by_its_own_name() -> None:
    for name, recipe in RECIPES.items():
        assert recipe_from_name(name) is recipe
        assert recipe.name == name


def test_every_field_but_the_name_changes_the_digest() -> None:
    start = dataclasses.replace(Recipe(), widths=(64, 32))  # which both networks accept
    assert set(OTHER) == {field.name for field in dataclasses.fields(Recipe)}
    found = {name: dataclasses.replace(start, **{name: OTHER[name]}).digest for name in OTHER}
    assert found.pop("name") == start.digest
    assert len({start.digest, *found.values()}) == 1 + len(found)


def test_a_recipe_survives_json() -> None:
    for recipe in (*RECIPES.values(), Recipe(**{**OTHER, "name": "all others"})):
        again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
        assert again == recipe
        assert again.digest == recipe.digest


def test_a_stored_recipe_with_an_unknown_field_names_it() -> None:
    with pytest.raises(RecipeError, match="a recipe has no dropout, momentum; it has name, "):
        Recipe.from_dict({**Recipe().to_dict(), "momentum": 0.9, "dropout": 0.5})


def test_every_broken_rule_is_named_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe(
            name="mine",
            widths=(3,),
            rungs=(3, 1),
            eta=1,
            batch_size=0,
            learning_rate=0.0,
            warmup=-1,
            weight_decay=-0.1,
            validation=0,
            limit=60_001,
        )
    message = str(caught.value)
    assert message.startswith("recipe 'mine': ")
    for rule in (
        "widths must be 1 or more numbers, each at least 4",
        "rungs must be rising epochs, from 1 on",
        "eta must be at least 2",
        "batch_size must be at least 1",
        "learning_rate must be above 0",
        "warmup must be at least 0",
        "weight_decay must be at least 0",
        "validation must leave training images: 1 to 60000",
        "limit must be 2 to 60000",
    ):
        assert rule in message
    assert "learning_rate=0.0" in message, "the values are shown beside the rules"


@pytest.mark.parametrize(
    "broken",
    [
        {"widths": ()},
        {"widths": (256, 3)},
        {"rungs": ()},
        {"rungs": (0, 1)},
        {"rungs": (1, 1)},
        {"learning_rate": float("nan")},
        {"weight_decay": float("nan")},
        {"validation": 0},
        {"validation": 60_000},
        {"limit": 1, "validation": 0},
        {"network": "conv"},  # with the four widths of the default
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        Recipe(**broken)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="quick"):
        recipe_from_name("quik")
    with pytest.raises(UnknownNameError, match="conv"):
        Recipe(network="cnov")  # type: ignore[arg-type]


@given(st.integers(2, 60_000))
def test_a_limited_recipe_holds_out_the_same_share(images: int) -> None:
    limited = Recipe().limited(images)
    assert limited.limit == images
    assert abs(limited.validation - images / 6) < 1
    assert dataclasses.replace(limited, limit=None, validation=10_000) == Recipe()


def test_no_limit_is_the_same_recipe() -> None:
    assert Recipe().limited(None) == Recipe()
    assert Recipe().limited(6_000).limited(600) == Recipe().limited(600)
