"""The study: one Optuna study in one SQLite file, the only truth about a search.

One writer, the driver; any number of readers. Write-ahead logging lets them work at once, and
`synchronous=NORMAL` loses at most the last commits in a power cut, never the file.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.distributions import CategoricalDistribution
from optuna.storages import BaseStorage, RDBStorage, get_storage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from ...evaluators import CandidateReport
from ...mlflow.uris import sqlite_uri
from ...space import Encoding, Expression, Space
from ..strategies.base import FIXED, Strategy
from ..strategies.objectives import COST, OBJECTIVES
from ..strategies.quiet import quiet
from . import study_file
from .config import ACCURACY
from .history import Draw, History
from .home import usable
from .interruption import is_ended, owed_trials
from .study_file import FILE as FILE
from .trial import RETRIES as RETRIES
from .trial import MeasuredCost, Trial
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
    result_text,
    stored_trials,
    trial_of,
)

_CONNECT = {"connect_args": {"timeout": study_file.LONGEST_LOCKED}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedTrial:
    """A trial just begun, with the candidate its parameters describe."""

    number: int
    expression: Expression
    encoding: Encoding
    origin: int  # the trial first drawn; its own number unless this is a retry
    retry: int


@dataclass(slots=True)
class _Running:
    """A trial in training: its row in the file, its origin, and the last score it reported."""

    row: int
    origin: int
    accuracy: float | None = None


class Study:
    """The study opened for writing; only the holder of the search's lock may.

    A draw is written in one piece once it is known what becomes of it, and nothing of the file is
    read again for the next: the strategy looks at a history in memory (`History`).

    Raises HomeUnusable for a study that is missing, empty or damaged: `make_study` makes that of a
    new search.
    """

    def __init__(self, folder: Path, strategy: Strategy) -> None:
        self._path = folder / FILE
        self.strategy = strategy
        study_file.check(folder)
        with sqlite_errors(self._path):
            self._storage = _open(self._path)
            self._id = _study_id(self._path, self._storage)
            trials = stored_trials(self._storage, self._id)
            _checked(self._path, trials)
        self._begin(trials)

    def ask(self, space: Space, first: int | None = None, fixed: Encoding | None = None) -> Draw:
        """What the strategy proposes from the results of the first so many candidates (None: of
        all that have ended), or a fixed encoding. Nothing of it is stored before it is accepted or
        rejected."""
        self._history.show(first)
        return self._history.draw(space, fixed)

    def accept(self, draw: Draw, cost: MeasuredCost | None = None) -> ProposedTrial:
        """Record that a draw goes into training, and its cost where it was measured."""
        number = self._count
        attributes = {**_cost_attribute(cost), EXPRESSION: str(draw.expression)}
        lineage: dict[str, Any] = {}
        if draw.lineage is not None:
            lineage = {PARENTS: list(draw.lineage.parents), MUTATION: draw.lineage.mutation}
        row = self._create(draw, TrialState.RUNNING, {**attributes, **lineage})
        self._history.accept(draw, number, attributes)
        self._running[number] = _Running(row, number)
        return ProposedTrial(
            number=number,
            expression=draw.expression,
            encoding=draw.encoding,
            origin=number,
            retry=0,
        )

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
        attributes = {**_cost_attribute(cost), **why, EXPRESSION: str(draw.expression)}
        self._create(draw, TrialState.PRUNED, attributes)
        self._history.reject(draw, number, attributes)
        return number

    def next_retry(self) -> int | None:
        """Which try of its candidate the first trial is that waits; None where none waits."""
        return self._waiting[0].user_attrs[RETRY] if self._waiting else None

    def retry(self, space: Space) -> ProposedTrial:
        """Begin the first trial that waits."""
        waiting = self._waiting.popleft()
        fixed = waiting.system_attrs[FIXED]
        with sqlite_errors(self._path):
            row = self._storage.get_trial_id_from_study_id_trial_number(self._id, waiting.number)
            self._storage.set_trial_state_values(row, TrialState.RUNNING)

            def choose(path: str, options: tuple[str, ...]) -> str:
                distribution = CategoricalDistribution(options)
                value = distribution.to_internal_repr(fixed[path])
                self._storage.set_trial_param(row, path, value, distribution)
                chosen: str = fixed[path]
                return chosen

            expression = space.build(choose)
            # Last: a trial without this mark was killed while it was begun, and comes again.
            self._storage.set_trial_user_attr(row, EXPRESSION, str(expression))
        origin = waiting.user_attrs[ORIGIN]
        self._running[waiting.number] = _Running(row, origin)
        return ProposedTrial(
            number=waiting.number,
            expression=expression,
            encoding=fixed,
            origin=origin,
            retry=waiting.user_attrs[RETRY],
        )

    def rung(self, number: int, epoch: int, accuracy: float) -> None:
        """Record a running trial's accuracy (a fraction) at a rung, for readers."""
        running = self._running[number]
        with sqlite_errors(self._path):
            self._storage.set_trial_intermediate_value(running.row, epoch, accuracy)
        running.accuracy = accuracy
        self._history.rung(running.origin, epoch, accuracy)

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
        return trial_of(self._finish(number, state, attributes, is_last=True))

    def fail(self, number: int, error: str) -> Trial:
        """End a trial whose training crashed; it is enqueued again, up to RETRIES times."""
        with sqlite_errors(self._path):
            trial = trial_of(self._storage.get_trial(self._running[number].row))
        again = trial.retry < RETRIES
        if again:
            self._enqueue_again(trial, trial.retry + 1)
        return trial_of(self._finish(number, TrialState.FAIL, {ERROR: error}, is_last=not again))

    def sweep(self) -> int:
        """Put right what an earlier driver left, at whatever moment it was killed; how many
        candidates are to be tried again."""
        with sqlite_errors(self._path):
            for ended in stored_trials(self._storage, self._id):
                if ended.state == TrialState.RUNNING and is_ended(ended):
                    self._close(ended, TrialState.PRUNED)
            trials = stored_trials(self._storage, self._id)
            for trial in (owed := owed_trials(trials)):
                self._enqueue_again(trial, max(trial.retry, 1))
            # After the queue: killed between the two, the next sweep finds what waits.
            for left in trials:
                if left.state == TrialState.RUNNING or _is_fallback(left):
                    self._close(left, TrialState.FAIL)
            self._begin(stored_trials(self._storage, self._id))
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
            return [trial_of(t) for t in stored_trials(self._storage, self._id)]

    def encodings(self) -> list[Encoding]:
        """The encodings of all trials that were drawn to the end."""
        with sqlite_errors(self._path):
            trials = stored_trials(self._storage, self._id)
        return [t.params for t in trials if EXPRESSION in t.user_attrs]

    def _begin(self, trials: Sequence[FrozenTrial]) -> None:
        """Go on from the trials of the file."""
        directions = self._storage.get_study_directions(self._id)
        attributes = self._storage.get_study_user_attrs(self._id)
        self._history = History(self.strategy, directions, attributes, trials)
        self._waiting = deque(t for t in trials if t.state == TrialState.WAITING)
        self._count = len(trials)
        self._running: dict[int, _Running] = {}

    def _create(self, draw: Draw, state: TrialState, attributes: Mapping[str, Any]) -> int:
        """Store a draw in one piece; its row."""
        trial = create_trial(
            state=state,
            params=draw.trial.params,
            distributions=draw.trial.distributions,
            user_attrs=dict(attributes),
            system_attrs={FIXED: draw.encoding} if draw.fixed else {},
        )
        return self._add(trial)

    def _add(self, trial: FrozenTrial) -> int:
        with sqlite_errors(self._path):
            row = self._storage.create_new_trial(self._id, trial)
        self._count += 1
        return row

    def _enqueue_again(self, trial: Trial, retry: int) -> None:
        # Before the trial is failed: killed between the two, the next sweep finds both.
        with sqlite_errors(self._path):
            # The origin's parameters: a retry that was killed while it was begun lacks some.
            origin = self._storage.get_trial(
                self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.origin)
            )
        kept = {k: v for k, v in origin.user_attrs.items() if k in (COST, PARENTS, MUTATION)}
        waiting = create_trial(
            state=TrialState.WAITING,
            system_attrs={FIXED: origin.params},
            user_attrs={ORIGIN: trial.origin, RETRY: retry, **kept},
        )
        waiting.number = self._count
        self._add(waiting)
        self._waiting.append(waiting)

    def _finish(
        self, number: int, state: TrialState, attributes: Mapping[str, Any], *, is_last: bool
    ) -> FrozenTrial:
        """End a trial; it as it is stored. is_last: whether its candidate ends with it."""
        running = self._running.pop(number)
        # Attributes before the state: a trial that is finished has them all, whenever killed.
        with sqlite_errors(self._path):
            for name, attribute in attributes.items():
                self._storage.set_trial_user_attr(running.row, name, attribute)
            self._set_state(running.row, state, running.accuracy)
            stored = self._storage.get_trial(running.row)
        if is_last:
            self._history.end(stored)
        return stored

    def _close(self, trial: FrozenTrial, state: TrialState) -> None:
        row = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)
        last = trial.last_step
        self._set_state(row, state, None if last is None else trial.intermediate_values[last])

    def _set_state(self, row: int, state: TrialState, accuracy: float | None) -> None:
        """End a row as Optuna does: one that is pruned has its last score for a value."""
        values = None if accuracy is None or state == TrialState.FAIL else [accuracy]
        self._storage.set_trial_state_values(row, state, values)


def _cost_attribute(cost: MeasuredCost | None) -> dict[str, Any]:
    return {} if cost is None else {COST: dataclasses.asdict(cost)}


def make_study(folder: Path, objectives: Sequence[str] = ACCURACY) -> None:
    """Make the study of a new search, whole or not at all, in place of one that was never used.

    Whatever the objectives, it maximises accuracy: Optuna lets no trial of several directions
    report its rungs. A candidate's cost is an attribute of its trial, which is what strategies
    that search the front read (search/strategies/objectives.py).
    """
    partial = folder / study_file.PARTIAL
    with usable(folder):
        study_file.remove(folder)
    with sqlite_errors(partial, again="try again"):
        storage = RDBStorage(sqlite_uri(partial), _CONNECT)
        try:
            with quiet():
                study = optuna.create_study(
                    storage=storage, study_name=study_file.NAME, direction="maximize"
                )
                if tuple(objectives) != ACCURACY:
                    study.set_user_attr(OBJECTIVES, list(objectives))
        finally:
            storage.remove_session()
            storage.engine.dispose()
    with usable(folder):
        os.replace(partial, folder / FILE)


def read_trials(folder: Path) -> list[Trial]:
    """Every trial of a search's study, in order, also while a driver is writing it.

    Raises HomeUnusable for a study that is missing, empty or damaged.
    """
    path = folder / FILE
    study_file.check_is_made(folder)
    with sqlite_errors(path), study_file.readable(path) as file:
        storage = RDBStorage(
            sqlite_uri(file),
            _CONNECT,
            skip_compatibility_check=True,
            skip_table_creation=True,
        )
        return _checked(path, stored_trials(storage, _study_id(path, storage)))


def _checked(path: Path, trials: Sequence[FrozenTrial]) -> list[Trial]:
    """The trials, in order; raises HomeUnusable where garbage stands for what was written."""
    try:
        return [trial_of(trial) for trial in trials]
    except (ValueError, LookupError, TypeError) as error:
        raise study_file.damaged(path, f"is damaged ({error})") from error


def _open(path: Path) -> BaseStorage:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    try:
        storage = RDBStorage(sqlite_uri(path), _CONNECT)
    except (RuntimeError, AssertionError) as error:  # Optuna's check of its tables' version
        raise study_file.of_another_version(path, error) from error

    @sqlalchemy.event.listens_for(storage.engine, "connect")
    def relax(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    storage.engine.dispose()  # the connection that made the tables has not seen the pragma
    return get_storage(storage)  # which keeps what has ended, and reads it no second time


def _study_id(path: Path, storage: BaseStorage) -> int:
    """The number of the one study of a file; raises HomeUnusable where that is none of ours."""
    try:
        number = storage.get_study_id_from_name(study_file.NAME)
        directions = storage.get_study_directions(number)
    except LookupError as error:
        raise study_file.damaged(path, f"is damaged ({error})") from error
    if directions != [StudyDirection.MAXIMIZE]:
        raise study_file.damaged(path, "is damaged (its direction is not to maximise)")
    return number


def _is_fallback(trial: FrozenTrial) -> bool:
    """Whether an earlier version was to draw it at random, and was killed first."""
    return trial.state == TrialState.WAITING and ORIGIN not in trial.user_attrs


@contextmanager
def sqlite_errors(path: Path, again: str = study_file.GO_ON) -> Iterator[None]:
    """Turn SQLite's errors of a full, read-only, held or damaged file into HomeUnusable.

    again: how to go on when it is mended.
    """
    try:
        yield
    except (
        sqlite3.Error,
        sqlalchemy.exc.SQLAlchemyError,
        optuna.exceptions.StorageInternalError,
    ) as error:
        cause = error.__cause__ or error
        raise study_file.unusable(path, getattr(cause, "orig", None) or cause, again) from error
