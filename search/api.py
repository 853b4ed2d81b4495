"""A search from Python, in one line: `Search("mine", candidates=60).run().best`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from ..evaluators import Evaluator, Recipe
from ..space import UnknownNameError
from .errors import InvalidSetting
from .evaluator_choice import (
    NamedEvaluator,
    chosen,
    chosen_again,
    recipe_of,
)
from .progress import Reporter, Silent
from .run import Outcome, run
from .storage.config import (
    RunSettings,
    SearchConfig,
    SearchFile,
    require,
    second_recipe,
)
from .storage.home import Home
from .strategies.registry import strategy_class

_LAUNCH = {field.name for field in dataclasses.fields(RunSettings)}
_CONFIG = {field.name for field in dataclasses.fields(SearchConfig)} - {"name", "evaluator"}


class Search:
    """One search; the settings are the fields of `SearchConfig` and `RunSettings`.

    recipe and second: a `Recipe` or the name of one. name: a fresh one by default. evaluator: an
    object, or a name as `--evaluator` takes it. limit_data: use only so many of the training
    images. home: as `--home`. Raises NameTaken in `run` if the name
    exists, unless `resume`; then settings not given are those it was last run with, and raises
    InvalidSetting if one that decides scores differs from what is stored.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        home: str | Path | None = None,
        resume: bool = False,
        evaluator: str | Evaluator | None = None,
        limit_data: int | None = None,
        reporter: Reporter | None = None,
        **settings: Any,
    ) -> None:
        given = {k: v for k, v in settings.items() if v is not None}
        _check(given)
        self._home, self._resume = Home.at(home), resume
        self._reporter = reporter or Silent()
        if resume:
            before = _before(self._home, name)
            self._chosen = chosen_again(before.config, evaluator)
            self._stored = _resumed(before, self._chosen, limit_data, given)
        else:
            self._chosen = chosen(evaluator)
            name = name or self._home.fresh_name()
            self._stored = _new(name, self._chosen, limit_data, given)

    @property
    def name(self) -> str:
        return self._stored.config.name

    def run(self) -> Outcome:
        """Search, confirm, export; see `Outcome`."""
        return run(
            self._home,
            self._stored,
            resume=self._resume,
            reporter=self._reporter,
            found=self._chosen,
        )


def _check(given: Mapping[str, Any]) -> None:
    """Raise UnknownNameError for a setting there is not, InvalidSetting for a wrong type."""
    types = {**get_type_hints(SearchConfig), **get_type_hints(RunSettings)}
    for setting, value in given.items():
        if setting not in _LAUNCH | _CONFIG:
            raise UnknownNameError("setting", setting, _LAUNCH | _CONFIG)
        allowed = (str, Recipe) if setting in ("recipe", "second") else types[setting]
        number = isinstance(value, int) and not isinstance(value, bool)
        fits = isinstance(value, allowed) or (number and isinstance(float(value), allowed))
        if not fits or (isinstance(value, bool) and types[setting] is not bool):
            wanted = getattr(types[setting], "__name__", str(types[setting]))
            require(setting, repr(value), False, f"of type {wanted}")


def _new(name: str, found: NamedEvaluator, limit: int | None, given: dict[str, Any]) -> SearchFile:
    config = {k: v for k, v in given.items() if k in _CONFIG}
    if "strategy" in config:
        strategy_class(config["strategy"])  # raises where there is none
    recipe = config["recipe"] = recipe_of(found, config.get("recipe"), limit)
    second = second_recipe(recipe, config.get("second"))
    config["second"] = second and second.limited(limit)
    launch = {k: v for k, v in given.items() if k in _LAUNCH}
    return SearchFile(
        SearchConfig(name=name, evaluator=found.name, **config), RunSettings(**launch)
    )


def _before(home: Home, name: str | None) -> SearchFile:
    """What is stored of the search to go on with."""
    if name is None:
        raise InvalidSetting(
            "--resume needs the --name of the search; `actsearch leaderboard` lists them"
        )
    return SearchFile.load(home.folder(name))


def _resumed(
    stored: SearchFile, found: NamedEvaluator, limit: int | None, given: dict[str, Any]
) -> SearchFile:
    recipe, second = stored.config.recipe, stored.config.second
    if "recipe" in given or limit not in (None, recipe.limit):
        # Without one given, the stored one at another limit; an own evaluator takes no limit.
        start = given.get("recipe", None if found.own else recipe)
        given["recipe"] = recipe_of(found, start, limit)
    if "second" in given:
        second = second_recipe(recipe, given["second"])
    if "second" in given or (second and limit not in (None, second.limit)):
        given["second"] = second and second.limited(limit)
    for setting in sorted(_CONFIG & set(given)):
        old = getattr(stored.config, setting)
        if given[setting] != old:
            raise InvalidSetting(
                f"search '{stored.config.name}' was begun with {setting} {_short(old)}, but got "
                f"{_short(given[setting])}: leave it out to go on, or start a new search"
            )
    launch = {k: v for k, v in given.items() if k in _LAUNCH}
    return SearchFile(stored.config, dataclasses.replace(stored.settings, **launch))


def _short(value: Any) -> str:
    return value.label if isinstance(value, Recipe) else str(value)
