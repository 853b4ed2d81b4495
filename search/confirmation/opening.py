"""Test sets: the one place that hands them out, and the record of each time one is opened.

Openings are counted in a home by test set. A data set of ours has one by its name; those of the
user's own are told apart by what the evaluator says of them.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence

from ...evaluators import Evaluator, ImageClassification, Job, dataset_of, load_test
from ..evaluator_choice import ByRecipe
from ..storage.confirmation_log import ConfirmationLog, Opening
from ..storage.shown_functions import Showing, ShownFunctions
from .plan import Plan

NO_TEST_DATA = (
    "the evaluator has no test data (ModelEvaluator takes test=…, another one needs a method "
    "opened()), so what stands is the leaderboard, by validation data"
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
    plan; not again for a job that a crash or a kill kept from its end."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    finalists = tuple(plan.finalists.values())
    seeds = tuple(plan.seeds(max(count for _, count in plan.recipes)))
    folder = str(log.folder.relative_to(shown.home))
    new = [job for job in jobs if not _is_opened_for(job, plan, log)]
    for dataset in dict.fromkeys(job.recipe.dataset for job in new):
        recipes = dict.fromkeys(job.recipe for job in new if job.recipe.dataset == dataset)
        own = any(recipe.evaluator for recipe in recipes)
        test_set = " ".join(filter(None, [dataset, opened.test_set() if own else ""]))
        openings, functions = shown.add(
            Showing(at=now, folder=folder, dataset=test_set, functions=finalists)
        )
        opening = Opening(
            at=now,
            finalists=finalists,
            seeds=seeds,
            dataset=dataset,
            test_set=test_set,
            openings_before=openings,
            functions_before=functions,
            recipes=tuple(recipe.digest for recipe in recipes),
        )
        log.add([opening])


def _is_opened_for(job: Job, plan: Plan, log: ConfirmationLog) -> bool:
    """Whether an opening on record was for this job."""
    finalists = set(plan.finalists.values())
    return any(
        opening.dataset == job.recipe.dataset
        and job.recipe.digest in opening.recipes
        and job.seed in opening.seeds
        and finalists <= set(opening.finalists)
        for opening in log.openings
    )
