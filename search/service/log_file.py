"""The log of a submitted search: what its driver printed, launch after launch."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..errors import NotRunning
from ..storage.home import DRIVER_LOG, Home
from .driver_record import driving_process, read_record
from .status import folder_of

LOOK_EVERY = 0.3  # seconds


def log_lines(home: Home, name: str, *, follow: bool) -> Iterator[str]:
    """What a search's driver has printed, piece by piece; with `follow` until it has ended.

    Raises NotRunning where it prints to a terminal.
    """
    folder = folder_of(home, name)
    log = folder / DRIVER_LOG
    if not log.is_file():
        record = read_record(folder)
        where = f" of process {record.pid}" if record is not None else ""
        raise NotRunning(
            f"search '{name}' has no log: it was not submitted, so it printed to the terminal"
            f"{where}; `actsearch status {name}` says how it stands"
        )
    with log.open(encoding="utf-8", errors="replace") as file:
        while True:
            is_over = driving_process(folder) is None  # asked first: its last words come before
            while text := file.read(65536):
                yield text
            if not follow or is_over:
                return
            time.sleep(LOOK_EVERY)
