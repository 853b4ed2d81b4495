"""The progress line: how far a search is, the best so far, the time left."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from actsearch.search import (
    Trial,
)
from actsearch.search.display.console import Progress


def ended(number: int, score: float) -> Trial:
    return Trial(number=number, expression=f"x ** {number}", state="complete", val_accuracy=score)


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(screen: io.StringIO) -> Progress:
    return Progress(Console(file=screen, width=200))


def test_the_line_has_the_count_the_best_with_its_formula_and_the_time_left(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress.begin(0, 10, "candidates")
    start = time.monotonic()
    for trial, score in ((2, 0.5), (3, 0.75), (4, 0.6)):
        progress.candidate(ended(trial, score))
    progress.expect(300, 4000)
    monkeypatch.setattr(time, "monotonic", lambda: start + 90)
    assert progress.line() == (
        "3/10 candidates  ·  best 75.00%  x ** 3  ·  1:30 spent  ·  about 3:30 left, "
        "then 1:06:40 of confirmation"
    )


def test_the_last_line_of_a_stage_says_nothing_of_what_was_still_expected(
    progress: Progress, screen: io.StringIO
) -> None:
    progress.begin(0, 2_000, "candidates")
    progress.candidate(ended(2, 0.5))
    progress.expect(300, 4000)
    progress.end()  # by its time limit
    assert screen.getvalue().startswith("1/2000 candidates")
    assert "left" not in screen.getvalue()


def test_nothing_is_said_of_the_time_left_before_something_is_known(progress: Progress) -> None:
    progress.begin(0, 10, "candidates")
    progress.candidate(ended(2, 0.5))
    assert "left" not in progress.line()
    progress.expect(None)
    assert "left" not in progress.line()
    progress.expect(60)
    assert progress.line().endswith("about 1:00 left")


def test_between_events_the_time_left_counts_down_and_ends_at_nothing(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress.begin(0, 10, "trainings")
    start = time.monotonic()
    progress.advance(5)
    progress.expect(60)
    lines = []
    for passed in (10, 30, 59, 100):
        monkeypatch.setattr(time, "monotonic", lambda moment=start + passed: moment)
        lines.append(progress.line().split("about ")[1])
    assert lines == ["0:50 left", "0:30 left", "0:01 left", "0:00 left"]


def test_where_there_is_no_terminal_lines_come_seldom(
    progress: Progress, screen: io.StringIO
) -> None:
    progress.begin(0, 3, "candidates")
    for trial in range(3):
        progress.candidate(ended(trial, 0.5))
    progress.end()
    assert len(screen.getvalue().splitlines()) == 1
    assert "3/3 candidates" in screen.getvalue()


def test_where_there_is_no_terminal_the_last_line_comes_once(
    progress: Progress, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress.begin(0, 2, "trainings")
    start = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: start + 20)
    progress.advance(2)
    progress.end()
    assert len(screen.getvalue().splitlines()) == 1


@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {"NO_COLOR": "1", "TERM": "xterm"}], ids=["dumb", "no color"]
)
def test_a_terminal_that_asks_for_it_gets_plain_lines(
    screen: io.StringIO, environment: dict[str, str]
) -> None:
    console = Console(
        file=screen, force_terminal=True, width=200, highlight=False, _environ=environment
    )
    with Progress(console) as progress:
        progress.begin(0, 2, "candidates")
        progress.candidate(ended(2, 0.5))
    assert "\x1b" not in screen.getvalue()
    assert screen.getvalue().splitlines() == [
        "1/2 candidates  ·  best 50.00%  x ** 2  ·  0:00 spent"
    ]


def test_the_best_of_a_search_that_goes_on_is_that_of_all_of_it(progress: Progress) -> None:
    progress.begin(1, 3, "candidates", ended(2, 0.75))
    progress.candidate(ended(3, 0.5))
    assert "best 75.00%  x ** 2" in progress.line()


def test_markup_in_a_formula_is_text(progress: Progress, screen: io.StringIO) -> None:
    progress.stage("x * sigmoid(beta[network] * x)")
    assert "beta[network]" in screen.getvalue()
