"""The table of a confirmation: what is chosen on validation, what the test set then says."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.evaluators import Evaluator, ImageClassification
from actsearch.evaluators.statistics import compare, holm
from actsearch.search.confirm import (
    Confirmation,
    Confirmer,
    Plan,
    missing_jobs,
    table,
    with_test_set,
)
from actsearch.search.errors import SearchFailed
from actsearch.search.executors import InProcess
from actsearch.search.ledger import Ledger, Training
from contracts.faults import RaisesAtOnce
from contracts.tiny import TINY, TINY_CONV

BASELINES = {"ReLU": "relu(x)", "Tanh": "tanh(x)"}
FINALISTS = {"sin(x)": "sin(x)", "cos(x)": "cos(x)", "erf(x)": "erf(x)"}
SEEDS = 4
Scores = Mapping[str, tuple[Sequence[float | None], Sequence[float | None]]]

# Validation prefers Tanh and sin; the test set would have preferred ReLU and erf.
SCORES: Scores = {
    "relu(x)": ((0.80, 0.81, 0.79, 0.80), (0.85, 0.86, 0.84, 0.85)),
    "tanh(x)": ((0.82, 0.83, 0.81, 0.82), (0.80, 0.81, 0.79, 0.80)),
    "sin(x)": ((0.90, 0.91, 0.89, 0.90), (0.82, 0.8301, 0.81, 0.8199)),
    "cos(x)": ((0.70, 0.71, 0.69, 0.70), (0.60, 0.61, 0.59, 0.5999)),
    "erf(x)": ((0.85, 0.86, 0.84, 0.85), (0.81, 0.79, 0.80, 0.82)),
}


def plan(finalists: Mapping[str, str] = FINALISTS, seeds: int = SEEDS, second: int = 0) -> Plan:
    recipes = ((TINY, seeds), (TINY_CONV, second))
    return Plan(finalists=finalists, baselines=BASELINES, recipes=recipes, seed=7)


def written(folder: Path, scores: Scores, finalists: Mapping[str, str] = FINALISTS) -> Ledger:
    """A ledger with these accuracies by seed; None: it diverged there."""
    ledger = Ledger(folder)
    seeds = plan(finalists).seeds(SEEDS)
    for expression, (val, test) in scores.items():
        for seed, v, t in zip(seeds, val, test, strict=True):
            reason = "nan" if v is None else None
            ledger.add([Training(TINY.digest, "mlp", seed, expression, v, t, {}, reason)])
    return ledger


def read(folder: Path, scores: Scores) -> Confirmation:
    finalists = {name: text for name, text in FINALISTS.items() if text in scores}
    found = table(plan(finalists), written(folder, scores, finalists))
    assert found is not None
    return found


def opened(images: ImageClassification) -> Evaluator:
    """With FashionMNIST's test images."""
    found = with_test_set(images, ["fashion-mnist"])
    assert found is not None
    return found


def test_the_best_baseline_is_chosen_on_validation(tmp_path: Path) -> None:
    found = read(tmp_path, SCORES)
    assert found.baseline == "Tanh"
    assert found.row("Tanh").comparison is None


def test_the_best_finalist_is_chosen_on_validation_and_comes_first(tmp_path: Path) -> None:
    found = read(tmp_path, SCORES)
    assert found.best == "sin(x)"
    assert [row.name for row in found.rows] == ["sin(x)", "erf(x)", "cos(x)", "Tanh", "ReLU"]


def test_the_search_s_own_data_set_decides_whatever_another_one_says(tmp_path: Path) -> None:
    other = replace(TINY, dataset="kmnist")
    ledger = written(tmp_path, SCORES)
    seeds = plan().seeds(SEEDS)
    for rank, text in enumerate(SCORES):  # the other way round, and all better than before
        for n, seed in enumerate(seeds):
            told = 0.99 - rank / 100 - n / 1000
            ledger.add([Training(other.digest, "mlp", seed, text, told, told)])
    both = replace(plan(), recipes=((TINY, SEEDS), (other, SEEDS)))
    found = table(both, ledger)
    alone = table(plan(), ledger)
    assert found is not None
    assert alone is not None
    assert (found.best, found.baseline) == (alone.best, alone.baseline) == ("sin(x)", "Tanh")
    assert found.rows[: len(alone.rows)] == alone.rows
    elsewhere = found.rows[len(alone.rows) :]
    assert {row.where for row in elsewhere} == {"mlp on kmnist"}
    assert next(r.name for r in elsewhere if r.role == "baseline") == "ReLU"
    assert {found.label(row) for row in found.rows} == {"mlp", "mlp on kmnist"}


def test_differences_are_paired_by_seed(tmp_path: Path) -> None:
    row = read(tmp_path, SCORES).row("sin(x)")
    expected = compare(
        [t for t in SCORES["sin(x)"][1] if t is not None],
        [t for t in SCORES["tanh(x)"][1] if t is not None],
    )
    assert row.comparison == expected
    assert row.test_mean == pytest.approx(statistics.fmean(row.test))
    assert row.test_sd == pytest.approx(statistics.stdev(row.test))


def test_p_values_are_corrected_for_the_number_of_finalists(tmp_path: Path) -> None:
    found = read(tmp_path, SCORES)
    finalists = [row for row in found.rows if row.role == "finalist"]
    raw = [row.comparison.p_value for row in finalists if row.comparison]
    assert [row.p_adjusted for row in finalists] == pytest.approx(holm(raw))
    assert all(row.p_adjusted is None for row in found.rows if row.role == "baseline")


def test_verdicts_are_winner_tie_and_worse(tmp_path: Path) -> None:
    found = read(tmp_path, SCORES)
    told = {row.name: row.verdict for row in found.rows}
    assert told == {
        "sin(x)": "winner", "erf(x)": "tie", "cos(x)": "worse", "Tanh": None, "ReLU": None,
    }  # fmt: skip


def test_a_finalist_that_diverged_on_a_seed_is_worse_and_never_the_best(tmp_path: Path) -> None:
    val, test = SCORES["sin(x)"]
    scores = {**SCORES, "sin(x)": ((None, *val[1:]), (None, *test[1:]))}
    found = read(tmp_path, scores)
    row = found.row("sin(x)")
    assert (row.verdict, row.diverged, len(row.seeds)) == ("worse", 1, SEEDS - 1)
    assert found.best == "erf(x)"


def test_finalists_that_all_diverged_leave_no_best(tmp_path: Path) -> None:
    nothing = (None,) * SEEDS
    scores = {**{t: SCORES[t] for t in BASELINES.values()}, "sin(x)": (nothing, nothing)}
    found = read(tmp_path, scores)
    assert found.best is None
    row = found.row("sin(x)")
    assert (row.verdict, row.comparison, row.val_mean) == ("worse", None, 0.0)


def test_a_table_with_a_training_missing_is_no_table(tmp_path: Path) -> None:
    assert table(plan(), written(tmp_path, {"relu(x)": SCORES["relu(x)"]})) is None


def test_the_first_seeds_of_a_larger_confirmation_are_those_of_a_smaller_one() -> None:
    assert plan().seeds(9)[:4] == plan().seeds(4)
    assert plan().seeds(9) != [plan().seed] * 9


def test_it_trains_what_is_missing_opens_the_test_set_once_and_says_so(
    images: ImageClassification, tmp_path: Path
) -> None:
    whole = opened(images)
    wanted = plan({"sin(x)": "sin(x)"}, seeds=2, second=1)
    ledger = Ledger(tmp_path)
    first = Confirmer(wanted, ledger, lambda done, total: None)
    assert first.missing == 3 * 2 + 3 * 1
    first.run(InProcess(), whole)
    found = table(wanted, Ledger(tmp_path))
    assert found is not None
    assert found.openings == 1
    assert {(row.name, row.network, len(row.test)) for row in found.rows} == {
        (name, network, n)
        for name in ("sin(x)", "ReLU", "Tanh")
        for network, n in (("mlp", 2), ("conv", 1))
    }
    again = Confirmer(wanted, Ledger(tmp_path), lambda done, total: None)
    assert again.missing == 0
    more = Confirmer(
        plan({"sin(x)": "sin(x)"}, seeds=3, second=1), Ledger(tmp_path), lambda done, total: None
    )
    assert more.missing == 3, "the other seeds are on record"
    more.run(InProcess(), whole)
    found = table(plan({"sin(x)": "sin(x)"}, seeds=3, second=1), Ledger(tmp_path))
    assert found is not None
    assert found.openings == 2


def test_a_crash_says_that_the_rest_can_be_trained_later(
    images: ImageClassification, tmp_path: Path
) -> None:
    wanted = plan({"sin(x)": "sin(x)"}, seeds=2)
    evaluator = RaisesAtOnce(opened(images))
    confirmer = Confirmer(wanted, Ledger(tmp_path), lambda done, total: None)
    with pytest.raises(SearchFailed, match="no luck at all; what was trained is recorded"):
        confirmer.run(InProcess(), evaluator)
    assert table(wanted, Ledger(tmp_path)) is None


def test_a_recipe_of_step_sizes_and_repeats_is_confirmed_with_one_entry_a_seed(
    images: ImageClassification, tmp_path: Path
) -> None:
    grid = replace(TINY, steps=(0.5, 1.0), repeats=2, limit=200, validation=50)
    wanted = Plan(
        finalists={"sin(x)": "sin(x)"}, baselines=BASELINES, recipes=((grid, 2),), seed=7
    )
    confirmer = Confirmer(wanted, Ledger(tmp_path), lambda done, total: None)
    confirmer.run(InProcess(), opened(images))
    ledger = Ledger(tmp_path)
    found = table(wanted, ledger)
    assert found is not None
    assert {(row.name, len(row.test)) for row in found.rows} == {
        ("sin(x)", 2), ("ReLU", 2), ("Tanh", 2),
    }  # fmt: skip
    # Of 50 validation images and two repeats, so in hundredths.
    doubled = [(t.val or 0) * 100 for t in ledger.trainings.values()]
    assert doubled == pytest.approx([round(d) for d in doubled])


@pytest.mark.parametrize("network", ["mlp", "conv", "resnet20", "vit", "my_own_net"])
def test_a_job_has_few_slices_whatever_the_network(network: str, tmp_path: Path) -> None:
    widths = {"mlp": (8,), "conv": (4, 4), "resnet20": (4, 4, 4), "vit": (16,)}
    own = "" if network in widths else "my_package:MyEvaluator"
    recipe = replace(TINY, network=network, evaluator=own, widths=widths.get(network, (8,)))
    recipe = replace(recipe, repeats=3)
    wanted = Plan(finalists=FINALISTS, baselines=BASELINES, recipes=((recipe, 2),), seed=7)
    jobs = missing_jobs(wanted, Ledger(tmp_path))
    assert sum(len(job.expressions) for job in jobs) == 5 * 2
    assert all(len(job.expressions) == 1 for job in jobs)
