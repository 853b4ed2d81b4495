"""Stopping a search from any terminal, as Ctrl-C in its own would."""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import HomeUnusable, NotRunning
from ..storage.folder_lock import holder
from ..storage.home import STOP_REQUEST, Home
from ..storage.usable import usable
from .driver_record import DriverRecord, driving_process, read_record
from .status import Status, folder_of, status_of

LOOK_EVERY = 0.1  # seconds
WARN_AFTER = 10.0  # seconds until it is said that it still runs; workers are killed within 5


def stop(home: Home, name: str, on_wait: Callable[[str], None]) -> Status:
    """Ask a search's driver to stop, wait until it has, and say how the search stands then.

    on_wait hears what is waited for. Raises NotRunning where nothing is to be stopped, and
    HomeUnusable where it cannot be from here.
    """
    folder = folder_of(home, name)
    process = driving_process(folder)
    if process is None:
        _refuse(home, folder)
    record = _record(folder)
    _ask(folder, record)
    start, warned = time.monotonic(), False
    while driving_process(folder) is not None:
        if not warned and time.monotonic() - start > WARN_AFTER:
            warned = True
            on_wait(
                f"process {record.pid} was asked to stop and is still at it; waiting goes on "
                f"(`kill -KILL {record.pid}` ends it at once: what has finished is kept all the "
                f"same)"
            )
        time.sleep(LOOK_EVERY)
    return status_of(home, name)


def _refuse(home: Home, folder: Path) -> None:
    """Raise NotRunning for a search without a driver: say what it is instead."""
    name = folder.name
    if (process := holder(folder)) is not None:
        raise NotRunning(
            f"search '{name}' is not being searched: process {process} does something else with "
            f"it, such as `actsearch confirm`; stop that with Ctrl-C there (`kill -TERM "
            f"{process}`)"
        )
    status = status_of(home, name)
    why = f" ({status.reason})" if status.reason else ""
    raise NotRunning(
        f"search '{name}' does not run, so there is nothing to stop: it is {status.state}{why}"
    )


def _record(folder: Path) -> DriverRecord:
    """The record of the driver at work; it may just be writing its first."""
    for _ in range(20):
        record = read_record(folder)
        if record is not None and record.pid == driving_process(folder):
            return record
        time.sleep(LOOK_EVERY)
    raise HomeUnusable(
        f"search '{folder.name}' is driven by a process that is not on record in {folder}: stop "
        f"it where it was started"
    )


def _ask(folder: Path, record: DriverRecord) -> None:
    """Have the driver stop: at once by its signal, if it is a process of this machine; and by a
    file, which it looks for at each report of a worker.

    The file too, since Python drops an interruption that falls into a weak reference's callback.
    """
    if record.signal is not None and record.host == platform.node():
        try:
            os.kill(record.pid, signal.Signals[record.signal])
        except ProcessLookupError:
            return  # it has just ended, which is what is waited for
        except PermissionError as error:
            raise HomeUnusable(
                f"search '{folder.name}' is driven by process {record.pid} of another user: ask "
                f"them to stop it"
            ) from error
    with usable(folder), suppress(FileNotFoundError):  # it has ended and left nothing
        (folder / STOP_REQUEST).touch()
