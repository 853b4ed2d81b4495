"""The replayed searches of benchmarks/validity.py: the product's own functions, so that a fault in
them shows in the rates."""

from __future__ import annotations

import importlib
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actsearch.search.confirmation import comparison
from actsearch.search.confirmation.comparison import ComparisonRow

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[Any]]:
    """The module, and 40 synthetic trainings of one function."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    replay, trainings = (importlib.import_module(f"pool.{n}") for n in ("replay", "trainings"))
    rng = np.random.default_rng(0)
    made = [
        trainings.Trained(
            name="SiLU",
            seed=seed,
            val_accuracies={1: 0.85 + x[0], 3: 0.87 + x[1], 9: 0.9 + x[2]},
            test_accuracy=0.9 + x[3],
            # As copies do, all err on the same images.
            test_correct=bytes([1] * 180 + [0] * 20),
            recipe="",
            cpu_seconds=1.0,
            made_by="",
        )
        for seed, x in enumerate(rng.normal(0, 0.002, size=(40, 4)))
    ]
    return replay, made


def winners(pool: tuple[Any, list[Any]], planted: float, searches: int) -> Sequence[list[str]]:
    """Of each search, the finalists that are called a winner."""
    replay, made = pool
    rng, tag = np.random.default_rng(1), replay.tags(30)[0]
    names = []
    for _ in range(searches):
        world = replay.World([made], rng, planted={tag: planted})
        rows = replay.confirm(world, replay.plan(replay.search(world, 30)), 5).rows
        names.append([row.name for row in rows if row.verdict == "winner"])
    return names


def test_a_planted_leap_is_always_found_and_nothing_else(pool: tuple[Any, list[Any]]) -> None:
    assert winners(pool, 0.02, 10) == [[pool[0].tags(30)[0]]] * 10


def test_copies_are_no_winners_unless_a_fault_makes_them_so(
    pool: tuple[Any, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # About 1 % of searches have one; four of 40 would be seen by one generator in 1,000.
    assert sum(map(bool, winners(pool, 0.0, 40))) < 4
    monkeypatch.setattr(comparison, "holm", lambda p_values, family: list(p_values))
    monkeypatch.setattr(comparison, "_best_baseline", worst)
    assert sum(map(bool, winners(pool, 0.0, 40))) >= 4, "not corrected, held to the worst"


def worst(rows: Sequence[ComparisonRow]) -> ComparisonRow:
    held = (row for row in rows if row.role == "baseline")
    return min(held, key=lambda row: row.test_mean or 0.0)


def test_a_search_cuts_as_brackets_of_nine_do(pool: tuple[Any, list[Any]]) -> None:
    replay, made = pool
    trials = replay.search(replay.World([made], np.random.default_rng(2)), 60)
    reached = [max(trial.val_accuracies) for trial in trials]
    assert len(trials) == 60
    # The first three brackets see none before them (the lag). Their scores, 0.2 points apart, tie
    # within 0.7: six of nine go on, twice the best third, and of these four.
    assert [sum(r > 1 for r in reached[i : i + 9]) for i in (0, 9, 18)] == [6, 6, 6]
    assert [sum(r > 3 for r in reached[i : i + 9]) for i in (0, 9, 18)] == [4, 4, 4]
    # Later ones are held to the best third of all seen: of 33 random ones 11 are expected.
    assert 5 <= sum(r > 1 for r in reached[27:]) <= 18


def test_a_function_scores_the_same_whenever_it_is_asked_under_one_seed(
    pool: tuple[Any, list[Any]],
) -> None:
    replay, made = pool
    world = replay.World([made], np.random.default_rng(3))
    first = world.training("sin(2 * x)", 5)
    assert {world.training(f"sin({k} * x)", 5).seed for k in range(2, 30)} > {first.seed}
    assert world.training("sin(2 * x)", 5) is first


def test_functions_are_made_equally_good_and_err_where_they_did(
    pool: tuple[Any, list[Any]],
) -> None:
    replay, made = pool
    good = [replace(t, val_accuracies={9: 0.9, 1: 0.3}) for t in made]
    better = [
        replace(t, test_accuracy=t.test_accuracy + 0.05, val_accuracies={9: 0.8, 1: 0.1})
        for t in made[:7]
    ]
    first, second = replay.level([good, better])
    for function in (first, second):
        assert statistics.fmean(t.val_accuracies[9] for t in function) == pytest.approx(0.85)
        assert statistics.fmean(t.val_accuracies[1] for t in function) == pytest.approx(0.2)
    means = [statistics.fmean(t.test_accuracy for t in function) for function in (first, second)]
    assert means[0] == pytest.approx(means[1])
    assert [t.test_correct for t in first] == [t.test_correct for t in made]


def test_on_drawn_images_a_training_is_as_good_as_on_those_that_came(
    pool: tuple[Any, list[Any]],
) -> None:
    replay, made = pool
    drawn = np.random.default_rng(5).random((len(made), 200)) < 0.9
    exact = [
        replace(t, test_correct=bytes(right.tolist()), test_accuracy=float(right.mean()) + 0.01)
        for t, right in zip(made, drawn, strict=True)
    ]
    images = np.array([0] * 100 + [7] * 100)
    rng = np.random.default_rng(4)
    world = replay.World([exact], rng, planted={"sin(2 * x)": 0.02}, images=images)
    for name, gain in (("sin(2 * x)", 0.03), ("sin(3 * x)", 0.01)):
        training = world.training(name, 5)
        correct = exact[training.seed].test_correct
        assert training.test_accuracy == pytest.approx((correct[0] + correct[7]) / 2 + gain)
        assert training.test_correct == bytes([correct[0]] * 100 + [correct[7]] * 100)


def test_under_one_seed_scores_scatter_less_by_what_is_common_and_about_the_same_mean(
    pool: tuple[Any, list[Any]],
) -> None:
    replay, made = pool
    calmer = replay.under_one_seed(made, {1: 0.75, 3: 0.0, 9: 0.5})
    for epoch, share in ((1, 0.25), (3, 1.0), (9, 0.5)):
        before, after = ([t.val_accuracies[epoch] for t in side] for side in (made, calmer))
        assert statistics.fmean(after) == pytest.approx(statistics.fmean(before))
        assert statistics.variance(after) == pytest.approx(share * statistics.variance(before))
    assert [t.test_accuracy for t in calmer] == [t.test_accuracy for t in made]
