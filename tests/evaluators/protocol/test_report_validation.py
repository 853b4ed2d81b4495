"""Reports of an evaluator are believed only where they keep the rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest

from actsearch.evaluators import (
    CandidateReport,
    Evaluator,
    EvaluatorError,
    Job,
    Recipe,
    RungReport,
)
from actsearch.evaluators.protocol.report_validation import checked_reports

RECIPE = Recipe(name="two", rungs=(1, 2))
JOB = Job(("tanh(x)", "x * sigmoid(beta * x)"), RECIPE, 0)
LEARNED = {"beta": (1.1,)}
FIRST = RungReport(
    epoch=1,
    candidates=(
        CandidateReport(
            index=0,
            state="pruned",
            val_accuracy=0.5,
            val_loss=1.2,
            train_losses=(1.3,),
            learned={},
        ),
        CandidateReport(
            index=1,
            state="live",
            val_accuracy=0.6,
            val_loss=1.1,
            train_losses=(1.3,),
            learned=LEARNED,
        ),
    ),
    seconds=0.1,
)
LAST = RungReport(
    epoch=2,
    candidates=(
        CandidateReport(
            index=1,
            state="complete",
            val_accuracy=0.7,
            val_loss=1.0,
            train_losses=(1.3, 1.2),
            learned=LEARNED,
        ),
    ),
    seconds=0.1,
)


@dataclass(frozen=True)
class Says(Evaluator):
    """Reports what it is told to."""

    reports: Sequence[Any]
    name: str = "mine"

    def on(self, device: str) -> Says:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        return iter(self.reports)


def heard(*reports: Any, job: Job = JOB) -> list[RungReport]:
    return list(checked_reports(Says(reports), job))


def first(**changes: Any) -> RungReport:
    """The first report with something else said of its first candidate."""
    return replace(
        FIRST, candidates=(replace(FIRST.candidates[0], **changes), FIRST.candidates[1])
    )


def test_reports_that_keep_the_rules_come_through_unchanged() -> None:
    assert heard(FIRST, LAST) == [FIRST, LAST]


def test_what_follows_the_last_report_is_not_asked_for() -> None:
    def reports() -> Iterator[RungReport]:
        yield from (FIRST, LAST)
        raise AssertionError("asked for more")

    assert len(list(checked_reports(Says(cast(Any, reports())), JOB))) == 2


@pytest.mark.parametrize(
    ("report", "rule"),
    [
        (0.93, "it must be a RungReport, but is 0.93"),
        (
            replace(FIRST, candidates=cast(Any, "ab")),
            "candidates must be a tuple of CandidateReport",
        ),
        (replace(FIRST, epoch=3), "epoch must be 1, the next rung, but is 3"),
        (replace(FIRST, seconds=-1.0), "seconds must be a number, at least 0, but is -1.0"),
        (
            replace(FIRST, candidates=FIRST.candidates[:1]),
            "it must have the 2 live candidates 0, 1 in that order, but has 1: 0",
        ),
        (
            replace(FIRST, candidates=(*FIRST.candidates, replace(FIRST.candidates[0], index=2))),
            "but has 3: 0, 1, 2",
        ),
        (first(state="done"), "tanh(x): state must be one of live, complete, pruned, infeasible"),
        (first(state="complete"), "live or pruned or infeasible before the last rung"),
        (first(state="infeasible"), "an infeasible candidate must say its reason, but says None"),
        (first(val_accuracy="0.9"), "tanh(x): val_accuracy must be a number, but is '0.9'"),
        (first(val_accuracy=87.3), "val_accuracy must be a fraction from 0 to 1, but is 87.3"),
        (first(val_accuracy=True), "val_accuracy must be a number, but is True"),
        (first(val_accuracy=None), "val_accuracy must be a number, but is None"),
        (first(val_loss="low"), "val_loss must be a number or None, but is 'low'"),
        (first(train_losses=1.3), "train_losses must be numbers, but is 1.3"),
        (first(learned=[1.0]), "learned must map names to values, but is [1.0]"),
        (first(learned={"a": (1.0,)}), "for the parameters none, but has 'a': (1.0,)"),
        (first(test_accuracy=0.5), "test_accuracy must be None where the job does not ask"),
        (first(test_correct=b"\0\1"), "must have the share test_accuracy, None, of samples right"),
    ],
)
def test_each_broken_rule_is_named_with_the_evaluator_the_candidate_and_the_value(
    report: Any, rule: str
) -> None:
    with pytest.raises(EvaluatorError) as caught:
        heard(report)
    assert str(caught.value).startswith("evaluator mine, report of epoch 1: ")
    assert rule in str(caught.value)


def test_all_that_is_wrong_with_a_report_is_said_at_once() -> None:
    with pytest.raises(
        EvaluatorError, match=r"epoch must be 1.*; tanh\(x\): val_accuracy .*; .*loss"
    ):
        heard(replace(first(val_accuracy=2.0, val_loss="low"), epoch=9))


def test_reports_that_end_too_soon_are_an_error() -> None:
    with pytest.raises(EvaluatorError, match="mine ended with 1 candidates still live before epo"):
        heard(FIRST)
    with pytest.raises(EvaluatorError, match="ended with 2 candidates still live before epoch 1"):
        heard()


def test_a_candidate_cannot_stay_live_after_the_last_rung() -> None:
    with pytest.raises(EvaluatorError, match="complete or infeasible at the last rung, but is li"):
        heard(FIRST, replace(LAST, candidates=(replace(LAST.candidates[0], state="live"),)))


def test_a_candidate_that_was_cut_cannot_come_back() -> None:
    with pytest.raises(
        EvaluatorError, match="the 1 live candidates 1 in that order, but has 2: 0, 1"
    ):
        heard(FIRST, replace(FIRST, epoch=2))


def test_a_loss_that_is_not_known_leaves_the_candidate_its_score() -> None:
    (report, _) = heard(
        replace(FIRST, candidates=tuple(replace(c, val_loss=None) for c in FIRST.candidates)), LAST
    )
    assert [candidate.state for candidate in report.candidates] == ["pruned", "live"]
    assert all(math.isnan(candidate.val_loss or 0.0) for candidate in report.candidates)


@pytest.mark.parametrize("field", ["val_accuracy", "val_loss"])
def test_a_score_that_is_not_finite_is_infeasible_and_no_score(field: str) -> None:
    (report, _) = heard(first(**{field: math.nan}), LAST)
    assert report.candidates[0].state == "infeasible"
    assert report.candidates[0].reason == f"the evaluator's {field} is nan"


def test_numbers_of_numpy_become_pythons_own() -> None:
    report = heard(first(val_accuracy=np.float32(0.5), train_losses=[np.float64(1.5)]), LAST)[0]
    assert type(report.candidates[0].val_accuracy) is float
    assert [type(loss) for loss in report.candidates[0].train_losses] == [float]


def test_hits_beside_a_test_accuracy_of_nan_go_with_it() -> None:
    job = replace(JOB, expressions=JOB.expressions[1:], halving=False, test=True)
    end = replace(LAST.candidates[0], index=0, test_accuracy=math.nan, test_correct=b"\1\0")
    (report,) = heard(replace(LAST, candidates=(end,)), job=job)
    assert (report.candidates[0].state, report.candidates[0].test_correct) == ("infeasible", None)


def test_test_hits_are_counts_of_repeats_and_have_the_accuracy() -> None:
    job = replace(JOB, expressions=JOB.expressions[1:], halving=False, test=True)
    job = replace(job, recipe=replace(RECIPE, seeds_per_score=2))
    end = replace(
        LAST.candidates[0], index=0, test_accuracy=0.625, test_correct=bytes([2, 1, 2, 0])
    )
    last = replace(LAST, candidates=(end,))
    assert heard(last, job=job) == [last]
    for hits in (bytes([3, 1, 1, 0]), b"", [2, 1, 2, 0], "yes"):
        with pytest.raises(
            EvaluatorError, match="test_correct must be a byte from 0 to 2 for each"
        ):
            heard(replace(last, candidates=(replace(end, test_correct=cast(Any, hits)),)), job=job)


def test_a_test_accuracy_is_due_where_the_job_asks_for_it() -> None:
    job = replace(JOB, expressions=JOB.expressions[1:], halving=False, test=True)
    last = replace(LAST, candidates=(replace(LAST.candidates[0], index=0, test_accuracy=0.65),))
    assert heard(last, job=job) == [last]
    with pytest.raises(EvaluatorError, match="test_accuracy must be a number, but is None"):
        heard(replace(LAST, candidates=(replace(LAST.candidates[0], index=0),)), job=job)
    wrong = replace(last.candidates[0], test_correct=bytes([1, 1, 1, 0]))
    with pytest.raises(EvaluatorError, match=r"the share test_accuracy, 0\.65, of samples"):
        heard(replace(last, candidates=(wrong,)), job=job)
    lucky = replace(last.candidates[0], test_accuracy=65.0)
    with pytest.raises(EvaluatorError, match="test_accuracy must be a fraction"):
        heard(replace(last, candidates=(lucky,)), job=job)
