"""Savings of halving, on a made-up table whose answer is known."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import RECIPES, ScoreTable

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
QUICK = RECIPES["quick"]
CANDIDATES = 90


@pytest.fixture
def halving(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("halving")


def table(early: bool) -> ScoreTable:
    """Scores that rise by candidate; the first epochs tell all of it, or only what is wrong."""
    ends = [5000 + 40 * number for number in range(CANDIDATES)]
    starts = ends if early else ends[::-1]
    rows = {
        f"x * {number}": {seed: (start, start, end) for seed in (0, 1)}
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
    }
    return ScoreTable(
        name="made-up",
        space="core-1",
        recipe=QUICK,
        rows=rows,
        candidates=CANDIDATES,
        fingerprints=2,
        machine="a test",
        versions={},
        command="pytest",
    )


def epochs(halving: Any, scores: ScoreTable, name: str, target: float) -> int | None:
    sides = [halving.Seen.of(scores, seed) for seed in (0, 1)]
    points, regret = halving.medians(sides, QUICK, halving.schedules(QUICK)[name], 60)
    reached: int | None = halving.reached(points, regret, target)
    return reached


def test_without_cuts_every_candidate_costs_all_epochs(halving: Any) -> None:
    sides = [halving.Seen.of(table(True), 0)]
    (bracket,) = halving.schedules(QUICK)["no cuts"]
    course = list(halving.regrets(sides[0], QUICK, [bracket], range(18)))
    assert [spent for spent, _ in course] == [81, 162]
    assert course[-1][1] == pytest.approx(100 * 0.0040 * (CANDIDATES - 18))


def test_a_bracket_that_is_halved_costs_what_its_rungs_do(halving: Any) -> None:
    seen = halving.Seen.of(table(True), 0)
    ((spent, _),) = halving.regrets(seen, QUICK, halving.schedules(QUICK)["halving"], range(9))
    assert spent == 9 * 1 + 3 * 2 + 1 * 6


def test_halving_saves_most_where_a_rung_tells_all_and_nothing_where_it_misleads(
    halving: Any,
) -> None:
    whole, halved = (epochs(halving, table(True), way, 2.0) for way in ("no cuts", "halving"))
    assert whole is not None
    assert halved is not None
    assert whole / halved > 2.5
    assert epochs(halving, table(False), "no cuts", 2.0) == whole
    assert epochs(halving, table(False), "halving", 2.0) is None


def test_hyperband_has_a_bracket_for_each_rung(halving: Any) -> None:
    brackets = halving.schedules(QUICK)["hyperband"]
    assert [(b.candidates, b.rung) for b in brackets] == [(9, 0), (5, 1), (3, 2)]
