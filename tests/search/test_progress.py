"""The progress line: how far a search is, the best so far, the time left."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from actsearch.search import (
    Trial,
)
from actsearch.search.progress import Progress


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
    monkeypatch.setattr(time, "monotonic", lambda: start + 90)
    assert progress.line() == (
        "3/10 candidates  ·  best 75.00%  x ** 3  ·  1:30 spent  ·  about 3:30 left"
    )


def test_a_resumed_search_counts_on_and_times_only_what_is_new(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress.begin(6, 10, "candidates")
    start = time.monotonic()
    progress.candidate(ended(2, 0.5))
    monkeypatch.setattr(time, "monotonic", lambda: start + 60)
    assert progress.line().startswith("7/10 candidates")
    assert progress.line().endswith("about 3:00 left")


def test_where_there_is_no_terminal_lines_come_seldom(
    progress: Progress, screen: io.StringIO
) -> None:
    progress.begin(0, 3, "candidates")
    for trial in range(3):
        progress.candidate(ended(trial, 0.5))
    progress.end()
    assert len(screen.getvalue().splitlines()) == 1
    assert "3/3 candidates" in screen.getvalue()


def test_markup_in_a_formula_is_text(progress: Progress, screen: io.StringIO) -> None:
    progress.stage("x * sigmoid(beta[network] * x)")
    assert "beta[network]" in screen.getvalue()
