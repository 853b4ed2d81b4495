"""An executor on demand is entered by the first job, once, and left only where it was entered."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

import pytest

from actsearch.evaluators import ImageClassification, Job
from actsearch.search.executors.base import Assignment, NextJob, OnDone, OnRung
from actsearch.search.executors.on_demand import OnDemand
from contracts.tiny import TINY

JOB = Job(("relu(x)",), TINY, seed=0)
EVALUATOR = ImageClassification({})


class Noted:
    """An executor that notes what is done with it, and trains nothing."""

    def __init__(self, starts: bool = True) -> None:
        self.events: list[str] = []
        self._starts = starts

    def __enter__(self) -> Noted:
        self.events.append("entered")
        if not self._starts:
            raise ConnectionError("no cluster")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.events.append("left")

    def run(self, evaluator: object, next_job: NextJob, on_rung: OnRung, on_done: OnDone) -> None:
        while (assignment := next_job()) is not None:
            self.events.append(f"job {assignment.number}")


def jobs(count: int) -> NextJob:
    numbers: Iterator[int] = iter(range(count))
    return lambda: next((Assignment(number, JOB) for number in numbers), None)


def ignore(*_: object) -> None:
    pass


@pytest.mark.parametrize(
    ("counts", "events"),
    [
        ([0, 0], []),
        ([2, 0, 1], ["entered", "job 0", "job 1", "job 0", "left"]),
    ],
)
def test_it_starts_with_the_first_job_of_all_runs(counts: list[int], events: list[str]) -> None:
    noted = Noted()
    with OnDemand(noted) as executor:
        for count in counts:
            executor.run(EVALUATOR, jobs(count), ignore, ignore)
    assert noted.events == events


def test_who_could_not_be_entered_is_not_left() -> None:
    noted = Noted(starts=False)
    with pytest.raises(ConnectionError, match="no cluster"), OnDemand(noted) as executor:
        executor.run(EVALUATOR, jobs(1), ignore, ignore)
    assert noted.events == ["entered"]
