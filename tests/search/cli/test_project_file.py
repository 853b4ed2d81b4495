"""actsearch.toml gives the flags of the verbs a project's defaults; a flag beats it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import to_toml
from actsearch.search import Home, InvalidSetting, SearchStopped
from actsearch.search.cli import completers, project_file
from actsearch.search.cli.main import all_verbs, main, parser_of
from actsearch.search.storage.search_file import SearchFile
from contracts.tiny import TINY

Verb = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a repository, in a folder of which the command is given."""
    monkeypatch.delenv("ACTSEARCH_HOME", raising=False)
    (tmp_path / ".git").mkdir()
    (tmp_path / "papers" / "one").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "papers" / "one")
    return tmp_path


@pytest.fixture
def would_run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SearchFile]:
    """The search that a command would run, which is not run."""

    def ask(*arguments: str) -> SearchFile:
        files: list[SearchFile] = []

        def run(*args: Any, **_: Any) -> None:
            files.append(args[1])
            raise SearchStopped("seen enough")

        with monkeypatch.context() as patch:
            patch.setattr("actsearch.search.api.run", run)
            assert main(["search", *arguments]) == 130
        return files[0]

    return ask


def test_a_flag_beats_the_config_file_that_beats_the_verbs_table_that_beats_the_rest(
    project: Path, would_run: Callable[..., SearchFile]
) -> None:
    (project / "actsearch.toml").write_text(
        'seeds = 7\nfinalists = 2\nrecipe = "brief"\n'
        '[search]\nseeds = 8\ncandidates = 20\nlag = 3\ntime_limit = "2h"\nconfirm = false\n'
        "[confirm]\nseeds = 99\n"
    )
    Path("mine.toml").write_text("candidates = 30\nlag = 4\n")
    file = would_run("--lag", "5", "--config", "mine.toml")
    settings = file.settings
    assert (file.config.lag, settings.candidates, settings.seeds) == (5, 30, 8)
    assert (settings.finalists, settings.time_limit, settings.confirm) == (2, 7200.0, False)
    assert file.config.recipe.name == "brief"
    assert would_run("--seeds", "3").settings.seeds == 3


def test_a_search_that_is_resumed_goes_on_as_it_was(
    project: Path, searched: Home, would_run: Callable[..., SearchFile]
) -> None:
    (project / "actsearch.toml").write_text(
        f'home = "{searched.root}"\nrecipe = "standard"\nspace = "core-2"\ncandidates = 1000\n'
    )
    before = SearchFile.load(searched.folder("mine"))
    assert would_run("--resume", "--name", "mine") == before


def test_a_home_and_recipe_files_are_where_the_file_says(
    project: Path, would_run: Callable[..., SearchFile], actsearch: Verb
) -> None:
    (project / "tiny.toml").write_text(to_toml(TINY))
    (project / "actsearch.toml").write_text('home = "results"\nrecipe = "tiny.toml"\n')
    assert f"no search in {project / 'results'} yet" in actsearch("leaderboard").out
    assert would_run().config.recipe == TINY


def test_the_environment_beats_the_projects_home(
    project: Path, actsearch: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "actsearch.toml").write_text('home = "results"\n')
    monkeypatch.setenv("ACTSEARCH_HOME", str(project / "elsewhere"))
    assert f"no search in {project / 'elsewhere'} yet" in actsearch("leaderboard").out


def test_it_is_looked_for_up_to_the_repositorys_root_and_no_further(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.parent / "actsearch.toml").write_text("")
    assert project_file.find() is None
    (project / "actsearch.toml").write_text("")
    assert project_file.find() == project / "actsearch.toml"
    (project / "papers" / "actsearch.toml").write_text("")
    assert project_file.find() == project / "papers" / "actsearch.toml"
    (project / ".git").rmdir()
    assert project_file.find() is None, "outside of a repository only the folder itself counts"
    (project.parent / "actsearch.toml").unlink()


def test_the_users_folder_is_written_as_a_tilde(
    project: Path, monkeypatch: pytest.MonkeyPatch, would_run: Callable[..., SearchFile]
) -> None:
    monkeypatch.setenv("HOME", str(project / "user"))
    (project / "user").mkdir()
    (project / "user" / "mine.toml").write_text(to_toml(TINY))
    file = project / "actsearch.toml"
    file.write_text('home = "~/results"\nrecipe = "~/mine.toml"\n')
    defaults = project_file.read(file, parser_of(all_verbs()).verbs)
    assert defaults.common["home"] == str(project / "user" / "results")
    assert project_file.home_in(file) == str(project / "user" / "results")
    assert would_run().config.recipe == TINY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("serch = 3", "no verb has the flag serch; did you mean 'search'?"),
        ("[serch]", "there is no verb [serch]; did you mean 'search'?"),
        ("candidtes = 3", "no verb has the flag candidtes; did you mean 'candidates'?"),
        ("[search]\nworker = 3", "[search] has no flag worker; did you mean 'workers'?"),
        ("[leaderboard]\nseeds = 3", "[leaderboard] has no flag seeds; known: "),
        ('candidates = "3"', "candidates must be a whole number, but got '3'"),
        ("candidates = 3.5", "candidates must be a whole number, but got 3.5"),
        ("candidates = true", "candidates must be a whole number, but got True"),
        ("rows = 0", "rows must be a whole number of at least 1, but got 0"),
        ('time_limit = "soon"', "time_limit must be a number of seconds, or a text like 90s"),
        ('workers = "two"', "workers must be a whole number, or auto, but got 'two'"),
        ("home = 3", "home must be a text, but got 3"),
        ("[search]\nconfirm = 0", "confirm must be true or false, but got 0"),
        ("prior = [1]", "prior must be a text, or a list of them, but got [1]"),
        ('name = "mine"', "name is about one run and has no default"),
        ("yes = true", "yes is about one run and has no default"),
        ("a = [", "cannot be read: "),
    ],
)
def test_what_is_wrong_in_it_is_one_line_with_file_key_and_rule(
    project: Path, actsearch: Verb, text: str, message: str
) -> None:
    path = project / "actsearch.toml"
    path.write_text(text)
    result = actsearch("leaderboard")
    assert result.status == 1
    assert result.err.startswith(f"actsearch: {path}")
    assert message in result.err
    assert result.err.count("\n") == 1


def test_every_flag_that_may_have_a_default_has_a_rule(project: Path) -> None:
    path = project / "actsearch.toml"
    parsers = parser_of(all_verbs()).verbs
    checked = 0
    for verb, parser in parsers.items():
        for action in parser._actions:
            if action.option_strings and action.dest not in project_file.ONCE:
                path.write_text(f"[{verb}]\n{action.dest} = [[1]]\n")
                with pytest.raises(InvalidSetting, match=rf"{action.dest} must be .* but got"):
                    project_file.read(path, parsers)
                checked += 1
    assert checked > 100


def test_help_says_where_defaults_come_from_and_which_they_are(
    project: Path, actsearch: Verb
) -> None:
    assert "may stand in actsearch.toml" in actsearch("search", "--help").out
    path = project / "actsearch.toml"
    path.write_text("rows = 5\n[search]\ncandidates = 20\n")
    assert f"defaults of {path}: candidates = 20\n" in actsearch("search", "--help").out
    assert f"defaults of {path}: candidates = 20\n" in actsearch("submit", "--help").out
    assert f"defaults of {path}: rows = 5\n" in actsearch("leaderboard", "--help").out
    path.write_text("[search]\ncandidtes = 20\n")
    help = actsearch("search", "--help")
    assert help.status == 0
    assert "did you mean 'candidates'?" in help.out


def test_the_shell_completes_names_of_the_projects_home(project: Path, searched: Home) -> None:
    (project / "actsearch.toml").write_text(f'home = "{searched.root}"\n')
    assert completers.searches(parsed_args=argparse.Namespace(home=None)) == ["mine"]
