"""The recipes of a search: read from a name, and held to what a confirmation can compare."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .setting_rules import require

if TYPE_CHECKING:
    from ...evaluators import Recipe


def recipe_from(recipe: Recipe | str) -> Recipe:
    """A recipe, or the one of a name. Raises UnknownNameError, RecipeError or InvalidSetting."""
    from ...evaluators import Recipe, recipe_from_name
    from ...space.printable import shown

    if isinstance(recipe, str):
        return recipe_from_name(recipe)
    require("recipe", shown(recipe), isinstance(recipe, Recipe), "a Recipe, or the name of one")
    return recipe


def second_recipe(first: Recipe, second: Recipe | str | None) -> Recipe | None:
    """The other network of a confirmation: the one given, a recipe or the name of one; by default
    conv, or quick beside a conv net; none beside an own evaluator's. A shipped recipe goes to the
    first one's data set, if that is ours.

    Raises UnknownNameError, RecipeError or InvalidSetting.
    """
    from ...evaluators import RECIPES

    if second is None:
        if first.evaluator:
            return None
        second = "quick" if first.network == "conv" else "conv"
    recipe = recipe_from(second)
    if isinstance(second, str) and second in RECIPES and not first.evaluator:
        return dataclasses.replace(recipe, dataset=first.dataset)
    return recipe


def check_recipes(recipe: Recipe, second: Recipe | None) -> None:
    """Raise InvalidSetting unless a confirmation can compare under both."""
    require_selection(recipe)
    if second is None:
        return
    require_selection(second)
    network, dataset = second.network, second.dataset
    require("the second recipe's network", network, network != recipe.network, "another")
    if recipe.evaluator:
        return  # its data are its own
    rule = f"that of the first, {recipe.dataset} (--also-on names another)"
    require("the second recipe's data set", dataset, dataset == recipe.dataset, rule)


def require_selection(recipe: Recipe) -> None:
    """Raise InvalidSetting for a recipe that scores on the test set."""
    if not recipe.selects:
        from ..errors import InvalidSetting

        raise InvalidSetting(
            f"recipe {recipe.label} holds no images out and scores on the test set, which nothing "
            f"may select by: use dldna-validation, or a recipe whose validation is above 0"
        )
