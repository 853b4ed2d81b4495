"""A thread between the search and MLflow: submitting never waits, an outage loses nothing."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

from .client import TrackingRefused, TrackingUnavailable
from .records import CandidateRecord
from .tracker import Tracker

FIRST_PAUSE = 0.5  # seconds until MLflow is tried again; doubled at every failure in a row
LONGEST_PAUSE = 15.0  # seconds; a server that comes back is noticed within this
LAST_TRIES = 0.5  # seconds between tries while closing
AT_THE_END = 30.0  # seconds that closing may take
WHEN_STOPPED = 5.0  # seconds, after Ctrl-C or an error: the user wants to leave

log = logging.getLogger(__name__)


class BackgroundWriter:
    """Hands records to a tracker one by one, in the background.

    What cannot be written is kept and tried again, after the others, so that one bad record
    delays none. An exception that is neither TrackingUnavailable nor TrackingRefused ends the
    thread, and the next `submit` or `close` raises it.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, int], CandidateRecord] = {}
        self._refused: dict[tuple[str, int], CandidateRecord] = {}
        self._deadline: float | None = None  # on time.monotonic's clock; set by close
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mlflow-writer", daemon=True)
        self._thread.start()

    def submit(self, record: CandidateRecord) -> None:
        """Take a record to write; returns at once."""
        with self._changed:
            self._raise_error()
            self._waiting[record.search, record.trial] = record
            self._changed.notify_all()

    def close(self, timeout: float = AT_THE_END) -> list[CandidateRecord]:
        """Write what is waiting, for at most `timeout` seconds; return what could not be.

        The user gets those by `actsearch sync`. Closing again returns the same list.
        """
        with self._changed:
            self._deadline = time.monotonic() + timeout
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            self._raise_error()
            return [*self._waiting.values(), *self._refused.values()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(AT_THE_END if error is None else WHEN_STOPPED)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._write_all()
        except BaseException as error:  # surfaces in submit and close
            with self._changed:
                self._error = error

    def _write_all(self) -> None:
        failures = 0
        while (record := self._next()) is not None:
            try:
                self._tracker.write(record)
            except TrackingUnavailable as error:
                failures += 1
                if failures == 1:
                    log.warning("%s. The search goes on; its runs are written later", error)
                self._put_back(record)
                self._pause(min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE))
            except TrackingRefused as error:
                log.warning("trial %d is not shown in MLflow: %s", record.trial, error)
                self._done(record, refused=True)
            else:
                if failures:
                    log.warning("MLflow answers again; writing what has waited")
                failures = 0
                self._done(record)

    def _next(self) -> CandidateRecord | None:
        """The record to write now; None when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._deadline is not None)
            if self._deadline is not None and time.monotonic() > self._deadline:
                return None
            return next(iter(self._waiting.values()), None)

    def _done(self, record: CandidateRecord, *, refused: bool = False) -> None:
        key = record.search, record.trial
        with self._changed:
            if self._waiting[key] is record:  # else a newer one came meanwhile
                del self._waiting[key]
            if refused:
                self._refused[key] = record

    def _put_back(self, record: CandidateRecord) -> None:
        key = record.search, record.trial
        with self._changed:
            self._waiting[key] = self._waiting.pop(key)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._deadline is not None, seconds):
                self._changed.wait(LAST_TRIES)
