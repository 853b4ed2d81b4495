"""The command line says what is wrong in one line, and what to do."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actsearch.search import Home
from actsearch.search.cli.options import with_home

Verb = Callable[..., Any]
LAST_SEED = str(2**32 - 1)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("serach",),
        ("search", "--no-such-option"),
        ("search", "--candidates", "many"),
        ("search", "--time-limit", "soon"),
        ("score",),
        ("export", "relu(x)"),
        ("export", "-o", "x"),
    ],
)
def test_usage_errors_exit_2(actsearch: Verb, arguments: tuple[str, ...]) -> None:
    result = actsearch(*arguments)
    assert result.status == 2
    assert result.err.startswith("actsearch")
    assert result.err.count("\n") == 1, "one line, not nine of usage"
    assert "--help" in result.err
    assert not result.out


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("serch",), "did you mean 'search'?"),
        (("leaderbord", "mine"), "did you mean 'leaderboard'?"),
        (("search", "--candidats", "3"), "did you mean '--candidates'?"),
        (("leaderboard", "mine", "--candidates", "3"), "goes with search, submit, clone, after"),
        (("--debug", "leaderboard", "mine"), "--debug; it goes after the verb"),
        (("search", "--workers", "two"), "'two' is neither a whole number nor auto"),
        (("leaderboard", "--rows", "-1"), "'-1' is no whole number of at least 1"),
        (("search", "--name", ""), "--name: it is empty: say which, or leave it out"),
        (("search", "--name="), "--name: it is empty"),
        (("search", "--config", ""), "--config: it is empty"),
        (("export", "mine", "-o", ""), "-o/--output: it is empty"),
        (("leaderboard", "--home", ""), "--home: it is empty"),
        (("leaderboard", "--rows", "0"), "'0' is no whole number of at least 1"),
    ],
)
def test_a_usage_error_names_the_nearest_right_thing(
    actsearch: Verb, arguments: tuple[str, ...], advice: str
) -> None:
    assert advice in actsearch(*arguments).err


@pytest.mark.parametrize(
    ("space", "meant"),
    [("core1", "core-1"), ("tree_5", "tree-5"), ("cor-1", "core-1"), ("familes", "families")],
)
def test_a_space_nearly_right_is_named(actsearch: Verb, space: str, meant: str) -> None:
    result = actsearch("search", "--space", space)
    assert (result.status, f"did you mean '{meant}'?" in result.err) == (1, True), result.err


@pytest.mark.heavy
def test_a_terminal_without_greek_letters_gets_a_question_mark(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "actsearch.search.cli", "describe", "x * sigmoid(x)"],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert process.returncode == 0, process.stderr.decode()
    assert b"sigmoid" in process.stdout


def test_escape_sequences_of_strangers_are_not_printed_raw(actsearch: Verb) -> None:
    result = actsearch("describe", "x \x1b[31m \u202e")
    assert result.status == 1
    assert "\x1b" not in result.err
    assert "\u202e" not in result.err
    assert r"\x1b" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("leaderboard", "mien"), "there is no search 'mien'"),
        (("search", "--name", "a/b"), "a search name is 1 to 64 letters"),
        (("search", "--resume"), "--resume needs the --name"),
        (("submit", "--here", "--resume"), "--resume needs the --name"),
        (("search", "--resume", "--name", "mien"), "there is no search 'mien'"),
        (("search", "--strategy", "evolutoin"), "did you mean 'evolution'?"),
        (("search", "--space", "core-0"), "core units must be 1 to 8"),
        (("search", "--space", "cor-1"), "unknown space 'cor-1'"),
        (("search", "--recipe", "quik"), "did you mean 'quick'?"),
        (("search", "--candidates", "0"), "candidates must be at least 1, but got 0"),
        (("search", "--workers", "0"), "workers must be 1 to 1024, or auto, but got 0"),
        (("search", "--gpus-per-worker", "1.5"), "a share from 0 to 1, or a whole number"),
        (("search", "--gpus-per-worker", "inf"), "a share from 0 to 1, or a whole number"),
        (("search", "--gpus-per-worker", "-1"), "a share from 0 to 1, or a whole number"),
        (("search", "--seeds", "1"), "seeds must be at least 2"),
        (("search", "--seed", "-1"), "seed must be at least 0"),
        (("search", "--limit-data", "299"), "limit data must be at least 300: of fewer images so"),
        (("score", "relu(x)", "--limit-data", "0"), "limit data must be at least 300"),
        (("confirm", "relu(x)", "--limit-data", "-5"), "limit data must be at least 300"),
        (("diagnose", "relu(x)", "--limit-data", "10"), "limit data must be at least 300"),
        (("search", "--time-limit", "0s"), "time limit must be above 0 seconds"),
        (("score", "relu(x)", "--seeds", "0"), "seeds must be 1 to 10,000, but got 0"),
        (("score", "relu(x)", "--seeds", "100000"), "seeds must be 1 to 10,000"),
        (("score", "relu(x)", "--seed", "-1"), "seed must be at least 0 and below 2**32"),
        (("score", "relu(x)", "--seeds", "2", "--seed", LAST_SEED), "seed must be at least 0 and"),
        (("diagnose", "relu(x)", "--seed", "-1"), "seed must be at least 0 and below 2**32"),
        (("diagnose", "relu(x)", "--seed", f"{2**32}"), "seed must be at least 0 and below 2**32"),
        (("search", "--seed", f"{2**32}"), "seed must be at least 0 and below 2**32"),
        (("confirm", "relu(x)", "--finalists", "2"), "--finalists is for a search"),
        (("export", "relu(x)", "-o", "new", "--trial", "3"), "a search name is"),
        (("export", "relu(x)", "-o", "new", "--class-name", "2x"), "a class needs a Python name"),
        (("delete", "mien"), "there is no search 'mien'"),
        (("sync", "mien"), "there is no search 'mien'"),
        (("ui", "mien"), "there is no search 'mien'"),
    ],
)
def test_an_expected_mistake_is_one_line_and_exit_1(
    actsearch: Verb, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = actsearch(*arguments, "--home", tmp_path)
    assert result.status == 1
    assert result.err.startswith("actsearch: ")
    assert message in result.err
    assert result.err.count("\n") == 1
    assert not result.out
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_a_bad_expression_has_a_caret_under_the_character(actsearch: Verb, tmp_path: Path) -> None:
    result = actsearch("score", "x * (tanh(x)", "--home", tmp_path)
    assert result.status == 1
    first, text, caret = result.err.rstrip("\n").split("\n")
    assert first.startswith("actsearch: ")
    assert text == "  x * (tanh(x)"
    assert caret.strip() == "^"


def test_an_unknown_primitive_names_the_nearest_one(actsearch: Verb, tmp_path: Path) -> None:
    result = actsearch("score", "sigmiod(x)", "--home", tmp_path)
    assert "did you mean 'sigmoid'?" in result.err


def test_debug_shows_the_traceback_too(actsearch: Verb, tmp_path: Path) -> None:
    result = actsearch("leaderboard", "mien", "--home", tmp_path, "--debug")
    assert result.err.startswith("Traceback")
    assert result.err.splitlines()[-1].startswith("actsearch: there is no search 'mien'")


def test_an_unexpected_error_of_a_file_is_shown_whole_and_leaves_the_output_empty(
    actsearch: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(options: argparse.Namespace) -> int:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr("actsearch.search.cli.recipes.run", denied)
    result = actsearch("recipes")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("Traceback")
    assert result.err.endswith("'/somewhere'\n")


def test_nothing_of_an_expression_is_executed(actsearch: Verb, tmp_path: Path) -> None:
    target = tmp_path / "made"
    text = f"__import__('pathlib').Path('{target}').touch()"
    for verb in (("score", text), ("confirm", text), ("export", text, "-o", tmp_path / "new")):
        assert actsearch(*verb, "--home", tmp_path).status == 1
    assert not target.exists()


def test_the_script_and_the_module_give_the_version(tmp_path: Path) -> None:
    from importlib.metadata import version

    for command in (["-m", "actsearch.search.cli"], ["-P", "-m", "actsearch.search.cli"]):
        process = subprocess.run(
            [sys.executable, *command, "--version"], capture_output=True, text=True, cwd=tmp_path
        )
        assert process.stdout == f"actsearch {version('actsearch')}\n"


def test_a_pipe_that_closes_early_is_no_traceback(finished: Home) -> None:
    process = subprocess.run(
        f"{sys.executable} -m actsearch.search.cli leaderboard mine --json "
        f"--home {finished.root} | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert process.stdout == "["
    assert "Traceback" not in process.stderr


def test_a_full_disk_under_the_output_is_one_line(finished: Home) -> None:
    for words in ("leaderboard mine", "leaderboard mine --json", "catalog", "--help", "--version"):
        home = f"--home {finished.root}" if words.startswith("leaderboard") else ""
        process = by_shell(f"{words} {home} > /dev/full")
        assert process.returncode == 1
        assert process.stderr == "actsearch: cannot write the output: no space left on device\n"


def test_closed_streams_are_no_traceback_and_take_nothing_of_the_others(finished: Home) -> None:
    command = f"leaderboard mine --json --home {finished.root}"
    closed = by_shell(f"{command} >&-")
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", "")
    whole = by_shell(f"{command} <&-")
    assert whole.returncode == 0
    assert len(json.loads(whole.stdout)) == 8
    mistaken = by_shell(f"leaderboard mien --home {finished.root} 2>&-")
    assert (mistaken.returncode, mistaken.stdout) == (1, "")


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_that_is_so_too_where_python_writes_at_once(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    assert by_shell(f"{words} > /dev/full").returncode == 1


def by_shell(words: str) -> subprocess.CompletedProcess[str]:
    """A command as a shell runs it, with its redirections."""
    return subprocess.run(
        f"{sys.executable} -m actsearch.search.cli {words}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("words", ["leaderboard mine", "--help", "search"])
def test_in_a_directory_that_was_removed_a_verb_says_so_in_a_line(
    tmp_path: Path, words: str
) -> None:
    place = tmp_path / "away"
    place.mkdir()
    process = subprocess.run(
        f"rmdir {place}; {sys.executable} -P -m actsearch.search.cli {words} --home {tmp_path}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=place,
    )
    assert "the working directory was removed: go to one that is there" in (
        process.stdout if words == "--help" else process.stderr
    )
    assert "Traceback" not in process.stderr
    assert process.returncode == (0 if words == "--help" else 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "--name", "mine"),
        ("export", "mine", "--trial", "999", "-o", "new"),
        ("log", "mine"),
        ("score", "mine"),
        ("search", "--resume"),
    ],
)
def test_a_command_that_a_message_advises_has_the_home_that_was_typed(
    actsearch: Verb, finished: Home, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    commands = re.findall(
        r"`(actsearch [^`]*)`", actsearch(*arguments, "--home", finished.root).err
    )
    assert commands
    assert all(command.endswith(f" --home {finished.root}") for command in commands)
    monkeypatch.setenv("ACTSEARCH_HOME", str(finished.root))
    assert "--home" not in actsearch(*arguments).err


def test_no_command_gets_it_twice_or_where_it_has_no_use() -> None:
    options = argparse.Namespace(home="a b", project={})
    text = (
        "`actsearch sync mine`, `actsearch ui`, `actsearch stop x --home y`, `actsearch catalog`"
    )
    assert with_home(text, options) == (
        "`actsearch sync mine --home 'a b'`, `actsearch ui --home 'a b'`, "
        "`actsearch stop x --home y`, `actsearch catalog`"
    )


def test_sigterm_stops_a_background_job_that_its_shell_lets_ignore_ctrl_c() -> None:
    script = """
import os, signal, time
from actsearch.search.cli.options import stoppable
try:
    with stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
except KeyboardInterrupt:
    raise SystemExit(130)
"""
    process = subprocess.run(
        [sys.executable, "-c", script],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        timeout=100,
    )
    assert process.returncode == 130


@pytest.mark.parametrize("status", [0, 1, 130])
def test_a_verb_loses_neither_results_nor_what_is_to_be_done_at_the_end(status: int) -> None:
    script = """
import atexit, sys
import actsearch.search.cli.main
from actsearch.search.cli import __main__ as program

def main():
    atexit.register(print, "the last thing")
    print("a result")
    return int(sys.argv[1])

actsearch.search.cli.main.main = main
program.run()
"""
    process = subprocess.run(
        [sys.executable, "-c", script, str(status)], capture_output=True, text=True, timeout=100
    )
    assert process.returncode == status
    assert process.stdout == "a result\nthe last thing\n"


def test_a_verb_waits_for_its_threads_and_leaves_no_log_beside_a_database(tmp_path: Path) -> None:
    script = """
import sys, threading, time
import actsearch.search.cli.main
from actsearch.search.cli import __main__ as program

def late():
    time.sleep(0.2)
    print("a thread's result")

def main():
    if sys.argv[1] == "thread":
        threading.Thread(target=late).start()
    else:
        import sqlalchemy
        engine = sqlalchemy.create_engine(f"sqlite:///{sys.argv[1]}")
        main.connection = engine.connect()
        main.connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        main.connection.exec_driver_sql("CREATE TABLE mine (x)")
    return 0

actsearch.search.cli.main.main = main
program.run()
"""
    command = [sys.executable, "-c", script]
    process = subprocess.run([*command, "thread"], capture_output=True, text=True, timeout=100)
    assert process.stdout == "a thread's result\n"
    subprocess.run([*command, tmp_path / "study.db"], check=True, timeout=100)
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]
