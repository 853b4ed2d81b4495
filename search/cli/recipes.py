"""List the shipped recipes, or show one with every number.

A recipe is what decides a score: data, network, optimiser, epochs. --recipe takes a name or a
TOML file of one's own, which starts from a shipped one.

examples:
  actsearch recipes
  actsearch recipes standard > mine.toml    # then change it: actsearch search --recipe mine.toml
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .options import print_json

if TYPE_CHECKING:
    from ...evaluators import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME|FILE.toml", help="show this one")


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
        head = ("recipe", "digest", "network", "epochs", "optimiser")
        print("{:<18} {:<9} {:<9} {:<9} {:<14} scores on".format(*head))
        print("\n".join(_line(recipe) for recipe in recipes))
    return 0


def _line(recipe: Recipe) -> str:
    epochs = "/".join(map(str, recipe.rungs))
    optimiser = f"{recipe.optimizer} {recipe.learning_rate:g}"
    held_out = f"{recipe.validation:,} held-out images" if recipe.selects else "the test set"
    return (
        f"{recipe.name:<18} {recipe.digest:<9} {recipe.network:<9} {epochs:<9} {optimiser:<14} "
        f"{held_out}"
    )


def _row(recipe: Recipe) -> dict[str, object]:
    return {**recipe.to_dict(), "digest": recipe.digest}
