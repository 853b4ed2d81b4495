"""The outcome of a search in a notebook: a page's element, axes of matplotlib, a DataFrame."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...mlflow.figures.curves import INK, SLOPE, VALUE
from ...space.data_frame import data_frame
from ...space.expressions.picture import new_axes
from ...space.printable import printable
from ..storage.config import SearchConfig
from ..storage.ranking import trained
from ..storage.trial import Trial
from .leaderboard import leaderboard_json, leaderboard_table, notes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

ROWS = 10  # of the leaderboard in a notebook


def leaderboard_html(config: SearchConfig, trials: Sequence[Trial]) -> str:
    """The top of the leaderboard, and how to read it."""
    order = trained(trials)
    if not order:
        return "<p>no candidate has trained yet</p>"
    lines = notes(trials, config)
    if len(order) > ROWS:
        lines.insert(0, f"… and {len(order) - ROWS} more: to_pandas() has all of them")
    below = "".join(f"<p>{html.escape(printable(line))}</p>" for line in lines)
    return leaderboard_table(trials, config, ROWS).html() + below


def plot(trials: Sequence[Trial], axes: Axes | None) -> Axes:
    """Validation accuracies of complete and pruned candidates in the order in which they were
    proposed, and the best of the complete ones so far."""
    axes = new_axes() if axes is None else axes
    for state, colour, label in (
        ("complete", VALUE, "trained to the end"),
        ("pruned", INK, "stopped at a rung"),
    ):
        scored = _scored(trials, state)
        axes.scatter(*_points(scored), s=16, color=colour, label=label)
    complete = sorted(_scored(trials, "complete"), key=lambda trial: trial.number)
    numbers, accuracies = _points(complete)
    best = [max(accuracies[: i + 1]) for i in range(len(accuracies))]
    axes.step(numbers, best, where="post", color=SLOPE, label="best so far")
    axes.set(xlabel="trial", ylabel="validation accuracy, %")
    axes.legend(frameon=False, loc="lower right")
    return axes


def _scored(trials: Sequence[Trial], state: str) -> list[Trial]:
    return [t for t in trials if t.state == state and t.val_accuracy is not None]


def _points(trials: Sequence[Trial]) -> tuple[list[int], list[float]]:
    """Numbers, and accuracies in per cent."""
    return [t.number for t in trials], [100 * (t.val_accuracy or 0.0) for t in trials]


def to_pandas(config: SearchConfig, trials: Sequence[Trial]) -> DataFrame:
    """A row for each candidate that trained, the best first."""
    rows = leaderboard_json(trials, config)
    names = {"score": "val_accuracy", "step": "lr_multiplier", "own_score": "base_lr_accuracy"}
    keys = (
        "trial", "expression", "state", "score", "same_as", "reason", "seconds", "front", "step",
        "own_score",
    )  # fmt: skip
    columns = {names.get(key, key): [row[key] for row in rows] for key in keys}
    columns["epochs"] = [max(map(int, row["rungs"]), default=0) for row in rows]
    columns["cost"] = [row["cost"] and row["cost"]["time"] for row in rows]
    for epoch in config.recipe.rungs:
        columns[f"val_accuracy_{epoch}"] = [row["rungs"].get(str(epoch)) for row in rows]
    return data_frame(columns)
