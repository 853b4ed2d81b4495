"""List the shipped recipes, or show one with every number.

A recipe is what decides a score: data, network, optimiser, epochs. --recipe takes a name or a
TOML file of one's own, which starts from a shipped one.

examples:
  actsearch recipes
  actsearch recipes standard > mine.toml    # then change it: actsearch search --recipe mine.toml
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import completers
from .completers import complete
from .options import print_json

if TYPE_CHECKING:
    from ...evaluators import Recipe

ORDER = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    name = parser.add_argument("name", nargs="?", metavar="NAME|FILE.toml", help="show this one")
    complete(name, completers.recipes)


def run(options: argparse.Namespace) -> int:
    from ...evaluators import RECIPES, recipe_from_name, to_toml

    if options.name is not None:
        recipe = recipe_from_name(options.name)
        if options.json:
            print_json(_row(recipe))
        else:
            print(f"# {recipe.label}\n{to_toml(recipe)}", end="")
        return 0
    recipes = list(RECIPES.values())
    if options.json:
        print_json([_row(recipe) for recipe in recipes])
    else:
        print(_table(recipes))
    return 0


def _table(recipes: Sequence[Recipe]) -> str:
    from ..reports.text_table import Column, text_table

    columns = (
        Column("recipe", width=18, gap=1),
        Column("digest", width=9, gap=1),
        Column("network", width=9, gap=1),
        Column("epochs", width=9, gap=1),
        Column("optimiser", width=14, gap=1),
        Column("scores on"),
    )
    rows = [
        (
            recipe.name,
            recipe.digest,
            recipe.network,
            "/".join(map(str, recipe.rungs)),
            f"{recipe.optimizer} {recipe.learning_rate:g}",
            f"{recipe.validation:,} held-out images" if recipe.selects else "the test set",
        )
        for recipe in recipes
    ]
    return text_table(columns, rows)


def _row(recipe: Recipe) -> dict[str, object]:
    return {**recipe.to_dict(), "digest": recipe.digest}
