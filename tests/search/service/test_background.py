"""A submitted search outlives who submitted it, and is watched and stopped from anywhere."""

from __future__ import annotations

import json
import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import to_toml
from actsearch.search import Home
from actsearch.search.cli.arguments import arguments_of
from actsearch.search.cli.main import all_verbs, parser_of
from actsearch.search.service import background
from actsearch.search.service.driver_record import driving_process
from actsearch.search.service.status import status_of
from contracts.tiny import TINY

pytestmark = pytest.mark.long

Verb = Callable[..., Any]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe under which a candidate trains in a fraction of a second."""
    path = tmp_path / "tiny.toml"
    path.write_text(to_toml(TINY))
    return path


@pytest.fixture
def left_alone(home: Home) -> Iterator[Home]:
    """A home whose searches are ended with the test, however that ends."""
    yield home
    for name in home.names():
        if process := driving_process(home.folder(name)):
            os.kill(process, signal.SIGKILL)


@pytest.mark.timeout(900)  # two drivers: over 300 s at a load of 30 on two cores
def test_a_submitted_search_is_stopped_and_goes_on_to_its_end(
    actsearch: Verb, left_alone: Home, recipe: Path
) -> None:
    home = left_alone
    where = ("--home", home.root)
    begun = actsearch(
        *("submit", "--name", "mine", "--recipe", recipe, "--strategy", "random", "--json"),
        *("--candidates", "100000", "--no-confirm", "--queue", *where),
    )
    assert begun.status == 0, begun.err
    submitted = json.loads(begun.out)
    folder = home.searches / "mine"
    assert driving_process(folder) == submitted["process"]
    again = actsearch("submit", "--name", "mine", "--resume", *where)
    assert again.status == 1
    while status_of(home, "mine").entered == 0:
        assert driving_process(folder), (folder / "driver.log").read_text()
        time.sleep(0.5)  # a look takes as much of the CPU as a candidate
    running = actsearch("status", "mine", *where)
    assert "searching" in running.out
    assert f"actsearch stop mine --home {home.root}" in running.out
    taken = actsearch("submit", "--name", "mine", *where)
    assert "search 'mine' exists" in taken.err

    stopped = actsearch("stop", "mine", *where)
    assert stopped.status == 0
    assert stopped.out.startswith("stopped; what has finished is kept")
    assert driving_process(folder) is None
    status = status_of(home, "mine")
    assert (status.state, status.candidates) == ("stopped", 100000)
    nothing = actsearch("stop", "mine", *where)
    assert nothing.status == 1
    assert "'mine' does not run, so there is nothing to stop: it is stopped" in nothing.err

    entered = status.entered
    resumed = actsearch("submit", "--name", "mine", "--resume", "--candidates", entered, *where)
    assert resumed.status == 0, resumed.err
    log = actsearch("log", "mine", "--follow", *where).out
    assert log.count("$ actsearch submit") == 2
    assert "stopped; what has finished is kept" in log
    status = status_of(home, "mine")
    assert (status.state, status.entered, status.again) == ("finished", entered, 0)
    (row,) = json.loads(actsearch("status", "--json", *where).out)
    assert (row["name"], row["state"], row["runs"]) == ("mine", "finished", False)


def test_what_is_wrong_is_told_at_once_and_leaves_nothing(actsearch: Verb, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    result = actsearch("submit", "--recipe", "quik", "--home", home.root)
    assert result.status == 1
    assert "actsearch: unknown recipe 'quik'; did you mean 'quick'?" in result.err
    assert not home.searches.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("stop", "mien"), "there is no search 'mien'"),
        (("status", "mien"), "there is no search 'mien'"),
        (("log", "mien"), "there is no search 'mien'"),
        (("fetch", "mien"), "there is no search 'mien'"),
        (("submit", "--name", "a/b"), "a search name is 1 to 64 letters"),
        (("submit", "--name", "mien", "--resume"), "there is no search 'mien'"),
        (("compare", "mien"), "compare two searches or more"),
        (("clone", "mien", "new"), "there is no search 'mien'"),
        (("clone", "mien", "new", "--resume"), "--resume goes on with a search"),
        (("submit", "--ray-address", "127.0.0.1:9"), "no Ray cluster answers at 127.0.0.1:9"),
        (("submit", "--ray-address", "http://127.0.0.1:9"), "no Ray job server answers"),
        (("submit", "--ray-address", "head:6379", "-o", "best"), "-o writes on the machine"),
    ],
)
def test_an_expected_mistake_is_one_line(
    actsearch: Verb, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = actsearch(*arguments, "--home", tmp_path / "home")
    assert result.status == 1
    assert message in result.err.removeprefix("checking the settings …\n")
    assert result.err.splitlines()[-1].startswith("actsearch: ")
    assert not (tmp_path / "home" / "searches").exists()


def test_a_search_of_another_terminal_has_no_log(actsearch: Verb, finished: Home) -> None:
    result = actsearch("log", "mine", "--home", finished.root)
    assert "search 'mine' has no log: it was not submitted" in result.err


def test_a_search_of_before_there_was_a_record_has_a_status(searched: Home) -> None:
    for file in ("driver.json", "driver.lock"):
        (searched.searches / "mine" / file).unlink()
    status = status_of(searched, "mine")
    assert (status.state, status.entered, status.candidates) == ("finished", 8, 8)


@pytest.mark.parametrize(
    "line",
    [
        "--candidates 5 --time-limit 1.5h --no-confirm --queue --asynchronous",
        "--prior none --space 'core-1|2*tree-3' --strategy mine:Annealing --max-cost 2.5",
        "--config 'my settings.toml' --evaluator mine:evaluator --resume",
    ],
)
def test_the_arguments_of_another_process_say_the_same(line: str) -> None:
    parser = parser_of(all_verbs())
    options = parser.parse_args(["search", *shlex.split(line)])
    again = parser.parse_args(["search", *arguments_of(options, None)])
    assert vars(again) == vars(options)
    on_cluster = parser.parse_args(["search", *arguments_of(options, "head:6379")])
    assert vars(on_cluster) == vars(options) | {"ray_address": "auto"}


def test_ctrl_c_while_it_is_submitted_ends_what_was_begun(
    actsearch: Verb, home: Home, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    spawn = background._spawn

    def spawned(words: list[str], output: int) -> int:
        started.append(spawn(words, output))
        return started[0]

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(background, "_spawn", spawned)
    monkeypatch.setattr("actsearch.search.service.background.time.sleep", interrupted)
    arguments = ("--name", "mine", "--recipe", recipe, "--home", home.root)
    assert actsearch("submit", *arguments).status == 130
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)
    assert not (home.searches / "mine").exists()


def test_the_log_is_a_document_where_one_is_asked_for(
    actsearch: Verb, left_alone: Home, recipe: Path
) -> None:
    arguments = ("--name", "mine", "--recipe", recipe, "--strategy", "random", "--no-confirm")
    where = ("--home", left_alone.root)
    assert actsearch("submit", *arguments, "--candidates", "3", *where).status == 0
    assert "$ actsearch" in json.loads(actsearch("log", "mine", "--json", *where).out)["log"]
    assert actsearch("log", "mine", "--json", "--follow", *where).status == 1
