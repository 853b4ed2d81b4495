"""A training that hangs is ended at its limit, counts as failed, and takes nothing else along."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actsearch.evaluators import ImageClassification, Job, RungReport
from actsearch.search import (
    InvalidSetting,
    RunSettings,
    SearchFailed,
)
from actsearch.search.executors.base import Executor
from actsearch.search.executors.deadline import Overdue, time_limit
from actsearch.search.executors.in_process import InProcess
from actsearch.search.executors.ray_tune import RayTune
from contracts.executors import Events
from contracts.faults import Hangs
from contracts.tiny import TINY, run_engine

JOBS = [Job(texts, TINY, seed=3) for texts in (("relu(x)", "sin(x)"), ("tanh(x)",), ("erf(x)",))]


def check_that_only_what_hangs_fails(
    executor: Executor, images: ImageClassification, limit: str
) -> None:
    events = Events(JOBS)
    evaluator = Hangs(images, "sin(x)")
    executor.run(evaluator, events.next_job, events.on_rung, events.on_done)
    assert [report.epoch for report in events.reports[0]] == [1]
    assert f"no report within {limit} seconds, the limit of a rung" in (events.done[0] or "")
    assert (events.done[1], events.done[2]) == (None, None)
    assert events.reports[2][-1].is_last


def test_a_job_that_hangs_has_failed_and_the_next_one_runs(images: ImageClassification) -> None:
    list(images.run(JOBS[1]))  # the first training of a process imports for seconds
    check_that_only_what_hangs_fails(InProcess(2.0), images, "2")


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_on_ray_its_worker_is_ended_and_another_one_goes_on(images: ImageClassification) -> None:
    with RayTune(1, 0.0, None, rung_limit=20.0) as executor:
        check_that_only_what_hangs_fails(executor, images, "20")


def test_a_search_of_nothing_but_hanging_candidates_stops(
    images: ImageClassification, tmp_path: Path
) -> None:
    with pytest.raises(
        SearchFailed, match="the limit of a rung: it hangs, or --rung-limit is too"
    ):
        run_engine(tmp_path, HangsAtOnce(images), candidates=1, executor=InProcess(0.2))


class HangsAtOnce(Hangs):
    """Never reports at all."""

    def go_wrong(self, job: Job) -> Iterator[RungReport]:
        time.sleep(3600)
        return self.inner.run(job)


@pytest.mark.heavy
def test_an_interruption_that_is_caught_comes_again() -> None:
    caught = 0

    def stubborn() -> None:
        nonlocal caught
        while caught < 2:
            with contextlib.suppress(BaseException):
                try:
                    time.sleep(60)
                finally:
                    caught += 1
        time.sleep(60)

    with pytest.raises(Overdue, match="too long"), time_limit(0.05, "too long"):
        stubborn()
    assert caught == 2


def test_another_timer_and_the_handler_are_left_as_found() -> None:
    before = signal.getsignal(signal.SIGALRM)
    left, _ = signal.setitimer(signal.ITIMER_REAL, 200)
    with time_limit(50, "too long"):
        pass
    assert 190 < signal.getitimer(signal.ITIMER_REAL)[0] <= 200
    assert signal.getsignal(signal.SIGALRM) is before
    signal.setitimer(signal.ITIMER_REAL, left)


def test_outside_the_main_thread_a_limit_is_refused(images: ImageClassification) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        events = Events(JOBS)
        try:
            with InProcess(2.0) as executor:
                executor.run(images, events.next_job, events.on_rung, events.on_done)
        except InvalidSetting as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "--rung-limit works in the main thread" in str(errors[0])


def test_a_limit_must_be_above_zero() -> None:
    with pytest.raises(InvalidSetting, match="rung limit must be above 0 seconds, but got 0"):
        RunSettings(rung_limit=0.0)


def test_a_limit_that_cannot_be_kept_is_told_before_a_search_is_stored() -> None:
    refused: list[BaseException] = []

    def enter() -> None:
        try:
            InProcess(rung_limit=1.0).__enter__()
        except InvalidSetting as error:
            refused.append(error)

    thread = threading.Thread(target=enter)  # a limit interrupts the main thread alone
    thread.start()
    thread.join()
    assert len(refused) == 1


@pytest.mark.parametrize("limit", [None, 1.0])
def test_in_the_main_thread_any_limit_can_be_kept(limit: float | None) -> None:
    with InProcess(limit):
        pass
