"""The recipes shipped, and those of a user's own in TOML files.

actsearch search --recipe standard
actsearch search --recipe mine.toml     # base = "quick"; learning_rate = 3e-3; rungs = [1, 3]
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...space.bounded_input import toml_file
from ...space.errors import UnknownNameError
from ...space.printable import shown
from .recipe import Recipe, RecipeError

# The published protocol (facts: `dldna` chapter 4): torch's own initial weights, plain SGD, one
# activation object in all layers, no images held out. The book says momentum 0.9, its code 0.8.
_DLDNA = Recipe(
    name="dldna", granularity="network", rungs=(15,), optimizer="sgd", momentum=0.9,
    schedule="constant", warmup=0, moment_init=False, pixels="-1 to 1", validation=0,
)  # fmt: skip
_DEEP = Recipe(name="deep", widths=(64,) * 12)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe(),
            # Longer, with decay: where a ranking should stand that a few epochs gave.
            Recipe(name="standard", rungs=(2, 5, 15), weight_decay=1e-2),
            # Short, for the tables of a whole space: a seventh of `quick`'s optimiser steps.
            Recipe(name="brief", rungs=(1, 3), limit=30_000),
            # The second network of every confirmation: another kind, and quick on a CPU.
            Recipe(name="conv", network="conv", widths=(8, 16), rungs=(1, 3)),
            # For confirmation and for GPUs: an epoch takes minutes on two cores. He et al. 2016,
            # section 4.2, with AdamW in place of its 164 epochs of SGD.
            Recipe(
                name="resnet20", network="resnet20", widths=(16, 32, 64), rungs=(3, 9, 27),
                weight_decay=1e-2,
            ),
            # Small enough for 28 x 28 pixels: 49 patches of 4 x 4, six blocks of 64 features.
            Recipe(
                name="vit", network="vit", widths=(64,) * 6, rungs=(3, 9, 27),
                weight_decay=5e-2, warmup=500,
            ),
            # Twelve layers without norms: where the function decides whether a net learns at all.
            _DEEP,
            dataclasses.replace(_DEEP, name="deep-no-gain", moment_init=False),
            _DLDNA,
            dataclasses.replace(_DLDNA, name="dldna-0.8", momentum=0.8),
            # The same with 10,000 training images held out: what a search may select by.
            dataclasses.replace(_DLDNA, name="dldna-validation", validation=10_000, rungs=(5, 15)),
        )
    }
)  # fmt: skip


def recipe_from_name(name: str) -> Recipe:
    """A shipped recipe, or the one in a file whose name ends in `.toml`.

    Raises UnknownNameError with the nearest name, RecipeError with every mistake in the file.
    """
    if name.endswith(".toml"):
        return _from_file(Path(name))
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name]


def _from_file(path: Path) -> Recipe:
    try:
        stored: dict[str, Any] = toml_file(path)
    except (OSError, ValueError) as error:
        raise RecipeError(f"recipe file {path} cannot be read: {error}") from error
    base = stored.pop("base", "quick")
    if not isinstance(base, str) or base not in RECIPES:
        name = base if isinstance(base, str) else shown(base)
        raise UnknownNameError(f"base in {path}, a recipe,", name[:80], RECIPES)
    if stored.get("evaluator"):
        raise RecipeError(
            f"recipe file {path}: --evaluator names an evaluator of your own, a recipe does not: "
            f"leave evaluator out, but got {shown(stored['evaluator'])}"
        )
    return Recipe.from_dict({"name": path.stem, **stored}, RECIPES[base])


def to_toml(recipe: Recipe) -> str:
    """A recipe as a TOML file that `recipe_from_name` reads back to an equal one."""
    stored = dataclasses.asdict(recipe)
    fields = {key: value for key, value in stored.items() if value not in (None, "")}
    # A JSON string, number, list or boolean is the same in TOML.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
