"""A real search in a real pseudo-terminal: drawn in place, stopped, and the terminal as it was."""

from __future__ import annotations

import pytest

from actsearch.search import Home
from contracts.terminal import Terminal

pytestmark = pytest.mark.long
# Answered from the table in an instant, each: the search is long because it is large.
SEARCH = ("search", "--name", "mine", "--evaluator", "core-1-table", "--strategy", "random")


def test_ctrl_c_at_60_columns_leaves_the_closing_message_and_a_sane_terminal(home: Home) -> None:
    arguments = (*SEARCH, "--candidates", "1400", "--no-confirm", "--home", home.root)
    with Terminal(60, 24, *arguments) as terminal:
        terminal.wait_for(
            "/1400 candidates ━", " spent", "best so far", "1 of 1 worker at work", "in training"
        )
        assert terminal.hides_cursor()
        terminal.type(b"\x03")
        assert terminal.end() == 130
        assert not terminal.hides_cursor()
        assert "at work" not in terminal.text, "the view is gone"
        said = "".join(terminal.whole.split())  # a line may end within a word, or at a space
        assert "stopped;whathasfinishediskept" in said
        assert "actsearchsearch--resume--namemine" in said
        assert "Traceback" not in said


@pytest.mark.slow
def test_at_100_columns_its_end_is_told_in_lines_and_tables_that_fit(home: Home) -> None:
    arguments = (*SEARCH, "--candidates", "18", "--no-confirm", "--home", home.root)
    with Terminal(100, 40, *arguments) as terminal:
        assert terminal.end() == 0
        assert not terminal.hides_cursor()
        lines = terminal.whole.splitlines()
        assert any(line.startswith("18/18 candidates  ·  best ") for line in lines)
        heading = next(line for line in lines if line.startswith("trial  state"))
        formula = heading.index("formula")
        rows = lines[lines.index(heading) + 1 :][:5]
        assert all(row[:formula].isspace() or row[:5].strip().isdigit() for row in rows)


@pytest.mark.parametrize(("columns", "verb"), [(60, "leaderboard"), (100, "confirm")])
def test_a_leaderboard_and_a_confirmation_fit(columns: int, verb: str, finished: Home) -> None:
    with Terminal(columns, 50, verb, "mine", "--home", finished.root) as terminal:
        assert terminal.end() == 0
        lines = terminal.written.decode().splitlines()
        assert len(lines) > 10
        assert max(map(len, lines)) <= columns


@pytest.mark.slow
def test_watching_a_leaderboard_ends_with_the_search(finished: Home) -> None:
    with Terminal(100, 40, "leaderboard", "mine", "--watch", "--home", finished.root) as terminal:
        assert terminal.end() == 0
        assert not terminal.hides_cursor()
        assert terminal.whole.count("trial  state") == 1
