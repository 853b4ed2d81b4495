"""The queue of a home: a search waits until those that took their place before it have ended."""

from __future__ import annotations

import time

from ..storage.home import Home
from .driver import Driver
from .driver_record import driving_process, read_record

LOOK_EVERY = 1.0  # seconds


def wait_turn(home: Home, name: str, driver: Driver) -> None:
    """Return once no search of the home that was submitted or begun before this one is running or
    waiting: one that was stopped, killed or deleted is neither.

    Raises NoSuchSearch where this one is deleted meanwhile, and SearchStopped where it is stopped.
    """
    names: tuple[str, ...] = ()
    while ahead := searches_ahead(home, name, driver.since_ns):
        if ahead != names:
            names = ahead
            driver.wait_behind(names)
            driver.stage(f"search '{name}' waits until {_listed(names)} ended")
        time.sleep(LOOK_EVERY)
        driver.check_there()
        driver.check_stop()
    if names:
        driver.wait_behind(())
        driver.stage(f"search '{name}' is next")


def searches_ahead(home: Home, name: str, since_ns: int) -> tuple[str, ...]:
    """The searches that took their place before that moment, and have not ended."""
    if not home.searches.is_dir():
        return ()
    ahead = []
    for folder in home.searches.iterdir():
        if folder.name == name or driving_process(folder) is None:
            continue
        record = read_record(folder)  # None: it is just being written
        place = (0, "") if record is None else (record.since_ns, folder.name)
        if place < (since_ns, name):
            ahead.append((place, folder.name))
    return tuple(name for _, name in sorted(ahead))


def _listed(names: tuple[str, ...]) -> str:
    quoted = [f"'{name}'" for name in names]
    return f"{', '.join(quoted)} {'has' if len(names) == 1 else 'have'}"
