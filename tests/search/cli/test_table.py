"""A table's commands can be typed as they stand, and a search by it shows what it holds alone."""

from __future__ import annotations

import dataclasses
import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actsearch.evaluators import read_table
from actsearch.search import Home, InvalidSetting, Trial
from actsearch.search.storage.search_file import SearchFile
from actsearch.search.storage.trial_reader import read_trials
from actsearch.search.table import _curve, table_of
from actsearch.space import parse

Verb = Callable[..., Any]


def test_the_command_that_replays_it_and_the_one_that_made_it_are_words_of_a_shell(
    actsearch: Verb, finished: Home, tmp_path: Path
) -> None:
    path = tmp_path / "my own.jsonl"
    result = actsearch("table", "mine", "-o", path, "--home", finished.root)
    assert result.status == 0
    replay = shlex.split(result.out.partition("replay them with: ")[2])
    assert replay[2:] == ["--space", "core-1[network]", "--evaluator", str(path)]
    made = shlex.split(read_table(path).command)
    assert made == ["actsearch", "table", "mine", "-o", "my own.jsonl"]


def test_a_search_by_it_shows_no_number_that_it_does_not_hold(
    actsearch: Verb, searched: Home, tmp_path: Path
) -> None:
    path, at = tmp_path / "mine.jsonl", ("--home", searched.root)
    assert actsearch("table", "mine", "-o", path, *at).status == 0
    settings = ("--space", "core-1[network]", "--strategy", "random", "--seed", "2")
    result = actsearch(
        *("search", "--name", "again", "--evaluator", path, *settings, "--candidates", "4", *at)
    )
    assert result.status == 0, result.err
    trials = [trial for trial in read_trials(searched.folder("again")) if trial.trained]
    assert {trial.learned == {} and trial.train_losses == () for trial in trials} == {True}
    rows = json.loads(actsearch("leaderboard", "again", "--json", *at).out)
    assert [row["learned"] for row in rows] == [{}] * 4
    row = next(row for row in rows if parse(row["expression"]).parameters)
    trial = ("again", "--trial", str(row["trial"]), *at)
    assert json.loads(actsearch("describe", *trial, "--json").out)["learned"] == []
    refused = actsearch("export", *trial, "--learned", "--yes", "-o", tmp_path / "best")
    assert refused.status == 1
    assert "a table has scores alone; leave --learned out" in refused.err


def test_searches_that_trained_different_candidates_are_no_table(
    actsearch: Verb, home: Home, tmp_path: Path
) -> None:
    small = ("--recipe", "brief", "--limit-data", "300", "--candidates", "2", "--no-confirm")
    for seed in ("0", "1"):
        at = ("--name", f"s{seed}", "--seed", seed, "--strategy", "random", "--home", home.root)
        assert actsearch("search", *small, *at).status == 0
    path = tmp_path / "two.jsonl"
    result = actsearch("table", "s0", "s1", "-o", path, "--home", home.root)
    assert result.status == 1
    assert "s0, s1 trained different ones: make it of one search, or of searches" in result.err
    assert not path.exists()
    single = tmp_path / "one.jsonl"
    assert actsearch("table", "s0", "-o", single, "--home", home.root).status == 0
    known = next(iter(read_table(single).rows))
    result = actsearch("score", known, "--evaluator", single, "--home", home.root)
    assert result.status == 0, "its one seed is the default"
    result = actsearch("score", "x * erf(x) ** 3", "--evaluator", single, "--home", home.root)
    assert result.err.count("cannot be scored: table one has no score of it") == 1


def test_a_table_goes_into_a_folder_that_is_there(
    actsearch: Verb, finished: Home, tmp_path: Path
) -> None:
    path = tmp_path / "nowhere" / "mine.jsonl"
    result = actsearch("table", "mine", "-o", path, "--home", finished.root)
    assert result.err == f"actsearch: there is no folder for {path}: make it first\n"


def test_data_from_a_folder_that_is_not_there_is_not_said_to_be_verified(
    actsearch: Verb, tmp_path: Path
) -> None:
    result = actsearch("data", "fashion-mnist", "--from", tmp_path / "nowhere")
    assert result.status == 1
    assert "--from must be a folder, but there is none at" in result.err
    result = actsearch("data", "fashion-mnist", "--from", tmp_path)
    assert f"is here already: {tmp_path} is not looked at" in result.err


def test_a_score_that_is_no_count_of_images_is_no_table(finished: Home) -> None:
    trial = next(t for t in read_trials(finished.folder("mine")) if t.val_accuracies)
    recipe = SearchFile.load(finished.folder("mine")).config.recipe
    half = {epoch: (0.5 + 3) / recipe.validation for epoch in trial.val_accuracies}
    with pytest.raises(InvalidSetting, match=r"trial \d+ has 3\.50 of 100: it was scored"):
        _curve(dataclasses.replace(trial, val_accuracies=half), "mine", recipe)


def test_a_search_by_a_table_goes_on_from_any_folder_with_the_scores_it_began_with(
    actsearch: Verb, searched: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, few = ("--home", searched.root), ("--candidates", "2")
    (tmp_path / "made").mkdir()
    monkeypatch.chdir(tmp_path / "made")
    assert actsearch("table", "mine", "-o", "mine.jsonl", *at).status == 0
    space = ("--space", "core-1[network]", "--strategy", "random", "--seed", "2")
    begin = ("search", "--name", "again", "--evaluator", "mine.jsonl")
    begun = actsearch(*begin, *few, *space, *at)
    assert begun.status == 0, begun.err
    more = ("search", "--name", "again", "--resume", *at, "--candidates")
    monkeypatch.chdir(tmp_path)
    assert actsearch(*more, "3").status == 0
    file, stored = searched.folder("again") / "config.json", tmp_path / "made" / "mine.jsonl"
    table = read_table(stored)
    scores = f" {table.checksum}"
    text = file.read_text()
    assert text.count(scores) == 1
    file.write_text(text.replace(scores, ""))  # as it was stored before scores were part of it
    assert actsearch(*more, "4").status == 0
    file.write_text(text)
    rows = {text: {0: (1, 1)} for text in table.rows}
    dataclasses.replace(table, rows=rows).save(stored)
    refused = actsearch(*more, "5")
    assert "its network, data, scores or numbers have changed" in refused.err


def test_a_function_that_two_searches_write_in_two_ways_is_one_row(
    searched: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(searched.folder("mine"), searched.searches / "second")
    file = searched.searches / "second" / "config.json"
    file.write_text(file.read_text().replace('"seed": 2', '"seed": 3'))

    def read(folder: Path) -> list[Trial]:
        """The second search's with each formula in parentheses of a product with 1."""
        trials = read_trials(folder)
        if folder.name == "mine":
            return trials
        return [dataclasses.replace(t, expression=f"1 * ({t.expression})") for t in trials]

    monkeypatch.setattr("actsearch.search.table.read_trials", read)
    table = table_of(searched, ["mine", "second"], "both")
    assert {*table.rows} == {t.expression for t in read(searched.folder("mine")) if t.has_result}
    assert table.shared_seeds == [2, 3]
