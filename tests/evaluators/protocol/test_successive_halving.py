"""First brackets let the best third go on, late ones what reaches a cut-off; all is reported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.evaluators import (
    FinalScore,
    Job,
    MemberProgress,
    Recipe,
    RungReport,
    run_bracket,
    survivors,
)
from actsearch.evaluators.protocol.noise import tie_margin
from actsearch.evaluators.protocol.successive_halving import cutoffs_of

Scores = Sequence[float | None]
scores = st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=40)
etas = st.integers(2, 5)
RECIPE = Recipe(rungs=(1, 3, 9))
DIVERGED = math.nan


class Scripted:
    """A training whose members score, at each epoch, what the table says; NaN is divergence."""

    def __init__(self, table: Mapping[int, Sequence[float]]) -> None:
        self.table, self.alive = table, list(range(len(next(iter(table.values())))))
        self.tested: list[list[int]] = []

    def advance(self, epoch: int) -> list[MemberProgress]:
        scores = [self.table[epoch][i] for i in self.alive]
        return [
            MemberProgress(
                val_accuracy=0.1 if math.isnan(s) else s,
                val_loss=s,
                train_losses=(s,),
                learned={},
                reason="nan" if math.isnan(s) else None,
            )
            for s in scores
        ]

    def keep(self, positions: Sequence[int]) -> None:
        self.alive = [self.alive[p] for p in positions]

    def test(self) -> list[FinalScore]:
        self.tested.append(self.alive)
        return [
            FinalScore(test_accuracy=i / 100, test_correct=bytes([1] * i + [0] * (100 - i)))
            for i in self.alive
        ]


class Measured(Scripted):
    """One whose trainings do not diverge, whatever their scores are."""

    def advance(self, epoch: int) -> list[MemberProgress]:
        return [
            MemberProgress(val_accuracy=self.table[epoch][i], val_loss=0.1, train_losses=(0.1,))
            for i in self.alive
        ]


def job(candidates: int, **settings: Any) -> Job:
    return Job(("relu(x)",) * candidates, settings.pop("recipe", RECIPE), 0, **settings)


def states(report: RungReport) -> dict[int, str]:
    return {candidate.index: candidate.state for candidate in report.candidates}


def constant(values: Sequence[float]) -> dict[int, Sequence[float]]:
    return dict.fromkeys((1, 3, 9), values)


@given(scores, etas)
def test_one_in_eta_goes_on_rounded_up_among_those_that_can(rung: Scores, eta: int) -> None:
    able = sum(score is not None for score in rung)
    assert len(survivors(rung, eta, None)) == min(able, math.ceil(len(rung) / eta))


@given(scores, etas)
def test_no_candidate_left_behind_is_better_than_one_that_goes_on(rung: Scores, eta: int) -> None:
    kept = survivors(rung, eta, None)
    assert kept == sorted(set(kept))
    worst = min((s for p in kept if (s := rung[p]) is not None), default=2.0)
    left = [s for p, s in enumerate(rung) if p not in kept and s is not None]
    assert all(score <= worst for score in left)


@given(scores, etas, st.floats(0, 1))
def test_all_go_on_that_reach_a_cut_off_and_no_others(
    rung: Scores, eta: int, cutoff: float
) -> None:
    kept = survivors(rung, eta, cutoff)
    assert kept == [p for p, score in enumerate(rung) if score is not None and score >= cutoff]


@given(st.lists(st.none() | st.just(0.5), min_size=1, max_size=20), etas)
def test_equal_scores_go_by_position(scores: Scores, eta: int) -> None:
    kept = survivors(scores, eta, None)
    able = [p for p, score in enumerate(scores) if score is not None]
    assert kept == able[: len(kept)]


@given(scores, etas, st.integers(10, 60_000))
def test_those_that_tie_with_the_best_share_go_on_too_where_asked(
    rung: Scores, eta: int, images: int
) -> None:
    best = survivors(rung, eta, None)
    last = min((s for p in best if (s := rung[p]) is not None), default=2.0)
    least = last - tie_margin(last, images)
    tied = [p for p, score in enumerate(rung) if score is not None and score >= least]
    kept = survivors(rung, eta, None, images)
    most = 2 * math.ceil(len(rung) / eta)
    assert {*best} <= {*kept} <= {*tied}
    assert len(kept) == min(len(tied), most)
    worst = min((s for p in kept if (s := rung[p]) is not None), default=2.0)
    left = [s for p, s in enumerate(rung) if p not in kept and s is not None]
    assert all(score <= worst for score in left)


@given(scores, etas, st.floats(0, 1))
def test_at_a_cut_off_a_tie_is_not_enough(rung: Scores, eta: int, cutoff: float) -> None:
    assert survivors(rung, eta, cutoff, 1_000) == survivors(rung, eta, cutoff)


def test_a_score_of_0_is_a_score() -> None:
    assert survivors([None, 0.0, None], 3, None) == [1]
    assert survivors([None, None], 2, 0.0) == []


@pytest.mark.parametrize("ties_go_on", [False, True])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(9))
def test_a_score_that_is_not_finite_is_infeasible_and_changes_nothing_for_the_others(
    ties_go_on: bool, value: float, place: int
) -> None:
    values = [0.9 - 0.1 * i for i in range(9)]
    without = [*values[:place], 0.0, *values[place + 1 :]]
    rungs, expected = (
        list(run_bracket(Measured(constant(v)), job(9, ties_go_on=ties_go_on)))
        for v in ([*values[:place], value, *values[place + 1 :]], without)
    )
    assert states(rungs[0])[place] == "infeasible"
    assert rungs[0].candidates[place].reason == f"the evaluator's val_accuracy is {value}"
    for rung, other in zip(rungs, expected, strict=True):
        assert {**states(rung), place: ""} == {**states(other), place: ""}


def test_nine_candidates_become_three_and_then_one() -> None:
    rungs = list(run_bracket(Scripted(constant([0.1 * i for i in range(9)])), job(9)))
    assert [(rung.epoch, len(rung.candidates)) for rung in rungs] == [(1, 9), (3, 3), (9, 1)]
    assert [i for i, state in states(rungs[0]).items() if state == "live"] == [6, 7, 8]
    assert states(rungs[1]) == {6: "pruned", 7: "pruned", 8: "live"}
    assert states(rungs[2]) == {8: "complete"}
    assert [rung.is_last for rung in rungs] == [False, False, True]
    assert all(rung.seconds >= 0 for rung in rungs)


def test_of_a_bracket_that_a_prior_has_chosen_ties_go_on_at_every_rung() -> None:
    # 0.004 is a standard error of 0.8 over 10,000 images.
    table = constant([0.8, 0.799, 0.798, 0.795, 0.794, 0.7, 0.6, 0.5, 0.4])
    rungs = list(run_bracket(Scripted(table), job(9, ties_go_on=True)))
    assert [len(rung.candidates) for rung in rungs] == [9, 5, 4]
    held = job(9, ties_go_on=True, cutoffs={1: 0.7975})
    assert [len(rung.candidates) for rung in run_bracket(Scripted(table), held)] == [9, 3, 2]


def test_reports_name_candidates_by_their_place_in_the_job() -> None:
    table = {1: [0.9, 0.1, 0.8, 0.1, 0.1, 0.7, 0.1], 3: [0.2, 0, 0.3, 0, 0, 0.4, 0], 9: [0.5] * 7}
    rungs = list(run_bracket(Scripted(table), job(7)))
    assert [{s.index: s.val_accuracy for s in rung.candidates} for rung in rungs] == [
        dict(enumerate(table[1])),
        {0: 0.2, 2: 0.3, 5: 0.4},
        {5: 0.5},
    ]


def test_a_late_bracket_stops_where_it_misses_every_cut_off() -> None:
    late = job(9, cutoffs={1: 0.95})
    (only,) = run_bracket(Scripted(constant([0.1 * i for i in range(9)])), late)
    assert only.is_last
    assert set(states(only).values()) == {"pruned"}


def test_a_cut_off_holds_at_its_own_rung_and_never_at_the_last() -> None:
    held = job(9, cutoffs={1: 0.0, 3: 0.75, 9: 1.0})
    rungs = list(run_bracket(Scripted(constant([0.1 * i for i in range(9)])), held))
    assert [rung.epoch for rung in rungs] == [1, 3, 9]
    assert states(rungs[-1]) == {8: "complete"}


def test_diverged_candidates_drop_out_and_never_take_a_place() -> None:
    table = constant([DIVERGED, 0.5, DIVERGED, DIVERGED])
    rungs = list(run_bracket(Scripted(table), job(4)))
    first = {0: "infeasible", 1: "live", 2: "infeasible", 3: "infeasible"}
    assert [states(rung) for rung in rungs] == [first, {1: "live"}, {1: "complete"}]
    assert all(
        (s.reason is None) == (s.state != "infeasible") for r in rungs for s in r.candidates
    )


def test_a_bracket_of_diverged_candidates_ends_at_once() -> None:
    (only,) = run_bracket(Scripted(constant([DIVERGED] * 3)), job(3))
    assert only.is_last
    assert set(states(only).values()) == {"infeasible"}


def test_divergence_at_the_last_rung_is_told() -> None:
    *_, last = run_bracket(Scripted({1: [0.5], 3: [0.5], 9: [DIVERGED]}), job(1))
    assert states(last) == {0: "infeasible"}


def test_a_confirmation_trains_every_candidate_to_the_end_and_reports_once() -> None:
    table = {9: [0.1, DIVERGED, 0.9]}
    (only,) = run_bracket(Scripted(table), job(3, halving=False, cutoffs={9: 1.0}))
    assert only.epoch == 9
    assert states(only) == {0: "complete", 1: "infeasible", 2: "complete"}


def test_only_finished_candidates_meet_the_test_set_and_once() -> None:
    training = Scripted({9: [0.1, DIVERGED, 0.9]})
    (only,) = run_bracket(training, job(3, halving=False, test=True))
    assert [candidate.test_accuracy for candidate in only.candidates] == [0.0, None, 0.02]
    assert [s.test_correct and sum(s.test_correct) for s in only.candidates] == [0, None, 2]
    assert training.tested == [[0, 2]]


def test_pruned_candidates_never_meet_the_test_set() -> None:
    training = Scripted(constant([0.1 * i for i in range(9)]))
    rungs = list(run_bracket(training, job(9, test=True)))
    assert training.tested == [[8]]
    test_accuracies = [s.test_accuracy for rung in rungs for s in rung.candidates]
    assert [accuracy for accuracy in test_accuracies if accuracy is not None] == [0.08]


def test_the_test_set_stays_closed_where_every_candidate_diverged() -> None:
    training = Scripted({9: [DIVERGED, DIVERGED]})
    (only,) = run_bracket(training, job(2, halving=False, test=True))
    assert training.tested == []
    assert set(states(only).values()) == {"infeasible"}


@pytest.mark.parametrize("halving", [True, False])
def test_the_test_set_stays_closed_unless_asked_for(halving: bool) -> None:
    training = Scripted(constant([0.3, 0.4]))
    reports: Iterator[RungReport] = run_bracket(training, job(2, halving=halving))
    assert all(
        candidate.test_accuracy is None for rung in reports for candidate in rung.candidates
    )
    assert training.tested == []


@given(st.lists(st.floats(0, 1), min_size=9, max_size=60), etas)
def test_the_cut_off_is_reached_by_the_best_share_of_all_that_came_before(
    scores: list[float], eta: int
) -> None:
    cutoff = cutoffs_of({3: scores}, eta)[3]
    share = math.ceil(len(scores) / eta)
    assert sum(score >= cutoff for score in scores) >= share
    assert sum(score > cutoff for score in scores) < share


def test_fewer_scores_than_a_bracket_has_cut_nobody_off() -> None:
    assert cutoffs_of({1: [0.5] * 8, 3: []}, 3) == {}
    assert cutoffs_of({1: [0.5] * 9, 3: [0.7]}, 3) == {1: 0.5}
