"""A confirmation's comparison: chosen on validation, then judged by the test set."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actsearch.evaluators import Recipe
from actsearch.evaluators.paired_statistics import compare, holm
from actsearch.search import (
    Confirmation,
)
from actsearch.search.confirmation.comparison import (
    ComparisonRow,
    read_confirmation,
)
from actsearch.search.confirmation.plan import Plan
from actsearch.search.storage.confirmation_log import ConfirmationLog, Opening, Retraining
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


def training(
    expression: str,
    seed: int,
    val: float | None,
    test: float | None,
    *,
    recipe: Recipe = TINY,
    correct: bytes | None = None,
) -> Retraining:
    """A training with these accuracies; None: it diverged."""
    return Retraining(
        recipe=recipe.digest,
        network=recipe.network,
        seed=seed,
        expression=expression,
        val_accuracy=val,
        test_accuracy=test,
        reason="nan" if val is None else None,
        test_correct=correct,
    )


def written(
    folder: Path, scores: Scores, finalists: Mapping[str, str] = FINALISTS
) -> ConfirmationLog:
    """A log with these accuracies by seed; None: it diverged there."""
    log = ConfirmationLog(folder)
    seeds = plan(finalists).seeds(SEEDS)
    for expression, (val, test) in scores.items():
        log.add([training(expression, *row) for row in zip(seeds, val, test, strict=True)])
    return log


def read(folder: Path, scores: Scores) -> Confirmation:
    finalists = {name: text for name, text in FINALISTS.items() if text in scores}
    return confirmation_of(plan(finalists), written(folder, scores, finalists))


def confirmation_of(plan: Plan, log: ConfirmationLog) -> Confirmation:
    confirmation = read_confirmation(plan, log)
    assert confirmation is not None
    return confirmation


def sine(plan: Plan, log: ConfirmationLog) -> ComparisonRow:
    """The row of sin(x)."""
    return confirmation_of(plan, log).row("sin(x)")


def test_the_best_baseline_is_chosen_on_validation(tmp_path: Path) -> None:
    confirmation = read(tmp_path, SCORES)
    assert confirmation.baseline == "Tanh"
    assert confirmation.row("Tanh").comparison is None


def test_the_best_finalist_is_chosen_on_validation_and_comes_first(tmp_path: Path) -> None:
    confirmation = read(tmp_path, SCORES)
    assert confirmation.best == "sin(x)"
    names = [row.name for row in confirmation.rows]
    assert names == ["sin(x)", "erf(x)", "cos(x)", "Tanh", "ReLU"]


def test_the_search_s_own_data_set_decides_whatever_another_one_says(tmp_path: Path) -> None:
    other = replace(TINY, dataset="kmnist")
    log = written(tmp_path, SCORES)
    for rank, text in enumerate(SCORES):  # the other way round, and all better than before
        for n, seed in enumerate(plan().seeds(SEEDS)):
            accuracy = 0.99 - rank / 100 - n / 1000
            log.add([training(text, seed, accuracy, accuracy, recipe=other)])
    both = confirmation_of(replace(plan(), recipes=((TINY, SEEDS), (other, SEEDS))), log)
    alone = confirmation_of(plan(), log)
    assert (both.best, both.baseline) == (alone.best, alone.baseline) == ("sin(x)", "Tanh")
    assert both.rows[: len(alone.rows)] == alone.rows
    elsewhere = both.rows[len(alone.rows) :]
    assert {row.where for row in elsewhere} == {"mlp on kmnist"}
    assert next(row.name for row in elsewhere if row.role == "baseline") == "ReLU"
    assert {both.label(row) for row in both.rows} == {"mlp", "mlp on kmnist"}


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
    for name in ("by image", "means"):
        (tmp_path / name).mkdir()
    by_image, means = ConfirmationLog(tmp_path / "by image"), ConfirmationLog(tmp_path / "means")
    for text, sign in (("tanh(x)", 1), ("sin(x)", -1)):
        for seed in plan().seeds(SEEDS):
            correct = bytes((rng.random(1_000) < 0.8 + sign * easier).tolist())
            test = sum(correct) / 1_000
            by_image.add([training(text, seed, 0.8, test, correct=correct)])
            means.add([training(text, seed, 0.8, test)])
    planned = replace(plan({"sin(x)": "sin(x)"}), baselines={"Tanh": "tanh(x)"})
    wide, narrow = sine(planned, by_image).comparison, sine(planned, means).comparison
    assert wide is not None
    assert narrow is not None
    assert wide.difference == narrow.difference
    assert narrow.images_error is None
    # An image is right 0.38 oftener or seldomer by its half: variance 0.38 squared, 1,000 images.
    assert wide.images_error == pytest.approx(0.38 / math.sqrt(1_000), rel=0.25)
    assert wide.interval is not None
    assert narrow.interval is not None
    assert wide.interval[0] < narrow.interval[0]
    assert wide.interval[1] > narrow.interval[1]


def test_trainings_without_a_record_by_image_leave_it_to_those_with_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    planned = replace(plan({"sin(x)": "sin(x)"}), baselines={"Tanh": "tanh(x)"})
    chances = np.array([0.3] * 200 + [0.8] * 300), np.array([0.9] * 200 + [0.8] * 300)
    drawn = {
        text: (rng.random((SEEDS, 500)) < chance).astype(np.uint8)
        for text, chance in zip(("tanh(x)", "sin(x)"), chances, strict=True)
    }

    def images_error(folder: str, recorded: Sequence[int], times: int = 1) -> float | None:
        """Where these seeds have a record; a score is the mean of so many equal trainings."""
        (tmp_path / folder).mkdir()
        log = ConfirmationLog(tmp_path / folder)
        recipe = replace(TINY, seeds_per_score=times)
        for text, right in drawn.items():
            for k, seed in enumerate(planned.seeds(SEEDS)):
                correct = bytes((right[k] * times).tolist()) if k in recorded else None
                test = float(right[k].mean())
                log.add([training(text, seed, 0.8, test, recipe=recipe, correct=correct)])
        comparison = sine(replace(planned, recipes=((recipe, SEEDS),)), log).comparison
        assert comparison is not None
        assert comparison.n == SEEDS
        return comparison.images_error

    of_all = images_error("all", range(SEEDS))
    assert of_all is not None
    of_three = images_error("three", (0, 1, 3))
    assert of_three is not None
    assert of_three != of_all
    assert of_three == pytest.approx(of_all, rel=0.2)
    assert images_error("one", (2,)) is None
    assert images_error("twice", range(SEEDS), times=2) == pytest.approx(of_all)


def test_other_numbers_of_images_are_compared_over_seeds(tmp_path: Path) -> None:
    log = ConfirmationLog(tmp_path)
    for count, seed in enumerate(plan().seeds(SEEDS), 4):
        for text, right in (("tanh(x)", 1), ("sin(x)", count % 3)):
            correct = bytes([1] * right + [0] * (count - right))
            log.add([training(text, seed, 0.8, right / count, correct=correct)])
    comparison = sine(
        replace(plan({"sin(x)": "sin(x)"}), baselines={"Tanh": "tanh(x)"}), log
    ).comparison
    assert comparison is not None
    assert comparison.images_error is None


def test_p_values_are_corrected_for_the_number_of_finalists(tmp_path: Path) -> None:
    rows = read(tmp_path, SCORES).rows
    finalists = [row for row in rows if row.role == "finalist"]
    raw = [row.comparison.p_value for row in finalists if row.comparison]
    assert [row.p_adjusted for row in finalists] == pytest.approx(holm(raw))
    assert all(row.p_adjusted is None for row in rows if row.role == "baseline")


def test_verdicts_are_winner_tie_and_worse(tmp_path: Path) -> None:
    verdicts = {row.name: row.verdict for row in read(tmp_path, SCORES).rows}
    assert verdicts == {
        "sin(x)": "winner", "erf(x)": "tie", "cos(x)": "worse", "Tanh": None, "ReLU": None,
    }  # fmt: skip


def test_a_finalist_that_diverged_on_a_seed_is_worse_and_never_the_best(tmp_path: Path) -> None:
    val, test = SCORES["sin(x)"]
    scores = {**SCORES, "sin(x)": ((None, *val[1:]), (None, *test[1:]))}
    confirmation = read(tmp_path, scores)
    row = confirmation.row("sin(x)")
    assert (row.verdict, row.diverged, len(row.seeds)) == ("worse", 1, SEEDS - 1)
    assert confirmation.best == "erf(x)"


def test_finalists_that_all_diverged_leave_no_best(tmp_path: Path) -> None:
    nothing = (None,) * SEEDS
    scores = {**{t: SCORES[t] for t in BASELINES.values()}, "sin(x)": (nothing, nothing)}
    confirmation = read(tmp_path, scores)
    assert confirmation.best is None
    row = confirmation.row("sin(x)")
    assert (row.verdict, row.comparison, row.val_mean) == ("worse", None, None)


def test_with_a_training_missing_there_is_no_confirmation(tmp_path: Path) -> None:
    log = written(tmp_path, {"relu(x)": SCORES["relu(x)"]})
    assert read_confirmation(plan(), log) is None


def test_without_a_finalist_there_is_no_confirmation(tmp_path: Path) -> None:
    log = written(tmp_path, {text: SCORES[text] for text in BASELINES.values()})
    assert read_confirmation(plan({}), log) is None


def opening(finalists: Sequence[str], openings: int = 0, functions: int = 0) -> Opening:
    return Opening(
        at="2026-11-28",
        finalists=tuple(finalists),
        seeds=(1,),
        openings_before=openings,
        shown_before=functions,
    )


def adjusted(folder: Path, *openings: Opening) -> tuple[list[float | None], Confirmation]:
    """Holm's p-values of the finalists in their order, under these openings."""
    log = written(folder, SCORES)
    log.add(openings)
    confirmation = read_confirmation(plan(), log)
    assert confirmation is not None
    return [confirmation.row(name).p_adjusted for name in FINALISTS], confirmation


def test_verdicts_are_corrected_over_every_function_that_the_test_set_was_shown(
    tmp_path: Path,
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "late").mkdir()
    first, alone = adjusted(tmp_path / "first", opening(tuple(FINALISTS)))
    late, confirmation = adjusted(tmp_path / "late", opening(tuple(FINALISTS), 12, 17))
    assert (alone.openings, alone.family) == (1, 3)
    assert (confirmation.openings, confirmation.family) == (13, 20)
    p_values = [
        c.p_value for name in FINALISTS if (c := confirmation.row(name).comparison) is not None
    ]
    assert first == pytest.approx(holm(p_values))
    assert late == pytest.approx(holm(p_values, 20))
    assert late != pytest.approx(first)


def test_looking_again_at_more_seeds_is_another_try(tmp_path: Path) -> None:
    again = (opening(tuple(FINALISTS)), opening(tuple(FINALISTS), 1, 3))
    _, confirmation = adjusted(tmp_path, *again)
    assert (confirmation.openings, confirmation.family) == (2, 6)


def test_of_an_older_log_every_look_counts_whoever_was_shown_with_it(tmp_path: Path) -> None:
    older = [
        Opening(at="2026-11-1", finalists=names, seeds=(1,), functions_before=others)
        for names, others in ((tuple(FINALISTS), 0), (("sin(x)", "exp(x)"), 2))
    ]
    _, confirmation = adjusted(tmp_path, *older)
    assert confirmation.family == 2 + 3 + 2


def test_a_log_of_before_openings_were_counted_is_read_as_it_was(tmp_path: Path) -> None:
    p_values, confirmation = adjusted(tmp_path)
    assert (confirmation.openings, confirmation.family) == (0, 3)
    comparisons = [confirmation.row(name).comparison for name in FINALISTS]
    assert p_values == pytest.approx(holm([c.p_value for c in comparisons if c is not None]))


def test_the_worst_seed_of_a_row_is_its_smallest_test_accuracy(tmp_path: Path) -> None:
    _, confirmation = adjusted(tmp_path)
    assert confirmation.row("sin(x)").test_worst == 0.81
