"""The prior of a search is named, checked, and kept for the search's life."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import TabularEvaluator, shipped_tables, table_from_name
from actsearch.search import Home, InvalidSetting, Search
from actsearch.search.cli.main import main
from actsearch.search.prior import names_of
from actsearch.search.storage.search_file import SearchFile
from actsearch.space import ActsearchError
from contracts.tiny import TINY

pytestmark = pytest.mark.long

SEARCH: dict[str, Any] = {
    "space": "core-1",
    "strategy": "surrogate",
    "recipe": TINY,
    "candidates": 3,
    "bracket": 3,
    "confirm": False,
}


def stored(home: Home, name: str) -> tuple[str, ...]:
    return SearchFile.load(home.folder(name)).config.prior


def test_a_search_learns_from_another_and_goes_on_with_what_it_learned(
    searched: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    Search("next", home=searched.root, prior="mine", **SEARCH).run()
    (entry,) = stored(searched, "next")
    assert names_of([entry]) == ["mine"]
    with pytest.raises(InvalidSetting, match="begun with prior mine, but got none"):
        Search("next", home=searched.root, resume=True, prior="none")
    assert main(["delete", "mine", "--yes", "--home", str(searched.root)]) == 0
    resume = ["search", "--home", str(searched.root), "--name", "next", "--resume"]
    assert main([*resume, "--candidates", "4"]) == 0, "it has a copy of its own"
    assert stored(searched, "next") == (entry,)
    assert "prior: mine (8 candidates of core-1[network]" in capsys.readouterr().err


def test_without_its_copy_it_goes_on_only_with_the_same_scores(
    searched: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    Search("next", home=searched.root, prior="mine", **SEARCH).run()
    (copy,) = searched.folder("next").glob("prior-*.jsonl")
    copy.unlink()  # as of a search of before there was one
    resume = ["search", "--home", str(searched.root), "--name", "next", "--resume"]
    assert main([*resume, "--candidates", "4"]) == 0
    Search("mine", home=searched.root, resume=True, candidates=9, confirm=False).run()
    assert main(resume) == 0, "it has nothing more to propose"
    assert "the search is finished: 4 candidates trained" in capsys.readouterr().err
    assert main([*resume, "--candidates", "9"]) == 1
    assert "mine has other scores by now" in capsys.readouterr().err
    copy.write_text("no table")
    assert main([*resume, "--candidates", "9"]) == 1
    assert f"table {copy} cannot be read" in capsys.readouterr().err


def test_none_is_none_and_stands_alone(home: Home) -> None:
    search = Search("a", home=home.root, prior="none", **SEARCH)
    assert search._file.config.prior == ()
    with pytest.raises(InvalidSetting, match="stands alone"):
        Search("a", home=home.root, prior=["none", "core-1-table"], **SEARCH)


def test_by_default_it_is_the_table_that_teaches_but_for_the_one_that_scores(home: Home) -> None:
    search = Search("a", home=home.root, **SEARCH)
    assert names_of(search._file.config.prior) == ["core-1-table"], "none that judges strategies"
    for table in shipped_tables():
        settings = {**SEARCH, "recipe": None, "evaluator": table}
        prior = Search("b", home=home.root, **settings)._file.config.prior
        assert table not in names_of(prior)


def test_a_strategy_that_takes_none_says_which_does(home: Home) -> None:
    settings = {**SEARCH, "strategy": "random"}
    assert Search("a", home=home.root, **settings)._file.config.prior == ()
    with pytest.raises(InvalidSetting, match=r"takes no prior.*--strategy surrogate"):
        Search("a", home=home.root, prior="core-1-table", **settings)


@pytest.mark.parametrize("name", ["other-table", "other"])
def test_an_unknown_name_is_told(home: Home, name: str) -> None:
    with pytest.raises(ActsearchError, match="other"):
        Search("a", home=home.root, prior=name, **SEARCH)


def test_a_table_of_a_search_is_replayed_in_its_place(
    finished: Home, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.jsonl"
    assert main(["table", "mine", "-o", str(path), "--home", str(finished.root)]) == 0
    assert "8 candidates, 8 trainings" in capsys.readouterr().out
    assert main(["table", "mine", "-o", str(path), "--home", str(finished.root)]) == 1
    assert "exists" in capsys.readouterr().err
    arguments = ["--space", "core-1[network]", "--strategy", "random", "--seed", "2"]
    status = main(
        ["search", *arguments, "--evaluator", str(path), "--candidates", "8", "--json",
         "--name", "again", "--home", str(home.root), "--no-confirm"]
    )  # fmt: skip
    captured = capsys.readouterr()
    assert status == 0, captured.err
    assert "has no score of it" not in captured.err
    again = {row["expression"]: row["rungs"] for row in json.loads(captured.out)["leaderboard"]}
    main(["leaderboard", "mine", "--json", "--home", str(finished.root)])
    before = {r["expression"]: r["rungs"] for r in json.loads(capsys.readouterr().out)}
    assert again.keys() == before.keys()


def test_a_search_on_a_shipped_table_trains_only_what_is_in_it(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["search", "--evaluator", "core-1-table", "--strategy", "random", "--name", "a"]
    status = main([*arguments, "--candidates", "12", "--json", "--home", str(home.root)])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    rows = json.loads(captured.out)["leaderboard"]
    assert len(rows) == 12
    table = table_from_name("core-1-table")
    for row in rows:
        text = TabularEvaluator(table).text_of(row["expression"])
        first = table.rows[text][0][0]
        if row["state"] == "infeasible":
            assert first is None
        else:
            assert row["rungs"]["1"] == (first or 0) / table.recipe.validation


def test_of_a_search_that_still_trains_it_is_what_there_is_when_the_new_one_begins(
    searched: Home,
) -> None:
    waits = Search("next", home=searched.root, prior="mine", **SEARCH)
    Search("mine", home=searched.root, resume=True, candidates=9, confirm=False).run()
    waits.run()
    at_once = Search("after", home=searched.root, prior="mine", **SEARCH)
    assert stored(searched, "next") == at_once._file.config.prior
