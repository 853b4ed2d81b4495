"""The study: one Optuna study in one SQLite file, the only truth about a search.

One writer, the driver; any number of readers, which work at once with it (study_database.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import Connection

from ...evaluators import CandidateReport
from ...space import Encoding, Fingerprint, Space
from ..strategies.base import FIXED, Strategy
from ..strategies.objectives import COST
from . import rows, study_file
from .held_interrupts import held_interrupts
from .history import Draw, History
from .interruption import is_ended, owed_trials
from .study_database import opened, sqlite_errors
from .trial import RETRIES, MeasuredCost, ProposedTrial, Trial
from .trial_codec import (
    DUPLICATE_OF,
    ERROR,
    EXPRESSION,
    MUTATION,
    ORIGIN,
    PARENTS,
    REASON,
    RESULT,
    RETRY,
    cost_attribute,
    fingerprint_attribute,
    result_text,
    trial_of,
)
from .trial_reader import TrialReader


@dataclass(slots=True)
class _Running:
    """A trial in training: its row in the file, its origin, which try of it, and the last score it
    reported."""

    row: int
    origin: int
    retry: int = 0
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A trial that waits to be tried again, and its row in the file."""

    row: int
    trial: FrozenTrial


class Study:
    """The study opened for writing; only the holder of the search's lock may.

    A draw is written in one piece once it is known what becomes of it, and nothing of the file is
    read again for the next: the strategy looks at a history in memory (`History`). Ctrl-C comes
    before a change or after it, when file and memory agree.

    Raises HomeUnusable for a study that is missing, empty or damaged: `make_study` makes that of a
    new search.
    """

    def __init__(self, folder: Path, strategy: Strategy) -> None:
        self._path = folder / study_file.FILE
        self.strategy = strategy
        study_file.check(folder)
        with sqlite_errors(self._path):
            storage = opened(self._path)
            self._engine = storage.engine
            self._id = study_file.study_id(self._path, self._path)
            self._directions = storage.get_study_directions(self._id)
            self._attributes = storage.get_study_user_attrs(self._id)
            self._reader = TrialReader(self._path, self._id)
            trials = self._reader.update()
        self._begin(trials)

    def ask(self, space: Space, first: int | None = None, fixed: Encoding | None = None) -> Draw:
        """The strategy's proposal from the results of the first so many candidates (None: of all
        that have ended), or a fixed encoding. Nothing is stored before it is accepted or
        rejected."""
        self._history.show(first)
        return self._history.draw(space, fixed)

    @held_interrupts()
    def accept(
        self,
        draw: Draw,
        cost: MeasuredCost | None = None,
        fingerprint: Fingerprint | None = None,
    ) -> ProposedTrial:
        """Record that a draw goes into training, its cost where it was measured, and of its
        fingerprint what a resumed search needs."""
        number = self._count
        shown = {**cost_attribute(cost), EXPRESSION: str(draw.expression)}
        lineage: dict[str, Any] = {}
        if draw.lineage is not None:
            lineage = {PARENTS: list(draw.lineage.parents), MUTATION: draw.lineage.mutation}
        attributes = {**shown, **lineage, **fingerprint_attribute(fingerprint)}
        row = self._create(draw, TrialState.RUNNING, attributes)
        self._history.accept(draw, number, shown)
        self._running[number] = _Running(row, number)
        return ProposedTrial(
            number=number,
            expression=draw.expression,
            encoding=draw.encoding,
            origin=number,
            retry=0,
        )

    @held_interrupts()
    def reject(
        self,
        draw: Draw,
        *,
        reason: str | None = None,
        duplicate_of: int | None = None,
        cost: MeasuredCost | None = None,
    ) -> int:
        """Record that a draw is not trained, screened out, too dear or seen before; its number."""
        number = self._count
        why = {REASON: reason} if reason is not None else {DUPLICATE_OF: duplicate_of}
        attributes = {**cost_attribute(cost), **why, EXPRESSION: str(draw.expression)}
        self._create(draw, TrialState.PRUNED, attributes)
        self._history.reject(draw, number, attributes)
        return number

    def next_retry(self) -> int | None:
        """Which try of its candidate the first trial is that waits; None where none waits."""
        return self._waiting[0].trial.user_attrs[RETRY] if self._waiting else None

    @held_interrupts()
    def retry(self, space: Space) -> ProposedTrial:
        """Begin the first trial that waits."""
        row, waiting = self._waiting[0].row, self._waiting[0].trial
        fixed = waiting.system_attrs[FIXED]
        distributions: dict[str, BaseDistribution] = {}

        def choose(path: str, options: tuple[str, ...]) -> str:
            distributions[path] = CategoricalDistribution(options)
            distributions[path].to_internal_repr(fixed[path])  # raises where it is none of them
            chosen: str = fixed[path]
            return chosen

        expression = space.build(choose)
        text = str(expression)
        with self._writing() as connection:
            rows.begin(connection, row)
            rows.insert_params(connection, row, fixed, distributions)
            rows.insert_attributes(connection, row, {EXPRESSION: text})
        self._waiting.popleft()
        origin, retry = waiting.user_attrs[ORIGIN], waiting.user_attrs[RETRY]
        self._running[waiting.number] = _Running(row, origin, retry)
        return ProposedTrial(
            number=waiting.number,
            expression=expression,
            encoding=fixed,
            origin=origin,
            retry=retry,
        )

    @held_interrupts()
    def rung(self, number: int, epoch: int, accuracy: float) -> None:
        """Record a running trial's accuracy (a fraction) at a rung, for readers."""
        running = self._running[number]
        with self._writing() as connection:
            rows.insert_rung(connection, running.row, epoch, accuracy)
        running.accuracy = accuracy
        self._history.rung(running.origin, epoch, accuracy)

    @held_interrupts()
    def end(self, number: int, reports: Mapping[int, CandidateReport], seconds: float) -> Trial:
        """End a trained trial as its last report says."""
        last = reports[max(reports)]
        attributes: dict[str, Any] = {RESULT: result_text(reports, seconds)}
        if last.state == "infeasible":
            attributes[REASON] = last.reason
        running = self._running[number]
        if last.state == "complete":
            running.accuracy = last.val_accuracy
        state = TrialState.COMPLETE if last.state == "complete" else TrialState.PRUNED
        return self._finish(number, state, attributes, is_last=True)

    @held_interrupts()
    def fail(self, number: int, error: str) -> Trial:
        """End a trial whose training crashed; it is enqueued again, up to RETRIES times."""
        running = self._running[number]
        again = running.retry < RETRIES
        if again:
            self._enqueue_again(running.origin, running.retry + 1)
        return self._finish(number, TrialState.FAIL, {ERROR: error}, is_last=not again)

    @held_interrupts()
    def try_again(self, origin: int) -> None:
        """Enqueue a candidate once more that has failed to its last try, for a later driver: the
        cause was not the candidate."""
        self._enqueue_again(origin, RETRIES)

    @held_interrupts()
    def sweep(self) -> int:
        """Put right what an earlier driver left, at whatever moment it was killed; how many
        candidates are to be tried again."""
        with sqlite_errors(self._path):
            self._reader.update()
            left = dict(self._reader.unfinished)
            for row, trial in left.items():
                if trial.state == TrialState.RUNNING and is_ended(trial):
                    self._close(row, trial, TrialState.PRUNED)
            self._reader.update()
            owed = owed_trials(self._reader.trials)
            for last in owed:
                self._enqueue_again(last.origin, max(last.retry, 1))
            # After the queue: killed between the two, the next sweep finds what waits.
            for row, trial in self._reader.unfinished.items():
                if _is_left(trial):
                    self._close(row, trial, TrialState.FAIL)
            if owed or any(map(_is_left, left.values())):
                self._reader = TrialReader(self._path, self._id)
                self._begin(self._reader.update())
        return len(owed)

    def waiting(self) -> int:
        """How many trials wait to be tried again."""
        return len(self._waiting)

    def entered(self) -> int:
        """How many candidates entered training; they are counted from 0."""
        return len(self._history)

    def candidate(self, trial: ProposedTrial) -> int:
        """Which candidate a trial is of."""
        return self._history.candidate(trial.origin)

    def has_ended(self, first: int) -> bool:
        """Whether the first so many candidates all have ended."""
        return self._history.has_ended(first)

    def scores(self, first: int | None, epochs: Sequence[int]) -> dict[int, list[float]]:
        """The accuracies of the first so many candidates (None: of all), by epoch."""
        return self._history.scores(first, epochs)

    def trials(self) -> list[Trial]:
        """Every trial, in order."""
        with sqlite_errors(self._path):
            self._reader.update()
        return self._reader.trials

    def encodings(self) -> list[Encoding]:
        """The encodings of all trials that were drawn to the end."""
        return self._history.encodings()

    def _begin(self, trials: Mapping[int, FrozenTrial]) -> None:
        """Go on from the trials of the file, by row."""
        self._history = History(
            self.strategy, self._directions, self._attributes, list(trials.values())
        )
        self._waiting = deque(
            _Waiting(row, trial)
            for row, trial in trials.items()
            if trial.state == TrialState.WAITING
        )
        self._count = len(trials)
        self._running: dict[int, _Running] = {}

    def _create(self, draw: Draw, state: TrialState, attributes: Mapping[str, Any]) -> int:
        """Store a draw in one piece; its row."""
        trial = create_trial(
            state=state,
            params=draw.stored.params,
            distributions=draw.stored.distributions,
            user_attrs=dict(attributes),
            system_attrs={FIXED: dict(draw.encoding)} if draw.fixed else {},
        )
        return self._add(trial)

    def _add(self, trial: FrozenTrial) -> int:
        trial.number = self._count
        with self._writing() as connection:
            row = rows.insert(connection, self._id, trial)
        self._count += 1
        return row

    def _enqueue_again(self, origin: int, retry: int) -> None:
        # Before the trial is failed: killed between the two, the next sweep finds both.
        with sqlite_errors(self._path):
            self._reader.update()
            # The origin's parameters: a retry that was killed while it was begun lacks some.
            first = self._reader.read_again(self._reader.row(origin))
        kept = {k: v for k, v in first.user_attrs.items() if k in (COST, PARENTS, MUTATION)}
        waiting = create_trial(
            state=TrialState.WAITING,
            system_attrs={FIXED: first.params},
            user_attrs={ORIGIN: origin, RETRY: retry, **kept},
        )
        row = self._add(waiting)
        self._waiting.append(_Waiting(row, waiting))

    def _finish(
        self, number: int, state: TrialState, attributes: Mapping[str, Any], *, is_last: bool
    ) -> Trial:
        """End a trial; it as it is stored. is_last: whether its candidate ends with it."""
        running = self._running.pop(number)
        with self._writing() as connection:
            rows.insert_attributes(connection, running.row, attributes)
            rows.end(connection, running.row, state, _value(state, running.accuracy))
        with sqlite_errors(self._path):
            stored = self._reader.read_again(running.row)
            trial = trial_of(stored)
        if is_last:
            self._history.end(stored, trial)
        return trial

    def _close(self, row: int, trial: FrozenTrial, state: TrialState) -> None:
        last = trial.last_step
        accuracy = None if last is None else trial.intermediate_values[last]
        with self._writing() as connection:
            rows.end(connection, row, state, _value(state, accuracy))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A connection whose changes are all in the file at the end of the block, or none."""
        with sqlite_errors(self._path), self._engine.begin() as connection:
            yield connection


def _value(state: TrialState, accuracy: float | None) -> float | None:
    """Final value of a trial, as with Optuna: one that is pruned has its last score."""
    return None if state == TrialState.FAIL else accuracy


def _is_left(trial: FrozenTrial) -> bool:
    """Whether no driver will go on with it: it was running, or an earlier version was to draw it
    at random, and was killed first."""
    return trial.state == TrialState.RUNNING or (
        trial.state == TrialState.WAITING and ORIGIN not in trial.user_attrs
    )
