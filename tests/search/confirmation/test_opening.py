"""Openings are counted by test set, whatever data, networks and folders share a name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from actsearch.evaluators import (
    EvaluatorError,
    ImageClassification,
    Job,
    ModelEvaluator,
    load_test,
    subset,
)
from actsearch.search import Confirmation, InvalidSetting
from actsearch.search.confirmation.comparison import read_confirmation
from actsearch.search.confirmation.opening import record_openings
from actsearch.search.confirmation.plan import Plan
from actsearch.search.confirmation.retrain import missing_jobs, retrain
from actsearch.search.evaluator_choice import ByRecipe
from actsearch.search.executors.in_process import InProcess
from actsearch.search.progress import Silent
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.shown_functions import NAME, ShownFunctions
from contracts import own
from contracts.own import AnyRecipe
from contracts.tiny import TINY

IMAGES, LABELS = own.tensors(subset(load_test(), 400))


def opening_on(part: slice, images: Tensor = IMAGES, **changes: object) -> ModelEvaluator:
    """The small network, with a part of the test images, under a recipe as `--evaluator` has."""
    evaluator = own.made(test=(images[part], LABELS[part]), **changes)
    recipe = replace(evaluator.recipe, rungs=(1,))
    evaluator.recipe = replace(recipe, evaluator=f"mine:made {recipe.evaluator}")
    return evaluator


def confirmed(
    home: Path, evaluator: ModelEvaluator, *functions: str, folder: str = "confirmations"
) -> Confirmation:
    """Functions against one baseline, one seed each, in the ledger that expressions share, or
    another."""
    plan = Plan(
        finalists={text: text for text in functions},
        baselines={"ReLU": "relu(x)"},
        recipes=((evaluator.recipe, 1),),
        seed=3,
    )
    place = home / folder
    place.mkdir(exist_ok=True)
    log = ConfirmationLog(place)
    assert retrain(plan, log, ShownFunctions(home), InProcess(), evaluator, Silent(), Pace(1))
    confirmation = read_confirmation(plan, ConfirmationLog(place))
    assert confirmation is not None
    return confirmation


def counted(confirmation: Confirmation) -> tuple[int, int]:
    return confirmation.openings, confirmation.family


def test_ones_own_test_sets_do_not_count_against_each_other(tmp_path: Path) -> None:
    first, second = opening_on(slice(200)), opening_on(slice(200, 400), network=own.wide)
    assert counted(confirmed(tmp_path, first, "sin(x)", "cos(x)")) == (1, 2)
    assert counted(confirmed(tmp_path, second, "sin(x)")) == (1, 1)
    assert counted(confirmed(tmp_path, second, "erf(x)")) == (2, 2)


def test_who_asks_for_the_best_of_those_shown_alone_has_seen_the_others(tmp_path: Path) -> None:
    evaluator = opening_on(slice(200))
    assert counted(confirmed(tmp_path, evaluator, "sin(x)", "cos(x)", "erf(x)")) == (1, 3)
    assert counted(confirmed(tmp_path, evaluator, "erf(x)")) == (1, 3), "nothing new was shown"
    assert counted(confirmed(tmp_path, evaluator, "erf(x)", "atan(x)")) == (2, 4)


def test_a_function_shown_again_from_another_folder_counts_again(tmp_path: Path) -> None:
    evaluator = opening_on(slice(200))
    looks = [counted(confirmed(tmp_path, evaluator, "sin(x)", folder=at)) for at in "abc"]
    assert looks == [(1, 1), (2, 2), (3, 3)]


def test_another_network_on_the_same_samples_opens_the_same_test_set(tmp_path: Path) -> None:
    first = opening_on(slice(200))
    assert counted(confirmed(tmp_path, first, "sin(x)", "cos(x)")) == (1, 2)
    other = opening_on(slice(200), images=IMAGES.flip(-1), network=own.wide)
    assert counted(confirmed(tmp_path, other, "erf(x)")) == (2, 3)


@pytest.mark.parametrize("part", [slice(200), slice(200, 400)])
def test_an_opening_of_before_they_were_told_apart_counts_for_all(
    tmp_path: Path, part: slice
) -> None:
    confirmed(tmp_path, opening_on(slice(200)), "sin(x)")
    forget_test_sets(tmp_path)
    evaluator = opening_on(part, network=own.wide)
    assert counted(confirmed(tmp_path, evaluator, "cos(x)")) == (2, 2)
    assert counted(confirmed(tmp_path, evaluator, "sin(x)")) == (3, 3), "it was shown before"
    assert counted(confirmed(tmp_path, opening_on(slice(200)), "sin(x)")) == (3, 3), "no new look"


def forget_test_sets(home: Path) -> None:
    """Make the records of a home those of an earlier version."""
    for path in (home / NAME, home / "confirmations" / "confirmation.jsonl"):
        text = path.read_text()
        assert '"test_set": "' in text
        path.write_text(re.sub(r', "test_set": "\w+"', "", text))


def test_a_log_of_before_they_were_told_apart_reads_as_it_did(tmp_path: Path) -> None:
    evaluator = opening_on(slice(200))
    before = confirmed(tmp_path, evaluator, "sin(x)")
    forget_test_sets(tmp_path)
    assert confirmed(tmp_path, evaluator, "sin(x)") == before


def test_other_test_data_under_the_same_recipe_do_not_stand_beside_the_first(
    tmp_path: Path,
) -> None:
    first, changed = opening_on(slice(200)), opening_on(slice(200, 400))
    assert first.recipe == changed.recipe, "it does not see what the samples are"
    confirmed(tmp_path, first, "sin(x)")
    with pytest.raises(InvalidSetting, match=r"test data of own-mlp-\w+ have changed"):
        confirmed(tmp_path, changed, "cos(x)")
    assert counted(confirmed(tmp_path, first, "sin(x)", "cos(x)")) == (2, 2), "cos(x) alone is new"


class Named(AnyRecipe):
    """An own evaluator of images that have a name of ours."""

    def __init__(self, name: object) -> None:
        self._inner, self._name = opening_on(slice(200)), name
        self.recipe = replace(self._inner.recipe, dataset="fashion-mnist")

    def opened(self) -> Named:
        other = Named(self._name)
        other._inner = self._inner.opened() or self._inner
        return other

    def test_set_name(self) -> Any:
        return self._name


def test_images_of_ours_beside_an_own_evaluators_are_two_openings(
    tmp_path: Path, images: ImageClassification
) -> None:
    own_recipe, ours = Named("aa").recipe, TINY
    assert own_recipe is not None
    jobs = [Job(("sin(x)",), recipe, 3, test=True) for recipe in (own_recipe, ours)]
    plan = Plan(
        finalists={"sin(x)": "sin(x)"},
        baselines={},
        recipes=((own_recipe, 1), (ours, 1)),
        seed=3,
    )
    opened = ByRecipe(Named("aa"), images)
    record_openings(plan, jobs, opened, ConfirmationLog(tmp_path), ShownFunctions(tmp_path))
    shown = ShownFunctions(tmp_path).read()
    assert {s.dataset for s in shown} == {"fashion-mnist"}
    assert [s.test_set for s in shown] == ["aa", ""]
    with pytest.raises(EvaluatorError, match="must return a text, but gave a int"):
        record_openings(
            plan, jobs, Named(3), ConfirmationLog(tmp_path / "x"), ShownFunctions(tmp_path)
        )


def test_more_seeds_under_one_recipe_of_two_open_the_test_set_again(
    tmp_path: Path, images: ImageClassification
) -> None:
    wide = replace(TINY, name="wide", widths=(7,))
    plan = Plan(
        finalists={"sin(x)": "sin(x)"}, baselines={}, recipes=((TINY, 3), (wide, 1)), seed=3
    )
    for counts, openings in ((((TINY, 3), (wide, 1)), 1), (((TINY, 3), (wide, 2)), 2)):
        wanted = replace(plan, recipes=counts)
        for _ in range(2):  # the second time, what a kill kept from its end
            log, shown = ConfirmationLog(tmp_path), ShownFunctions(tmp_path)
            record_openings(wanted, missing_jobs(wanted, log), images, log, shown)
            assert len(shown.read()) == openings
