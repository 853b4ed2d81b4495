"""A driver is on record while it lives, and told to be dead once it is, whoever has its number."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actsearch.search import Home, HomeUnusable, NameTaken, NoSuchSearch, SearchBusy
from actsearch.search.progress import Silent
from actsearch.search.service.driver import Driver
from actsearch.search.service.driver_record import driving_process, read_record
from actsearch.search.service.status import status_of
from contracts.drivers import another_process


def submitted(home: Home, name: str) -> Driver:
    """A driver that has its place."""
    driver = Driver(Silent(), 1, logs=True)
    driver.take(home.new_folder(name))
    return driver


def test_a_driver_is_on_record_from_before_it_begins_until_it_has_ended(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with submitted(home, "mine") as driver:
        folder = home.searches / "mine"
        assert driving_process(folder) == os.getpid()
        assert status_of(home, "mine").state == "starting"
        driver.begin(0, 9, "candidates")
        driver.expect(60.0, 30.0)
        driver.advance(4)
        assert status_of(home, "mine").state == "searching"
        driver.begin(2, 36, "trainings")
        status = status_of(home, "mine")
        assert (status.state, status.trainings) == ("confirming", (2, 36))
    assert driving_process(folder) is None
    status = status_of(home, "mine")
    assert (status.state, status.runs, status.left) == ("finished", False, None)


def test_what_a_report_brings_is_on_record_at_once_and_the_time_left_counts_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    with submitted(home, "mine") as driver:
        driver.begin(0, 9, "trainings")
        for done, left in ((1, 60.0), (2, 50.0)):
            time.sleep(0.1)  # a report; the record takes some milliseconds
            driver.advance(done)
            driver.expect(left)
            status = status_of(home, "mine")
            assert status.trainings == (done, 9)
            assert status.left == pytest.approx(left, abs=1.0)
        now = time.time_ns()
        monkeypatch.setattr(time, "time_ns", lambda: now + 20 * 10**9)
        assert status_of(home, "mine").left == pytest.approx(30.0, abs=1.0)
        monkeypatch.setattr(time, "time_ns", lambda: now + 90 * 10**9)
        assert status_of(home, "mine").left == 0.0


def test_a_search_that_waits_is_not_one_that_never_began(
    tmp_path: Path, actsearch: Callable[..., Any]
) -> None:
    home = Home(tmp_path)
    with submitted(home, "mine"):
        (home.searches / "mine" / "driver.log").write_text("search 'mine' has its place\n")
        with pytest.raises(NoSuchSearch, match="has not begun yet: `actsearch status mine` says"):
            home.folder("mine")
        output = actsearch("leaderboard", "mine", "--home", home.root)
        assert "has not begun yet" in output.err
    with pytest.raises(NoSuchSearch, match="never began"):
        home.folder("mine")


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (KeyboardInterrupt(), "stopped", None),
        (HomeUnusable("the disk is full"), "failed", "the disk is full"),
        (ZeroDivisionError("division by zero"), "failed", "ZeroDivisionError: division by zero"),
    ],
)
def test_how_a_driver_ended_is_on_record(
    error: BaseException, state: str, reason: str | None, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    with pytest.raises(type(error)), submitted(home, "mine"):
        raise error
    status = status_of(home, "mine")
    assert (status.state, status.reason) == (state, reason)


def test_a_killed_driver_is_told_to_be_dead_though_its_number_lives_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with submitted(home, "mine"):
        kept = (home.searches / "mine" / "driver.json").read_bytes()
    # As after SIGKILL or a power cut: the record stands, its process is by now another one, here
    # this test itself.
    (home.searches / "mine" / "driver.json").write_bytes(kept)
    record = read_record(home.searches / "mine")
    assert record is not None
    assert record.pid == os.getpid()
    status = status_of(home, "mine")
    assert status.state == "killed"
    assert status.reason is not None
    assert f"process {os.getpid()} on" in status.reason
    assert status.reason.endswith("as in a power cut or on a full disk")


def test_a_name_that_another_process_waits_to_drive_is_taken(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.new_folder("search-1")
    with another_process(folder) as process:
        with pytest.raises(NameTaken, match=f"yet to begin, in process {process.pid}"):
            home.check_free("search-1")
        assert home.fresh_name() == "search-2"
        with pytest.raises(SearchBusy, match=f"process {process.pid}"):
            Driver(Silent(), 1).take(folder)
    home.check_free("search-1")


def test_a_search_that_is_deleted_while_it_waits_is_not_begun(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with submitted(home, "mine") as driver:
        driver.check_there()
        shutil.rmtree(home.searches / "mine")
        home.new_folder("mine")  # by somebody else, who has the name now
        with pytest.raises(NoSuchSearch, match="'mine' was deleted before it began"):
            driver.check_there()
    assert not (home.searches / "mine" / "driver.json").exists()


def test_a_search_in_view_of_its_terminal_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with Driver(Silent(), 1) as driver:
        driver.take(home.new_folder("mine"))
    assert not home.searches.exists()


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with submitted(home, "mine"):
        pass
    (home.searches / "mine" / "driver.json").write_text('{"pid": "none"')
    with pytest.raises(HomeUnusable, match=r"driver\.json is damaged .* remove it"):
        status_of(home, "mine")


def test_a_driver_says_by_what_it_is_stopped(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with submitted(home, "mine"):
        record = read_record(home.searches / "mine")
        assert record is not None
        assert record.signal in ("SIGINT", "SIGTERM")

    def in_a_thread() -> None:
        with submitted(home, "other"):
            pass

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    record = read_record(home.searches / "other")
    assert record is not None
    assert record.signal is None
