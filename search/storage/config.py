"""The settings of a search: what is fixed for its life, and how it is run this time.

Loads nothing heavy: `actsearch search --help` reads the defaults here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import StrictBool, StrictStr, ValidationInfo, field_serializer, field_validator
from pydantic_core import PydanticCustomError

from .recipe_rules import check_recipes
from .setting_rules import (
    ACCURACY,
    AUTO,
    LIMITED,
    MOST_SEEDS,
    SEEDS,
    SEEDS_AT_MOST,
    Objectives,
    Seconds,
    Workers,
)
from .validation import Number, Whole, rule, settings

if TYPE_CHECKING:
    from ...evaluators import Recipe
else:
    Recipe = Any  # the class loads torch; `SearchConfig` checks that a value is one

STRATEGY = "surrogate"  # of a search that names none
CHEAPEST = 0.5  # of --max-cost; on a CPU x takes 0.4 of ReLU's time, and -x and abs(x) 0.9 to 1.2


def _was_seed(number: int) -> bool:
    """Of a stored search: those of tables trained with any."""
    return 0 <= number < 2**63


def _default_recipe() -> Recipe:
    from ...evaluators import Recipe

    return Recipe()


def _default_evaluator() -> str:
    from ...evaluators import BUILT_IN

    return BUILT_IN


@settings
class SearchConfig:
    """Everything that decides which candidates are proposed and what they score."""

    name: StrictStr
    space: StrictStr = "core-1"
    strategy: StrictStr = STRATEGY  # or package.module:Class, or a name that a package declares
    recipe: Recipe = field(default_factory=_default_recipe)
    # The built-in one, or package.module:Name, whose recipe this then is.
    evaluator: StrictStr = field(default_factory=_default_evaluator)
    second: Recipe | None  # the other network of a confirmation, if there is one
    seed: Annotated[Whole, rule(SEEDS, _was_seed)] = 0
    # Candidates trained together; with eta 3 that is 9, 3, 1.
    bracket: Annotated[Whole, rule("1 to 256", lambda size: 1 <= size <= 256)] = 9
    # The latest candidates before a bracket whose results it does not depend on: two brackets.
    lag: Annotated[Whole, rule("at least 0", lambda n: n >= 0), LIMITED] = 18
    # What a strategy that takes a prior learned from before: tables and searches, each as
    # NAME@CHECKSUM of its scores (prior.py).
    prior: tuple[StrictStr, ...] = ()
    asynchronous: StrictBool = False  # a bracket depends on whatever has ended, and never waits
    # Time of forward and backward over ReLU's, above which a candidate is not trained.
    max_cost: (
        Annotated[
            Number,
            rule("a number above 0, as ReLU's time is 1", lambda cost: 0 < cost < math.inf),
            rule(
                f"at least {CHEAPEST}: only x itself takes less than half of ReLU's time",
                lambda cost: cost >= CHEAPEST,
            ),
        ]
        | None
    ) = None
    # What strategies search for and finalists are chosen by: accuracy, or its front against cost.
    objectives: Objectives = ACCURACY

    @field_validator("recipe", "second", mode="before")
    @classmethod
    def _read_recipe(cls, value: Any, info: ValidationInfo) -> Any:
        """A recipe as it is, or from its stored form."""
        from ...evaluators import Recipe

        if isinstance(value, dict):
            return Recipe.from_dict(value)
        if not isinstance(value, Recipe) and not (value is None and info.field_name == "second"):
            raise PydanticCustomError("rule", "a Recipe")
        return value

    @field_serializer("recipe", "second")
    def _stored_recipe(self, recipe: Recipe | None) -> dict[str, Any] | None:
        return None if recipe is None else recipe.to_dict()

    @property
    def is_multi_objective(self) -> bool:
        """Whether cost is an objective beside accuracy."""
        return "cost" in self.objectives

    @property
    def measures_cost(self) -> bool:
        """Whether candidates' cost is measured: as an objective, or to be held to a limit."""
        return self.is_multi_objective or self.max_cost is not None

    def __post_init__(self) -> None:
        check_recipes(self.recipe, self.second)


@settings
class RunSettings:
    """How a search is run this time; may differ when it is resumed."""

    # Distinct ones that enter training, counted over the search's life.
    candidates: Annotated[Whole, rule("at least 1", lambda n: n >= 1), LIMITED] = 60
    time_limit: Seconds | None = None  # no bracket starts after it
    rung_limit: Seconds | None = None  # without a report; after it a job has failed
    # One without Ray settings trains in this process.
    # auto: as many as there is room for, on this machine or the cluster, while it runs.
    workers: Workers = 1
    gpus_per_worker: Annotated[
        Number,
        rule(  # Ray's
            "a share from 0 to 1, or a whole number",
            lambda gpus: 0 <= gpus <= 1 or (gpus > 1 and gpus % 1 == 0),
        ),
        LIMITED,
    ] = 0.0
    ray_address: (  # stored and shown, so that it holds no secret
        Annotated[
            StrictStr,
            rule(
                "HOST:PORT or auto, without user, password or query (Ray takes tokens "
                "from RAY_AUTH_TOKEN)",
                lambda address: not set("@?") & set(address),
            ),
        ]
        | None
    ) = None
    confirm: StrictBool = True
    finalists: Annotated[Whole, rule("at least 1", lambda n: n >= 1), LIMITED] = 3
    # Fresh paired seeds of a confirmation.
    seeds: Annotated[
        Whole,
        rule("at least 2: one seed has no spread", lambda n: n >= 2),
        rule(SEEDS_AT_MOST, lambda n: n <= MOST_SEEDS),
    ] = 5
    # Of them, those also trained on the second network.
    second_seeds: Annotated[Whole, rule("at least 0", lambda n: n >= 0), LIMITED] = 3
    also_on: StrictStr | None = None  # another data set, on which the finalists are trained too

    def __post_init__(self) -> None:
        if self.also_on is not None:
            from ...evaluators import dataset_of

            dataset_of(self.also_on)

    @property
    def fixed_workers(self) -> int | None:
        """The number of workers; None where it follows the room that there is."""
        return None if self.workers == AUTO else int(self.workers)

    @property
    def uses_ray(self) -> bool:
        """Several workers, GPUs or a cluster need Ray; one CPU worker trains in this process."""
        return self.workers != 1 or self.gpus_per_worker > 0 or self.ray_address is not None


def check_names(names: Iterable[str]) -> None:
    """Raise UnknownNameError for a name that is no setting of `Search`."""
    from ...space import UnknownNameError

    fields = (*dataclasses.fields(SearchConfig), *dataclasses.fields(RunSettings))
    known = {field.name for field in fields} | {"limit_data"}
    for name in names:
        if name not in known:
            raise UnknownNameError("setting", name, known)
