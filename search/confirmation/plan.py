"""The plan of a confirmation: which functions train again, under which recipes and seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...evaluators import Recipe
from ...space import FingerprintIndex, baselines, fingerprint_of_version
from ...space.expressions.parser import parse_stored
from ..remaining_time import members
from ..storage.config import RunSettings
from ..storage.ranking import finalist_order
from ..storage.search_file import SearchFile
from ..storage.setting_rules import require
from ..storage.trial import Trial
from .novelty import baseline_in_disguise, mirrors_alike

SHOWN = 5  # candidates that a line names


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Finalists and baselines, name -> expression, and each recipe with its number of seeds.

    set_aside: candidates that score better than the last finalist (or all, where there is none)
    but cannot be told from a baseline: expression -> that baseline, in words.
    """

    finalists: Mapping[str, str]
    baselines: Mapping[str, str]
    recipes: Sequence[tuple[Recipe, int]]  # the search's own first
    seed: int  # the search's, from which the fresh ones are drawn
    set_aside: Mapping[str, str] = field(default_factory=dict)

    @property
    def functions(self) -> dict[str, str]:
        return {**self.baselines, **self.finalists}

    def seeds(self, count: int) -> list[int]:
        """Fresh seeds: never the search's own; of a larger count, the first stay the same."""
        drawn = np.random.default_rng([self.seed, 0xC0F1]).integers(1_000, 2**31, size=count)
        return [int(seed) for seed in drawn]


def plan_of(file: SearchFile, trials: Sequence[Trial]) -> Plan:
    """The confirmation of a search: its top candidates that are told from the baselines; where
    cost is an objective, the most accurate of its front, then those of the leaderboard."""
    config, settings = file.config, file.settings
    finalists: dict[str, str] = {}
    set_aside: dict[str, str] = {}
    disguise = _disguises(file)
    for trial in finalist_order(trials, config.objectives):
        if len(finalists) == settings.finalists or trial.state not in ("complete", "pruned"):
            break
        if (what := disguise(trial)) is None:
            finalists[trial.expression] = trial.expression
        else:
            set_aside[trial.expression] = what
    return Plan(
        finalists=finalists,
        baselines={name: str(expression) for name, expression in baselines().items()},
        recipes=recipes_of(config.recipe, config.second, settings),
        seed=config.seed,
        set_aside=set_aside,
    )


def left_out(plan: Plan) -> str:
    """One line on candidates good enough for finalists that cannot be told from a baseline."""
    shown = [f"{expression} ({what})" for expression, what in plan.set_aside.items()]
    listed = ", ".join(shown[:SHOWN]) + (f" and {len(shown) - SHOWN} more" * (len(shown) > SHOWN))
    if not plan.finalists:
        return f"no candidate that trained can be told from a baseline: {listed}"
    return f"no finalists, since they cannot be told from a baseline: {listed}"


def _disguises(file: SearchFile) -> Callable[[Trial], str | None]:
    """Which baseline a candidate is, if it is one, by the rule that its search was begun with."""
    fingerprint, known = fingerprint_of_version(file.fingerprints), FingerprintIndex()
    names, mirrors = list(baselines()), file.novelty > 2 and mirrors_alike(file.config)
    for number, expression in enumerate(baselines().values()):
        known.add(fingerprint(expression), number)

    def disguise(trial: Trial) -> str | None:
        number = known.find(fingerprint(parse_stored(trial.expression)))
        if number is not None:
            return f"{names[number]} itself"
        return baseline_in_disguise(trial, mirrors) if file.novelty > 1 else None

    return disguise


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
