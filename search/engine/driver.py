"""The driver: proposals into brackets, brackets to workers, scores into the study."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...evaluators import (
    CandidateReport,
    Evaluator,
    Job,
    RungReport,
)
from ...evaluators.protocol.successive_halving import cutoffs_of
from ...space import Space
from ..errors import SearchFailed
from ..executors.base import Assignment, Executor
from ..storage.config import RunSettings, SearchConfig
from ..storage.study import RETRIES, ProposedTrial, Study
from ..storage.trial import Trial, entered
from .proposer import Proposer

logger = logging.getLogger(__name__)

FAILURES = 3  # candidates that failed to the last try, before one success: the search stops


@dataclass(slots=True)
class Timings:
    """Where the seconds of a run went; wall clock of the driver but for `training`.

    training: the workers' own, summed over workers. proposing: asking, screening, fingerprints.
    recording: writing scores into the study. first, last: moments of the first bracket's start
    and the last one's end.
    """

    training: float = 0.0
    proposing: float = 0.0
    recording: float = 0.0
    first: float | None = None
    last: float | None = None
    brackets: int = 0


@dataclass(slots=True)
class _Bracket:
    """A job under way: its trials, and each one's reports so far."""

    asked: Sequence[ProposedTrial]
    reports: list[dict[int, CandidateReport]]
    seconds: list[float]
    open: set[int] = field(default_factory=set)  # slices without a final state


class Engine:
    """Runs one search on an executor until its budget, its time or its space is used up."""

    def __init__(
        self,
        config: SearchConfig,
        launch: RunSettings,
        space: Space,
        study: Study,
        on_candidate: Callable[[Trial], None],
    ) -> None:
        self._config, self._launch, self._study = config, launch, study
        self._on_candidate = on_candidate
        self._proposer = Proposer(study, space, config.seed)
        known = study.trials()
        self._entered = entered(known)
        self._scores = {
            epoch: [c.val_accuracies[epoch] for c in known if epoch in c.val_accuracies]
            for epoch in config.recipe.rungs
        }
        self._succeeded = any(c.trained for c in known)
        self._first_error: str | None = None
        self._given_up = 0  # candidates that failed to the last try
        self._brackets: dict[int, _Bracket] = {}
        self._number = 0
        self._held: ProposedTrial | None = None
        self._exhausted = False
        self._deadline = math.inf
        self.timings = Timings()

    @property
    def exhausted(self) -> bool:
        """Whether the space ran out before the budget did."""
        return self._exhausted

    def run(self, executor: Executor, evaluator: Evaluator) -> None:
        """Search; raises SearchFailed if nothing but failures comes back."""
        if self._launch.time_limit is not None:
            self._deadline = time.monotonic() + self._launch.time_limit
        executor.run(evaluator, self._next_job, self._on_rung, self._on_done)
        self._stop_if_nothing_succeeds()

    def _next_job(self) -> Assignment | None:
        start = time.perf_counter()
        asked = self._ask_bracket()
        self.timings.proposing += time.perf_counter() - start
        if not asked:
            return None
        self._number += 1
        self._brackets[self._number] = _Bracket(
            asked, [{} for _ in asked], [0.0] * len(asked), set(range(len(asked)))
        )
        self.timings.first = self.timings.first or time.perf_counter()
        self.timings.brackets += 1
        return Assignment(self._number, self._job(asked))

    def _job(self, asked: Sequence[ProposedTrial]) -> Job:
        expressions = tuple(str(one.expression) for one in asked)
        cutoffs = cutoffs_of(self._scores, self._config.recipe.eta)
        return Job(expressions, self._config.recipe, self._config.seed, cutoffs=cutoffs)

    def _ask_bracket(self) -> list[ProposedTrial]:
        if time.monotonic() >= self._deadline:
            return []
        asked: list[ProposedTrial] = []
        size = self._bracket_size()
        while len(asked) < size:
            one, self._held = self._held or self._ask(), None
            if one is None:
                break
            if one.retry >= RETRIES:
                # It crashed twice among others: alone, it takes none of them down again.
                if not asked:
                    return [one]
                self._held = one
                break
            asked.append(one)
        return asked

    def _ask(self) -> ProposedTrial | None:
        if not self._study.waiting() and self._entered >= self._launch.candidates:
            return None
        one = self._proposer.next()
        if one is None:
            self._exhausted = True
        elif one.retry == 0:
            self._entered += 1
        return one

    def _bracket_size(self) -> int:
        """Smaller towards the end, so that all workers end at about the same time."""
        left = max(1, self._launch.candidates - self._entered + self._study.waiting())
        return min(self._config.bracket, math.ceil(left / self._launch.workers))

    def _on_rung(self, number: int, report: RungReport) -> None:
        start = time.perf_counter()
        bracket = self._brackets[number]
        self._succeeded = True
        self.timings.training += report.seconds
        for found in report.candidates:
            asked = bracket.asked[found.index]
            bracket.reports[found.index][report.epoch] = found
            bracket.seconds[found.index] += report.seconds / len(report.candidates)
            if found.state != "infeasible":
                self._scores[report.epoch].append(found.val_accuracy)
                self._study.rung(asked.number, report.epoch, found.val_accuracy)
            if found.state != "live":
                bracket.open.discard(found.index)
                seconds = bracket.seconds[found.index]
                ended = self._study.end(asked.number, bracket.reports[found.index], seconds)
                self._on_candidate(ended)
        self._note_end(start)

    def _on_done(self, number: int, error: str | None) -> None:
        start = time.perf_counter()
        bracket = self._brackets.pop(number)
        for index in sorted(bracket.open):
            failed = self._study.fail(bracket.asked[index].number, error or "")
            if failed.retry >= RETRIES:
                self._given_up += 1
                self._on_candidate(failed)
        self._note_end(start)
        if error is None:
            return
        self._first_error = self._first_error or error
        last = error.strip().splitlines()[-1]
        logger.warning("a bracket failed, its candidates are tried again: %s", last)
        if self._given_up >= FAILURES:
            self._stop_if_nothing_succeeds()

    def _stop_if_nothing_succeeds(self) -> None:
        if self._first_error is not None and not self._succeeded:
            raise SearchFailed(
                f"every training failed, so the search stops; the first error was: "
                f"{self._first_error.strip().splitlines()[-1]} (--debug shows all of it)",
                self._first_error,
            )

    def _note_end(self, start: float) -> None:
        self.timings.last = time.perf_counter()
        self.timings.recording += self.timings.last - start
