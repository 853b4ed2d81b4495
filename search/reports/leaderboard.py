"""The leaderboard of a search, and the searches of a home, as text and JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

from ...evaluators.protocol.noise import noise
from ...space import ActsearchError, ExpressionError
from ...space.counted import counted
from ..storage.config import SearchConfig
from ..storage.home import Home
from ..storage.ranking import front, ranked, tied_with_best
from ..storage.search_file import SearchFile
from ..storage.trial import Trial, entered, too_dear
from ..storage.trial_reader import read_trials
from .text_table import Column, Table, cut, text_table, wrapped


def leaderboard_json(trials: Sequence[Trial], config: SearchConfig) -> list[dict[str, Any]]:
    """One object per trained candidate, best first. `same_as`: the baseline that it cannot be told
    from. `cost` is null where none was measured, and `front` where it is no objective."""
    members = _front(trials, config)
    return [
        {
            "expression": trial.expression,
            "state": trial.state,
            "score": trial.val_accuracy,
            "rungs": {str(epoch): value for epoch, value in trial.val_accuracies.items()},
            "trial": trial.number,
            "reason": trial.reason,
            "seconds": trial.seconds,
            "cost": trial.cost and dataclasses.asdict(trial.cost),
            "front": None if members is None else trial.number in members,
            "step": trial.lr_multiplier,
            "own_score": trial.base_lr_accuracy,
            "learned": {name: list(values) for name, values in trial.learned.items()},
            "same_as": same_as(trial, config),
        }
        for trial in ranked(trials)
        if trial.trained
    ]


def leaderboard_text(
    trials: Sequence[Trial], config: SearchConfig, rows: int = 15, fit: int | None = None
) -> str:
    """The leaderboard as a table, at most `rows` of it; near-ties with the best carry a ~.

    fit: characters of a line.
    """
    order = [trial for trial in ranked(trials) if trial.trained]
    if not order:
        return "no candidate has trained yet"
    lines = [leaderboard_table(trials, config, rows).text(fit)]
    if len(order) > rows:
        lines.append(f"… and {len(order) - rows} more (--json lists all)")
    return "\n".join([*lines, *(wrapped(note, fit) for note in notes(trials, config))])


def leaderboard_table(trials: Sequence[Trial], config: SearchConfig, rows: int) -> Table:
    """The best candidates that have trained, as rows."""
    order = [trial for trial in ranked(trials) if trial.trained]
    members = _front(trials, config)
    cost_columns = [
        *([Column("cost", ">", 6)] if any(trial.cost for trial in order) else []),
        *([Column("front")] if members is not None else []),
    ]
    columns = (
        Column("trial", ">", 5),
        Column("state", width=10),
        Column("epochs", ">", 6),
        Column("val acc", ">", 8, gap=1),
        Column(),
        *cost_columns,
        Column("formula", wraps=16),
    )
    tied = tied_with_best(order, config.recipe.validation)
    cells = [
        (
            str(trial.number),
            trial.state,
            str(max(trial.val_accuracies, default=0)),
            "–" if trial.val_accuracy is None else f"{100 * trial.val_accuracy:.2f}%",
            "~" if trial.number in tied else " ",
            *_cost_cells(trial, members)[: len(cost_columns)],
            cut(trial.expression)
            + (f"   [{trial.reason}]" if trial.reason else "")
            + (f"   [{what}]" if (what := same_as(trial, config)) else "")
            + _learning_rate_text(trial),
        )
        for trial in order[:rows]
    ]
    return Table(columns, cells)


def notes(trials: Sequence[Trial], config: SearchConfig) -> list[str]:
    """The sentences below a leaderboard: how to read it."""
    order = [trial for trial in ranked(trials) if trial.trained]
    members = _front(trials, config)
    lines = []
    best = order[0].val_accuracy if order else None
    if best is not None:
        error = 100 * noise(best, config.recipe.validation)
        lines.append(
            f"on other images a score would differ by {error:.2f} points (standard error); "
            f"~ marks scores within two of them of the best: ties"
        )
    if members is not None or any(trial.cost for trial in order):
        lines.append("cost is time over ReLU's, forward and backward" + _front_text(members))
    if dear := sum(map(too_dear, trials)):
        lines.append(f"{counted(dear, 'proposal')} above --max-cost: not trained")
    return lines


def same_as(trial: Trial, config: SearchConfig) -> str | None:
    """The baseline that a candidate with a score cannot be told from, stopped early or not: the
    rule of every table and page. Of a formula that this version does not read that is not known;
    it is listed all the same."""
    if not trial.val_accuracies:
        return None
    from ..confirmation.novelty import baseline_in_disguise, mirrors_alike  # which load torch

    try:
        return baseline_in_disguise(trial, mirrors_alike(config))
    except ExpressionError:
        return None


def _front(trials: Sequence[Trial], config: SearchConfig) -> set[int] | None:
    """Numbers of the trials on the front; None where cost is no objective."""
    priced = "cost" in config.objectives
    return {trial.number for trial in front(trials)} if priced else None


def _cost_cells(trial: Trial, members: Set[int] | None) -> tuple[str, str]:
    cost = f"{trial.cost.time:.2f}×" if trial.cost else "–"
    return cost, "yes" if members and trial.number in members else ""


def _front_text(members: Set[int] | None) -> str:
    if members is None:
        return ""
    return "; on the front is what none beats in accuracy or cost without losing in the other"


def _learning_rate_text(trial: Trial) -> str:
    """The learning rate that a score is at, and the score at the recipe's, where they differ."""
    if trial.lr_multiplier == 1.0:
        return ""
    base = trial.base_lr_accuracy
    at_its_own = "diverges" if base is None else f"{100 * base:.2f}%"
    return f"   [at {trial.lr_multiplier:g} times the step size; at its own {at_its_own}]"


def overview(home: Home) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The searches of a home, the one launched last at the end; and of those that cannot be read,
    by name, why."""
    rows, unreadable = [], home.incomplete()
    for name in home.names():
        try:
            folder = home.folder(name)
            stored = SearchFile.load(folder)
            trials = read_trials(folder)
        except ActsearchError as error:
            unreadable[name] = str(error)
            continue
        best = next((trial for trial in ranked(trials) if trial.val_accuracy is not None), None)
        rows.append(
            {
                "name": name,
                "space": stored.config.space,
                "strategy": stored.config.strategy,
                "recipe": stored.config.recipe.label,
                "entered": entered(trials),
                "candidates": stored.settings.candidates,
                "score": best.val_accuracy if best else None,
                "expression": best.expression if best else None,
            }
        )
    return rows, unreadable


def overview_text(
    rows: Sequence[dict[str, Any]], root: Path, fit: int | None = None, home: str = ""
) -> str:
    """The same as a table; fit: characters of a line; home: as in `status_text`."""
    if not rows:
        return f"no search in {root} yet: begin one with `actsearch search --name mine{home}`"
    columns = (
        Column("search"),
        Column("space", width=8, gap=1),
        Column("strategy", width=10, gap=1),
        Column("trained", ">", 9),
        Column("best on validation", wraps=16),
    )
    cells = [
        (
            row["name"],
            row["space"],
            row["strategy"],
            f"{row['entered']}/{row['candidates']}",
            f"{100 * row['score']:.2f}%  {cut(row['expression'])}" if row["score"] else "–",
        )
        for row in rows
    ]
    return text_table(columns, cells, fit)
