"""Every form of the leaderboard says the same of a candidate."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from actsearch.search import Trial
from actsearch.search.cli.options import print_json
from actsearch.search.reports.leaderboard import leaderboard_json, leaderboard_text
from contracts.tiny import CONFIG


@pytest.mark.parametrize("state", ["complete", "pruned"])
def test_a_baseline_in_another_form_is_one_in_text_and_in_json_also_where_it_was_stopped(
    state: Any,
) -> None:
    trial = Trial(
        number=0,
        expression="max(x, 0) + 0.25 * min(x, 0)",
        state=state,
        val_accuracy=0.5,
        val_accuracies={1: 0.5},
    )
    (row,) = leaderboard_json([trial], CONFIG)
    assert row["same_as"] == "PReLU in another form"
    assert "[PReLU in another form]" in leaderboard_text([trial], CONFIG)


def test_the_page_of_the_command_line_explains_every_key() -> None:
    trial = Trial(number=0, expression="x", state="infeasible", reason="nan")
    (row,) = leaderboard_json([trial], CONFIG)
    page = Path(__file__).parents[3] / "docs" / "command_line.md"
    (table,) = re.findall(r"each with these keys:\n\n((?:\|.*\n)+)", page.read_text())
    explained = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert {key for cell in explained for key in re.findall(r"`(\w+)`", cell)} == set(row)


def test_what_diverged_is_json_that_every_parser_takes(capsys: pytest.CaptureFixture[str]) -> None:
    learned = {"beta": (float("nan"), 0.5, float("inf"))}
    trial = Trial(
        number=0,
        expression="beta * x + sinh(x)",
        state="infeasible",
        reason="nan",
        learned=learned,
    )
    print_json(leaderboard_json([trial], CONFIG))

    def refused(name: str) -> None:
        raise ValueError(name)

    (row,) = json.loads(capsys.readouterr().out, parse_constant=refused)
    assert row["learned"] == {"beta": [None, 0.5, None]}
