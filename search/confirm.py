"""Which functions a confirmation compares, for a search or for given expressions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..evaluators import Evaluator, Recipe
from ..space import (
    Expression,
    FingerprintIndex,
    Variable,
    baselines,
    fingerprint,
    parse,
)
from ..space.errors import nearest
from . import tracking
from .confirmation.comparison import Confirmation, table
from .confirmation.retrain import (
    Confirmer,
    Plan,
    missing_jobs,
    with_test_set,
)
from .errors import InvalidSetting, NoSuchSearch
from .evaluator_choice import (
    BUILT_IN_EVALUATOR,
    NamedEvaluator,
    chosen_again,
    evaluator_for,
)
from .executors.base import Executor
from .executors.choice import executor_for
from .progress import Reporter
from .storage.config import (
    RunSettings,
    SearchFile,
    check_recipes,
    require,
)
from .storage.confirmation_log import ConfirmationLog
from .storage.home import (
    Home,
    can_be_name,
    lock,
    usable,
)
from .storage.ranking import ranked
from .storage.study import read_trials
from .storage.trial import Trial

NO_TEST_DATA = (
    "the evaluator has no test data (ModelEvaluator takes test=…, another one needs a method "
    "opened()), so what stands is the leaderboard, by validation data"
)


def confirm_finalists(
    folder: Path,
    stored: SearchFile,
    executor: Executor,
    evaluator: Evaluator,
    reporter: Reporter,
) -> Confirmation | None:
    """Confirm a search's top candidates; what is recorded already is not trained again.

    The caller holds the search's lock. None if nothing trained to a score.
    """
    plan = plan_of(stored, read_trials(folder))
    if not plan.finalists:
        return None
    return carry_out(plan, ConfirmationLog(folder), executor, evaluator, reporter)


def carry_out(
    plan: Plan,
    ledger: ConfirmationLog,
    executor: Executor,
    evaluator: Evaluator,
    reporter: Reporter,
) -> Confirmation | None:
    """Train what the ledger lacks of a plan, and read its table; None without test data."""
    confirmer = Confirmer(plan, ledger, lambda done, total: reporter.advance(done))
    if confirmer.missing:
        opened = with_test_set(evaluator, confirmer.datasets)
        if opened is None:
            reporter.stage(f"no confirmation: {NO_TEST_DATA}")
            return None
        reporter.stage(
            f"confirming {len(plan.finalists)} against {len(plan.baselines)} baselines: the test "
            f"set of {' and '.join(confirmer.datasets)} is opened"
        )
        reporter.begin(0, confirmer.missing, "trainings")
        confirmer.run(executor, opened)
        reporter.end()
    return table(plan, ledger)


def plan_of(stored: SearchFile, candidates: list[Trial]) -> Plan:
    """The confirmation of a search: its top candidates that are no baseline themselves."""
    config, launch = stored.config, stored.settings
    known = FingerprintIndex()
    for expression in baselines().values():
        known.add(fingerprint(expression), 0)
    finalists: dict[str, str] = {}
    for found in ranked(candidates):
        if len(finalists) == launch.finalists or found.state not in ("complete", "pruned"):
            break
        if known.find(fingerprint(parse(found.expression))) is None:
            finalists[found.expression] = found.expression
    return Plan(
        finalists=finalists,
        baselines={name: str(e) for name, e in baselines().items()},
        recipes=recipes_of(config.recipe, config.second, launch),
        seed=config.seed,
    )


def recipes_of(
    recipe: Recipe, second: Recipe | None, launch: RunSettings
) -> list[tuple[Recipe, int]]:
    """The recipes of a confirmation, each with its number of seeds: the first one, the second
    network, and the first one on another data set if the launch asks for it.

    Raises InvalidSetting or RecipeError where the recipe cannot be had on that data set.
    """
    settings = [(recipe, launch.seeds)]
    if second is not None:
        settings.append((second, min(launch.second_seeds, launch.seeds)))
    if (name := launch.also_on) is not None:
        rule = "left out: an own evaluator has its own data"
        require("--also-on", name, not recipe.evaluator, rule)
        require("the data set of --also-on", name, name != recipe.dataset, "another")
        settings.append((dataclasses.replace(recipe, dataset=name), launch.seeds))
    return settings


def recorded(folder: Path, stored: SearchFile) -> Confirmation | None:
    """The confirmation a search's folder holds, if it is whole."""
    plan = plan_of(stored, read_trials(folder))
    return table(plan, ConfirmationLog(folder)) if plan.finalists else None


def confirm_search(
    home: Home, name: str, given: dict[str, Any], reporter: Reporter
) -> Confirmation:
    """`actsearch confirm SEARCH`: the launch's settings changed by those given."""
    folder = home.folder(name)
    stored = SearchFile.load(folder)
    stored = SearchFile(stored.config, dataclasses.replace(stored.settings, **given))
    tracker = tracking.tracker_of(home)
    with lock(folder):
        candidates = read_trials(folder)
        plan = plan_of(stored, candidates)
        if not plan.finalists:
            raise InvalidSetting(f"search '{name}' has no candidate to confirm yet")
        ledger = ConfirmationLog(folder)
        found = table(plan, ledger)
        if found is None:
            tracker.check()  # before any training
            scorer = chosen_again(stored.config, None)
            found = _on_own_workers(plan, ledger, stored.settings, reporter, scorer)
        stored.save(folder)
        tracking.show(tracker, name, found, candidates)
    return found


def confirm_expressions(
    home: Home,
    texts: Sequence[str],
    given: dict[str, Any],
    recipe: Recipe,
    second: Recipe | None,
    reporter: Reporter,
    scorer: NamedEvaluator = BUILT_IN_EVALUATOR,
) -> Confirmation:
    """`actsearch confirm EXPR…`: recorded in the home's folder `confirmations`."""
    check_recipes(recipe, second)
    for text in texts:
        if text in home.names():
            raise InvalidSetting(f"'{text}' is a search: give one search alone, or expressions")
    names = [str(parse_expression_argument(home, text)) for text in texts]
    launch = RunSettings(**given)
    folder = home.root / "confirmations"
    with usable(home.root):
        folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        finalists={name: name for name in names},
        baselines={name: str(e) for name, e in baselines().items()},
        recipes=recipes_of(recipe, second, launch),
        seed=0,
    )
    with lock(folder):
        ledger = ConfirmationLog(folder)
        return table(plan, ledger) or _on_own_workers(plan, ledger, launch, reporter, scorer)


def _on_own_workers(
    plan: Plan,
    ledger: ConfirmationLog,
    launch: RunSettings,
    reporter: Reporter,
    scorer: NamedEvaluator,
) -> Confirmation:
    """`carry_out` on workers that are started for it; raises InvalidSetting without test data."""
    evaluator = evaluator_for(scorer, [job.recipe for job in missing_jobs(plan, ledger)])
    with executor_for(launch) as executor:
        found = carry_out(plan, ledger, executor, evaluator, reporter)
    if found is None:
        raise InvalidSetting(f"no confirmation of {scorer.name}: {NO_TEST_DATA}")
    return found


def parse_expression_argument(home: Home, text: str) -> Expression:
    """The expression of a text. Raises NoSuchSearch for what is more likely a mistyped search's
    name: a text without x, and a bare `x-1`, for which no test set should be opened."""
    expression = parse(text)
    hint = nearest(text, home.names())
    if not any(isinstance(node, Variable) for node in expression.nodes()):
        raise NoSuchSearch(
            f"'{text}' is no search in {home.root}, and as an expression it does not depend on x"
            f"{hint}"
        )
    if can_be_name(text):
        raise NoSuchSearch(
            f"'{text}' is no search in {home.root}{hint or '; it has none'} (if the expression "
            f"is meant, write '({text})')"
        )
    return expression
