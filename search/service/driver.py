"""The driver of a search on record: from before it waits its turn until it has ended."""

from __future__ import annotations

import dataclasses
import os
import platform
import signal
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from ...mlflow.uris import redacted
from ...space import ActsearchError
from ..errors import HomeUnusable, NoSuchSearch, SearchStopped
from ..progress import Forwarding, Reporter
from ..storage.folder_lock import lock
from ..storage.home import CONFIG, DRIVER_LOCK, DRIVER_RECORD, STOP_REQUEST
from ..storage.trial import Trial
from .driver_record import DriverRecord, End, write_record

SHARE = 20  # of the time between two records of a stage, one part at most is spent on writing


class Driver(Forwarding):
    """A context around one launch of a search, and a reporter that passes on what it hears.

    logs: whether what it prints goes to the search's driver.log. stop: set where it is to end, as
    soon as a worker reports.
    """

    def __init__(
        self,
        reporter: Reporter,
        workers: int | Literal["auto"],
        *,
        logs: bool = False,
        stop: threading.Event | None = None,
    ) -> None:
        super().__init__(reporter)
        self._stop = stop or threading.Event()
        self._folder: Path | None = None
        self._handle = -1  # of the lock
        self._held = ExitStack()
        self._written = self._took = 0.0
        self._ending: tuple[End, str | None] = ("finished", None)
        self._record = DriverRecord(
            pid=os.getpid(),
            host=platform.node(),
            since_ns=time.time_ns(),
            workers=workers,
            signal=_stopped_by(),
            logs=logs,
        )

    @property
    def since_ns(self) -> int:
        return self._record.since_ns

    def take(self, folder: Path) -> None:
        """Put this process on record in a search's folder, unless it is; raises SearchBusy where
        another one is, and NoSuchSearch where the folder was removed since."""
        if self._folder is not None:
            self.check_there()
            return
        self._handle = self._held.enter_context(lock(folder, DRIVER_LOCK))
        self._folder = folder
        (folder / STOP_REQUEST).unlink(missing_ok=True)  # made for an earlier one
        self._write()

    def check_there(self) -> None:
        """Raise NoSuchSearch where the search was deleted while it waited in its place."""
        if self._folder is None:
            return
        try:
            file = os.stat(self._folder / DRIVER_LOCK)
        except FileNotFoundError:
            file = None
        held = os.fstat(self._handle)
        if file is None or (file.st_dev, file.st_ino) != (held.st_dev, held.st_ino):
            name = self._folder.name
            self._folder = None  # what is in its place is not ours to write to
            raise NoSuchSearch(
                f"search '{name}' was deleted before it began: submit it again if it is wanted"
            )

    def wait_behind(self, names: tuple[str, ...]) -> None:
        """Record that the search waits for these; without any, that it is starting."""
        self._change(stage="waiting" if names else "starting", behind=names)

    def ends(self, end: End, reason: str) -> None:
        """Record how the search ends, where it ends well but before all was done."""
        self._ending = end, reason

    def check_stop(self) -> None:
        """Raise SearchStopped where the program, or `actsearch stop`, has asked for that."""
        folder = self._folder
        if self._stop.is_set() or (folder is not None and (folder / STOP_REQUEST).exists()):
            raise SearchStopped("the search was stopped; what has finished is kept")

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._held:
            folder = self._folder
            if folder is None or not folder.is_dir():
                return
            (folder / STOP_REQUEST).unlink(missing_ok=True)
            if not self._record.logs and not (folder / CONFIG).exists():
                self._leave(folder)
                return
            with suppress(HomeUnusable):  # a full disk: its lock is free, so it has ended
                if error is None:
                    self._change(end=self._ending[0], reason=self._ending[1])
                elif isinstance(error, KeyboardInterrupt | SearchStopped):
                    self._change(end="stopped")
                else:
                    self._change(end="failed", reason=_reason(error))

    def _leave(self, folder: Path) -> None:
        """Take this process off record where the search never began, in view of its terminal."""
        for name in (DRIVER_RECORD, DRIVER_LOCK):
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # they hold something
            folder.rmdir()
            folder.parent.rmdir()

    def begin(self, done: int, total: int, unit: str, best: Trial | None = None) -> None:
        super().begin(done, total, unit, best)
        stage = "candidates" if unit == "candidates" else "trainings"
        self._change(stage=stage, done=done, total=total, left=None, later=None)

    def candidate(self, trial: Trial) -> None:
        super().candidate(trial)
        self._record = dataclasses.replace(self._record, done=self._record.done + 1)

    def advance(self, done: int) -> None:
        super().advance(done)
        self._record = dataclasses.replace(self._record, done=done)

    def expect(self, left: float | None, later: float | None = None) -> None:
        """Ends what a report changes: written at once, but where reports come faster than a file
        should be written."""
        super().expect(left, later)
        self._record = dataclasses.replace(self._record, left=left, later=later)
        if time.monotonic() - self._written >= SHARE * self._took:
            self._write()

    def _change(self, **changes: Any) -> None:
        """Change what is on record at once."""
        self._record = dataclasses.replace(self._record, **changes)
        self._write()

    def _write(self) -> None:
        if self._folder is None:
            return
        start = time.monotonic()
        self._record = dataclasses.replace(self._record, at_ns=time.time_ns())
        write_record(self._folder, self._record)
        self._written = time.monotonic()
        self._took = self._written - start


def _stopped_by() -> str | None:
    """The signal that stops this process as Ctrl-C does: SIGTERM where that is taken care of,
    since shells have background jobs ignore the other. None outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return "SIGTERM" if callable(signal.getsignal(signal.SIGTERM)) else "SIGINT"


def _reason(error: BaseException) -> str:
    """Why it failed, in a line."""
    lines = redacted(str(error)).splitlines() or [""]
    return lines[0] if isinstance(error, ActsearchError) else f"{type(error).__name__}: {lines[0]}"
