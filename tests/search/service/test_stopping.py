"""A driver is asked to stop by its signal, and by a file where that does not reach or is lost."""

from __future__ import annotations

import platform
import threading
from pathlib import Path

import pytest

from actsearch.search import Home, NotRunning, SearchStopped
from actsearch.search.progress import Silent
from actsearch.search.service.driver import Driver
from actsearch.search.service.driver_record import DriverRecord, write_record
from actsearch.search.service.stopping import stop
from actsearch.search.storage.folder_lock import lock
from contracts.drivers import another_process


def record_of(process: int, host: str) -> DriverRecord:
    return DriverRecord(pid=process, host=host, since_ns=1, workers=1, signal="SIGTERM")


def test_a_process_of_this_machine_is_stopped_by_its_signal(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.new_folder("mine")
    with another_process(folder) as process:
        write_record(folder, record_of(process.pid, platform.node()))
        stop(home, "mine", lambda text: None)
        assert process.wait() == -15


def test_one_on_another_machine_is_asked_by_a_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.new_folder("mine")
    with another_process(folder) as process:
        write_record(folder, record_of(process.pid, "elsewhere"))
        thread = threading.Thread(target=stop, args=(home, "mine", lambda text: None))
        thread.start()
        while not (folder / "driver.stop").exists():
            thread.join(0.01)
        assert process.poll() is None, "no signal was sent to whoever has its number here"
        process.communicate("")
        thread.join()


def test_a_driver_looks_for_the_request(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Driver(Silent(), 1, logs=True) as driver:
        driver.take(home.new_folder("mine"))
        driver.check_stop()
        (home.searches / "mine" / "driver.stop").touch()
        with pytest.raises(SearchStopped):
            driver.check_stop()
    assert not (home.searches / "mine" / "driver.stop").exists()


def test_what_does_not_run_is_not_stopped(finished: Home) -> None:
    with pytest.raises(NotRunning, match="there is nothing to stop: it is finished"):
        stop(finished, "mine", lambda text: None)


def test_what_is_not_a_search_at_work_is_left_to_its_terminal(searched: Home) -> None:
    with (
        lock(searched.folder("mine")),
        pytest.raises(NotRunning, match=r"such as `actsearch confirm`; stop that with Ctrl-C"),
    ):
        stop(searched, "mine", lambda text: None)
