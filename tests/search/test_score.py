"""Expressions scored over seeds: nothing is ranked by its luck, and no seed counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actsearch.evaluators import (
    CandidateReport,
    Evaluator,
    Job,
    RungReport,
    TabularEvaluator,
    table_from_name,
)
from actsearch.search import Home, InvalidSetting, RunSettings
from actsearch.search.evaluator_choice import NamedEvaluator, recipe_of
from actsearch.search.progress import Silent
from actsearch.search.score import score
from contracts.tiny import TINY


class SineFailsUnderOddSeeds(Evaluator):
    """Gives sin(x) 90 % or nothing, other functions 80 % with a remark."""

    recipe = TINY

    def on(self, device: str) -> SineFailsUnderOddSeeds:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        reports = []
        for index, text in enumerate(job.expressions):
            sine = text == "sin(x)"
            fails = sine and job.seed % 2 == 1
            reports.append(
                CandidateReport(
                    index=index,
                    state="infeasible" if fails else "complete",
                    val_accuracy=0.9 if sine else 0.8,
                    val_loss=1.0,
                    train_losses=(1.0,) * job.recipe.epochs,
                    learned={},
                    reason="the loss is nan" if fails else None if sine else "a remark",
                )
            )
        yield RungReport(epoch=job.recipe.epochs, candidates=tuple(reports), seconds=0.0)


def test_what_diverged_under_a_seed_stands_below_what_never_did(tmp_path: Path) -> None:
    evaluator = NamedEvaluator("mine:Mine", SineFailsUnderOddSeeds())
    texts = ["sin(x)", "cos(x)"]
    recipe = recipe_of(evaluator, None, None)
    rows = score(Home(tmp_path), texts, recipe, range(4), RunSettings(), Silent(), evaluator)
    assert [(row.expression, len(row.val_accuracies), len(row.reasons)) for row in rows] == [
        ("cos(x)", 4, 0), ("sin(x)", 2, 2),
    ]  # fmt: skip


def test_a_table_scores_under_no_more_seeds_than_it_shows(tmp_path: Path) -> None:
    table = table_from_name("elsewhere-table")
    text = max(table.rows, key=lambda text: table.accuracy(text, 0) or 0.0)
    evaluator = NamedEvaluator("elsewhere-table", TabularEvaluator(table))
    recipe = recipe_of(evaluator, None, None)

    def scored(seeds: range) -> tuple[float, ...]:
        (row,) = score(Home(tmp_path), [text], recipe, seeds, RunSettings(), Silent(), evaluator)
        return row.val_accuracies

    assert scored(range(2)) == (table.accuracy(text, 0), table.accuracy(text, 1))
    with pytest.raises(InvalidSetting, match="seeds must be at most 2: elsewhere-table has no"):
        scored(range(3))
