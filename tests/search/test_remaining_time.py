"""The time left is what is still to train at the pace of what was, not candidates per second."""

from __future__ import annotations

import dataclasses

import pytest

from actsearch.evaluators import CandidateReport, Job, Recipe, RungReport, recipe_from_name
from actsearch.search.remaining_time import (
    Mean,
    Pace,
    expected_epochs,
    longest_of,
    work_of,
)

QUICK = recipe_from_name("quick")
CONV = recipe_from_name("conv")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def rung(epoch: int, candidates: int, seconds: float = 1.0) -> RungReport:
    report = CandidateReport(
        index=0, state="live", val_accuracy=0.5, val_loss=1.0, train_losses=(), learned={}
    )
    return RungReport(epoch=epoch, candidates=(report,) * candidates, seconds=seconds)


def job(recipe: Recipe, candidates: int) -> Job:
    return Job(("relu(x)",) * candidates, recipe, 0)


def test_a_candidate_is_expected_to_train_for_its_share_of_the_rungs() -> None:
    assert expected_epochs(QUICK) == pytest.approx(1 + 2 / 3 + 6 / 9)
    assert expected_epochs(QUICK, ties=True) == pytest.approx(1 + 2 * 2 / 3 + 6 * 4 / 9)
    for eta in (1, 2):  # twice a half is all, and never more
        halved = dataclasses.replace(QUICK, eta=eta)
        assert expected_epochs(halved, ties=True) == QUICK.epochs
    twice = dataclasses.replace(QUICK, lr_multipliers=(1.0, 3.0), seeds_per_score=2)
    assert expected_epochs(twice) == pytest.approx(4 * expected_epochs(QUICK))


def test_measured_brackets_outweigh_the_guess() -> None:
    mean = Mean(2.0)
    assert mean.value == 2.0
    mean.add(9 * 4.0, 9)
    assert mean.value == pytest.approx(3.0)
    for _ in range(100):
        mean.add(9 * 4.0, 9)
    assert mean.value == pytest.approx(4.0, rel=0.01)


def test_nothing_is_known_before_the_first_report() -> None:
    assert Pace(1).seconds({QUICK: 10.0}) is None
    assert Pace(1).seconds({}) is None


def test_the_start_of_a_worker_is_no_pace() -> None:
    clock = Clock()
    pace = Pace(2, clock)
    for number in (1, 2):
        pace.begin(number)
    clock.now = 100.0  # Ray and torch start for 91 s, then nine candidates train for one epoch
    for number in (1, 2):
        assert pace.add(number, job(QUICK, 9), rung(1, 9, seconds=9.0)) == 9.0
    assert pace.seconds({QUICK: 20.0}) == pytest.approx(20.0 / 2)
    clock.now = 112.0  # three of them for two epochs more: 2 s each by the driver's clock
    pace.add(1, job(QUICK, 9), rung(3, 3, seconds=6.0))
    assert pace.seconds({QUICK: 24.0}) == pytest.approx(12.0 * (18 + 12) / 24)


def test_one_long_training_is_not_shared_among_workers() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    pace.begin(1)
    pace.add(1, job(QUICK, 9), rung(1, 9, seconds=9.0))
    assert pace.seconds({QUICK: 8.0}, {QUICK: 6.0}) == pytest.approx(6.0)
    assert pace.seconds({QUICK: 80.0}, {QUICK: 6.0}) == pytest.approx(20.0)


def test_nor_is_one_of_another_recipe() -> None:
    clock = Clock()
    pace = Pace(8, clock)
    pace.begin(1)
    pace.add(1, job(QUICK, 1), rung(1, 1, seconds=1.0))
    left, jobs = {QUICK: 9.0, CONV: 3.0}, [job(QUICK, 1), job(CONV, 2), job(CONV, 1)]
    longest = longest_of(jobs)
    assert longest == {QUICK: 9.0, CONV: 2.0 * CONV.epochs}
    assert pace.seconds(left, longest) == pytest.approx(2.0 * 2.0 * CONV.epochs)


def test_a_network_not_yet_trained_is_guessed_from_one_that_was_then_measured() -> None:
    clock = Clock()
    pace = Pace(1, clock)
    pace.begin(1)
    pace.add(1, job(QUICK, 9), rung(1, 9, seconds=9.0))
    assert pace.seconds({CONV: 10.0}) == pytest.approx(20.0)
    pace.end(1)
    pace.begin(2)
    clock.now += 30.0
    pace.add(2, job(CONV, 3), rung(3, 3))
    assert pace.seconds({CONV: 10.0}) == pytest.approx(10.0 * 30.0 / 9.0)


def test_the_network_of_an_own_evaluator_is_not_guessed() -> None:
    pace = Pace(1, Clock())
    pace.begin(1)
    pace.add(1, job(QUICK, 9), rung(1, 9, seconds=9.0))
    custom = dataclasses.replace(QUICK, network="theirs", evaluator="theirs")
    assert pace.seconds({custom: 10.0}) is None


def test_work_counts_every_network_of_a_confirmation() -> None:
    twice = dataclasses.replace(QUICK, seeds_per_score=2)
    jobs = [job(QUICK, 5), job(QUICK, 4), job(twice, 1), job(CONV, 3)]
    assert work_of(jobs) == {QUICK: 81.0, twice: 18.0, CONV: 9.0}
