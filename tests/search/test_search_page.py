"""The commands on a search's own page are those that its search can be gone on with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from actsearch.search.cli.main import all_verbs, parser_of
from actsearch.search.search_page import search_record
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.search_name import can_be_name
from contracts.tiny import TINY


def commands(folder: Path, **settings: Any) -> list[str]:
    """The lines of commands on the page of a search, before anything has trained."""
    config = {"name": "mine", "recipe": TINY, "second": None, **settings}
    record = search_record(SearchFile.of(config, {"candidates": 9}), folder, [], None, ended=False)
    (block,) = re.findall(r"```\n(.*?)\n```", record.page, re.DOTALL)
    return str(block).splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".actsearch" / "searches" / "mine"


@pytest.mark.parametrize("evaluator", ["built-in", "core-1-table", "mine:evaluator"])
def test_another_search_like_it_is_a_clone_so_that_no_setting_is_lost(
    folder: Path, evaluator: str
) -> None:
    lines = commands(folder, evaluator=evaluator, objectives=("accuracy", "cost"), max_cost=3.0)
    assert lines[-1] == "actsearch clone mine mine-again"


def test_each_is_read_by_the_command_line(folder: Path) -> None:
    parser = parser_of(all_verbs())
    for line in commands(folder):
        assert parser.parse_args(shlex.split(line, comments=True)[1:]).verb in line


@pytest.mark.parametrize("name", ["a", "b" * 64, "c" * 58 + "-again", "d-again-anew"])
def test_the_clone_has_a_name_that_can_be_one_and_is_not_the_search_s(
    folder: Path, name: str
) -> None:
    new = commands(folder, name=name)[-1].split()[-1]
    assert can_be_name(new)
    assert new != name


def test_of_a_table_s_search_without_a_candidate_nothing_is_confirmed(folder: Path) -> None:
    assert not [line for line in commands(folder, evaluator="core-1-table") if "confirm" in line]


def test_a_home_that_a_command_would_not_take_by_itself_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACTSEARCH_HOME", raising=False)
    elsewhere = tmp_path / "a b" / "searches" / "mine"
    named = f" --home '{tmp_path}/a b'"
    assert not [line for line in commands(folder) if "--home" in line]
    assert all(line.endswith(named) for line in commands(elsewhere))
    monkeypatch.setenv("ACTSEARCH_HOME", str(tmp_path / "a b"))
    assert not [line for line in commands(elsewhere) if "--home" in line]
    assert [line for line in commands(folder) if "--home" in line]
