"""The study: one Optuna study in one SQLite file, the only truth about a search.

One writer, the driver; any number of readers. Write-ahead logging lets them work at once, and
`synchronous=NORMAL` loses at most the last commits in a power cut, never the file.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.samplers import BaseSampler
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import Trial as OptunaTrial
from optuna.trial import TrialState

from ...evaluators import CandidateReport
from ...mlflow.uris import sqlite_uri
from ...space import Encoding, Expression, Space
from ..strategies.base import Strategy
from . import study_file
from .home import usable
from .interruption import is_ended, owed_trials
from .study_file import FILE as FILE
from .trial import RETRIES as RETRIES
from .trial import Trial
from .trial_codec import (
    DUPLICATE_OF,
    ERROR,
    EXPRESSION,
    ORIGIN,
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


class Study:
    """The study opened for writing; only the holder of the search's lock may.

    may_repeat: whether its strategy may propose an encoding again. Raises HomeUnusable for a study
    that is missing, empty or damaged: `make_study` makes that of a new search.
    """

    def __init__(self, folder: Path, strategy: Strategy) -> None:
        self._path = folder / FILE
        self.may_repeat = strategy.may_repeat
        study_file.check(folder)
        with sqlite_errors(self._path):
            self._study = _open(self._path, strategy)
            _trials(self._path, self._study)
        self._running: dict[int, OptunaTrial] = {}

    def ask(self, space: Space) -> ProposedTrial:
        """Begin a trial: one that waits to be retried, else what the strategy proposes."""
        with sqlite_errors(self._path):
            trial = self._study.ask()
            expression = space.build(trial.suggest_categorical)
            self._running[trial.number] = trial
            attributes = trial.user_attrs
        return ProposedTrial(
            number=trial.number,
            expression=expression,
            encoding=trial.params,
            origin=attributes.get(ORIGIN, trial.number),
            retry=attributes.get(RETRY, 0),
        )

    def accept(self, trial: ProposedTrial) -> None:
        """Record that a trial goes into training. A trial without this mark was killed while it
        was being drawn, and counts for nothing."""
        with sqlite_errors(self._path):
            self._running[trial.number].set_user_attr(EXPRESSION, str(trial.expression))

    def enqueue(self, encoding: Encoding) -> None:
        """Have the next `ask` begin this encoding."""
        with sqlite_errors(self._path):
            self._study.enqueue_trial(dict(encoding))

    def reject(
        self,
        trial: ProposedTrial,
        *,
        reason: str | None = None,
        duplicate_of: int | None = None,
    ) -> None:
        """End a trial before training: screened out, or seen before."""
        why = {REASON: reason} if reason is not None else {DUPLICATE_OF: duplicate_of}
        # The expression last: killed between the two, it must not look as if it was accepted.
        attributes = {**why, EXPRESSION: str(trial.expression)}
        self._finish(trial.number, TrialState.PRUNED, attributes)

    def rung(self, number: int, epoch: int, accuracy: float) -> None:
        """Record a running trial's accuracy (a fraction) at a rung, for TPE and for readers."""
        with sqlite_errors(self._path):
            self._running[number].report(accuracy, epoch)

    def end(self, number: int, reports: Mapping[int, CandidateReport], seconds: float) -> Trial:
        """End a trained trial as its last report says."""
        last = reports[max(reports)]
        attributes: dict[str, Any] = {RESULT: result_text(reports, seconds)}
        if last.state == "complete":
            return self._finish(number, TrialState.COMPLETE, attributes, last.val_accuracy)
        if last.state == "infeasible":
            attributes[REASON] = last.reason
        return self._finish(number, TrialState.PRUNED, attributes)

    def fail(self, number: int, error: str) -> Trial:
        """End a trial whose training crashed; it is enqueued again, up to RETRIES times."""
        with sqlite_errors(self._path):
            trial = trial_of(stored_trials(self._study)[number])
        if trial.retry < RETRIES:
            self._enqueue_again(trial, trial.retry + 1)
        return self._finish(number, TrialState.FAIL, {ERROR: error})

    def sweep(self) -> int:
        """Put right what an earlier driver left, at whatever moment it was killed; how many
        candidates are to be tried again."""
        with sqlite_errors(self._path):
            for ended in stored_trials(self._study):
                if ended.state == TrialState.RUNNING and is_ended(ended):
                    self._study.tell(ended.number, state=TrialState.PRUNED)
            trials = stored_trials(self._study)
            for trial in (owed := owed_trials(trials)):
                self._enqueue_again(trial, max(trial.retry, 1))
            # After the queue: killed between the two, the next sweep finds what waits.
            for left in trials:
                if left.state == TrialState.RUNNING:
                    self._study.tell(left.number, state=TrialState.FAIL)
        self._running.clear()
        return len(owed)

    def waiting(self) -> int:
        """How many trials wait to be begun: retries, or a fallback."""
        with sqlite_errors(self._path):
            return len(self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))

    def trials(self) -> list[Trial]:
        """Every trial, in order."""
        with sqlite_errors(self._path):
            return [trial_of(t) for t in stored_trials(self._study)]

    def encodings(self) -> list[Encoding]:
        """The encodings of all trials that were drawn to the end."""
        with sqlite_errors(self._path):
            trials = stored_trials(self._study)
        return [t.params for t in trials if EXPRESSION in t.user_attrs]

    def _enqueue_again(self, trial: Trial, retry: int) -> None:
        # Before the trial is failed: killed between the two, the next sweep finds both.
        with sqlite_errors(self._path):
            # The origin's parameters: a retry that was killed while it was begun lacks some.
            self._study.enqueue_trial(
                stored_trials(self._study)[trial.origin].params,
                user_attrs={ORIGIN: trial.origin, RETRY: retry},
            )

    def _finish(
        self,
        number: int,
        state: TrialState,
        attributes: Mapping[str, Any],
        value: float | None = None,
    ) -> Trial:
        # Attributes before the state: a trial that is finished has them all, whenever killed.
        with sqlite_errors(self._path):
            trial = self._running.pop(number)
            for name, attribute in attributes.items():
                trial.set_user_attr(name, attribute)
            return trial_of(self._study.tell(trial, value, state=state))


def make_study(folder: Path) -> None:
    """Make the study of a new search, whole or not at all, in place of one that was never used."""
    partial = folder / study_file.PARTIAL
    with usable(folder):
        study_file.remove(folder)
    with sqlite_errors(partial, again="try again"):
        storage = RDBStorage(sqlite_uri(partial), _CONNECT)
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(logging.WARNING)  # "a new study created" is not for our users
        try:
            optuna.create_study(storage=storage, study_name=study_file.NAME, direction="maximize")
        finally:
            optuna.logging.set_verbosity(level)
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
        return _trials(path, _load(path, storage))


def _trials(path: Path, study: optuna.Study) -> list[Trial]:
    """Every trial, in order; raises HomeUnusable where garbage stands for what was written."""
    try:
        return [trial_of(trial) for trial in stored_trials(study)]
    except (ValueError, LookupError, TypeError) as error:
        raise study_file.damaged(path, f"is damaged ({error})") from error


def _open(path: Path, sampler: BaseSampler) -> optuna.Study:
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
    return _load(path, storage, sampler)


def _load(path: Path, storage: RDBStorage, sampler: BaseSampler | None = None) -> optuna.Study:
    """The one study of a file; raises HomeUnusable where that is none of ours."""
    try:
        study = optuna.load_study(study_name=study_file.NAME, storage=storage, sampler=sampler)
        directions = study.directions
    except LookupError as error:
        raise study_file.damaged(path, f"is damaged ({error})") from error
    if directions != [StudyDirection.MAXIMIZE]:
        raise study_file.damaged(path, "is damaged (its direction is not to maximise)")
    return study


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
