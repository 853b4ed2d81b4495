"""Test sets: the one place that hands them out, and the record of each time one is opened.

Openings are counted in a home by test set. A data set of ours has one; test data of the user's own
are told apart by what the evaluator says of them.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence

from ...evaluators import (
    Evaluator,
    EvaluatorError,
    ImageClassification,
    Job,
    Recipe,
    dataset_of,
    load_test,
)
from ...evaluators.tables.shipped import is_table
from ..errors import InvalidSetting
from ..evaluator_choice import ByRecipe
from ..storage.confirmation_log import ConfirmationLog, Opening
from ..storage.shown_functions import Showing, ShownFunctions
from .plan import Plan

BY_VALIDATION = "so what stands is the leaderboard, by validation data"


def no_test_data(evaluator: str) -> str:
    """Why an evaluator of this name confirms nothing, and what can be done, in words."""
    if is_table(evaluator):
        return (
            f"a table has no test data, {BY_VALIDATION}; `actsearch confirm FORMULA` trains a "
            f"formula of it beside baselines"
        )
    return (
        f"the evaluator has no test data (ModelEvaluator takes test=…, another one needs a method "
        f"opened()), {BY_VALIDATION}"
    )


def with_test_set(evaluator: Evaluator, datasets: Iterable[str]) -> Evaluator | None:
    """The evaluator with the test samples of those data sets: the one place that hands them out.
    An own evaluator opens its own; None if it has none."""
    if isinstance(evaluator, ByRecipe):
        opened = with_test_set(evaluator.custom, datasets)
        return opened and ByRecipe(opened, _with_test_images(evaluator.built_in, datasets))
    if isinstance(evaluator, ImageClassification):
        return _with_test_images(evaluator, datasets)
    return evaluator.opened()


def _with_test_images(
    evaluator: ImageClassification, datasets: Iterable[str]
) -> ImageClassification:
    test = {name: load_test(dataset_of(name)) for name in datasets if name in evaluator.train}
    return dataclasses.replace(evaluator, test=test)


def record_openings(
    plan: Plan,
    jobs: Sequence[Job],
    opened: Evaluator,
    log: ConfirmationLog,
    shown: ShownFunctions,
) -> None:
    """Put on record, in a confirmation's log and its home, the test sets opened for jobs of a
    plan; not again for a job that a crash or a kill kept from its end.

    Raises InvalidSetting where the log has scores on other test data of the evaluator.
    """
    names = {recipe: _test_set(recipe, opened) for recipe in dict.fromkeys(j.recipe for j in jobs)}
    for recipe, test_set in names.items():
        _check_unchanged(recipe, test_set, log)
    new: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        if not _is_opened_for(job, plan, log):
            new.setdefault((job.recipe.dataset, names[job.recipe]), []).append(job)
    for (dataset, test_set), opening_jobs in new.items():
        _record_opening(plan, opening_jobs, dataset, test_set, log, shown)


def _record_opening(
    plan: Plan,
    jobs: Sequence[Job],
    dataset: str,
    test_set: str,
    log: ConfirmationLog,
    shown: ShownFunctions,
) -> None:
    """Put one opening on record, first in the home: of the plan's finalists it shows those that
    the jobs train."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    texts = {text for job in jobs for text in job.expressions}
    finalists = tuple(text for text in plan.finalists.values() if text in texts)
    seeds: dict[str, dict[int, None]] = {}
    for job in jobs:
        seeds.setdefault(job.recipe.digest, {})[job.seed] = None
    openings, functions = shown.add(
        Showing(
            at=now,
            folder=str(log.folder.relative_to(shown.home)),
            dataset=dataset,
            functions=finalists,
            test_set=test_set,
        )
    )
    log.add(
        [
            Opening(
                at=now,
                finalists=finalists,
                seeds=tuple(dict.fromkeys(job.seed for job in jobs)),
                dataset=dataset,
                test_set=test_set,
                openings_before=openings,
                shown_before=functions,
                trained={recipe: tuple(of_it) for recipe, of_it in seeds.items()},
                recipes=tuple(seeds),
            )
        ]
    )


def _test_set(recipe: Recipe, opened: Evaluator) -> str:
    """A name that tells a recipe's test data from others of its data set's name; mostly empty."""
    name = opened.test_set_name() if recipe.evaluator else ""
    if not isinstance(name, str):
        raise EvaluatorError(
            f"test_set_name() must return a text, but gave a {type(name).__name__}"
        )
    return name


def _check_unchanged(recipe: Recipe, test_set: str, log: ConfirmationLog) -> None:
    before = {o.test_set for o in log.openings if recipe.digest in o.recipes and o.test_set}
    if test_set and before - {test_set}:
        raise InvalidSetting(
            f"the test data of {recipe.label} have changed since {log.folder.name} was confirmed "
            f"on them (now {test_set}, then {', '.join(sorted(before - {test_set}))}): scores on "
            f"both must not stand in one table; give the data of then, or take another --home"
        )


def _is_opened_for(job: Job, plan: Plan, log: ConfirmationLog) -> bool:
    """Whether an opening on record was for this job."""
    finalists = set(plan.finalists.values()) & set(job.expressions)
    return any(
        opening.dataset == job.recipe.dataset
        and opening.is_for(job.recipe.digest, job.seed)
        and finalists <= set(opening.finalists)
        for opening in log.openings
    )
