"""Openings are counted by test set, whatever data, networks and folders share a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from torch import Tensor

from actsearch.evaluators import ModelEvaluator, load_test, subset
from actsearch.search import Confirmation
from actsearch.search.confirmation.comparison import read_confirmation
from actsearch.search.confirmation.plan import Plan
from actsearch.search.confirmation.retrain import retrain
from actsearch.search.executors.in_process import InProcess
from actsearch.search.progress import Silent
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.confirmation_log import ConfirmationLog
from actsearch.search.storage.shown_functions import NAME, ShownFunctions
from contracts import own

IMAGES, LABELS = own.tensors(subset(load_test(), 400))


def opening_on(part: slice, images: Tensor = IMAGES, **changes: object) -> ModelEvaluator:
    """The small network, with a part of the test images, under a recipe as `--evaluator` has."""
    evaluator = own.made(test=(images[part], LABELS[part]), **changes)
    recipe = replace(evaluator.recipe, rungs=(1,))
    evaluator.recipe = replace(recipe, evaluator=f"mine:made {recipe.evaluator}")
    return evaluator


def confirmed(home: Path, evaluator: ModelEvaluator, *functions: str) -> Confirmation:
    """Functions against one baseline, one seed each, in the ledger that expressions share."""
    plan = Plan(
        finalists={text: text for text in functions},
        baselines={"ReLU": "relu(x)"},
        recipes=((evaluator.recipe, 1),),
        seed=3,
    )
    folder = home / "confirmations"
    folder.mkdir(exist_ok=True)
    log = ConfirmationLog(folder)
    assert retrain(plan, log, ShownFunctions(home), InProcess(), evaluator, Silent(), Pace(1))
    confirmation = read_confirmation(plan, ConfirmationLog(folder))
    assert confirmation is not None
    return confirmation


def counted(confirmation: Confirmation) -> tuple[int, int]:
    return confirmation.openings, confirmation.family


def test_ones_own_test_sets_do_not_count_against_each_other(tmp_path: Path) -> None:
    first, second = opening_on(slice(200)), opening_on(slice(200, 400), network=own.wide)
    assert counted(confirmed(tmp_path, first, "sin(x)", "cos(x)")) == (1, 2)
    assert counted(confirmed(tmp_path, second, "sin(x)")) == (1, 1)
    assert counted(confirmed(tmp_path, second, "erf(x)")) == (2, 2)


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
    name = f"own data {digest(slice(200))}"
    for path in (tmp_path / NAME, tmp_path / "confirmations" / "confirmation.jsonl"):
        old = path.read_text().replace(f', "test_set": "{name}"', "").replace(name, "own data")
        path.write_text(old)
    evaluator = opening_on(part, network=own.wide)
    assert counted(confirmed(tmp_path, evaluator, "cos(x)")) == (2, 2)
    assert counted(confirmed(tmp_path, evaluator, "sin(x)")) == (3, 3), "it was shown before"


def digest(part: slice) -> str:
    opened = opening_on(part).opened()
    assert opened is not None
    return opened.test_set()


def test_a_log_of_before_they_were_told_apart_reads_as_it_did(tmp_path: Path) -> None:
    evaluator = opening_on(slice(200))
    before = confirmed(tmp_path, evaluator, "sin(x)")
    path = tmp_path / "confirmations" / "confirmation.jsonl"
    lines = path.read_text()
    assert f'"test_set": "own data {digest(slice(200))}"' in lines
    path.write_text(lines.replace(f', "test_set": "own data {digest(slice(200))}"', ""))
    assert confirmed(tmp_path, evaluator, "sin(x)") == before
