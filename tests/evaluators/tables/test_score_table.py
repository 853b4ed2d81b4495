"""A table's file says what it is, and what is not that table is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import (
    ScoreTable,
    TableError,
    read_table,
    shipped_tables,
    table_from_name,
)
from actsearch.evaluators.tables.shipped import FOLDER
from actsearch.space import UnknownNameError, parse

MOST_BYTES = 5_000_000  # of all that are shipped


@pytest.fixture
def path(table: ScoreTable, tmp_path: Path) -> Path:
    path = tmp_path / "small.jsonl"
    table.save(path)
    return path


def with_header(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write the file anew with another first line."""
    first, *rows = path.read_text().splitlines()
    header = json.loads(first)
    change(header)
    path.write_text("\n".join([json.dumps(header), *rows]) + "\n")


def test_what_is_written_is_read_back(table: ScoreTable, path: Path) -> None:
    assert read_table(path) == table


def test_a_file_says_what_it_is_about_and_what_made_it(path: Path) -> None:
    header = json.loads(path.read_text().splitlines()[0])
    assert header["space"] == "core-1"
    assert header["recipe"]["name"] == "tiny"
    assert header["licence"] == "CC0-1.0"
    assert {"digest", "fingerprints", "numerics", "machine", "versions", "command"} <= set(header)


def test_a_row_that_was_changed_is_told_with_the_command_that_makes_it_again(path: Path) -> None:
    text = path.read_text()
    path.write_text(text.replace('"tanh(x)"', '"sinh(x)"'))
    with pytest.raises(TableError, match=r"checksum .* make it again with: pytest"):
        read_table(path)


def test_a_row_that_is_lost_is_told(path: Path) -> None:
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(TableError, match="checksum is not that of its 7 rows"):
        read_table(path)


@pytest.mark.parametrize("name", ["schema", "numerics"])
def test_another_version_is_refused_with_the_one_that_is_read(path: Path, name: str) -> None:
    with_header(path, lambda header: header.update({name: 99}))
    with pytest.raises(TableError, match=f"has {name} 99, but this actsearch reads {name} 1"):
        read_table(path)


def test_scores_of_another_recipe_are_refused(path: Path) -> None:
    with_header(path, lambda header: header["recipe"].update({"batch_size": 32}))
    with pytest.raises(TableError, match="again with: pytest"):
        read_table(path)


@pytest.mark.parametrize("content", ["", "[]\n", "{}\n", '{"schema": 1}\n', "\x00\xff"])
def test_what_is_no_table_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(TableError, match=r"other\.jsonl"):
        read_table(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        read_table(tmp_path / "none.jsonl")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="table"):
        table_from_name("core-9-table")


def test_the_shipped_ones_are_small_and_hold_canonical_texts() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*")) < MOST_BYTES
    for name in shipped_tables():
        table = table_from_name(name)
        assert f"{table.name}-table" == name
        assert table.rows
        texts = list(table.rows)
        assert [str(parse(text)) for text in texts[::50]] == texts[::50]
        rungs = len(table.recipe.rungs)
        for curves in table.rows.values():
            assert all(1 <= len(curve) <= rungs for curve in curves.values())
