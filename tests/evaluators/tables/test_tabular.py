"""A table answers as the training did from which it was made."""

from __future__ import annotations

import dataclasses
import math

import pytest

from actsearch.evaluators import (
    ImageClassification,
    Job,
    NotInTable,
    ScoreTable,
    TabularEvaluator,
    check_evaluator,
)
from actsearch.evaluators.protocol.report_validation import checked_reports
from actsearch.evaluators.tables.tabular import naming_seeds, reading_seeds, seen_seed
from contracts.tiny import TINY

from .conftest import FUNCTIONS


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("cutoffs", [{}, {1: 0.5}])
def test_rung_by_rung_it_says_what_a_training_says(
    images: ImageClassification, table: ScoreTable, seed: int, cutoffs: dict[int, float]
) -> None:
    job = Job(FUNCTIONS, TINY, seed, cutoffs=cutoffs)
    looked_up, trained = list(TabularEvaluator(table).run(job)), list(images.run(job))
    assert [report.epoch for report in looked_up] == [report.epoch for report in trained]
    for ours, real in zip(looked_up, trained, strict=True):
        assert [c.index for c in ours.candidates] == [c.index for c in real.candidates]
        assert [c.state for c in ours.candidates] == [c.state for c in real.candidates]
        for mine, other in zip(ours.candidates, real.candidates, strict=True):
            if mine.state != "infeasible":
                assert mine.val_accuracy == pytest.approx(other.val_accuracy)


def test_a_candidate_written_in_another_way_has_its_score(table: ScoreTable) -> None:
    evaluator = TabularEvaluator(table)
    (report, *_) = evaluator.run(Job(("x * sigmoid(x)", "relu(x)"), TINY, 0))
    first = TINY.validation
    assert report.candidates[0].val_accuracy == table.rows["sigmoid(x) * x"][0][0] / first  # type: ignore[operator]
    assert report.candidates[1].val_accuracy == table.rows["max(x, 0)"][0][0] / first  # type: ignore[operator]


def test_a_candidate_that_is_not_there_is_told_with_the_space_that_is(table: ScoreTable) -> None:
    with pytest.raises(NotInTable, match=r"no score of cos\(x\).*--space core-1"):
        list(TabularEvaluator(table).run(Job(("cos(x)",), TINY, 0)))


def test_a_candidate_that_is_not_there_is_objected_to_before_it_would_train(
    table: ScoreTable,
) -> None:
    evaluator = TabularEvaluator(table)
    assert evaluator.objection("cos(x)") == (
        "table small has no score of it: it holds 8 candidates of core-1; search that space "
        "(--space core-1), or train with another --evaluator"
    )
    odd = TabularEvaluator(dataclasses.replace(table, space="core-1|tree-3"))
    assert "(--space 'core-1|tree-3')" in str(odd.objection("cos(x)"))
    assert evaluator.objection("x * sigmoid(x)") is None


def test_a_curve_that_ended_at_chance_stays_there(table: ScoreTable) -> None:
    stopped = dataclasses.replace(table, rows={"tanh(x)": {0: (10,)}, "abs(x)": {0: (10, 20, 30)}})
    job = Job(("tanh(x)", "abs(x)"), dataclasses.replace(TINY, eta=1), 0)
    *_, last = TabularEvaluator(stopped).run(job)
    assert [c.val_accuracy for c in last.candidates] == [0.1, 0.3]


def test_an_early_score_is_no_final_one(table: ScoreTable) -> None:
    """As of a table of searches, whose halving stopped a candidate."""
    stopped = dataclasses.replace(table, rows={"tanh(x)": {0: (60,)}, "abs(x)": {0: (10, 20, 30)}})
    job = Job(("tanh(x)", "abs(x)"), TINY, 0, halving=False)
    (report,) = TabularEvaluator(stopped).run(job)
    assert [c.state for c in report.candidates] == ["infeasible", "complete"]
    assert report.candidates[0].reason == "it was stopped after epoch 1 when the table was made"
    replayed = Job(job.expressions, dataclasses.replace(TINY, eta=1), 0)
    *_, last = TabularEvaluator(stopped).run(replayed)
    assert [c.val_accuracy for c in last.candidates] == [0.6, 0.3], "a strategy is still tried"


def test_what_a_table_does_not_hold_is_not_made_up(table: ScoreTable) -> None:
    job = Job(("sigmoid(beta * x) * x", "tanh(x)"), dataclasses.replace(TINY, eta=1), 0)
    for report in checked_reports(TabularEvaluator(table), job):
        for candidate in report.candidates:
            assert candidate.state in ("live", "complete")
            assert (candidate.learned, candidate.train_losses) == ({}, ())
            assert candidate.val_loss is not None
            assert math.isnan(candidate.val_loss)


def test_a_table_has_no_test_scores(table: ScoreTable) -> None:
    job = Job(("tanh(x)",), TINY, 0, halving=False, test=True)
    with pytest.raises(NotInTable, match="of the test set: `actsearch confirm FORMULA…` trains"):
        list(TabularEvaluator(table).run(job))
    assert TabularEvaluator(table).opened() is None


@pytest.mark.parametrize("count", [2, 5, 15])
@pytest.mark.parametrize("search", [0, 1, 8])
def test_what_is_seen_what_names_the_best_and_what_reads_are_three_sets(
    count: int, search: int
) -> None:
    seeds = range(count)
    seen = seen_seed(seeds, search)
    named, read = naming_seeds(seeds), reading_seeds(seeds, seen)
    assert seen in seeds
    assert read
    assert sorted({seen, *named, *read}) == list(seeds)
    assert len(named) + len(read) + 1 == count


def test_a_table_of_one_search_is_seen_whatever_its_seed(table: ScoreTable) -> None:
    single = dataclasses.replace(table, rows={"tanh(x)": {7: (10, 20, 30)}})
    (report, *_) = TabularEvaluator(single).run(Job(("tanh(x)",), TINY, 0))
    assert report.candidates[0].val_accuracy == 0.1


def test_a_table_whose_candidates_share_no_seed_is_told(table: ScoreTable) -> None:
    apart = dataclasses.replace(table, rows={"tanh(x)": {0: (1,)}, "abs(x)": {1: (1,)}})
    with pytest.raises(NotInTable, match="no seed that all"):
        list(TabularEvaluator(apart).run(Job(("tanh(x)",), TINY, 0)))


def test_it_keeps_the_contract_of_evaluators(table: ScoreTable) -> None:
    check_evaluator(TabularEvaluator(table), FUNCTIONS[:6], recipe=TINY, diverging=FUNCTIONS[6])
