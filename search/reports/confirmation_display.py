"""A confirmation in a notebook: a line, a page's element, axes of matplotlib, a DataFrame."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ...mlflow.figures.curves import INK, VALUE
from ...space import UnknownNameError
from ...space.data_frame import data_frame
from ...space.expressions.picture import new_axes
from ...space.printable import printable
from ..confirmation.comparison import ComparisonRow, Confirmation
from .confirmation import (
    VERBS,
    confirmation_tables,
    held_to,
    row_json,
    scope,
    seeming_contradictions,
    verdict_text,
)
from .text_table import cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


def summary(confirmation: Confirmation) -> str:
    """The verdict on the best finalist, in a few words."""
    if confirmation.best is None:
        return "no finalist trained to the end"
    row = confirmation.row(confirmation.best)
    if row.comparison is None:
        return f"no baseline trained: {row.name} has no verdict"
    return f"{row.name} {VERBS[row.verdict or 'tie']} {confirmation.baseline}"


def as_html(confirmation: Confirmation) -> str:
    """The verdict, and a table for each network and data set."""
    tables = "".join(table.html() for table in confirmation_tables(confirmation))
    sentences = [*scope(confirmation), *seeming_contradictions(confirmation)]
    notes = "".join(f"<p>{html.escape(printable(text))}</p>" for text in sentences)
    verdict = html.escape(printable(verdict_text(confirmation)))
    return f"<div><p><b>{verdict}</b></p>{tables}{notes}</div>"


def plot(confirmation: Confirmation, where: str | None, axes: Axes | None) -> Axes:
    """The test accuracy of each function less the best baseline's, with its interval."""
    place = confirmation.rows[0].where if where is None else where
    places = [r.where for r in confirmation.rows if place in (r.where, r.network)]
    if not places:
        known = {name for row in confirmation.rows for name in (row.network, row.where)}
        raise UnknownNameError("network of the confirmation", place, known)
    rows = [row for row in confirmation.rows if row.where == places[0]]
    axes = new_axes(height=1.2 + 0.35 * len(rows)) if axes is None else axes
    axes.axvline(0.0, color=INK, linewidth=0.8)
    for height, row in enumerate(reversed(rows)):
        _draw(axes, row, height)
    names = [cut(row.name) for row in reversed(rows)]
    axes.set_yticks(range(len(rows)), names, parse_math=False)
    axes.set_xlabel(f"test accuracy less that of {held_to(rows)}, points, with 95 % interval")
    axes.set_title(rows[0].where, parse_math=False)
    return axes


def _draw(axes: Axes, row: ComparisonRow, height: int) -> None:
    """One function's difference and interval; of the best baseline itself, a point at 0."""
    colour = VALUE if row.role == "finalist" else INK
    comparison = row.comparison
    if comparison is None:
        if row.test_accuracies:
            axes.plot(0.0, height, "o", color=colour)
        return
    middle = 100 * comparison.difference
    low, high = comparison.interval or (comparison.difference, comparison.difference)
    errors = [[middle - 100 * low], [100 * high - middle]]
    axes.errorbar(middle, height, xerr=errors, fmt="o", color=colour, capsize=3)


def to_pandas(confirmation: Confirmation, by_seed: bool) -> DataFrame:
    """A row for each function on each network and data set; or by seed, with its accuracies."""
    if not by_seed:
        rows = [row_json(row) for row in confirmation.rows]
        left_out = {"seeds", "val", "test", "interval"}
        columns = {name: [row[name] for row in rows] for name in rows[0] if name not in left_out}
        columns["val_mean"] = [row.val_mean for row in confirmation.rows]
        for place, name in enumerate(("interval_low", "interval_high")):
            columns[name] = [row["interval"] and row["interval"][place] for row in rows]
        return data_frame(columns)
    trainings = [
        (row.name, row.role, row.network, row.dataset, *accuracies)
        for row in confirmation.rows
        for accuracies in zip(row.seeds, row.val_accuracies, row.test_accuracies, strict=True)
    ]
    names = ("name", "role", "network", "dataset", "seed", "val_accuracy", "test_accuracy")
    cells = list(zip(*trainings, strict=True)) or [()] * len(names)
    return data_frame(dict(zip(names, cells, strict=True)))
