"""A comparison of searches as text, as JSON and as one figure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..reports.text_table import Column, cut, text_table, wrapped
from .comparing import ComparedSearch, Improvement, SearchComparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OTHER_TASKS = "their recipes differ, so scores are of different tasks and cannot be compared"


def comparison_text(comparison: SearchComparison, fit: int | None = None) -> str:
    """The tables of settings, of the best by budget and of shared functions; fit: characters of a
    line."""
    searches = comparison.searches
    names = [search.name for search in searches]
    columns = (Column("setting"), *(Column(name, wraps=12) for name in names))
    differing = [
        (setting.replace("_", " "), *("–" if v is None or v == "" else str(v) for v in values))
        for setting, values in comparison.differing.items()
    ]
    parts = [text_table(columns, differing, fit) if differing else "their settings are the same"]
    columns = (Column("candidates", ">"), *(Column(name, ">") for name in names))
    rows = [
        (f"{budget:,}", *(_score_at(budget, search) for search in searches))
        for budget in comparison.budgets
    ]
    parts.append(text_table(columns, rows, fit) if rows else "no candidate has ended yet")
    last = [(s.name, s.improvements[-1]) for s in searches if s.improvements]
    best = [(name, _score(i), f"after {i.candidates:,}", cut(i.expression)) for name, i in last]
    if best:
        columns = (
            Column("best of"),
            Column("val acc", ">"),
            Column("candidates"),
            Column("formula", wraps=16),
        )
        parts.append(text_table(columns, best, fit))
    if not comparison.same_recipe:
        parts.append(wrapped(OTHER_TASKS, fit))
    parts.append(_overlap(comparison, fit))
    return "\n\n".join(parts)


def comparison_json(comparison: SearchComparison) -> dict[str, Any]:
    """The settings that differ, the best by budget and the functions shared, by name."""
    searches = comparison.searches
    return {
        "searches": [search.name for search in searches],
        "same_recipe": comparison.same_recipe,
        "settings": {
            setting: dict(zip((s.name for s in searches), values, strict=True))
            for setting, values in comparison.differing.items()
        },
        "best": [
            {
                "candidates": budget,
                "scores": {s.name: i.score if (i := s.best(budget)) else None for s in searches},
            }
            for budget in comparison.budgets
        ],
        "ended": {search.name: search.ended for search in searches},
        "functions": {search.name: len(search.functions) for search in searches},
        "shared": [
            {"searches": [a.name, b.name], "functions": comparison.shared(a, b)}
            for a, b in itertools.combinations(searches, 2)
        ],
    }


def comparison_figure(comparison: SearchComparison) -> Figure:
    """The best so far over candidates that have ended, and over seconds of training.

    Raises InvalidSetting where no candidate is complete yet.
    """
    from ...mlflow.figures.line_panels import Panel, layer_colours, line_figure
    from ..errors import InvalidSetting

    searches = [search for search in comparison.searches if search.improvements]
    if not searches:
        raise InvalidSetting("there is nothing to draw: no candidate is complete yet")
    colours = layer_colours(len(searches))

    def panel(heading: str, below: str, x: Callable[[Improvement], float], end: Ends) -> Panel:
        lines = [
            _steps(search, colour, x, end(search))
            for search, colour in zip(searches, colours, strict=True)
        ]
        return Panel(heading, below, lines)

    heading = "best on validation so far, %"
    panels = [
        panel(heading, "candidates that have ended", lambda i: i.candidates, lambda s: s.ended),
        panel(heading, "seconds of training", lambda i: i.seconds, lambda s: s.seconds),
    ]
    return line_figure(" · ".join(search.name for search in searches), panels)


Ends = Callable[[ComparedSearch], float]


def _steps(
    search: ComparedSearch, colour: str, x_of: Callable[[Improvement], float], end: float
) -> Any:
    """A line that stays at a score until the next one."""
    from ...mlflow.figures.line_panels import Line

    x: list[float] = []
    y: list[float] = []
    for improvement in search.improvements:
        x += [x_of(improvement)] * (2 if y else 1)
        y += [*y[-1:], 100 * improvement.score]
    return Line(search.name, [*x, end], [*y, y[-1]], colour, marked=False)


def _score(improvement: Improvement | None) -> str:
    return "–" if improvement is None else f"{100 * improvement.score:.2f}%"


def _score_at(budget: int, search: ComparedSearch) -> str:
    """The best so far; of a search that has not come so far, also after how many that is."""
    score = _score(search.best(budget))
    return score if budget <= search.ended else f"{score} of {search.ended:,}"


def _overlap(comparison: SearchComparison, fit: int | None) -> str:
    """Functions trained, and how many of them two searches share."""
    searches = comparison.searches
    columns = (Column("functions trained"), *(Column(search.name, ">") for search in searches))
    rows: Sequence[Sequence[str]] = [
        (row.name, *(str(comparison.shared(row, column)) for column in searches))
        for row in searches
    ]
    return text_table(columns, rows, fit)
