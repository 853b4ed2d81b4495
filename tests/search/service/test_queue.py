"""A queue goes in order of submission, past what was stopped, killed or deleted."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from actsearch.search import Home, NoSuchSearch, SearchStopped
from actsearch.search.progress import Silent
from actsearch.search.service import queue
from actsearch.search.service.driver import Driver
from actsearch.search.service.driver_record import DriverRecord, write_record
from actsearch.search.service.queue import searches_ahead, wait_turn
from actsearch.search.service.status import status_of
from contracts.drivers import another_process


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "LOOK_EVERY", 0.01)


def placed(home: Home, name: str) -> Driver:
    driver = Driver(Silent(), 1, logs=True)
    driver.take(home.new_folder(name))
    return driver


def ends(driver: Driver) -> None:
    with driver:
        pass


def waiting(home: Home, name: str, driver: Driver) -> tuple[threading.Thread, list[BaseException]]:
    """A thread in which a search waits its turn, and what that came to."""
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            wait_turn(home, name, driver)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while status_of(home, name).state != "waiting":
        time.sleep(0.01)
    return thread, errors


def test_those_that_took_their_place_before_are_ahead(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first, second, third = (placed(home, name) for name in ("b", "a", "c"))
    assert searches_ahead(home, "c", third.since_ns) == ("b", "a")
    assert searches_ahead(home, "b", first.since_ns) == ()
    ends(first)
    assert searches_ahead(home, "c", third.since_ns) == ("a",)
    ends(second)
    assert searches_ahead(home, "c", third.since_ns) == ()
    ends(third)


@pytest.mark.parametrize("end", ["ended", "killed", "deleted"])
def test_it_is_its_turn_once_the_one_before_has_ended_or_is_gone(end: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.new_folder("first")
    with another_process(folder) as process:
        record = DriverRecord(pid=process.pid, host="here", since_ns=1, workers=1)
        write_record(folder, record)
        second = placed(home, "second")
        thread, errors = waiting(home, "second", second)
        assert status_of(home, "second").behind == ("first",)
        if end == "ended":
            process.communicate("")
        elif end == "killed":
            process.kill()
        else:
            shutil.rmtree(folder)
        thread.join()
    assert not errors
    assert status_of(home, "second").state == "starting"
    ends(second)


def test_a_waiting_search_that_is_deleted_is_not_begun(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first, second = placed(home, "first"), placed(home, "second")
    thread, errors = waiting(home, "second", second)
    home.delete("second")
    thread.join()
    (error,) = errors
    assert isinstance(error, NoSuchSearch)
    assert not (home.searches / "second").exists()
    ends(first)


def test_a_waiting_search_can_be_stopped(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first, second = placed(home, "first"), placed(home, "second")
    thread, errors = waiting(home, "second", second)
    (home.searches / "second" / "driver.stop").touch()
    thread.join()
    (error,) = errors
    assert isinstance(error, SearchStopped)
    ends(first)
