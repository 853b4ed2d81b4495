"""The record of a search's driver, driver.json: which process, and how far it is.

Written by the driver alone, whole each time. Whether the driver still lives is not in it: that is
whether `driver.lock` is held, which the kernel knows, also after a kill, a restart of the machine,
or where another process has the number by now.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ...space.bounded_input import from_json, read_bounded
from ..errors import HomeUnusable
from ..storage.folder_lock import holder
from ..storage.home import DRIVER_LOCK, DRIVER_RECORD
from ..storage.usable import usable
from ..storage.validation import mistakes

SIZE = 64 * 1024  # bytes of a record; it has some 400

Stage = Literal["waiting", "starting", "candidates", "trainings"]
End = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="ignore"))
class DriverRecord:
    """One launch of a search.

    since_ns: when it took its place, in nanoseconds since 1970, by which a queue goes. signal: by
    which it is stopped as by Ctrl-C; None: by driver.stop alone, as it is a thread of a program.
    logs: to driver.log. stage: waiting for the searches `behind` which it stands, starting, or
    training candidates or finalists; done, of total, with the seconds left of the stage, and later
    of the confirmation. at_ns: when this was written. end, reason: how it ended, if in order.
    """

    pid: int
    host: str
    since_ns: int
    workers: int | Literal["auto"]
    signal: str | None = None
    logs: bool = False
    stage: Stage = "starting"
    behind: tuple[str, ...] = ()
    done: int = 0
    total: int = 0
    left: float | None = None
    later: float | None = None
    at_ns: int = 0
    end: End | None = None
    reason: str | None = None


_RECORD = TypeAdapter(DriverRecord)


def read_record(folder: Path) -> DriverRecord | None:
    """The record of a search's last launch; None where it has none. Raises HomeUnusable for a
    damaged one."""
    path = folder / DRIVER_RECORD
    try:
        return _RECORD.validate_python(from_json(read_bounded(path, SIZE)))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = mistakes(error) if isinstance(error, ValidationError) else error
        raise HomeUnusable(
            f"{path} is damaged ({reason}): remove it; a driver at work writes it anew"
        ) from error


def write_record(folder: Path, record: DriverRecord) -> None:
    """Put a record in place, whole. Raises HomeUnusable where that cannot be."""
    partial = folder / f"{DRIVER_RECORD}.partial"
    with usable(folder):
        partial.unlink(missing_ok=True)  # of a kill, or a symbolic link
        with partial.open("xb") as file:
            file.write(_RECORD.dump_json(record, indent=2))
        os.replace(partial, folder / DRIVER_RECORD)


def driving_process(folder: Path) -> int | None:
    """The process that waits to drive a search, or drives it; None: nobody does."""
    return holder(folder, DRIVER_LOCK)
