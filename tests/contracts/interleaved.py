"""Several workers in one process, whose turns the test chooses, and so who ends first.

It keeps the contract of executors: a free worker asks for a job, and asks again after every event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from zlib import crc32

import numpy as np

from actsearch.evaluators import (
    Evaluator,
    FinalScore,
    Job,
    MemberProgress,
    RungReport,
    run_bracket,
)
from actsearch.search.executors.base import NextJob, OnDone, OnRung


@dataclass
class Interleaved:
    """Workers that report a rung at a time, drawn by `rng`.

    stopped: a worker that only goes on when no other one can; None: none is.
    """

    workers: int
    rng: np.random.Generator
    stopped: int | None = None
    most: int = 0  # jobs that were under way at once
    overtaken: int = 0  # jobs that began while the stopped worker was at its first

    def __enter__(self) -> Interleaved:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def run(
        self, evaluator: Evaluator, next_job: NextJob, on_rung: OnRung, on_done: OnDone
    ) -> None:
        busy: dict[int, tuple[int, Iterator[RungReport]]] = {}
        ended: list[int] = []  # by worker
        while True:
            for worker in range(self.workers):
                if worker not in busy and (assignment := next_job()) is not None:
                    busy[worker] = assignment.number, evaluator.run(assignment.job)
                    self.overtaken += self.stopped in busy and self.stopped not in ended
            self.most = max(self.most, len(busy))
            if not busy:
                return
            able = [worker for worker in sorted(busy) if worker != self.stopped] or list(busy)
            worker = able[int(self.rng.integers(len(able)))]
            number, reports = busy[worker]
            report = next(reports)
            on_rung(number, report)
            if report.is_last:
                del busy[worker]
                ended.append(worker)
                on_done(number, None)


@dataclass(frozen=True)
class Checksums(Evaluator):
    """Scores a candidate by its text and the epoch, at once; a third diverge after the first.

    lucky: one that is better than all others ever are.
    """

    lucky: str = ""

    def on(self, device: str) -> Checksums:
        return self

    def run(self, job: Job) -> Iterator[RungReport]:
        return run_bracket(_Members(list(job.expressions), self.lucky), job)


@dataclass
class _Members:
    live: list[str]
    lucky: str

    def advance(self, epoch: int) -> list[MemberProgress]:
        return [self._member(text, epoch) for text in self.live]

    def _member(self, text: str, epoch: int) -> MemberProgress:
        score = (crc32(text.encode()) + crc32(f"{text} {epoch}".encode())) / 2**33
        if text == self.lucky:
            score = 1.0
        member = MemberProgress(val_accuracy=score, val_loss=1.0, train_losses=(1.0,) * epoch)
        diverges = epoch > 1 and crc32(text.encode()) % 3 == 0 and text != self.lucky
        return replace(member, reason="nan") if diverges else member

    def keep(self, positions: Sequence[int]) -> None:
        self.live = [self.live[position] for position in positions]

    def test(self) -> list[FinalScore]:
        raise AssertionError("a search never asks for it")
