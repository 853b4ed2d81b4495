"""A plan trains next what is missing: block by block, and in order."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import ScoreTable, TableError, read_table

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TEXTS = [f"x * {number}" for number in range(1, 31)]


@pytest.fixture
def make_table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("make_table")


@pytest.fixture
def plans(make_table: Any) -> Any:
    return importlib.import_module("table_plans")


def trained(make_table: Any, plan: Any, table: ScoreTable) -> list[tuple[str, int]]:
    """Train as a plan wants until nothing is left: what, and under which seed, in order."""
    order = []
    while work := list(make_table.wanted(plan, table, TEXTS)):
        for seed, texts in work:
            order += [(text, seed) for text in texts]
            curves = {text: (TEXTS.index(text), 100 * TEXTS.index(text)) for text in texts}
            table = make_table.with_curves(table, seed, curves)
    return order


def empty(make_table: Any, plan: Any, tmp_path: Path) -> ScoreTable:
    table: ScoreTable = make_table.begun(tmp_path / "none.jsonl", "test", plan, len(TEXTS))
    return table


def test_each_block_gets_its_seeds_before_the_next_and_the_best_get_more(
    make_table: Any, plans: Any, tmp_path: Path
) -> None:
    plan = dataclasses.replace(plans.TABLES["core-1"], block=10, hundred=range(5, 6))
    order = trained(make_table, plan, empty(make_table, plan, tmp_path))
    assert order[:20] == [(text, seed) for seed in (0, 1) for text in TEXTS[:10]]
    assert {text for text, seed in order[20:26]} == {*TEXTS[8:10]}, "a fifth of the block"
    assert len(order) == len({*order}), "nothing twice"
    assert {text for text, seed in order if seed == 2} >= {*TEXTS[24:]}, "a fifth of all"


@pytest.mark.parametrize(("name", "seeds"), [("uncut", 2), ("conv", 3), ("elsewhere", 5)])
def test_other_plans_give_all_candidates_the_same_seeds(
    make_table: Any, plans: Any, tmp_path: Path, name: str, seeds: int
) -> None:
    plan = plans.TABLES[name]
    order = trained(make_table, plan, empty(make_table, plan, tmp_path))
    assert sorted(order) == sorted((text, seed) for text in TEXTS for seed in range(seeds))


def test_a_table_of_another_recipe_is_not_gone_on_with(
    make_table: Any, plans: Any, tmp_path: Path
) -> None:
    plan, path = plans.TABLES["uncut"], tmp_path / "uncut.jsonl"
    table = empty(make_table, plan, tmp_path)
    make_table.with_curves(table, 0, {TEXTS[0]: (1, 2, 3)}).save(path)
    assert make_table.begun(path, "test", plan, len(TEXTS)).rows
    other = dataclasses.replace(plan, recipe=dataclasses.replace(plan.recipe, batch_size=64))
    with pytest.raises(TableError, match="move the file away"):
        make_table.begun(path, "test", other, len(TEXTS))


def test_an_example_trains_under_its_own_recipe(plans: Any) -> None:
    plan = plans.TABLES["own-vit"].settled()
    assert plan.recipe.name == "vit-small"
    assert plan.evaluator().recipe == plan.recipe


def test_jobs_are_as_equal_as_can_be(make_table: Any, plans: Any, tmp_path: Path) -> None:
    plan = plans.TABLES["uncut"]
    work = make_table.wanted(plan, empty(make_table, plan, tmp_path), TEXTS)
    assert [(seed, len(texts)) for seed, texts in work] == [(0, 10), (0, 10), (1, 10), (1, 10)]


@pytest.mark.slow  # half a minute: all of core-1 is told apart
def test_the_stratified_candidates_are_spread_over_the_scores_at_any_time(plans: Any) -> None:
    texts = plans.stratified()
    assert len(texts) == len({*texts}) == 400
    table = read_table(plans.POOL / "core-1.jsonl")
    ranked = plans.best(table, plans.whole_core_1()[: plans.RANKED], plans.FIRST, plans.RANKED)
    ranks = [ranked.index(text) * plans.STRATA // plans.RANKED for text in texts]
    for start in range(0, 400, plans.STRATA):
        assert sorted(ranks[start : start + plans.STRATA]) == list(range(plans.STRATA))
