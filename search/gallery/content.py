"""All that the page shows of a search, as plain data: the search, its candidates, the comparison.

From what the search has stored; an unfinished one, one without a confirmation and one of which
nothing has trained each give what there is.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...space.counted import counted
from ..confirmation.comparison import Confirmation
from ..provenance import provenance_text
from ..reports.confirmation import verdict_text
from ..reports.next_steps import confirm_advice, resume_command
from ..storage.config import SearchConfig
from ..storage.ranking import front, tied_with_best, trained
from ..storage.search_file import SearchFile
from ..storage.trial import Trial, entered
from .candidates import Context, candidate, references, test_numbers
from .curves import GRID
from .shared_operators import good_ones, shared_operators

MOST = 2_500  # candidates on a page, the best: some 2 kB each keeps it below 5 MB
IDENTIFIED = 3  # of the best, those compared with all that is known: up to a second each


def content(
    file: SearchFile,
    trials: Sequence[Trial],
    confirmation: Confirmation | None,
    *,
    measure: bool = False,
    most: int = MOST,
    home: str = "",
) -> dict[str, Any]:
    """The page's data, of the best `most` candidates; measure: time those whose cost the search
    did not measure; home: the flag that names the search's home in a command."""
    config = file.config
    board = trained(trials)
    context = Context(
        config=config,
        tied=tied_with_best(board, config.recipe.validation),
        front={trial.number for trial in front(board)},
        identified={trial.number for trial in board[:IDENTIFIED]},
        confirmation=confirmation,
        measure=measure,
    )
    entries = [candidate(trial, rank, context) for rank, trial in enumerate(board[:most], 1)]
    read = [entry["operators"] for entry in entries if "unread" not in entry]
    return {
        "search": _search(file, trials, confirmation, home),
        "grid": GRID,
        "candidates": entries,
        "left_out": len(board) - len(entries),
        "references": references(),
        "reference": confirmation.baseline if confirmation else "ReLU",
        "confirmation": _comparisons(confirmation),
        "operators": {
            "good": good_ones(len(read)),
            "all": len(read),
            "counts": [dataclasses.asdict(count) for count in shared_operators(read)],
        },
    }


def _search(
    file: SearchFile, trials: Sequence[Trial], confirmation: Confirmation | None, home: str
) -> dict[str, Any]:
    """The search in words and counts."""
    config, wanted, done = file.config, file.settings.candidates, entered(trials)
    states = Counter(trial.state for trial in trials if trial.trained)
    finished = done >= wanted and not states["running"]
    return {
        "name": config.name,
        "home": home,
        "settings": _settings(config),
        "status": _status(done, wanted, finished, confirmation),
        "verdict": (
            verdict_text(confirmation)
            if confirmation
            else _without(file, trials, done, finished, home)
        ),
        "winner": _winner(confirmation),
        "best": confirmation.best if confirmation else None,
        "trained": done,
        "wanted": wanted,
        "complete": states["complete"],
        "stopped": states["pruned"],
        "diverged": states["infeasible"],
        "screened": sum(trial.screened for trial in trials),
        "duplicates": sum(trial.state == "duplicate" for trial in trials),
        "validation": config.recipe.validation,
        "epochs": max(config.recipe.rungs),
        "measures_cost": config.measures_cost,
        "provenance": provenance_text(),
    }


def _settings(config: SearchConfig) -> list[tuple[str, str]]:
    """Settings that decide a search, for reading: (label, value)."""
    rungs = ", ".join(map(str, config.recipe.rungs))
    return [
        ("Space", config.space),
        ("Strategy", config.strategy),
        ("Objectives", ", ".join(config.objectives)),
        ("Recipe", config.recipe.label),
        ("Network", config.recipe.network),
        ("Data", config.recipe.dataset),
        ("Rungs", f"{rungs} epochs"),
        ("Evaluator", config.evaluator),
        ("Seed", str(config.seed)),
    ]


def _status(done: int, wanted: int, finished: bool, confirmation: Confirmation | None) -> str:
    if not done:
        return f"begun: 0 of {counted(wanted, 'candidate')} trained"
    if confirmation is not None:
        return f"confirmed: {counted(done, 'candidate')} trained"
    if finished:
        return f"searched, not confirmed: {counted(done, 'candidate')} trained"
    return f"unfinished: {done} of {counted(wanted, 'candidate')} trained"


def _without(
    file: SearchFile, trials: Sequence[Trial], done: int, finished: bool, home: str
) -> str:
    """Text in place of a verdict, with the next step."""
    go_on = f"`{resume_command(file, home=home)}` goes on"
    if not done:
        return f"No candidate has trained yet. {go_on}; then make this page again."
    if not finished:
        return (
            "The search is not finished, and nothing is confirmed: order and scores will change. "
            f"{go_on}."
        )
    return (
        "Not confirmed: scores are of one run each, on validation images. "
        f"{confirm_advice(file, trials, home)}"
    )


def _winner(confirmation: Confirmation | None) -> str | None:
    """The verdict on the best finalist in a word; None without one."""
    if confirmation is None or confirmation.best is None:
        return None
    return confirmation.row(confirmation.best).verdict


def _comparisons(confirmation: Confirmation | None) -> list[dict[str, Any]]:
    """A block for each network and data set, finalists first."""
    if confirmation is None:
        return []
    blocks = []
    for where, rows in confirmation.blocks().items():
        blocks.append(
            {
                "where": where,
                "rows": [
                    {
                        "name": row.name,
                        "formula": row.expression,
                        "finalist": row.role == "finalist",
                        "verdict": row.standing,
                        **test_numbers(row),
                    }
                    for row in rows
                ],
            }
        )
    return blocks
