"""A confirmation trains what is missing, opens the test set once, and loses nothing to a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.evaluators import Evaluator, ImageClassification
from actsearch.search.confirmation.comparison import table
from actsearch.search.confirmation.retrain import (
    Confirmer,
    Plan,
    missing_jobs,
    with_test_set,
)
from actsearch.search.errors import SearchFailed
from actsearch.search.executors.in_process import InProcess
from actsearch.search.storage.confirmation_log import ConfirmationLog
from contracts.faults import RaisesAtOnce
from contracts.tiny import TINY, TINY_CONV

BASELINES = {"ReLU": "relu(x)", "Tanh": "tanh(x)"}
FINALISTS = {"sin(x)": "sin(x)", "cos(x)": "cos(x)", "erf(x)": "erf(x)"}
SEEDS = 4


def plan(finalists: Mapping[str, str] = FINALISTS, seeds: int = SEEDS, second: int = 0) -> Plan:
    recipes = ((TINY, seeds), (TINY_CONV, second))
    return Plan(finalists=finalists, baselines=BASELINES, recipes=recipes, seed=7)


def opened(images: ImageClassification) -> Evaluator:
    """With FashionMNIST's test images."""
    found = with_test_set(images, ["fashion-mnist"])
    assert found is not None
    return found


def test_the_first_seeds_of_a_larger_confirmation_are_those_of_a_smaller_one() -> None:
    assert plan().seeds(9)[:4] == plan().seeds(4)
    assert plan().seeds(9) != [plan().seed] * 9


def test_it_trains_what_is_missing_opens_the_test_set_once_and_says_so(
    images: ImageClassification, tmp_path: Path
) -> None:
    whole = opened(images)
    wanted = plan({"sin(x)": "sin(x)"}, seeds=2, second=1)
    ledger = ConfirmationLog(tmp_path)
    first = Confirmer(wanted, ledger, lambda done, total: None)
    assert first.missing == 3 * 2 + 3 * 1
    first.run(InProcess(), whole)
    found = table(wanted, ConfirmationLog(tmp_path))
    assert found is not None
    assert found.openings == 1
    assert all(
        t.test_correct is not None and sum(t.test_correct) / 10_000 == t.test_accuracy
        for t in ConfirmationLog(tmp_path).trainings.values()
    )
    compared = [row.comparison for row in found.rows if row.network == "mlp" and row.comparison]
    assert [c.images_error is not None for c in compared] == [True, True]
    assert {(row.name, row.network, len(row.test_accuracies)) for row in found.rows} == {
        (name, network, n)
        for name in ("sin(x)", "ReLU", "Tanh")
        for network, n in (("mlp", 2), ("conv", 1))
    }
    again = Confirmer(wanted, ConfirmationLog(tmp_path), lambda done, total: None)
    assert again.missing == 0
    more = Confirmer(
        plan({"sin(x)": "sin(x)"}, seeds=3, second=1),
        ConfirmationLog(tmp_path),
        lambda done, total: None,
    )
    assert more.missing == 3, "the other seeds are on record"
    more.run(InProcess(), whole)
    found = table(plan({"sin(x)": "sin(x)"}, seeds=3, second=1), ConfirmationLog(tmp_path))
    assert found is not None
    assert found.openings == 2


def test_a_crash_says_that_the_rest_can_be_trained_later(
    images: ImageClassification, tmp_path: Path
) -> None:
    wanted = plan({"sin(x)": "sin(x)"}, seeds=2)
    evaluator = RaisesAtOnce(opened(images))
    confirmer = Confirmer(wanted, ConfirmationLog(tmp_path), lambda done, total: None)
    with pytest.raises(SearchFailed, match="no luck at all; what was trained is recorded"):
        confirmer.run(InProcess(), evaluator)
    assert table(wanted, ConfirmationLog(tmp_path)) is None


def test_a_recipe_of_step_sizes_and_repeats_is_confirmed_with_one_entry_a_seed(
    images: ImageClassification, tmp_path: Path
) -> None:
    grid = replace(TINY, lr_multipliers=(0.5, 1.0), seeds_per_score=2, limit=200, validation=50)
    wanted = Plan(
        finalists={"sin(x)": "sin(x)"}, baselines=BASELINES, recipes=((grid, 2),), seed=7
    )
    confirmer = Confirmer(wanted, ConfirmationLog(tmp_path), lambda done, total: None)
    confirmer.run(InProcess(), opened(images))
    ledger = ConfirmationLog(tmp_path)
    found = table(wanted, ledger)
    assert found is not None
    assert {(row.name, len(row.test_accuracies)) for row in found.rows} == {
        ("sin(x)", 2), ("ReLU", 2), ("Tanh", 2),
    }  # fmt: skip
    # Of 50 validation images and two repeats, so in hundredths.
    doubled = [(t.val_accuracy or 0) * 100 for t in ledger.trainings.values()]
    assert doubled == pytest.approx([round(d) for d in doubled])


@pytest.mark.parametrize("network", ["mlp", "conv", "resnet20", "vit", "my_own_net"])
def test_a_job_has_few_slices_whatever_the_network(network: str, tmp_path: Path) -> None:
    widths = {"mlp": (8,), "conv": (4, 4), "resnet20": (4, 4, 4), "vit": (16,)}
    own = "" if network in widths else "my_package:MyEvaluator"
    recipe = replace(TINY, network=network, evaluator=own, widths=widths.get(network, (8,)))
    recipe = replace(recipe, seeds_per_score=3)
    wanted = Plan(finalists=FINALISTS, baselines=BASELINES, recipes=((recipe, 2),), seed=7)
    jobs = missing_jobs(wanted, ConfirmationLog(tmp_path))
    assert sum(len(job.expressions) for job in jobs) == 5 * 2
    assert all(len(job.expressions) == 1 for job in jobs)
