"""A recipe is the documented numbers, refuses bad ones all at once, and its digest is for ever."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.evaluators import (
    RECIPES,
    Recipe,
    RecipeError,
    recipe_from_name,
    to_toml,
)
from actsearch.space import UnknownNameError

OTHER: dict[str, Any] = {  # for every field, a value that is allowed and not the default
    "name": "other",
    "dataset": "kmnist",
    "network": "conv",
    "widths": (256, 192),
    "granularity": "network",
    "rungs": (1, 9),
    "eta": 2,
    "batch_size": 64,
    "optimizer": "sgd",
    "learning_rate": 1e-2,
    "momentum": 0.9,
    "schedule": "constant",
    "warmup": 0,
    "weight_decay": 1e-2,
    "moment_init": False,
    "lr_multipliers": (0.5, 1.0),
    "seeds_per_score": 2,
    "precision": "bfloat16",
    "pixels": "-1 to 1",
    "validation": 5_000,
    "split_seed": 1,
    "limit": 30_000,
    "evaluator": "mine:Net",
}


def test_the_default_is_the_documented_protocol() -> None:
    assert Recipe().to_dict() == {
        "name": "quick",
        "dataset": "fashion-mnist",
        "network": "mlp",
        "widths": (256, 192, 128, 64),
        "sharing": "layer",
        "rungs": (1, 3, 9),
        "eta": 3,
        "batch_size": 128,
        "optimizer": "adamw",
        "learning_rate": 1e-3,
        "momentum": 0.0,
        "schedule": "linear",
        "warmup": 100,
        "weight_decay": 0.0,
        "gain": True,
        "steps": (1.0,),
        "repeats": 1,
        "precision": "float32",
        "pixels": "standardised",
        "validation": 10_000,
        "split_seed": 0,
        "limit": None,
        "evaluator": "",
    }


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("quick", "199ead72"),
        ("standard", "093fd3b2"),
        ("conv", "4eb57468"),
        ("resnet20", "ac3801c6"),
        ("vit", "83a434e9"),
        ("brief", "13a77b37"),
        ("deep", "d77c9580"),
        ("deep-no-gain", "a3eed1c7"),
        ("dldna", "a2d3eeb5"),
        ("dldna-0.8", "fc69f6da"),
        ("dldna-validation", "e1a3ab69"),
    ],
)
def test_digests_of_shipped_recipes_never_change(name: str, digest: str) -> None:
    # They stand beside stored scores: if this fails, those scores have lost their recipe.
    assert RECIPES[name].digest == digest
    assert RECIPES[name].label == f"{name}-{digest}"


def test_every_shipped_recipe_has_its_digest_above() -> None:
    (mark,) = (
        mark
        for mark in test_digests_of_shipped_recipes_never_change.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    )
    assert {name for name, _ in mark.args[1]} == set(RECIPES)


def test_a_shipped_recipe_is_found_by_its_own_name() -> None:
    for name, recipe in RECIPES.items():
        assert recipe_from_name(name) is recipe
        assert recipe.name == name


def test_every_field_but_the_name_changes_the_digest() -> None:
    # Values that both of the networks and both of the optimisers below accept.
    start = dataclasses.replace(Recipe(), widths=(64, 32), optimizer="sgd")
    other = {**OTHER, "optimizer": "adamw"}
    assert set(other) == {field.name for field in dataclasses.fields(Recipe)}
    digests = {name: dataclasses.replace(start, **{name: other[name]}).digest for name in other}
    assert digests.pop("name") == start.digest
    assert len({start.digest, *digests.values()}) == 1 + len(digests)


def test_a_recipe_survives_json() -> None:
    for recipe in (*RECIPES.values(), Recipe(**{**OTHER, "name": "all others"})):
        again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
        assert again == recipe
        assert again.digest == recipe.digest


def test_a_stored_recipe_with_an_unknown_field_names_it() -> None:
    with pytest.raises(
        RecipeError,
        match=r"a recipe has no dropout; .*a recipe has no momentun; did you mean 'momentum'",
    ):
        Recipe.from_dict({**Recipe().to_dict(), "momentun": 0.9, "dropout": 0.5})


def test_every_broken_rule_is_named_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe(
            name="mine",
            widths=(3,),
            rungs=(3, 1),
            eta=0,
            batch_size=0,
            learning_rate=0.0,
            warmup=-1,
            weight_decay=-0.1,
            validation=-1,
            limit=1,
        )
    message = str(caught.value)
    assert message.startswith("recipe 'mine': ")
    for rule in (
        "widths must be 1 or more whole numbers, each at least 4, but is [3]",
        "rungs must be rising epochs, from 1 on, but is [3, 1]",
        "eta must be a whole number, at least 1, but is 0",
        "batch_size must be a whole number, at least 1, but is 0",
        "learning_rate must be a number above 0, but is 0.0",
        "warmup must be a whole number, at least 0, but is -1",
        "weight_decay must be a number, at least 0, but is -0.1",
        "validation must be a whole number, at least 0, but is -1",
        "limit must be a whole number, at least 2, but is 1",
    ):
        assert rule in message


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
        {"validation": 60_000},
        {"limit": 60_001},
        {"dataset": "cifar10", "limit": 50_001},
        {"momentum": 0.9},  # with the default's AdamW
        {"momentum": 1.0, "optimizer": "sgd"},
        {"lr_multipliers": (0.5, 2.0)},
        {"lr_multipliers": (1.0, 1.0)},
        {"seeds_per_score": 0},
        {"network": "vit", "widths": (64, 32)},
        {"network": "vit", "widths": (40, 40)},
        {"network": "resnet20", "widths": (16, 32)},
        {"name": ""},
        {"limit": 1, "validation": 0},
        {"network": "conv"},  # with the four widths of the default
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        Recipe(**broken)


@pytest.mark.parametrize(
    ("network", "rule"),
    [
        ("conv", "conv has exactly 2 widths"),
        ("resnet20", "resnet20 has exactly 3 widths"),
        ("vit", "vit has one width per block, all of one multiple of 16"),
    ],
)
def test_widths_that_a_network_cannot_have_are_told_by_its_rule(network: str, rule: str) -> None:
    with pytest.raises(RecipeError, match=rf"{rule}, but got \(256, 192, 128, 64\)"):
        Recipe(network=network)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="quick"):
        recipe_from_name("quik")
    with pytest.raises(RecipeError, match="'cnov'; did you mean 'conv'"):
        Recipe(network="cnov")


@given(st.integers(2, 60_000))
def test_a_limited_recipe_holds_out_the_same_share(images: int) -> None:
    limited = Recipe().limited(images)
    assert limited.limit == images
    assert abs(limited.validation - images / 6) < 1
    assert dataclasses.replace(limited, limit=None, validation=10_000) == Recipe()


def test_no_limit_is_the_same_recipe() -> None:
    assert Recipe().limited(None) == Recipe()
    assert Recipe().limited(6_000).limited(600) == Recipe().limited(600)


def test_a_recipe_of_a_file_is_its_base_with_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "dldna"\nlearning_rate = 1\nrungs = [2, 4]\nvalidation = 500\n')
    assert recipe_from_name(str(path)) == dataclasses.replace(
        RECIPES["dldna"], name="mine", learning_rate=1.0, rungs=(2, 4), validation=500
    )


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_survives_toml(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "again.toml"
    path.write_text(to_toml(recipe))
    assert recipe_from_name(str(path)) == recipe
    assert recipe_from_name(str(path)).digest == recipe.digest


def test_three_mistakes_in_a_file_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('learning_rat = 0.1\nbatch_size = "many"\nrungs = [3, 1]\n')
    with pytest.raises(RecipeError) as caught:
        recipe_from_name(str(path))
    message = str(caught.value)
    assert "no learning_rat; did you mean 'learning_rate'?" in message
    assert "batch_size must be a whole number, at least 1, but is 'many'" in message
    assert "rungs must be rising epochs, from 1 on, but is [3, 1]" in message


@pytest.mark.parametrize("text", ["rungs = [1,", "\x00"], ids=["torn", "no text"])
def test_a_file_that_is_no_toml_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with pytest.raises(RecipeError, match=r"mine\.toml cannot be read"):
        recipe_from_name(str(path))
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"mine\.toml cannot be read"):
        recipe_from_name(str(path))


def test_a_whole_number_in_a_file_gives_the_same_digest_as_its_float() -> None:
    assert Recipe.from_dict({"learning_rate": 1}).digest == Recipe(learning_rate=1.0).digest
    assert Recipe.from_dict({"steps": [1]}).digest == Recipe().digest


@pytest.mark.parametrize(
    "whole", [{"weight_decay": 0}, {"learning_rate": 1}, {"lr_multipliers": (1, 3)}], ids=str
)
def test_equal_recipes_have_one_digest(whole: dict[str, Any]) -> None:
    floats: dict[str, Any] = {
        name: tuple(map(float, value)) if isinstance(value, tuple) else float(value)
        for name, value in whole.items()
    }
    assert Recipe(**whole) == Recipe(**floats)
    assert Recipe(**whole).digest == Recipe(**floats).digest


def test_only_the_published_protocols_score_without_held_out_images() -> None:
    assert [n for n, r in RECIPES.items() if not r.selects] == ["dldna", "dldna-0.8"]


def test_an_own_evaluator_names_its_network_and_data_as_it_likes() -> None:
    recipe = Recipe(
        name="mine", network="LSTM", dataset="my text", evaluator="mine:Net", validation=200_000
    )
    assert recipe.digest != dataclasses.replace(recipe, evaluator="mine:Other").digest
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert Recipe(name="vit", network="vit", evaluator="model-1").widths == Recipe().widths
    with pytest.raises(RecipeError, match="network must be one of mlp"):
        Recipe(name="mine", network="LSTM")
    with pytest.raises(RecipeError, match=r"dataset must be a text of 1 to 40 letters"):
        Recipe(dataset="", evaluator="mine:Net")


def test_epochs_in_a_recipe_file_hint_at_rungs(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("epochs = 3\n")
    with pytest.raises(RecipeError, match=r"has no epochs: rungs = \[3\] trains that many"):
        recipe_from_name(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a." * 10_000 + "a = 1", "line 1 has more than 64 dots"),
        ("widths = " + "[" * 30_000, "nested too deeply"),
        ("#" * 70_000, "more than 65,536 bytes"),
        ("eta = 0x" + "f" * 60_000, "eta must be a whole number"),
        ("learning_rate = 1e999", "learning_rate must be a number above 0, but is inf"),
        ("rungs = [1, 99999999999999999999]", "rungs must be rising epochs"),
        ("base = ['quick']", "unknown base"),
        ("name = [1]", "name must be a text"),
        ("\n".join(f"unknown_{k} = 1" for k in range(2000)), "and no 1988 more"),
    ],
    ids=["key", "deep", "large", "hex", "infinity", "huge", "base", "name", "many"],
)
def test_a_hostile_recipe_file_is_refused_in_few_words(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises((RecipeError, UnknownNameError), match=reason) as caught:
        recipe_from_name(str(tmp_path / "mine.toml"))
    assert len(str(caught.value)) < 3000
