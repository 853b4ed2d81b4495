"""A team's server on a real PostgreSQL: logins, two people, outages; nothing lost, none double."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from actsearch.search import Home
from actsearch.search.storage.trial_reader import read_trials
from contracts.postgres import PASSWORD, Postgres, postgres
from contracts.processes import actsearch, ended, environment, wait_for
from contracts.smoke import smoke
from contracts.team import ADMIN_PASSWORD, Team, password, team

pytestmark = [
    pytest.mark.slow,  # half a minute to three each
    pytest.mark.heavy,
    pytest.mark.timeout(1200),
]

CANDIDATES = 18
LATE = 12.0  # seconds that a stopped server takes longer than a request is waited for, twice


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def server(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with team(database, tmp_path_factory.mktemp("team"), "anna", "bert") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "smoke.toml").write_text(smoke())
    return Home(tmp_path / "home")


def command(home: Home, name: str, *options: str) -> list[str]:
    """The arguments of a small search."""
    recipe = ("--recipe", str(home.root.parent / "smoke.toml"), "--strategy", "random")
    count = ("--candidates", str(CANDIDATES), "--no-confirm")
    return ["search", "--name", name, "--home", str(home.root), *recipe, *count, *options]


def run(variables: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return subprocess.run(
        [sys.executable, "-m", "actsearch.search.cli", *words],
        env=environment() | dict(variables),
        capture_output=True,
        text=True,
    )


def shown(server: Team, home: Home, name: str, user: str) -> dict[str, Any]:
    """The experiment of a home's search, as the server has it."""
    experiments = post(server, user, "experiments/search", max_results=100)["experiments"]
    mark = {"key": "actsearch.id", "value": home.id_of(name)}
    (experiment,) = [e for e in experiments if mark in e.get("tags", [])]
    return dict(experiment)


def post(server: Team, user: str, path: str, **fields: Any) -> Any:
    """The answer of the server to a user."""
    login = (user, password(user))
    url = f"{server.url}/api/2.0/mlflow/{path}"
    answer = requests.post(url, json=fields, auth=login, timeout=60)
    answer.raise_for_status()
    return answer.json()


def check_whole(server: Team, home: Home, name: str, user: str = "anna") -> None:
    """Check that the server has each candidate that trained once, and nothing half written."""
    experiment = shown(server, home, name, user)
    runs = post(
        server,
        user,
        "runs/search",
        experiment_ids=[experiment["experiment_id"]],
        filter="tags.role = 'candidate'",
        max_results=1000,
    )["runs"]
    trials = Counter(
        tag["value"]
        for run in runs
        for tag in run["data"]["tags"]
        if tag["key"] == "actsearch.trial"
    )
    expected = {str(t.number) for t in ended(read_trials(home.folder(name)))}
    assert len(expected) == CANDIDATES
    assert set(trials) == expected
    assert max(trials.values()) == 1
    assert {run["info"]["status"] for run in runs} == {"FINISHED"}


def test_two_peoples_searches_of_one_name_are_both_there_and_neither_writes_into_the_others(
    server: Team, home: Home, tmp_path: Path
) -> None:
    other = Home(tmp_path / "other")
    for user, where in (("anna", home), ("bert", other)):
        done = run(
            server.login(user), *command(where, "mine", "--seed", str(len(where.root.name)))
        )
        assert done.returncode == 0, done.stderr
    for user, where in (("anna", home), ("bert", other)):
        check_whole(server, where, "mine", user)
        link = run(server.login(user), "ui", "mine", "--home", str(where.root)).stdout
        experiment = shown(server, where, "mine", user)["experiment_id"]
        assert f"{server.url}/#/experiments/{experiment}/" in link
    first, second = (shown(server, where, "mine", "anna")["name"] for where in (home, other))
    assert first == "actsearch/mine"
    assert str(second).startswith("actsearch/mine (")
    words = ("delete", "mine", "--yes", "--home", str(other.root))
    assert run(server.login("bert"), *words).returncode == 0
    check_whole(server, home, "mine")


def test_who_may_not_write_reads_one_sentence_before_anything_trains_and_loses_nothing(
    server: Team, home: Home
) -> None:
    nobody = {"MLFLOW_TRACKING_URI": server.url}
    refused = run(nobody, *command(home, "own"))
    assert refused.returncode == 1
    assert (
        f"MLflow at {server.url} asks who you are: set MLFLOW_TRACKING_USERNAME" in refused.stderr
    )
    assert home.names() == []
    assert run(server.login("anna"), *command(home, "own")).returncode == 0
    before = read_trials(home.folder("own"))
    resume = ["search", "--name", "own", "--home", str(home.root), "--resume"]
    refused = run(server.login("bert"), *resume, "--candidates", "27")
    assert refused.returncode == 1
    (sentence,) = refused.stderr.splitlines()
    assert f"MLflow at {server.url} does not allow this (Permission denied)" in sentence
    assert "ask its administrator" in sentence
    assert read_trials(home.folder("own")) == before
    done = run(server.login("anna"), *resume)
    assert done.returncode == 0, done.stderr
    check_whole(server, home, "own")


def test_a_login_lost_in_mid_search_is_told_once_and_the_records_follow_later(
    server: Team, home: Home, tmp_path: Path
) -> None:
    words = command(home, "lost")
    with actsearch(tmp_path, *words, **server.login("anna")) as driver:
        wait_for(driver, home, "lost", lambda trials: len(ended(trials)) > 0)
        server.ask("PATCH", "users/update-password", username="anna", password="another-password")
        try:
            assert driver.process.wait(600) == 0, driver.err
        finally:
            fields = {"username": "anna", "password": password("anna")}
            server.ask("PATCH", "users/update-password", **fields)
    assert driver.err.count("does not know the user and password") == 2, driver.err  # and the end
    assert "write them with `actsearch sync lost`" in driver.err
    done = run(server.login("anna"), "sync", "lost", "--home", str(home.root))
    assert done.returncode == 0, done.stderr
    check_whole(server, home, "lost")


def test_server_and_database_go_and_come_back_in_mid_search_and_every_run_is_there_once(
    server: Team, database: Postgres, home: Home, tmp_path: Path
) -> None:
    words = command(home, "long")
    with actsearch(tmp_path, *words, **server.login("anna")) as driver:
        wait_for(driver, home, "long", lambda trials: len(ended(trials)) > 0)
        server.signal(signal.SIGSTOP)
        time.sleep(LATE)
        server.signal(signal.SIGCONT)
        database.stop()
        time.sleep(2)
        database.start()
        server.kill()
        server.start()
        assert driver.process.wait(600) == 0, driver.err
    assert "The search goes on; its runs are written later" in driver.err
    check_whole(server, home, "long")


def test_secrets_are_nowhere_in_what_is_printed_kept_or_shown(
    server: Team, database: Postgres, home: Home, tmp_path: Path
) -> None:
    with_login = f"http://anna:{password('anna')}@127.0.0.1:{server.port}"
    done = run({"MLFLOW_TRACKING_URI": with_login}, *command(home, "quiet"), "--debug")
    assert done.returncode == 0, done.stderr
    check_whole(server, home, "quiet")
    tables = ("experiments", "experiment_tags", "runs", "tags", "params", "registered_models")
    texts = [done.stdout, done.stderr, server.log]
    texts += [database.query(f"SELECT * FROM {table}") for table in tables]
    for folder in (home.root, server.folder):
        texts += [p.read_text("latin1") for p in folder.rglob("*") if p.is_file()]
    for pid in (os.getpid(), *server.pids()):
        texts.append(Path(f"/proc/{pid}/cmdline").read_text())
    assert not [
        s for s in (password("anna"), ADMIN_PASSWORD, PASSWORD) if any(s in t for t in texts)
    ]
