"""The table of a confirmation: what is chosen on validation, what the test set then says."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actsearch.evaluators.paired_statistics import compare, holm
from actsearch.search.confirmation.comparison import Confirmation, table
from actsearch.search.confirmation.retrain import Plan
from actsearch.search.storage.confirmation_log import ConfirmationLog, Retraining
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


def written(
    folder: Path, scores: Scores, finalists: Mapping[str, str] = FINALISTS
) -> ConfirmationLog:
    """A ledger with these accuracies by seed; None: it diverged there."""
    ledger = ConfirmationLog(folder)
    seeds = plan(finalists).seeds(SEEDS)
    for expression, (val, test) in scores.items():
        for seed, v, t in zip(seeds, val, test, strict=True):
            reason = "nan" if v is None else None
            ledger.add([Retraining(TINY.digest, "mlp", seed, expression, v, t, {}, reason)])
    return ledger


def read(folder: Path, scores: Scores) -> Confirmation:
    finalists = {name: text for name, text in FINALISTS.items() if text in scores}
    found = table(plan(finalists), written(folder, scores, finalists))
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
            ledger.add([Retraining(other.digest, "mlp", seed, text, told, told)])
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
    assert row.test_mean == pytest.approx(statistics.fmean(row.test_accuracies))
    assert row.test_sd == pytest.approx(statistics.stdev(row.test_accuracies))


def test_which_images_were_right_widens_the_interval_by_what_other_images_would_change(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    easier = rng.permutation([0.19] * 500 + [-0.19] * 500)  # for one function, on half the images
    for name in ("told", "not"):
        (tmp_path / name).mkdir()
    ledgers = {True: ConfirmationLog(tmp_path / "told"), False: ConfirmationLog(tmp_path / "not")}
    for text, sign in (("tanh(x)", 1), ("sin(x)", -1)):
        for seed in plan().seeds(SEEDS):
            hits = bytes((rng.random(1_000) < 0.8 + sign * easier).tolist())
            test = sum(hits) / 1_000
            for known, ledger in ledgers.items():
                told = hits if known else None
                ledger.add([Retraining(TINY.digest, "mlp", seed, text, 0.8, test, {}, None, told)])
    wanted = replace(plan({"sin(x)": "sin(x)"}), baselines={"Tanh": "tanh(x)"})
    found = {}
    for known, ledger in ledgers.items():
        confirmed = table(wanted, ledger)
        assert confirmed is not None
        found[known] = confirmed.row("sin(x)").comparison
    told_of, alone = found[True], found[False]
    assert told_of is not None
    assert alone is not None
    assert told_of.difference == alone.difference
    assert alone.images_error is None
    # An image is right 0.38 oftener or seldomer by its half: variance 0.38 squared, 1,000 images.
    assert told_of.images_error == pytest.approx(0.38 / math.sqrt(1_000), rel=0.25)
    assert told_of.interval is not None
    assert alone.interval is not None
    assert told_of.interval[0] < alone.interval[0]
    assert told_of.interval[1] > alone.interval[1]


def test_trainings_that_do_not_tell_their_hits_leave_it_to_those_that_do(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wanted = replace(plan({"sin(x)": "sin(x)"}), baselines={"Tanh": "tanh(x)"})
    seeds = plan().seeds(SEEDS)

    def images_error(folder: str, told: Sequence[int], repeats: int = 1) -> float | None:
        """With the hits of these seeds; of each repeat the same."""
        (tmp_path / folder).mkdir()
        ledger = ConfirmationLog(tmp_path / folder)
        recipe = replace(TINY, seeds_per_score=repeats)
        for text in ("tanh(x)", "sin(x)"):
            for k, seed in enumerate(seeds):
                right = drawn[text][k]
                hits = bytes((right * repeats).tolist()) if k in told else None
                test = float(right.mean())
                entry = Retraining(recipe.digest, "mlp", seed, text, 0.8, test, {}, None, hits)
                ledger.add([entry])
        found = table(replace(wanted, recipes=((recipe, SEEDS),)), ledger)
        assert found is not None
        comparison = found.row("sin(x)").comparison
        assert comparison is not None
        assert comparison.n == SEEDS
        return comparison.images_error

    chances = np.array([0.3] * 200 + [0.8] * 300), np.array([0.9] * 200 + [0.8] * 300)
    drawn = {
        text: (rng.random((SEEDS, 500)) < chance).astype(np.uint8)
        for text, chance in zip(("tanh(x)", "sin(x)"), chances, strict=True)
    }
    whole = images_error("all", range(SEEDS))
    assert whole is not None
    some = images_error("three", (0, 1, 3))
    assert some is not None
    assert some != whole
    assert some == pytest.approx(whole, rel=0.2)
    assert images_error("one", (2,)) is None
    assert images_error("repeated", range(SEEDS), repeats=2) == pytest.approx(whole)


def test_hits_on_other_numbers_of_images_are_compared_over_seeds(tmp_path: Path) -> None:
    ledger = ConfirmationLog(tmp_path)
    for count, seed in enumerate(plan().seeds(SEEDS), 4):
        for text, right in (("tanh(x)", 1), ("sin(x)", count % 3)):
            hits = bytes([1] * right + [0] * (count - right))
            entry = Retraining(TINY.digest, "mlp", seed, text, 0.8, right / count, {}, None, hits)
            ledger.add([entry])
    found = table(replace(plan({"sin(x)": "sin(x)"}), baselines={"Tanh": "tanh(x)"}), ledger)
    assert found is not None
    row = found.row("sin(x)")
    assert row.comparison is not None
    assert row.comparison.images_error is None


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
