"""What a search is (stored, fixed for its life) and how it is run this time."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...evaluators import (
    BUILT_IN,
    RECIPES,
    Recipe,
    dataset_of,
    recipe_from_name,
)
from ..errors import InvalidSetting
from .home import usable

SCHEMA = 1  # of the folder; raised when an older version could no longer read it


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """Everything that decides which candidates are proposed and what they score."""

    name: str
    space: str = "core-1"
    strategy: str = "evolution"  # or package.module:Class, or an installed package's name
    recipe: Recipe = field(default_factory=Recipe)
    evaluator: str = BUILT_IN  # or package.module:Name, whose recipe this then is
    second: Recipe | None  # the other network of a confirmation, if there is one
    seed: int = 0
    bracket: int = 9  # candidates trained together; with eta 3 that is 9, 3, 1

    def __post_init__(self) -> None:
        require("seed", self.seed, self.seed >= 0, "at least 0")
        require("bracket", self.bracket, 1 <= self.bracket <= 256, "1 to 256")
        check_recipes(self.recipe, self.second)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How a search is run this time; may differ when it is resumed."""

    candidates: int = 60  # distinct ones that enter training, counted over the search's life
    time_limit: float | None = None  # seconds; no bracket starts after it
    rung_limit: float | None = None  # seconds without a report after which a job has failed
    workers: int = 1  # 1 without Ray settings trains in this process
    gpus_per_worker: float = 0.0
    ray_address: str | None = None
    confirm: bool = True
    finalists: int = 3
    seeds: int = 5  # fresh paired seeds of a confirmation
    second_seeds: int = 3  # of them, those also trained on the second network
    also_on: str | None = None  # another data set, on which the finalists are trained too

    def __post_init__(self) -> None:
        require("candidates", self.candidates, self.candidates >= 1, "at least 1")
        if self.time_limit is not None:
            require("time limit", self.time_limit, self.time_limit > 0, "above 0 seconds")
        if self.rung_limit is not None:
            require("rung limit", self.rung_limit, self.rung_limit > 0, "above 0 seconds")
        require("workers", self.workers, 1 <= self.workers <= 1024, "1 to 1024")
        gpus = self.gpus_per_worker
        can_be_had = 0 <= gpus <= 1 or (gpus > 1 and gpus % 1 == 0)  # Ray's rule
        require("gpus per worker", gpus, can_be_had, "a share from 0 to 1, or a whole number")
        require("finalists", self.finalists, self.finalists >= 1, "at least 1")
        require("seeds", self.seeds, self.seeds >= 2, "at least 2: one seed has no spread")
        require("second seeds", self.second_seeds, self.second_seeds >= 0, "at least 0")
        if self.also_on is not None:
            dataset_of(self.also_on)

    @property
    def uses_ray(self) -> bool:
        """Several workers, GPUs or a cluster need Ray; one CPU worker trains in this process."""
        return self.workers > 1 or self.gpus_per_worker > 0 or self.ray_address is not None


@dataclass(frozen=True, slots=True)
class SearchFile:
    """A search's config.json: what it is, and how it was last run."""

    config: SearchConfig
    settings: RunSettings

    def save(self, folder: Path) -> None:
        """Write config.json whole or not at all: it is what makes the folder a search."""
        content = {
            "schema": SCHEMA,
            "config": {
                **dataclasses.asdict(self.config),
                "recipe": self.config.recipe.to_dict(),
                "second": self.config.second and self.config.second.to_dict(),
            },
            "launch": dataclasses.asdict(self.settings),
        }
        partial = folder / "config.json.partial"
        with usable(folder):
            partial.write_text(json.dumps(content, indent=2) + "\n")
            os.replace(partial, folder / "config.json")

    @staticmethod
    def load(folder: Path) -> SearchFile:
        """What a search's folder says; raises InvalidSetting if it cannot be read."""
        path = folder / "config.json"
        try:
            stored: dict[str, Any] = json.loads(path.read_text())
            if stored["schema"] != SCHEMA:
                raise InvalidSetting(
                    f"{path} has format {stored['schema']}, but this version reads {SCHEMA}: use "
                    f"the version that wrote it, or start a new search"
                )
            config = stored["config"]
            for part in ("recipe", "second"):
                if config[part] is not None:
                    config[part] = Recipe.from_dict(config[part])
            return SearchFile(SearchConfig(**config), RunSettings(**stored["launch"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidSetting(f"{path} is damaged ({error}): restore it from a copy") from error


def require(setting: str, value: object, holds: bool, rule: str) -> None:
    """Raise InvalidSetting naming the rule and the value unless the rule holds."""
    if not holds:
        raise InvalidSetting(f"{setting} must be {rule}, but got {value}")


def second_recipe(recipe: Recipe, given: Recipe | str | None) -> Recipe | None:
    """The other network of a confirmation: the one given, a recipe or the name of one; by default
    conv, or quick beside a conv net; none beside an own evaluator's. A shipped recipe goes to the
    first one's data set, if that is ours.

    Raises UnknownNameError or RecipeError.
    """
    if given is None and recipe.evaluator:
        return None
    if given is None:
        given = "quick" if recipe.network == "conv" else "conv"
    if isinstance(given, Recipe):
        return given
    found = recipe_from_name(given)
    follows = given in RECIPES and not recipe.evaluator
    return dataclasses.replace(found, dataset=recipe.dataset) if follows else found


def check_recipes(recipe: Recipe, second: Recipe | None) -> None:
    """Raise InvalidSetting unless a confirmation can have both in its table."""
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
        raise InvalidSetting(
            f"recipe {recipe.label} holds no images out and scores on the test set, which nothing "
            f"may select by: use dldna-validation, or a recipe whose validation is above 0"
        )
