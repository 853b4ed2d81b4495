"""The driver: proposals into brackets, brackets to workers, scores into the study."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...evaluators import (
    CandidateReport,
    Evaluator,
    Job,
    RungReport,
)
from ...evaluators.protocol.successive_halving import cutoffs_of
from ...space import Space
from ..errors import NothingToTrain, SearchFailed, last_line
from ..executors.base import Assignment, Executor
from ..progress import RungScore
from ..remaining_time import Mean, Pace, expected_epochs
from ..storage.config import RunSettings, SearchConfig
from ..storage.search_file import FINGERPRINT_VERSION
from ..storage.study import Study
from ..storage.trial import RETRIES, ProposedTrial, Trial
from .costs import Costs
from .lag import Lag
from .proposer import Proposer

logger = logging.getLogger(__name__)

# Candidates in a row that failed to the last try, so that the search stops: before anything has
# trained in this launch, and after, where that many functions may be at fault by themselves.
FAILURES, LATE_FAILURES = 3, 9


@dataclass(slots=True)
class Timings:
    """The seconds of a run by what took them; wall clock of the driver but for `training`.

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
    """A job under way: its trials, and each one's reports so far, by epoch."""

    job: Job
    trials: Sequence[ProposedTrial]
    reports: list[dict[int, CandidateReport]]
    seconds: list[float]
    open: set[int]  # indices of the trials without a final state
    trained: float = 0.0  # member-epochs

    @property
    def ties(self) -> bool:
        """Whether those that tie with its best go on after the first rung."""
        return self.job.ties_go_on and not self.job.cutoffs

    @staticmethod
    def of(job: Job, trials: Sequence[ProposedTrial]) -> _Bracket:
        """A bracket without a report."""
        indices = range(len(trials))
        return _Bracket(job, trials, [{} for _ in indices], [0.0] * len(trials), set(indices))


class Engine:
    """Runs one search on an executor until its budget, its time or its space is used up."""

    def __init__(
        self,
        config: SearchConfig,
        settings: RunSettings,
        space: Space,
        study: Study,
        on_trial: Callable[[Trial], None],
        pace: Pace,
        on_work: Callable[[float, float], None],
        fingerprints: int = FINGERPRINT_VERSION,
        costs: Costs | None = None,
        on_rung: Callable[[RungScore], None] = lambda score: None,
    ) -> None:
        """on_rung hears of each candidate at each rung. on_work hears after each rung how many
        member-epochs are left in all, and how many of them one worker has to train in one piece.
        """
        self._config, self._settings, self._study = config, settings, study
        self._on_trial, self._on_work, self._pace = on_trial, on_work, pace
        # By whether a bracket's ties go on: they do in the first ones of a search with a prior.
        self._expected = {
            ties: Mean(expected_epochs(config.recipe, ties)) for ties in (False, True)
        }
        self._space, self._costs, self._on_score = space, costs, on_rung
        self._proposer = Proposer(study, space, config.seed, fingerprints, costs)
        self._lag = Lag.of(config)
        self._trained_before = any(trial.trained for trial in study.trials())
        self._works = False  # whether anything has trained in this launch
        self._first_error: str | None = None  # since anything trained
        self._given_up: list[int] = []  # origins of those that failed to the last try, since then
        self._brackets: dict[int, _Bracket] = {}
        self._number = 0
        self._deadline = math.inf
        self._stuck = False  # whether too many proposals in a row were rejected
        self.exhausted = False  # whether the space ran out before the budget did
        self.timed_out = False  # whether the time did
        self.timings = Timings()

    def run(self, executor: Executor, evaluator: Evaluator) -> None:
        """Search until nothing is left. Raises SearchFailed where every training, or too many
        candidates in a row, failed; a resumed search tries these again."""
        if self._settings.time_limit is not None:
            self._deadline = time.monotonic() + self._settings.time_limit
        self._proposer.objection = evaluator.objection
        executor.run(evaluator, self._next_job, self._on_rung, self._on_done)
        if self._first_error is not None and not (self._works or self._trained_before):
            self._stop("every training failed", self._first_error)

    def _next_job(self) -> Assignment | None:
        start = time.perf_counter()
        trials = self._next_bracket()
        self.timings.proposing += time.perf_counter() - start
        if not trials:
            return None
        self._number += 1
        self.timings.first = self.timings.first or time.perf_counter()
        self.timings.brackets += 1
        recipe = self._config.recipe
        job = Job(
            tuple(str(trial.expression) for trial in trials),
            recipe,
            self._config.seed,
            cutoffs=cutoffs_of(self._study.scores(self._seen(trials), recipe.rungs), recipe.eta),
            ties_go_on=bool(self._config.prior),
        )
        self._brackets[self._number] = _Bracket.of(job, trials)
        self._pace.begin(self._number)
        return Assignment(self._number, job)

    def _next_bracket(self) -> list[ProposedTrial]:
        """Trials to train next; none where nothing is left, or where results that they depend on
        are not in yet: a worker still trains those, and when it ends the executor asks again."""
        if time.monotonic() >= self._deadline:
            left = self._study.waiting() or self._has_budget()
            self.timed_out = self.timed_out or bool(left and not self.exhausted)
            return []
        if self._study.waiting():
            return self._retries()
        entered = self._study.entered()
        seen = self._lag.seen(entered)
        if self.exhausted or self._stuck:
            return []
        if seen is not None and not self._study.has_ended(seen):
            assert self._brackets, "nothing is under way that the next bracket could wait for"
            return []
        left = self._settings.candidates - entered
        trials: list[ProposedTrial] = []
        while len(trials) < min(left, self._lag.left_in_bracket(entered)):
            trial = self._propose(seen)
            if trial is None:
                break
            trials.append(trial)
        return trials

    def _propose(self, seen: int | None) -> ProposedTrial | None:
        """A new candidate; None where there is no other. Raises NothingToTrain where there was
        none at all; what has trained is confirmed, and the rest told as a warning."""
        try:
            trial = self._proposer.next(seen)
        except NothingToTrain as error:
            self._check_costs()
            if not self._study.entered():
                raise
            logger.warning("%s", error)
            self._stuck = True
            return None
        if trial is None:
            self.exhausted = True
            self._check_costs()
        return trial

    def _check_costs(self) -> None:
        """Raise InvalidSetting where candidates ended because all were too dear."""
        if self._costs is not None:
            self._costs.check_any_passed()

    def _retries(self) -> list[ProposedTrial]:
        """Trials that wait to be tried again, apart from new ones, which so stay in the brackets
        that they would be in without a crash."""
        trials: list[ProposedTrial] = []
        while (retry := self._study.next_retry()) and len(trials) < self._config.bracket:
            # It crashed twice among others: alone, it takes none of them down again.
            is_last = retry >= RETRIES
            if is_last and trials:
                break
            trials.append(self._study.retry(self._space))
            if is_last:
                break
        return trials

    def _seen(self, trials: Sequence[ProposedTrial]) -> int | None:
        """How many of the first candidates the cut-offs of a bracket depend on; None: all."""
        return self._lag.seen(min(map(self._study.candidate, trials)))

    def _has_budget(self) -> bool:
        """Whether more candidates are to enter training."""
        return self._study.entered() < self._settings.candidates

    def _on_rung(self, number: int, rung: RungReport) -> None:
        start = time.perf_counter()
        bracket = self._brackets[number]
        self._works, self._first_error = True, None
        self._given_up.clear()
        self.timings.training += rung.seconds
        bracket.trained += self._pace.add(number, bracket.job, rung)
        for report in rung.candidates:
            index, proposed = report.index, bracket.trials[report.index]
            trial = proposed.number
            bracket.reports[index][rung.epoch] = report
            bracket.seconds[index] += rung.seconds / len(rung.candidates)
            if report.state != "infeasible":
                self._study.rung(trial, rung.epoch, report.val_accuracy)
            self._on_score(_score(proposed, rung.epoch, report))
            if report.state != "live":
                bracket.open.discard(index)
                self._on_trial(
                    self._study.end(trial, bracket.reports[index], bracket.seconds[index])
                )
        self._reckon_work()
        self._note_end(start)

    def _on_done(self, number: int, error: str | None) -> None:
        start = time.perf_counter()
        bracket = self._brackets.pop(number)
        self._pace.end(number)
        if error is None:
            self._expected[bracket.ties].add(bracket.trained, len(bracket.trials))
        for index in sorted(bracket.open):
            trial = self._study.fail(bracket.trials[index].number, error or "")
            if trial.retry >= RETRIES:
                self._given_up.append(trial.origin)
                self._on_trial(trial)
        self._note_end(start)
        if error is None:
            return
        self._first_error = self._first_error or error
        logger.warning("a bracket failed, its candidates are tried again: %s", last_line(error))
        if len(self._given_up) >= (LATE_FAILURES if self._works else FAILURES):
            began = self._works or self._trained_before
            what = f"the last {len(self._given_up)} candidates" if began else "every training"
            self._stop(f"{what} failed", self._first_error)

    @property
    def seconds_left(self) -> float:
        """Until no bracket is begun any more, by the time limit; infinite without one."""
        return max(0.0, self._deadline - time.monotonic())

    def _reckon_work(self) -> None:
        """Tell how much is left: of the brackets under way, and of candidates not yet proposed."""
        expected = {ties: mean.value for ties, mean in self._expected.items()}
        under_way = [
            max(0.0, expected[b.ties] * len(b.trials) - b.trained) if b.open else 0.0
            for b in self._brackets.values()
        ]
        entered = self._study.entered()
        waiting = max(0, self._settings.candidates - entered + self._study.waiting())
        if self.exhausted or self._stuck or self.seconds_left == 0:
            waiting = 0  # no more are proposed
        early = min(waiting, max(0, self._lag.blind - entered)) if self._config.prior else 0
        to_come = expected[True] * early + expected[False] * (waiting - early)
        self._on_work(sum(under_way) + to_come, max(under_way, default=0.0))

    def _stop(self, what: str, error: str) -> None:
        """Raise SearchFailed; those given up since anything trained are not to blame."""
        for origin in self._given_up:
            self._study.try_again(origin)
        raise SearchFailed(
            f"{what}, so the search stops; the first error was: "
            f"{last_line(error)} (--debug shows all of it)",
            error,
        )

    def _note_end(self, start: float) -> None:
        self.timings.last = time.perf_counter()
        self.timings.recording += self.timings.last - start


def _score(trial: ProposedTrial, epoch: int, report: CandidateReport) -> RungScore:
    """A candidate's score at a rung, as listeners get it."""
    diverged = report.state == "infeasible"
    return RungScore(
        trial=trial.number,
        expression=str(trial.expression),
        epoch=epoch,
        val_accuracy=None if diverged else report.val_accuracy,
        state=report.state,
    )
