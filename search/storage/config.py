"""The configuration of a search (stored, fixed for its life) and how it is run this time.

Loads nothing heavy: `actsearch search --help` reads the defaults here.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import uuid4

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from . import durations
from .validation import Number, Whole, invalid_settings, mistakes, plain, rule, settings

if TYPE_CHECKING:
    from ...evaluators import Recipe
else:
    Recipe = Any  # the class loads torch; `SearchConfig` checks that a value is one

SCHEMA = 1  # of the folder; raised when an older version could no longer read it

FINGERPRINT_VERSION = 2  # of a new search (actsearch.space's newest); a file without one has 1

NOVELTY_VERSION = 2  # of the rule by which candidates are no finalists; a file without one has 1

STRATEGY = "surrogate"  # of a search that names none

SIZE = 1024 * 1024  # bytes of a config.json; it has some 2,000
MOST = 1_000_000_000  # of anything counted, and of seconds: far above, clocks overflow

CHEAPEST = 0.5  # of --max-cost; on a CPU x takes 0.4 of ReLU's time, and -x and abs(x) 0.9 to 1.2
ACCURACY = ("accuracy",)
MOST_SEEDS = 10_000  # of one function
_SEEDS_AT_MOST = f"at most {MOST_SEEDS:,}"
SEEDS = "at least 0 and below 2**43"  # in a search, a score and a diagnosis
AUTO = "auto"  # as many workers as there is room for
_OBJECTIVES = (ACCURACY, ("accuracy", "cost"))

_LIMITED = rule(f"at most {MOST:,}", lambda number: number <= MOST)


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{0,32}", text) is not None


def _is_seed(number: int) -> bool:
    return 0 <= number < 2**43  # times a million, as for the order of an epoch, it fits 64 bits


def _was_seed(number: int) -> bool:
    """Of a stored search: those of tables trained with any."""
    return 0 <= number < 2**63


def _objectives(value: Any) -> tuple[str, ...]:
    """Objectives in one order, from a list or a text with commas."""
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    for known in _OBJECTIVES:
        if isinstance(names, (list, tuple)) and sorted(map(str, names)) == list(known):
            return known
    raise PydanticCustomError(
        "rule", "accuracy, or accuracy,cost (by cost alone x itself is the best)"
    )


def _seconds(value: Any) -> Any:
    """The seconds of a text like 10m; anything else as it is."""
    if not isinstance(value, str):
        return value
    if (seconds := durations.seconds(value)) is None:
        raise PydanticCustomError("rule", "a number of seconds, or a text: 90s, 10m, 1.5h, 2d")
    return seconds


Seconds = Annotated[
    Number,
    BeforeValidator(_seconds),
    rule("above 0 seconds", lambda seconds: seconds > 0),
    rule(f"at most {MOST:,} seconds", lambda seconds: seconds <= MOST),
]


def _workers(value: Any) -> int | str:
    """A number of workers, or auto."""
    workers: int | str = plain(value)
    whole = isinstance(workers, int) and not isinstance(workers, bool)
    if not (workers == AUTO or (whole and 1 <= int(workers) <= 1024)):
        raise PydanticCustomError("rule", "1 to 1024, or auto")
    return workers


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
    lag: Annotated[Whole, rule("at least 0", lambda n: n >= 0), _LIMITED] = 18
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
    objectives: Annotated[tuple[str, ...], BeforeValidator(_objectives)] = ACCURACY

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
    candidates: Annotated[Whole, rule("at least 1", lambda n: n >= 1), _LIMITED] = 60
    time_limit: Seconds | None = None  # no bracket starts after it
    rung_limit: Seconds | None = None  # without a report; after it a job has failed
    # One without Ray settings trains in this process.
    # auto: as many as there is room for, on this machine or the cluster, while it runs.
    workers: Annotated[int | Literal["auto"], BeforeValidator(_workers)] = 1
    gpus_per_worker: Annotated[
        Number,
        rule(  # Ray's
            "a share from 0 to 1, or a whole number",
            lambda gpus: 0 <= gpus <= 1 or (gpus > 1 and gpus % 1 == 0),
        ),
        _LIMITED,
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
    finalists: Annotated[Whole, rule("at least 1", lambda n: n >= 1), _LIMITED] = 3
    # Fresh paired seeds of a confirmation.
    seeds: Annotated[
        Whole,
        rule("at least 2: one seed has no spread", lambda n: n >= 2),
        rule(_SEEDS_AT_MOST, lambda n: n <= MOST_SEEDS),
    ] = 5
    # Of them, those also trained on the second network.
    second_seeds: Annotated[Whole, rule("at least 0", lambda n: n >= 0), _LIMITED] = 3
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


@dataclass(
    frozen=True,
    slots=True,
    config=ConfigDict(validate_by_name=True, validate_by_alias=True),
)
class SearchFile:
    """A search's config.json: its configuration, how it was last run, and for its life the version
    of the fingerprints that tell its candidates apart, and of the rule of what is no finalist (1:
    what has a baseline's fingerprint; 2: what cannot be told from one); and an id, by which an
    MLflow server knows it from others of its name (empty for one begun before there were ids)."""

    config: SearchConfig
    settings: Annotated[
        RunSettings, Field(validation_alias="launch", serialization_alias="launch")
    ]
    fingerprints: Annotated[Whole, rule("at least 1", lambda version: version >= 1)] = 1
    novelty: Annotated[Whole, rule("1 or 2", lambda version: version in (1, 2))] = NOVELTY_VERSION
    id: Annotated[StrictStr, rule("hexadecimal digits", _is_id)] = ""

    @staticmethod
    def of(config: Mapping[str, Any], settings: Mapping[str, Any]) -> SearchFile:
        """From the settings by name; raises InvalidSetting with every mistake in them."""
        with invalid_settings():
            return _FILE.validate_python(
                {
                    "config": dict(config),
                    "launch": dict(settings),
                    "fingerprints": FINGERPRINT_VERSION,
                    "id": uuid4().hex,
                }
            )

    def save(self, folder: Path) -> None:
        """Write config.json whole or not at all: it is what makes the folder a search."""
        with self.saving(folder):
            pass

    @contextmanager
    def saving(self, folder: Path) -> Iterator[None]:
        """Have config.json written, and put in place at the end of the block if nothing fails."""
        from .home import usable

        content = {"schema": SCHEMA, **_FILE.dump_python(self, by_alias=True)}
        partial = folder / "config.json.partial"
        with usable(folder):
            partial.unlink(missing_ok=True)  # of a kill, or a symbolic link
            with partial.open("x", encoding="utf-8") as file:
                file.write(json.dumps(content, indent=2) + "\n")
        try:
            yield
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        with usable(folder):
            os.replace(partial, folder / "config.json")

    @staticmethod
    def load(folder: Path) -> SearchFile:
        """The file of a search's folder; raises InvalidSetting if it cannot be read."""
        from ...space.bounded_input import from_json, read_bounded
        from ...space.errors import ActsearchError
        from ...space.printable import shown
        from ..errors import InvalidSetting

        path = folder / "config.json"
        try:
            stored = from_json(read_bounded(path, SIZE))
            schema = stored.get("schema") if isinstance(stored, dict) else None
            if not isinstance(schema, int):
                raise ValueError("it does not say its format")
            if schema == SCHEMA:
                if isinstance(config := stored.get("config"), dict):
                    config.setdefault("asynchronous", True)  # as all were before there was a lag
                stored.setdefault("novelty", 1)
                file = _FILE.validate_python(stored)
                # The folder carries the name, also where it was copied or has another one now.
                renamed = dataclasses.replace(file.config, name=folder.name)
                return dataclasses.replace(file, config=renamed)
        except (OSError, ValueError, ActsearchError) as error:  # of recipes and settings, too
            reason = mistakes(error) if isinstance(error, ValidationError) else error
            raise InvalidSetting(
                f"{path} is damaged ({reason}): restore it from a copy"
            ) from error
        raise InvalidSetting(
            f"{path} has format {shown(schema)}, but this version reads {SCHEMA}: use the version "
            f"that wrote it, or start a new search"
        )


_FILE = TypeAdapter(SearchFile)


def check_names(names: Iterable[str]) -> None:
    """Raise UnknownNameError for a name that is no setting of `Search`."""
    from ...space import UnknownNameError

    fields = (*dataclasses.fields(SearchConfig), *dataclasses.fields(RunSettings))
    known = {field.name for field in fields} | {"limit_data"}
    for name in names:
        if name not in known:
            raise UnknownNameError("setting", name, known)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise InvalidSetting with every mistake in numbers and words among the settings of a search.

    What a name leads to (a recipe, a space, a prior, an evaluator) is for `Search` to say, which
    loads it.
    """
    named = {"name", "space", "strategy", "recipe", "second", "evaluator", "prior"}
    config = {"name": "", "recipe": _default_recipe(), "second": None, "evaluator": ""}
    run = {field.name for field in dataclasses.fields(RunSettings)}
    config_fields = {field.name for field in dataclasses.fields(SearchConfig)} - named
    SearchFile.of(
        config | {key: value for key, value in settings.items() if key in config_fields},
        {key: value for key, value in settings.items() if key in run},
    )


def require(setting: str, value: object, holds: bool, rule: str) -> None:
    """Raise InvalidSetting naming the rule and the value unless the rule holds."""
    if not holds:
        from ..errors import InvalidSetting

        raise InvalidSetting(f"{setting} must be {rule}, but got {_text(value)}")


def require_seed(seed: int) -> None:
    """Raise InvalidSetting for a seed from which not every generator can have its own."""
    require("seed", seed, _is_seed(seed), SEEDS)


def _text(value: object) -> str:
    """A value in a message; a text as it is, anything else as Python shows it."""
    from ...space.printable import shown

    return value if isinstance(value, str) else shown(value)


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
