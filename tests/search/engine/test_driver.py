"""Every proposal is trained once, in brackets; what crashes is tried again, but not for ever."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from actsearch.evaluators import ImageClassification
from actsearch.search import (
    RunSettings,
    SearchFailed,
)
from actsearch.search.engine.driver import FAILURES, LATE_FAILURES
from actsearch.search.storage.trial import RETRIES, entered, interrupted
from actsearch.search.storage.trial_reader import read_trials
from contracts.faults import BreaksAfter, Diverges, EndsEarly, RaisesAtOnce, RaisesBetweenRungs
from contracts.tiny import CONFIG, PRODUCTS, TINY, Ran, run_engine


@pytest.fixture(scope="module")
def ran(images: ImageClassification, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A search of 12 candidates of core-1 in brackets of three, on which most is checked."""
    return run_engine(tmp_path_factory.mktemp("search"), images, candidates=12)


@pytest.fixture(scope="module")
def crashed(
    images: ImageClassification, ran: Ran, tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    """The same search where the first candidate raises whenever it is trained."""
    evaluator = RaisesAtOnce(images, ran.jobs[0].expressions[0])
    return run_engine(tmp_path_factory.mktemp("search"), evaluator, candidates=12)


def test_as_many_distinct_candidates_enter_training_as_were_asked_for(ran: Ran) -> None:
    trained = [expression for job in ran.jobs for expression in job.expressions]
    assert len(trained) == len(set(trained)) == 12
    assert entered(ran.candidates) == 12
    assert not ran.engine.exhausted


def test_the_best_third_of_a_bracket_goes_on_and_of_late_ones_what_reaches_the_cut_off(
    ran: Ran,
) -> None:
    first, second, _ = TINY.rungs
    for job in ran.jobs:
        trials = [
            t for t in ran.candidates if t.expression in job.expressions and t.val_accuracies
        ]
        scores = [trial.val_accuracies[first] for trial in trials]
        cutoff = job.cutoffs.get(first, max(scores))
        went_on = [t.val_accuracies[first] for t in trials if second in t.val_accuracies]
        assert went_on == [score for score in scores if score >= cutoff]
    assert len(ran.jobs) == 4


@pytest.mark.parametrize("prior", [(), ("core-1-table@0123456789abcdef",)])
def test_ties_go_on_in_brackets_that_a_prior_has_chosen(
    images: ImageClassification, tmp_path: Path, prior: tuple[str, ...]
) -> None:
    config = dataclasses.replace(CONFIG, prior=prior)
    jobs = run_engine(tmp_path, images, candidates=3, config=config).jobs
    assert [job.ties_go_on for job in jobs] == [bool(prior)]


def test_the_work_left_counts_the_ties_of_brackets_that_are_still_to_come(
    images: ImageClassification, tmp_path: Path
) -> None:
    def work_left(prior: tuple[str, ...]) -> list[float]:
        work: list[float] = []
        folder = tmp_path / str(len(prior))
        folder.mkdir()
        config = dataclasses.replace(CONFIG, prior=prior)
        run_engine(
            folder, images, candidates=12, config=config, on_work=lambda w, _: work.append(w)
        )
        return work

    plain, chosen = work_left(()), work_left(("core-1-table@0123456789abcdef",))
    assert plain[-1] == chosen[-1] == 0
    # Nine of the twelve are in brackets without a cut-off, where two of three are expected to
    # train for one epoch more and four of nine for two, in place of one and one.
    assert chosen[0] - plain[0] == pytest.approx(9 * (2 / 3 - 1 / 3 + 2 * (4 / 9 - 1 / 9)))


def test_a_candidates_score_is_that_of_its_last_rung(ran: Ran) -> None:
    complete = ran.by_state("complete")
    assert complete
    for trial in complete:
        assert tuple(trial.val_accuracies) == TINY.rungs
        assert trial.val_accuracy == trial.val_accuracies[TINY.epochs]
        assert len(trial.train_losses) == TINY.epochs
        assert trial.seconds > 0


def test_every_candidate_is_reported_once_and_with_its_end(ran: Ran) -> None:
    assert sorted(trial.number for trial in ran.reported) == [
        trial.number for trial in ran.candidates if trial.entered_training
    ]
    assert not {trial.state for trial in ran.reported} & {"running", "waiting", "failed"}


def test_the_same_search_comes_out_the_same(
    ran: Ran, images: ImageClassification, tmp_path: Path
) -> None:
    again = run_engine(tmp_path, images, candidates=12)
    assert [(c.expression, c.state, c.val_accuracies) for c in again.candidates] == [
        (c.expression, c.state, c.val_accuracies) for c in ran.candidates
    ]


def test_late_brackets_are_held_to_what_earlier_ones_reached(ran: Ran) -> None:
    assert ran.jobs[0].cutoffs == {}
    cutoff = ran.jobs[-1].cutoffs[1]  # nine scores were in by then
    early = [
        trial.val_accuracies[1]
        for trial in ran.candidates
        if 1 in trial.val_accuracies and trial.expression not in ran.jobs[-1].expressions
    ]
    assert sum(score >= cutoff for score in early) >= len(early) // 3
    late = [trial for trial in ran.candidates if trial.expression in ran.jobs[-1].expressions]
    assert {t.state for t in late if t.val_accuracies.get(1, 1.0) < cutoff} == {"pruned"}


def test_a_search_that_goes_on_trains_only_what_is_new(
    ran: Ran, images: ImageClassification, tmp_path: Path
) -> None:
    first = run_engine(tmp_path, images, candidates=6)
    second = run_engine(tmp_path, images, candidates=12)
    trained = [e for half in (first, second) for job in half.jobs for e in job.expressions]
    assert len(trained) == len(set(trained)) == 12
    assert trained == [e for job in ran.jobs for e in job.expressions]


def test_a_search_whose_budget_is_spent_trains_nothing(
    images: ImageClassification, tmp_path: Path
) -> None:
    run_engine(tmp_path, images, candidates=3)
    assert not run_engine(tmp_path, images, candidates=3).jobs


def test_brackets_are_those_of_one_worker_however_many_there_are(
    images: ImageClassification, tmp_path: Path
) -> None:
    config = dataclasses.replace(CONFIG, bracket=5)
    jobs = run_engine(
        tmp_path, images, candidates=8, config=config, launch=RunSettings(workers=2)
    ).jobs
    assert [len(job.expressions) for job in jobs] == [5, 3]


def test_no_bracket_starts_after_the_time_limit(
    images: ImageClassification, tmp_path: Path
) -> None:
    ran = run_engine(tmp_path, images, candidates=1000, launch=RunSettings(time_limit=0.5))
    assert 1 <= len(ran.jobs) < 50
    assert not ran.by_state("running")
    assert ran.engine.timed_out
    tried = entered(ran.candidates)
    done = run_engine(tmp_path, images, candidates=tried, launch=RunSettings(time_limit=1e-6))
    assert not done.engine.timed_out, "what was asked for has trained"


def test_an_exhausted_space_ends_the_search(images: ImageClassification, tmp_path: Path) -> None:
    ran = run_engine(tmp_path, images, candidates=100, space=PRODUCTS)
    assert ran.engine.exhausted
    assert entered(ran.candidates) == 3
    assert not run_engine(tmp_path, images, candidates=100, space=PRODUCTS).jobs


def test_candidates_that_crash_with_another_complete_in_a_retry(crashed: Ran, ran: Ran) -> None:
    culprit = ran.jobs[0].expressions[0]
    ends = {trial.expression: trial for trial in crashed.reported}
    assert entered(crashed.candidates) == 12
    assert ends[culprit].state == "failed"
    assert {trial.state for e, trial in ends.items() if e != culprit} <= {
        "complete", "pruned", "infeasible",
    }  # fmt: skip


def test_what_crashes_is_tried_again_a_stated_number_of_times_the_last_one_alone(
    crashed: Ran, ran: Ran
) -> None:
    culprit = ran.jobs[0].expressions[0]
    tries = [job.expressions for job in crashed.jobs if culprit in job.expressions]
    assert len(tries) == 1 + RETRIES
    assert tries[-1] == (culprit,)


def test_every_try_is_on_record_with_its_traceback_and_its_origin(crashed: Ran, ran: Ran) -> None:
    culprit = ran.jobs[0].expressions[0]
    tries = [trial for trial in crashed.candidates if trial.expression == culprit]
    assert [trial.state for trial in tries] == ["failed"] * (1 + RETRIES)
    assert [trial.retry for trial in tries] == list(range(1 + RETRIES))
    assert {trial.origin for trial in tries} == {tries[0].number}
    for trial in tries:
        assert "ValueError: no luck at all" in (trial.error or "")


def test_a_search_whose_every_training_fails_stops_with_the_first_traceback(
    images: ImageClassification, tmp_path: Path
) -> None:
    with pytest.raises(SearchFailed, match="no luck at all") as caught:
        run_engine(tmp_path, RaisesAtOnce(images), candidates=100)
    assert caught.value.traceback.startswith("Traceback")


def test_it_stops_when_a_few_candidates_have_used_up_their_tries(
    images: ImageClassification, tmp_path: Path
) -> None:
    with pytest.raises(SearchFailed):
        run_engine(tmp_path, RaisesAtOnce(images), candidates=100)
    tries = [c for c in read_trials(tmp_path) if c.state == "failed"]
    assert sum(c.retry == RETRIES for c in tries) == FAILURES
    assert entered(tries) == CONFIG.bracket


def test_a_search_of_one_candidate_that_fails_says_so_too(
    images: ImageClassification, tmp_path: Path
) -> None:
    with pytest.raises(SearchFailed, match="no luck at all"):
        run_engine(tmp_path, RaisesAtOnce(images), candidates=1)


def test_where_training_breaks_between_two_launches_nothing_is_lost(
    images: ImageClassification, ran: Ran, tmp_path: Path
) -> None:
    run_engine(tmp_path, images, candidates=3)
    for _ in range(2):
        with pytest.raises(SearchFailed, match="the last 3 candidates failed, so"):
            run_engine(tmp_path, RaisesAtOnce(images), candidates=12)
    mended = run_engine(tmp_path, images, candidates=12)
    assert entered(mended.candidates) == 12
    ends = {trial.expression: trial.state for trial in mended.reported}
    assert "failed" not in ends.values()
    assert {t.expression for t in mended.candidates} >= {t.expression for t in ran.reported}


def test_where_it_breaks_under_way_a_brackets_worth_of_failures_ends_it(
    images: ImageClassification, tmp_path: Path
) -> None:
    with pytest.raises(SearchFailed, match=f"the last {LATE_FAILURES} candidates failed"):
        run_engine(tmp_path, BreaksAfter(images, jobs=2), candidates=60)
    assert entered(read_trials(tmp_path)) < 40
    assert interrupted(read_trials(tmp_path)) >= LATE_FAILURES


def test_a_crash_between_rungs_takes_only_what_was_still_live(
    images: ImageClassification, ran: Ran, tmp_path: Path
) -> None:
    (survivor,) = [c.expression for c in ran.candidates if c.number <= 3 and c.state == "complete"]
    crashed = run_engine(tmp_path, RaisesBetweenRungs(images, survivor), candidates=3)
    ends = {trial.expression: trial for trial in crashed.reported}
    assert {e: trial.state == "failed" for e, trial in ends.items()} == {
        e: e == survivor for e in ran.jobs[0].expressions
    }
    assert len([job for job in crashed.jobs if survivor not in job.expressions]) == 0


def test_a_candidate_that_diverges_is_infeasible_with_the_reason_and_never_retried(
    images: ImageClassification, ran: Ran, tmp_path: Path
) -> None:
    culprit = ran.jobs[0].expressions[0]
    trials = run_engine(tmp_path, Diverges(images, culprit), candidates=3).candidates
    (diverged,) = [trial for trial in trials if trial.expression == culprit]
    assert (diverged.state, diverged.reason, diverged.val_accuracy) == ("infeasible", "nan", None)
    assert diverged.trained


def test_an_evaluator_that_ends_too_soon_is_a_failure_with_a_reason(
    images: ImageClassification, ran: Ran, tmp_path: Path
) -> None:
    culprit = ran.jobs[0].expressions[0]
    trials = run_engine(tmp_path, EndsEarly(images, culprit), candidates=3).candidates
    errors = {trial.error for trial in trials if trial.error}
    assert any("still live" in error for error in errors)
    others = [trial for trial in trials if trial.expression not in ran.jobs[0].expressions]
    assert {trial.state for trial in others} <= {"duplicate", "infeasible"}
