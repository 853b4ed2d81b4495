"""A table's commands can be typed as they stand, and a search by it shows what it holds alone."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actsearch.evaluators import read_table
from actsearch.search import Home
from actsearch.search.storage.trial_reader import read_trials
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
