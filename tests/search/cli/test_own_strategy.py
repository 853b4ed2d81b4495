"""A strategy of the user's own, in a module of the working directory, runs a search."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actsearch.search import Home
from actsearch.search.storage.trial_reader import read_trials

pytestmark = pytest.mark.long

Verb = Callable[..., Any]

MINE = """
from actsearch.search import Strategy
from actsearch.search.errors import SpaceExhausted

SIN, COS = ({"unit.binary": "x1 + x2", "unit.left": f, "unit.right": f} for f in
            ("sin(x)", "cos(x)"))

class Waves(Strategy):
    def propose(self, study, trial, rng):
        return (SIN, COS)[trial.number % 2]

class Finite(Waves):
    may_repeat = False
    def propose(self, study, trial, rng):
        if trial.number > 1:
            raise SpaceExhausted("both waves were proposed")
        return super().propose(study, trial, rng)

class Wrong(Waves):
    def propose(self, study, trial, rng):
        return {**SIN, "unit.left": "wave(x)"}
"""
SMALL = ("--candidates", "2", "--limit-data", "300", "--no-confirm", "--name", "mine")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The working directory, with a module of strategies in it."""
    (tmp_path / "mine_waves.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("mine_waves", None)


def test_it_proposes_what_is_trained_and_is_stored_by_its_name(
    actsearch: Verb, home: Home
) -> None:
    run = actsearch(
        "search", "--strategy", "mine_waves:Waves", *SMALL, "--json", "--home", home.root
    )
    assert run.status == 0, run.err
    rows = json.loads(run.out)["leaderboard"]
    assert {row["expression"] for row in rows} == {"sin(x) + sin(x)", "cos(x) + cos(x)"}
    (overview,) = json.loads(actsearch("leaderboard", "--json", "--home", home.root).out)
    assert overview["strategy"] == "mine_waves:Waves"


def test_its_search_is_shown_where_its_module_is_gone_and_resumed_where_it_is(
    actsearch: Verb, home: Home, tmp_path: Path
) -> None:
    arguments = ("search", *SMALL, "--home", home.root)
    assert actsearch(*arguments, "--strategy", "mine_waves:Finite").status == 0
    (tmp_path / "mine_waves.py").rename(tmp_path / "away.py")
    del sys.modules["mine_waves"]
    assert actsearch("leaderboard", "mine", "--home", home.root).status == 0
    again = actsearch(*arguments, "--resume")
    assert (again.status, "there is no module mine_waves in" in again.err) == (1, True)
    (tmp_path / "away.py").rename(tmp_path / "mine_waves.py")
    again = actsearch(*arguments, "--resume", "--candidates", "5")
    assert again.status == 0, again.err
    assert "the space is exhausted" in again.err
    assert sum(trial.trained for trial in read_trials(home.folder("mine"))) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine_waves:Wave", "the module has no 'Wave'; did you mean 'Waves'?"),
        ("mine_wave:Waves", "there is no module mine_wave in"),
        ("mine_waves:SIN", "dict is no class of Strategy"),
        ("waves", "unknown strategy (write --strategy package.module:Class"),
    ],
)
def test_a_wrong_name_is_one_line_before_anything_is_made(
    actsearch: Verb, tmp_path: Path, name: str, message: str
) -> None:
    home = tmp_path / "home"
    run = actsearch("search", "--strategy", name, *SMALL, "--home", home)
    assert (run.status, run.err.count("\n")) == (1, 1)
    assert message in run.err
    assert not home.exists()


def test_a_proposal_outside_the_space_stops_the_search_and_names_the_strategy(
    actsearch: Verb, home: Home
) -> None:
    run = actsearch("search", "--strategy", "mine_waves:Wrong", *SMALL, "--home", home.root)
    assert run.status == 1
    last = run.err.splitlines()[-1]
    assert last.startswith(
        "actsearch: strategy mine_waves:Wrong proposed what is not in the space"
    )
    assert "no option 'wave(x)' at unit.left" in last


DROPS = """
import os, signal, weakref
from actsearch.search.strategies.random import Random

class Resource:
    pass

class Stopped(Random):
    def propose(self, study, trial, rng):
        if trial.number == 0:
            resource = Resource()
            reference = weakref.ref(resource, lambda _: os.kill(os.getpid(), signal.SIGTERM))
            del resource
        return super().propose(study, trial, rng)
"""


def test_a_stop_that_falls_into_a_clean_up_ends_the_search(home: Home, tmp_path: Path) -> None:
    (tmp_path / "mine_drops.py").write_text(DROPS)
    command = ("search", "--strategy", "mine_drops:Stopped", "--evaluator", "core-1-table")
    process = subprocess.run(
        [
            *(sys.executable, "-m", "actsearch.search.cli", *command, "--name", "mine"),
            *("--candidates", "27", "--no-confirm", "--home", home.root),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 130, process.stderr
    assert "stopped; what has finished is kept" in process.stderr
    assert "Exception ignored" not in process.stderr
