"""Every function that a test set was shown is on record, for the home and for good."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from actsearch.search import HomeUnusable
from actsearch.search.storage.shown_functions import NAME, Showing, ShownFunctions


def showing(*functions: str, dataset: str = "fashion-mnist") -> Showing:
    return Showing(at="2026-11-28", folder="confirmations", dataset=dataset, functions=functions)


def test_an_opening_hears_how_many_there_were_and_of_how_many_functions(
    tmp_path: Path,
) -> None:
    shown = ShownFunctions(tmp_path)
    assert shown.add(showing("sin(x)", "cos(x)")) == (0, 0)
    assert shown.add(showing("sin(x)", "tanh(x)")) == (1, 2), "sin(x) again, too"
    assert shown.add(showing("erf(x)", dataset="kmnist")) == (0, 0), "another test set"
    assert ShownFunctions(tmp_path).add(showing("erf(x)")) == (2, 4)
    assert len(shown.read()) == 4


def test_what_nothing_tells_apart_counts_as_one_test_set(tmp_path: Path) -> None:
    shown = ShownFunctions(tmp_path)

    def of(function: str, test_set: str) -> Showing:
        return replace(showing(function, dataset="own data"), test_set=test_set)

    assert shown.add(of("sin(x)", "")) == (0, 0)
    assert shown.add(of("cos(x)", "1f")) == (1, 1)
    assert shown.add(of("erf(x)", "2c")) == (1, 1), "not the other's"
    assert shown.add(of("tanh(x)", "1f")) == (2, 2)
    assert shown.add(of("exp(x)", "")) == (4, 4), "it may be any of them"
    assert shown.add(showing("tanh(x)", dataset="own")) == (0, 0)


def test_a_line_torn_by_a_kill_is_written_over(tmp_path: Path) -> None:
    shown = ShownFunctions(tmp_path)
    shown.add(showing("sin(x)"))
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole + whole[:20])
    assert shown.read() == [showing("sin(x)")]
    assert shown.add(showing("cos(x)")) == (1, 1)
    assert shown.read() == [showing("sin(x)"), showing("cos(x)")]


@pytest.mark.parametrize("line", ["{}", "[]", "null", '{"at": 1}', "\x00", "[" * 5000])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    ShownFunctions(tmp_path).add(showing("sin(x)"))
    with open(tmp_path / NAME, "a") as file:
        file.write(line + "\n")
    with pytest.raises(HomeUnusable, match="line 2 is damaged"):
        ShownFunctions(tmp_path).read()


def _add(folder: Path, process: int) -> None:
    for number in range(10):
        ShownFunctions(folder).add(showing(f"sin({process} * x + {number})"))


def test_processes_that_open_at_once_are_all_on_record(tmp_path: Path) -> None:
    processes = [
        multiprocessing.get_context("fork").Process(target=_add, args=(tmp_path, k))
        for k in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    functions = [s.functions for s in ShownFunctions(tmp_path).read()]
    assert len(functions) == len(set(functions)) == 30
