"""The contract of executors as a test suite; a class gives it an executor by one fixture.

class TestMine(ExecutorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls) -> Iterator[Executor]: ...
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from actsearch.evaluators import (
    Evaluator,
    ImageClassification,
    Job,
    RungReport,
    load_train,
)
from actsearch.search.executors.base import Assignment, Executor
from contracts.faults import EndsEarly, RaisesAtOnce, RaisesBetweenRungs
from contracts.tiny import TINY

GOOD = (
    ("relu(x)", "tanh(x)", "x * sigmoid(beta * x)"),
    ("sin(x)", "exp(exp(exp(x)))"),  # the second one overflows
    ("gelu(x)",),
)
RAISES, RAISES_AT_ONCE, ENDS = "cos(x)", "sinh(x)", "erf(x)"
JOBS = [
    Job(expressions, TINY, seed=3)
    for expressions in (
        GOOD[0], ("mish(x)", RAISES), (RAISES_AT_ONCE,), GOOD[1], ("silu(x)", ENDS), GOOD[2],
    )
]  # fmt: skip
FAILED = (1, 2, 4)


@dataclass
class Events:
    """The calls that an executor made, in order."""

    jobs: Sequence[Job]
    reports: dict[int, list[RungReport]] = field(default_factory=dict)
    done: dict[int, str | None] = field(default_factory=dict)
    handed_out: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)  # jobs called back about after their end

    def next_job(self) -> Assignment | None:
        number = len(self.handed_out)
        if number == len(self.jobs):
            return None
        self.handed_out.append(number)
        return Assignment(number, self.jobs[number])

    def on_rung(self, number: int, report: RungReport) -> None:
        if number in self.done:
            self.late.append(number)
        self.reports.setdefault(number, []).append(report)

    def on_done(self, number: int, error: str | None) -> None:
        if number in self.done:
            self.late.append(number)
        self.done[number] = error


def scores(reports: list[RungReport]) -> list[tuple[int, list[tuple[str, float, float | None]]]]:
    """The numbers that two runs of a job must have in common: all but the seconds."""
    return [
        (
            report.epoch,
            [
                (end.state, end.val_accuracy, None if end.reason else end.val_loss)
                for end in report.candidates
            ],
        )
        for report in reports
    ]


class ExecutorContract:
    """The suite."""

    @pytest.fixture(scope="class")
    @classmethod
    def images(cls) -> ImageClassification:
        return ImageClassification({"fashion-mnist": load_train()})

    @pytest.fixture(scope="class")
    @classmethod
    def evaluator(cls, images: ImageClassification) -> Evaluator:
        faulty = RaisesAtOnce(RaisesBetweenRungs(images, RAISES), RAISES_AT_ONCE)
        return EndsEarly(faulty, ENDS)

    @pytest.fixture(scope="class")
    @classmethod
    def handler(cls) -> object:
        return signal.getsignal(signal.SIGINT)

    @pytest.fixture(scope="class")
    @classmethod
    def events(cls, executor: Executor, evaluator: Evaluator, handler: object) -> Events:
        """One run of all jobs, on which most claims are checked."""
        events = Events(JOBS)
        executor.run(evaluator, events.next_job, events.on_rung, events.on_done)
        return events

    def test_every_job_is_run_once(self, events: Events) -> None:
        assert events.handed_out == list(range(len(JOBS)))
        assert sorted(events.done) == events.handed_out
        assert not events.late

    def test_rungs_come_in_order_up_to_the_last_that_a_candidate_reaches(
        self, events: Events
    ) -> None:
        for number in (0, 3, 5):
            epochs = [report.epoch for report in events.reports[number]]
            assert epochs == list(TINY.rungs)
            assert [report.is_last for report in events.reports[number]] == [False, False, True]

    def test_a_job_is_scored_as_without_an_executor(
        self, events: Events, images: ImageClassification
    ) -> None:
        for number in (0, 3, 5):
            assert scores(events.reports[number]) == scores(list(images.run(JOBS[number])))

    def test_a_diverged_candidate_is_a_result_and_no_failure(self, events: Events) -> None:
        assert events.done[3] is None
        diverged = events.reports[3][0].candidates[1]
        assert diverged.state == "infeasible"
        assert diverged.reason is not None

    def test_a_job_that_raises_is_done_with_its_traceback(self, events: Events) -> None:
        error = events.done[1] or ""
        assert error.startswith("Traceback")
        assert error.strip().endswith("RuntimeError: no luck after the first rung")
        assert [report.epoch for report in events.reports[1]] == [1]

    def test_an_evaluator_that_raises_before_it_trains_is_no_different(
        self, events: Events
    ) -> None:
        assert (events.done[2] or "").strip().endswith("ValueError: no luck at all")

    def test_the_jobs_after_one_that_raised_still_run(self, events: Events) -> None:
        assert {number for number, error in events.done.items() if error} == set(FAILED)

    def test_an_evaluator_that_ends_early_has_failed(self, events: Events) -> None:
        assert not events.reports[4][-1].is_last
        assert "EndsEarly ended with 1 candidates still live" in (events.done[4] or "")

    def test_the_signal_handlers_are_left_as_found(self, events: Events, handler: object) -> None:
        assert signal.getsignal(signal.SIGINT) is handler

    @pytest.mark.parametrize("callback", ["next_job", "on_rung", "on_done"])
    def test_what_a_callback_raises_ends_the_run_and_surfaces_unchanged(
        self, executor: Executor, images: ImageClassification, callback: str
    ) -> None:
        fault = KeyError("the driver's own trouble")
        events = Events(JOBS)
        calls = {name: getattr(events, name) for name in ("next_job", "on_rung", "on_done")}

        def raising(*_: object) -> None:
            raise fault

        calls[callback] = raising
        with pytest.raises(KeyError) as caught:
            executor.run(images, **calls)
        assert caught.value is fault

    def test_a_run_without_jobs_is_over_at_once(
        self, executor: Executor, images: ImageClassification
    ) -> None:
        events = Events(JOBS)
        executor.run(images, lambda: None, events.on_rung, events.on_done)
        assert events == Events(JOBS)


def entered(executor: Executor) -> Iterator[Executor]:
    """The executor inside its context, for a fixture."""
    with executor as ready:
        yield ready
