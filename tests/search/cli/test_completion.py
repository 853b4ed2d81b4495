"""TAB completes verbs, options and names, asked as a shell asks, and loads nothing heavy."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actsearch.evaluators import DATASETS, RECIPES
from actsearch.search import Home
from actsearch.search.cli import completers
from actsearch.space import space_from_name

HEAVY = {"matplotlib", "mlflow", "numpy", "optuna", "ray", "sympy", "torch"}


def completed(line: str, folder: Path, *options: str) -> tuple[list[str], str]:
    """The completions of a line, and what the process wrote on stderr."""
    answer = folder / "answer"
    process = subprocess.run(
        [sys.executable, *options, "-m", "actsearch.search.cli"],
        env={
            **{k: v for k, v in os.environ.items() if k != "ACTSEARCH_HOME"},
            "_ARGCOMPLETE": "1",  # words of the line before the first argument
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return [word.rstrip() for word in answer.read_text().splitlines()], process.stderr


def heavy_imports(folder: Path, line: str) -> set[str]:
    """The libraries of HEAVY that completing a line loads."""
    _, log = completed(line, folder, "-X", "importtime")
    assert "argcomplete" in log
    return HEAVY & set(re.findall(r"\| +([a-z]\w*)$", log, re.MULTILINE))


@pytest.fixture
def a_search(tmp_path: Path) -> Home:
    """A home in the usual place of `tmp_path`, with two searches as far as their names go."""
    home = Home(tmp_path / ".actsearch")
    for name in ("mine", "other"):
        (home.searches / name).mkdir(parents=True)
        (home.searches / name / "config.json").write_text("{}")
    return home


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("actsearch le", ["leaderboard"]),
        ("actsearch completion ", ["bash", "zsh", "fish"]),
        ("actsearch search --str", ["--strategy"]),
        ("actsearch search --space core-2", ["core-2"]),
        ("actsearch search --strategy ev", ["evolution"]),
        ("actsearch search --recipe dldna-v", ["dldna-validation"]),
        ("actsearch confirm mine --second c", ["conv"]),
        ("actsearch search --also-on k", ["kmnist"]),
        ("actsearch recipes st", ["standard"]),
        ("actsearch data ci", ["cifar10"]),
    ],
)
def test_verbs_options_and_names_are_offered(tmp_path: Path, line: str, words: list[str]) -> None:
    assert completed(line, tmp_path)[0] == words


@pytest.mark.parametrize(
    "line",
    [
        "actsearch leaderboard ", "actsearch ui ", "actsearch confirm ", "actsearch export ",
        "actsearch describe ", "actsearch sync ", "actsearch delete ",
        "actsearch search --resume --name ",
    ],
)  # fmt: skip
def test_the_searches_of_the_home_are_offered(a_search: Home, tmp_path: Path, line: str) -> None:
    assert completed(line, tmp_path)[0] == ["mine", "other"]


def test_the_searches_of_the_home_that_the_line_names_are_offered(
    a_search: Home, tmp_path: Path
) -> None:
    moved = a_search.root.rename(tmp_path / "elsewhere")
    assert completed("actsearch leaderboard m", tmp_path)[0] == []
    assert completed(f"actsearch leaderboard --home {moved} m", tmp_path)[0] == ["mine"]


def test_every_space_that_is_offered_is_one() -> None:
    for name in completers.spaces():
        assert space_from_name(name).name == name


def test_bash_completes_with_the_script_it_is_given(a_search: Home, tmp_path: Path) -> None:
    script = tmp_path / "actsearch"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m actsearch.search.cli "$@"\n')
    script.chmod(0o755)
    process = subprocess.run(
        ["bash", "-c", 'source <(actsearch completion bash) && complete -p actsearch && '
         'COMP_LINE="actsearch leaderboard m" COMP_POINT=23 && COMP_TYPE=9 && '
         '_python_argcomplete actsearch; echo "${COMPREPLY[@]}"'],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )  # fmt: skip
    registered, reply = process.stdout.splitlines()
    assert registered.startswith("complete ")
    assert reply.strip() == "mine"


def in_shell(tmp_path: Path, *command: str) -> str:
    """Output of a shell that finds `actsearch` in its path."""
    script = tmp_path / "actsearch"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m actsearch.search.cli "$@"\n')
    script.chmod(0o755)
    return subprocess.run(
        command,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_completes_with_the_script_it_is_given(a_search: Home, tmp_path: Path) -> None:
    ask = 'actsearch completion fish | source; complete -C "actsearch {}"'
    assert in_shell(tmp_path, "fish", "-c", ask.format("leaderboard m")).split() == ["mine"]
    options = in_shell(tmp_path, "fish", "-c", ask.format("search --"))
    assert "--strategy\trandom, evolution" in options
    assert "{" not in options, "nothing fills in defaults here, so none is told"
    assert "%(" not in options


ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'autoload -Uz compinit; compinit -u -d $PWD/dump; source <(actsearch completion zsh)'
zpty -w shell 'print READ''Y'
zpty -r -m shell line '*READY*'
zpty -w -n shell $'actsearch leaderboard m\\t'
zpty -r -m shell line '*leaderboard mine*' && print completed
zpty -d shell
"""


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_completes_with_the_script_it_is_given(a_search: Home, tmp_path: Path) -> None:
    assert in_shell(tmp_path, "timeout", "60", "zsh", "-f", "-c", ZSH).strip() == "completed"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_of_its_own(tmp_path: Path, shell: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "actsearch.search.cli", "completion", shell],
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0
    assert ("function __fish_actsearch_complete" in process.stdout) == (shell == "fish")
    assert ("#compdef actsearch" in process.stdout) == (shell != "fish")


def test_the_names_read_from_sources_and_folders_are_the_real_ones(a_search: Home) -> None:
    line = argparse.Namespace(home=str(a_search.root))
    assert completers.searches(parsed_args=line) == sorted(a_search.names())
    assert sorted(completers.recipes()) == sorted(RECIPES)
    assert sorted(completers.data_sets()) == sorted(DATASETS)


def test_the_usual_home_is_where_the_searches_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (None, str(tmp_path / "elsewhere")):
        if place is None:
            monkeypatch.delenv("ACTSEARCH_HOME", raising=False)
        else:
            monkeypatch.setenv("ACTSEARCH_HOME", place)
        home = Home.at()
        (home.searches / "mine").mkdir(parents=True)
        (home.searches / "mine" / "config.json").write_text("{}")
        assert completers.searches(parsed_args=argparse.Namespace(home=None)) == ["mine"]


@pytest.mark.parametrize(
    "line", ["se", "search --sp", "search --space ", "search --strategy ", "leaderboard ",
             "search --recipe ", "data "],
)  # fmt: skip
def test_completion_loads_nothing_heavy(a_search: Home, tmp_path: Path, line: str) -> None:
    assert not heavy_imports(tmp_path, f"actsearch {line}")


def test_the_help_of_a_verb_loads_nothing_heavy() -> None:
    _skip_while_settings_load_torch()
    assert "torch" not in _log("-m", "actsearch.search.cli", "search", "--help")


def test_the_help_shows_the_defaults_of_the_settings() -> None:
    text = " ".join(_output("-m", "actsearch.search.cli", "search", "--help").split())
    for words in (
        "distinct candidates to train (default 60)",
        "package.module:Class (default surrogate)",
        "how candidates are scored (default quick)",
        "fresh paired seeds (default 5)",
        "as many as there is room for (default 1)",
    ):
        assert words in text


def _skip_while_settings_load_torch() -> None:
    if "torch" in _log("-c", "import actsearch.search.storage.config"):
        pytest.skip("the settings' module still loads torch")


def _log(*arguments: str) -> set[str]:
    process = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True
    )
    return HEAVY & set(re.findall(r"\| +([a-z]\w*)$", process.stderr, re.MULTILINE))


def _output(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True
    ).stdout
