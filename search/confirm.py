"""`actsearch confirm`: the finalists of a search, or given expressions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..evaluators import Recipe
from ..evaluators.training.schedule import too_short
from ..space import baselines
from . import tracking
from .confirmation.comparison import Confirmation, read_confirmation
from .confirmation.opening import no_test_data
from .confirmation.plan import Plan, left_out, plan_of, recipes_of
from .confirmation.retrain import missing_jobs, retrain
from .errors import InvalidSetting
from .evaluator_choice import (
    BUILT_IN_EVALUATOR,
    NamedEvaluator,
    chosen_again,
    evaluator_for,
)
from .executors.choice import executor_for
from .executors.watched import Watched
from .exporting.winner import best_of, check_record, export_best
from .progress import Reporter
from .remaining_time import Pace
from .storage.config import RunSettings
from .storage.confirmation_log import ConfirmationLog
from .storage.expression_argument import parse_expression_argument
from .storage.folder_lock import lock
from .storage.home import Home
from .storage.recipe_rules import check_recipes
from .storage.search_file import SearchFile
from .storage.shown_functions import ShownFunctions
from .storage.trial_reader import read_trials
from .storage.usable import usable


def confirm_search(
    home: Home, name: str, settings: Mapping[str, Any], reporter: Reporter
) -> Confirmation:
    """`actsearch confirm SEARCH`: under the search's run settings, changed by these."""
    folder = home.folder(name)
    file = SearchFile.load(folder)
    file = dataclasses.replace(file, settings=dataclasses.replace(file.settings, **settings))
    tracker = tracking.tracker_of(home)
    with lock(folder):
        trials = read_trials(folder)
        plan = plan_of(file, trials)
        if not plan.finalists and plan.set_aside:
            raise InvalidSetting(f"search '{name}' has nothing new to confirm: {left_out(plan)}")
        if not plan.finalists:
            raise InvalidSetting(f"search '{name}' has no candidate to confirm yet")
        log = ConfirmationLog(folder)
        check_record(folder, log)
        confirmation = read_confirmation(plan, log)
        if confirmation is None:
            tracker.check()  # before any training
            named = chosen_again(file.config, None)
            confirmation = _confirm(
                plan, log, ShownFunctions(home.root), file.settings, reporter, named
            )
        file.save(folder)
        export_best(best_of(file.config, trials, confirmation), folder)  # it may be another now
        if tracking.show(tracker, file.config, folder, confirmation, trials):
            tracking.show_search(tracker, file, folder, trials, confirmation)
            tracking.register(tracker, file.config, folder, trials, confirmation)
    return confirmation


def confirm_expressions(
    home: Home,
    texts: Sequence[str],
    settings: Mapping[str, Any],
    recipe: Recipe,
    second: Recipe | None,
    reporter: Reporter,
    named: NamedEvaluator = BUILT_IN_EVALUATOR,
) -> Confirmation:
    """`actsearch confirm EXPR…`: recorded in the home's folder `confirmations`."""
    check_recipes(recipe, second)
    for text in texts:
        if text in home.names():
            raise InvalidSetting(f"'{text}' is a search: give one search alone, or expressions")
    expressions = [str(parse_expression_argument(home, text)) for text in texts]
    run_settings = RunSettings(**settings)
    folder = home.root / "confirmations"
    with usable(home.root):
        folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        finalists={expression: expression for expression in expressions},
        baselines={name: str(expression) for name, expression in baselines().items()},
        recipes=recipes_of(recipe, second, run_settings),
        seed=0,
    )
    with lock(folder):
        log = ConfirmationLog(folder)
        confirmation = read_confirmation(plan, log)
        return confirmation or _confirm(
            plan, log, ShownFunctions(home.root), run_settings, reporter, named
        )


def _confirm(
    plan: Plan,
    log: ConfirmationLog,
    shown: ShownFunctions,
    settings: RunSettings,
    reporter: Reporter,
    named: NamedEvaluator,
) -> Confirmation:
    """Train what is missing on workers started for it; raises InvalidSetting without test data."""
    evaluator = evaluator_for(named, [job.recipe for job in missing_jobs(plan, log)])
    for warning in filter(None, (too_short(recipe) for recipe, _ in plan.recipes)):
        reporter.stage(warning)
    watched = Watched(executor_for(settings), reporter, settings.fixed_workers)
    with watched as executor:
        retrain(plan, log, shown, executor, evaluator, reporter, Pace(settings.fixed_workers))
    confirmation = read_confirmation(plan, log)
    if confirmation is None:
        raise InvalidSetting(f"no confirmation of {named.name}: {no_test_data(named.name)}")
    return confirmation
