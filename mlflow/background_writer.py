"""A thread between the search and MLflow: submitting never waits, an outage loses nothing."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

from ..space.counted import counted
from .client import TrackingRefused, TrackingUnavailable
from .records import CandidateRecord, SearchRecord
from .tracker import Tracker

FIRST_PAUSE = 0.5  # seconds until MLflow is tried again; doubled at every failure in a row
LONGEST_PAUSE = 15.0  # seconds; a server that comes back is noticed within this
LAST_TRIES = 0.5  # seconds between tries while closing
PATIENCE = 60.0  # seconds that closing waits for a record to be written, anew after each
WHEN_STOPPED = 2.0  # seconds for the record being written, after Ctrl-C or an error
WARN_EVERY = 5.0  # seconds between two lines that say how many are left

Record = CandidateRecord | SearchRecord
Key = tuple[str, int]

log = logging.getLogger(__name__)


class BackgroundWriter:
    """Hands records to a tracker one by one, in the background.

    What cannot be written is kept and tried again, after the others, so that one bad record
    delays none. Closing goes on for as long as records are being written. An exception that is
    neither TrackingUnavailable nor TrackingRefused ends the thread, and the next `submit` or
    `close` raises it.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._changed = threading.Condition()
        self._waiting: dict[Key, Record] = {}
        self._refused: dict[Key, Record] = {}
        self._closing = False  # end when nothing waits
        self._leaving = False  # end after the record being written
        self._handled = 0  # records written or refused so far
        self._trouble: str | None = None  # why the last try failed; None since one succeeded
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mlflow-writer", daemon=True)
        self._thread.start()

    def submit(self, record: Record) -> None:
        """Take a record to write; returns at once."""
        with self._changed:
            self._raise_error()
            self._waiting[_key(record)] = record
            self._changed.notify_all()

    def close(self, patience: float | None = None) -> list[Record]:
        """Write what is waiting, until none could be for `patience` seconds; return what is left.

        Says now and then how many are left, and at the end why. The user gets those by
        `actsearch sync`. Closing again returns the same list.
        """
        patience = PATIENCE if patience is None else patience
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._await_end(patience)
        with self._changed:
            self._raise_error()
            first, self._leaving = not self._leaving, True
            left = list(self._waiting.values())
            if left and first:
                log.warning("%s", self._why_left(left, patience))
            return [*left, *self._refused.values()]

    def leave(self) -> None:
        """End at once, but for the record being written."""
        with self._changed:
            self._closing = self._leaving = True
            self._changed.notify_all()
        self._thread.join(WHEN_STOPPED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.leave()

    def _await_end(self, patience: float) -> None:
        """Return when the thread has ended, or has not got on for `patience` seconds."""
        now = time.monotonic()
        handled, progress, warned = self._handled, now, now
        while self._thread.is_alive() and now - progress < patience:
            self._thread.join(min(LAST_TRIES, patience))
            now = time.monotonic()
            if self._handled != handled:
                handled, progress = self._handled, now
            if now - warned >= WARN_EVERY and self._thread.is_alive():
                warned = now
                log.warning(
                    "writing to MLflow: %s left (Ctrl-C leaves them to `actsearch sync`)",
                    counted(len(self._waiting), "record"),
                )

    def _why_left(self, left: list[Record], patience: float) -> str:
        why = self._trouble or "it has not come to an end with the one being written"
        return (
            f"{counted(len(left), 'candidate')} not in MLflow, which took none for "
            f"{patience:.0f} s ({why}); write them with `actsearch sync {left[0].search}`"
        )

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
                self._put_back(record, str(error))
                self._pause(min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE))
            except TrackingRefused as error:
                log.warning("%s is not shown in MLflow: %s", _name(record), error)
                self._done(record, refused=True)
            else:
                if failures:
                    log.warning("MLflow answers again; writing what has waited")
                failures = 0
                self._done(record)

    def _next(self) -> Record | None:
        """The record to write now; None when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._leaving:
                return None
            return next(iter(self._waiting.values()), None)

    def _done(self, record: Record, *, refused: bool = False) -> None:
        key = _key(record)
        with self._changed:
            self._handled += 1
            self._trouble = None
            if self._waiting[key] is record:  # else a newer one came meanwhile
                del self._waiting[key]
            if refused:
                self._refused[key] = record

    def _put_back(self, record: Record, trouble: str) -> None:
        key = _key(record)
        with self._changed:
            self._trouble = trouble
            self._waiting[key] = self._waiting.pop(key)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._closing, seconds) and not self._leaving:
                self._changed.wait(LAST_TRIES)


def _key(record: Record) -> Key:
    """Key under which a newer record replaces an older; a search's own page has the number -1."""
    return record.search, record.trial if isinstance(record, CandidateRecord) else -1


def _name(record: Record) -> str:
    return f"trial {record.trial}" if isinstance(record, CandidateRecord) else "the search's page"
