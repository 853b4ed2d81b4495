"""Every command on a page is one that the command line takes, every target and option is there."""

from __future__ import annotations

import argparse
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from actsearch.search.cli import main
from contracts.pages import PAGES, REPOSITORY, blocks, commands, name_of

PARSER = main.parser_of(main.all_verbs())
VERBS = next(a for a in PARSER._actions if isinstance(a, argparse._SubParsersAction)).choices
MENTIONED = {"VERB", "diagnoses"}  # a placeholder; the name of an experiment in MLflow
INLINE = re.compile(r"`actsearch ([^`]+)`")
MAKEFILE = (REPOSITORY / "Makefile").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_command_line_takes_every_command(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = []
    for place, (_, *words) in commands(page):
        try:
            PARSER.parse_args(words)
        except SystemExit as stop:
            if stop.code:  # not --version or --help
                refused.append(f"{place}: {shlex.join(words)}: {capsys.readouterr().err}")
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_verb_and_option_that_a_sentence_mentions_is_there(page: Path) -> None:
    unknown = []
    for mention in INLINE.findall(" ".join(page.read_text().split())):
        verb, *words = mention.split()
        options = VERBS[verb]._option_string_actions if verb in VERBS else {}
        flags = [word.strip("[]") for word in words if word.startswith(("--", "[--"))]
        known = verb in {*VERBS, *MENTIONED, "--version", "--help"}
        if not known or (verb in VERBS and not set(flags) <= set(options)):
            unknown.append(mention)
    assert not unknown


def lines(page: Path, program: str) -> list[list[str]]:
    """The words of the lines of a page's fences that begin with a program."""
    texts = [b.code.replace("\\\n", " ") for b in blocks(page) if not b.language]
    commands = [line for text in texts for line in text.splitlines() if line.startswith(program)]
    return [shlex.split(line, comments=True) for line in commands]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_target_of_make_is_there(page: Path) -> None:
    targets = [words[1] for words in lines(page, "make ")]
    targets += re.findall(r"`make ([a-z-]+)", page.read_text())
    assert [t for t in targets if not re.search(rf"^{t}:", MAKEFILE, re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_script_takes_the_options_it_is_given(page: Path) -> None:
    for _, script, *words in lines(page, "python "):
        source = (REPOSITORY / script).read_text()
        flags = [word.partition("=")[0] for word in words if word.startswith("--")]
        assert [flag for flag in flags if f'"{flag}"' not in source] == [], script


def test_every_extra_that_a_page_installs_is_there() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    text = "".join(page.read_text() for page in PAGES)
    extras = set(re.findall(r"actsearch\[([a-z]+)\]", text))
    assert extras
    assert extras <= set(project["optional-dependencies"])


def test_a_wrong_option_is_noticed(tmp_path: Path) -> None:
    """As the first test would notice it on a page that has gone stale."""
    page = tmp_path / "page.md"
    page.write_text("```\nactsearch search --candidate-count 5\n```\n")
    with pytest.raises(SystemExit):
        PARSER.parse_args(next(commands(page))[1][1:])
