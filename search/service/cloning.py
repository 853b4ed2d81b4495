"""The settings of a new search like an earlier one, but for what is changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...evaluators import Recipe
from ..evaluator_choice import chosen
from ..prior import NONE, default_names, names_of
from ..storage.config import SearchConfig
from ..storage.recipe_rules import second_recipe
from ..storage.search_file import SearchFile

# What else follows from a setting, so that a change of that brings its own.
_FOLLOWING = {
    "evaluator": ("recipe", "second"),
    "recipe": ("second",),
    "strategy": ("prior",),
    "lag": ("asynchronous",),
    "asynchronous": ("lag",),
}


def cloned_settings(file: SearchFile, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of `Search` for a search like this one, but for its name and these changes.

    A default that follows from another setting follows from the changed one: the second network
    from the recipe, recipes from the evaluator, the prior from strategy and evaluator.
    """
    config, run = file.config, file.settings
    settings: dict[str, Any] = {
        field.name: getattr(source, field.name)
        for source in (config, run)
        for field in dataclasses.fields(source)
    }
    del settings["name"]
    settings["prior"] = _chosen_prior(config)
    settings["recipe"] = _recipe(config)
    if _is_default_second(file):
        del settings["second"]
    del settings["lag" if config.asynchronous else "asynchronous"]
    for setting in changes:
        for follower in _FOLLOWING.get(setting, ()):
            settings.pop(follower, None)
    if config.recipe.limit is not None and "recipe" in changes and "evaluator" not in changes:
        settings["limit_data"] = config.recipe.limit
    return {k: v for k, v in {**settings, **changes}.items() if v is not None and v != []}


def _recipe(config: SearchConfig) -> Recipe | None:
    """A recipe to give again; None for one that the evaluator brings."""
    evaluator = chosen(config.evaluator).custom
    if evaluator is not None and evaluator.recipe is not None:
        return None
    return dataclasses.replace(config.recipe, evaluator="")


def _is_default_second(file: SearchFile) -> bool:
    recipe = file.config.recipe
    default = second_recipe(recipe, None)
    return file.config.second == (default and default.limited(recipe.limit))


def _chosen_prior(config: SearchConfig) -> list[str]:
    """A prior to give again; empty for one that is the default beside its strategy and
    evaluator."""
    names = names_of(config.prior)
    return [] if names == default_names(config.strategy, config.evaluator) else names or [NONE]
