"""Searches side by side: what differs, the best by budget, the functions they share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from actsearch.search import Home, InvalidSetting, RungScore, Search
from actsearch.search.service.comparing import (
    ComparedSearch,
    Improvement,
    SearchComparison,
    compare,
)
from actsearch.search.service.comparison_text import comparison_text
from actsearch.search.service.status import status_of
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.table import table_of
from contracts.tiny import TINY

Verb = Callable[..., Any]


@pytest.fixture
def two(searched: Home) -> Home:
    """A home with `mine`, and `other`, which is the same but for a setting and its last trial."""
    folder = Path(shutil.copytree(searched.folder("mine"), searched.searches / "other"))
    stored = json.loads((folder / "config.json").read_text())
    stored["launch"]["finalists"] = 7
    (folder / "config.json").write_text(json.dumps(stored))
    return searched


def test_the_settings_that_differ_are_shown(two: Home) -> None:
    assert compare(two, ["mine", "other"]).differing == {"finalists": [2, 7]}


def test_the_best_is_told_at_each_budget(two: Home) -> None:
    comparison = compare(two, ["mine", "other"])
    trials = [t for t in read_trials(two.folder("mine")) if t.trained]
    best = max(t.val_accuracy or 0.0 for t in trials if t.state == "complete")
    assert comparison.budgets == [len(trials)]
    for search in comparison.searches:
        last = search.best(len(trials))
        assert last is not None
        assert last.score == best
        assert search.best(len(trials) + 1) == last, "its best so far"
        assert last.seconds <= search.seconds == pytest.approx(sum(t.seconds for t in trials))


def test_budgets_triple_up_to_where_each_search_has_come() -> None:
    improvement = Improvement(candidates=5, seconds=1.0, score=0.5, expression="x")
    search = ComparedSearch(
        name="mine", settings={}, improvements=[improvement], ended=100, seconds=9.0, functions={}
    )
    assert search.best(4) is None
    assert search.best(9) == improvement


def test_a_search_that_has_not_come_so_far_has_its_best_in_the_row_and_says_of_how_many() -> None:
    def search(name: str, ended: int) -> ComparedSearch:
        improvement = Improvement(candidates=2, seconds=1.0, score=0.5, expression="x")
        return ComparedSearch(
            name=name,
            settings={},
            improvements=[improvement],
            ended=ended,
            seconds=9.0,
            functions={},
        )

    comparison = SearchComparison(searches=[search("t", 60), search("u", 3)], same_recipe=True)
    rows = [line.split() for line in comparison_text(comparison).splitlines() if "%" in line]
    assert rows[:4] == [
        ["3", "50.00%", "50.00%"],
        *([budget, "50.00%", "50.00%", "of", "3"] for budget in ("9", "27", "60")),
    ]


def test_functions_are_shared_however_they_are_written(two: Home) -> None:
    comparison = compare(two, ["mine", "other"])
    first, second = comparison.searches
    assert comparison.shared(first, second) == len(first.functions) == 8


@pytest.mark.parametrize("names", [["mine"], ["mine", "mine"]])
def test_one_search_is_not_compared_with_itself(names: list[str], finished: Home) -> None:
    with pytest.raises(InvalidSetting, match="compare two searches or more, each once"):
        compare(finished, names)


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(
    actsearch: Verb, finished: Home, tmp_path: Path
) -> None:
    plot = tmp_path / "none" / "compared.png"
    result = actsearch("compare", "mine", "nobody", "--plot", plot, "--home", finished.root)
    assert (result.status, result.out) == (1, "")
    assert f"there is no folder for '{plot}': make it first" in result.err


def test_the_command_prints_tables_and_draws_one_figure(
    actsearch: Verb, two: Home, tmp_path: Path
) -> None:
    plot = tmp_path / "compared.png"
    result = actsearch("compare", "mine", "other", "--plot", plot, "--home", two.root)
    assert result.status == 0
    assert "finalists  2     7" in result.out
    assert plot.read_bytes().startswith(b"\x89PNG")
    comparison = json.loads(
        actsearch("compare", "mine", "other", "--json", "--home", two.root).out
    )
    assert comparison["settings"] == {"finalists": {"mine": 2, "other": 7}}
    assert comparison["shared"] == [{"searches": ["mine", "other"], "functions": 8}]
    two.folder("other").rename(two.searches / "candidates")  # a name as any other
    (two.searches / "candidates" / "config.json").write_text(
        (two.searches / "candidates" / "config.json")
        .read_text()
        .replace('"other"', '"candidates"')
    )
    (row,) = json.loads(
        actsearch("compare", "mine", "candidates", "--json", "--home", two.root).out
    )["best"]
    assert row["candidates"] == 8
    assert {*row["scores"]} == {"mine", "candidates"}


@pytest.mark.long
def test_a_candidate_that_was_interrupted_and_tried_again_counts_once(home: Home) -> None:
    def stop(score: RungScore) -> None:
        raise KeyboardInterrupt

    settings: dict[str, Any] = {"recipe": TINY, "strategy": "random", "confirm": False}
    settings |= {"candidates": 6, "bracket": 3}
    for name, callback in (("whole", None), ("broken", stop)):
        search = Search(name, home=home.root, on_rung=callback, **settings)
        with suppress(KeyboardInterrupt):
            search.run()
    Search("broken", home=home.root, resume=True).run()
    whole, broken = compare(home, ["whole", "broken"]).searches
    assert broken.ended == whole.ended == 6
    assert [(i.candidates, i.score) for i in broken.improvements][-1][1] == whole.improvements[
        -1
    ].score
    tables = [table_of(home, [name], name).rows for name in ("whole", "broken")]
    assert tables[0] == tables[1], "none has the score of a training that was broken off"


@pytest.mark.long
def test_a_search_that_was_killed_and_has_just_gone_on_has_no_rate_yet(home: Home) -> None:
    def stop(score: RungScore) -> None:
        raise KeyboardInterrupt

    settings: dict[str, Any] = {
        "recipe": TINY,
        "strategy": "random",
        "candidates": 6,
        "bracket": 3,
    }
    for resume in (False, True):
        more = {"resume": True} if resume else settings
        with pytest.raises(KeyboardInterrupt):
            Search("mine", home=home.root, on_rung=stop, **more).run()
        assert status_of(home, "mine").per_hour is None
