"""A search from Python, in one line: `Search("mine", candidates=60).run().best`."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..evaluators import Evaluator, Recipe
from ..space.counted import counted
from ..space.printable import shown
from .dropped_interrupts import raised_again
from .errors import InvalidSetting
from .evaluator_choice import NamedEvaluator, chosen, chosen_again, recipe_of
from .outcome import Outcome
from .prior import NONE, names_of, prior_of
from .progress import Callbacks, Reporter, RungScore, Silent
from .run import run
from .service.driver import Driver
from .service.queue import wait_turn
from .service.running_search import RunningSearch
from .service.status import PLACE_TAKEN
from .storage.config import STRATEGY
from .storage.home import Home
from .storage.recipe_rules import second_recipe
from .storage.search_file import SearchFile
from .storage.search_name import name_to_resume
from .storage.setting_rules import require_seed
from .storage.trial import Trial, entered
from .storage.trial_reader import read_trials
from .storage.validation import plain


class Search:
    """One search. A setting that is None is the default of `SearchConfig` or `RunSettings`, which
    say what each one is; of a search that is resumed, as it was last.

    name: a fresh one by default. recipe and second: a `Recipe` or the name of one. evaluator: an
    object, or a name as `--evaluator` takes it. time_limit, rung_limit: seconds, or a text like
    `10m`. limit_data: use only so many of the training
    images. prior: `none`, or names of tables and searches. home: as `--home`. queue: begin when
    the searches of the home that were begun or submitted before have ended. on_candidate, on_rung:
    called with each candidate that has ended, and each score of one at a rung, in the thread that
    drives the search; what they raise ends it. progress: show it, as a notebook does by default
    and the command on stderr. reporter: hears of every stage in place of that.

    Raises InvalidSetting with every setting that breaks its rule, and with `resume` for one that
    decides scores and differs from what is stored. `run` raises NameTaken if the name exists,
    unless `resume`.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        space: str | None = None,
        strategy: str | None = None,
        recipe: Recipe | str | None = None,
        evaluator: str | Evaluator | None = None,
        second: Recipe | str | None = None,
        seed: int | None = None,
        bracket: int | None = None,
        lag: int | None = None,
        prior: str | Sequence[str] | None = None,
        asynchronous: bool | None = None,
        max_cost: float | None = None,
        objectives: str | Sequence[str] | None = None,
        limit_data: int | None = None,
        candidates: int | None = None,
        time_limit: float | str | None = None,
        rung_limit: float | str | None = None,
        workers: int | str | None = None,
        gpus_per_worker: float | None = None,
        ray_address: str | None = None,
        confirm: bool | None = None,
        finalists: int | None = None,
        seeds: int | None = None,
        second_seeds: int | None = None,
        also_on: str | None = None,
        home: str | Path | None = None,
        resume: bool = False,
        queue: bool = False,
        on_candidate: Callable[[Trial], object] | None = None,
        on_rung: Callable[[RungScore], object] | None = None,
        reporter: Reporter | None = None,
        progress: bool | None = None,
    ) -> None:
        config = _not_none(
            space=space,
            strategy=strategy,
            recipe=recipe,
            second=second,
            seed=seed,
            bracket=bracket,
            lag=lag,
            asynchronous=asynchronous,
            max_cost=max_cost,
            objectives=objectives,
        )
        settings = _not_none(
            candidates=candidates,
            time_limit=time_limit,
            rung_limit=rung_limit,
            workers=workers,
            gpus_per_worker=gpus_per_worker,
            ray_address=ray_address,
            confirm=confirm,
            finalists=finalists,
            seeds=seeds,
            second_seeds=second_seeds,
            also_on=also_on,
        )
        if lag is not None and asynchronous:
            raise InvalidSetting(
                f"an asynchronous search has no lag, but got lag {shown(lag)}: leave one of the "
                f"two out"
            )
        self._home, self._resume, limit_data = Home.at(home), resume, plain(limit_data)
        self._display = _display(progress) if reporter is None else Silent()
        self._reporter = Callbacks(reporter or self._display, on_candidate, on_rung)
        self._queue, self._is_named = queue, name is not None
        if resume:
            stored = _stored(self._home, name)
            self._evaluator = chosen_again(stored.config, evaluator)
            self._file = _resumed(
                self._home, stored, self._evaluator, limit_data, config, settings
            )
            _check_prior(stored, prior)
        else:
            self._evaluator = chosen(evaluator)
            config["name"] = self._home.fresh_name() if name is None else name
            name_of_strategy = config.get("strategy", STRATEGY)
            if isinstance(name_of_strategy, str):  # else the rules of the settings say so
                config["prior"] = prior_of(
                    self._home, prior, name_of_strategy, self._evaluator.name
                )
            self._file = _new(self._evaluator, limit_data, config, settings)
            require_seed(self._file.config.seed)

    @property
    def name(self) -> str:
        return self._file.config.name

    def __repr__(self) -> str:
        config, settings = self._file.config, self._file.settings
        return (
            f"<Search '{config.name}': {counted(settings.candidates, 'candidate')} of "
            f"{config.space} by {config.strategy}, recipe {config.recipe.label}>"
        )

    def run(self, *, submitted: bool = False) -> Outcome:
        """Search, confirm, export; see `Outcome`.

        submitted: by `actsearch submit`, which has the search's place in its home taken from now
        on, and what is printed in its driver.log.
        """
        self._settle_name()
        return self._run(submitted, threading.Event())

    def start(self) -> RunningSearch[Outcome]:
        """Run it in a thread of this program, and return at once."""
        self._settle_name()
        return RunningSearch(self._home, self.name, lambda stop: self._run(False, stop))

    def _settle_name(self) -> None:
        """Take another fresh name where this one has been taken since, by one's own search too."""
        if not (self._is_named or self._home.is_free(self.name)):
            config = dataclasses.replace(self._file.config, name=self._home.fresh_name())
            self._file = dataclasses.replace(self._file, config=config)

    def _run(self, submitted: bool, stop: threading.Event) -> Outcome:
        home, name, workers = self._home, self.name, self._file.settings.workers
        with ExitStack() as held:
            held.enter_context(raised_again())
            held.callback(self._display.end)  # however it ends, the terminal is as it was
            driver = held.enter_context(Driver(self._reporter, workers, logs=submitted, stop=stop))
            if submitted or self._queue:
                driver.take(home.folder(name) if self._resume else home.new_folder(name))
            if submitted:
                driver.stage(PLACE_TAKEN.format(name=name))
            if self._queue:
                wait_turn(home, name, driver)
            return run(home, self._file, resume=self._resume, driver=driver, named=self._evaluator)


def _display(progress: bool | None) -> Reporter:
    """The reporter that shows the progress of a search: by default only in a notebook."""
    from .display.notebook import NotebookProgress, in_notebook

    notebook = in_notebook()
    if progress is False or (progress is None and not notebook):
        return Silent()
    if notebook:
        return NotebookProgress()
    from .display.console import Progress

    return Progress()


def _not_none(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _new(
    named: NamedEvaluator, limit: int | None, config: dict[str, Any], settings: dict[str, Any]
) -> SearchFile:
    recipe = recipe_of(named, config.get("recipe"), limit)
    second = second_recipe(recipe, config.get("second"))
    config |= {"evaluator": named.name, "recipe": recipe}
    config["second"] = second and second.limited(limit)
    return SearchFile.of(config, settings)


def _stored(home: Home, name: str | None) -> SearchFile:
    """The file of the search to go on with."""
    return SearchFile.load(home.folder(name_to_resume(name)))


def _resumed(
    home: Home,
    stored: SearchFile,
    named: NamedEvaluator,
    limit: int | None,
    config: dict[str, Any],
    settings: dict[str, Any],
) -> SearchFile:
    """A stored search with other run settings; raises InvalidSetting for another configuration."""
    recipe, second = stored.config.recipe, stored.config.second
    if "recipe" in config or limit not in (None, recipe.limit):
        # Without one given, the stored one at another limit; an own evaluator takes no limit.
        base = config.get("recipe", None if named.custom else recipe)
        config["recipe"] = recipe_of(named, base, limit, again="recipe" not in config)
    if "second" in config:
        second = second_recipe(recipe, config["second"])
    if "second" in config or (second and limit not in (None, second.limit)):
        config["second"] = second and second.limited(limit)
    if "lag" in config and stored.config.asynchronous:
        raise InvalidSetting(
            f"search '{stored.config.name}' was begun asynchronous, as were all before there was "
            f"a lag, but got lag {shown(config['lag'])}: leave it out to go on, or start a new "
            f"search"
        )
    changed = dataclasses.replace(stored.config, **config)
    for setting in sorted(config):
        before, now = getattr(stored.config, setting), getattr(changed, setting)
        if now != before:
            raise InvalidSetting(
                f"search '{stored.config.name}' was begun with {setting} {_short(before)}, but "
                f"got {_short(now)}: leave it out to go on, or start a new search"
            )
    launch = dataclasses.replace(stored.settings, **settings)
    _check_candidates(home, stored, launch.candidates)
    return dataclasses.replace(stored, settings=launch)


def _check_candidates(home: Home, stored: SearchFile, candidates: int) -> None:
    """Raise InvalidSetting where fewer are asked for than before, and than have been trained."""
    if candidates >= stored.settings.candidates:
        return
    name = stored.config.name
    trained = entered(read_trials(home.folder(name)))
    if candidates < trained:
        raise InvalidSetting(
            f"search '{name}' has trained {counted(trained, 'candidate')} already, but got "
            f"candidates {candidates}: leave it out, or ask for {trained} or more"
        )


def _check_prior(stored: SearchFile, prior: str | Sequence[str] | None) -> None:
    """Raise InvalidSetting for another prior than a search was begun with."""
    if prior is None:
        return
    names = [prior] if isinstance(prior, str) else list(prior)
    before = names_of(stored.config.prior)
    if [name for name in names if name != NONE] != before:
        raise InvalidSetting(
            f"search '{stored.config.name}' was begun with prior {' '.join(before) or NONE}, but "
            f"got {' '.join(names)}: leave it out to go on, or start a new search"
        )


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return value.label if isinstance(value, Recipe) else str(value)
