"""The plan of a confirmation: which functions train again, under which recipes and seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...evaluators import Recipe
from ...space import FingerprintIndex, baselines, fingerprint_of_version, parse
from ..remaining_time import members
from ..storage.config import RunSettings, SearchFile, require
from ..storage.ranking import finalist_order
from ..storage.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Finalists and baselines, name -> expression, and each recipe with its number of seeds."""

    finalists: Mapping[str, str]
    baselines: Mapping[str, str]
    recipes: Sequence[tuple[Recipe, int]]  # the search's own first
    seed: int  # the search's, from which the fresh ones are drawn

    @property
    def functions(self) -> dict[str, str]:
        return {**self.baselines, **self.finalists}

    def seeds(self, count: int) -> list[int]:
        """Fresh seeds: never the search's own; of a larger count, the first stay the same."""
        drawn = np.random.default_rng([self.seed, 0xC0F1]).integers(1_000, 2**31, size=count)
        return [int(seed) for seed in drawn]


def plan_of(file: SearchFile, trials: Sequence[Trial]) -> Plan:
    """The confirmation of a search: its top candidates that are no baseline themselves; where cost
    is an objective, the most accurate of its front, then those of the leaderboard."""
    config, settings = file.config, file.settings
    fingerprint, known = fingerprint_of_version(file.fingerprints), FingerprintIndex()
    for expression in baselines().values():
        known.add(fingerprint(expression), 0)
    finalists: dict[str, str] = {}
    for trial in finalist_order(trials, config.objectives):
        if len(finalists) == settings.finalists or trial.state not in ("complete", "pruned"):
            break
        if known.find(fingerprint(parse(trial.expression))) is None:
            finalists[trial.expression] = trial.expression
    return Plan(
        finalists=finalists,
        baselines={name: str(expression) for name, expression in baselines().items()},
        recipes=recipes_of(config.recipe, config.second, settings),
        seed=config.seed,
    )


def confirmation_work(file: SearchFile) -> dict[Recipe, float]:
    """Member-epochs of a search's confirmation before its finalists are known, by recipe."""
    config, settings = file.config, file.settings
    functions = settings.finalists + len(baselines())
    return {
        recipe: float(functions * seeds * recipe.epochs * members(recipe))
        for recipe, seeds in recipes_of(config.recipe, config.second, settings)
    }


def recipes_of(
    recipe: Recipe, second: Recipe | None, settings: RunSettings
) -> list[tuple[Recipe, int]]:
    """The recipes of a confirmation, each with its number of seeds: the first one, the second
    network, and the first one on another data set if the settings name it.

    Raises InvalidSetting or RecipeError where the recipe cannot be had on that data set.
    """
    recipes = [(recipe, settings.seeds)]
    if second is not None:
        recipes.append((second, min(settings.second_seeds, settings.seeds)))
    if (dataset := settings.also_on) is not None:
        rule = "left out: an own evaluator has its own data"
        require("--also-on", dataset, not recipe.evaluator, rule)
        require("the data set of --also-on", dataset, dataset != recipe.dataset, "another")
        recipes.append((dataclasses.replace(recipe, dataset=dataset), settings.seeds))
    return recipes
