"""The home page of a search in MLflow: its run's description, parameters, metrics and files."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..mlflow.figures.best_figure import Measured, best_figure
from ..mlflow.figures.curves import candidate_curves
from ..mlflow.figures.drawing import png
from ..mlflow.markdown import cell, code, table
from ..mlflow.records import SearchRecord
from ..space import baselines
from ..space.counted import counted
from ..space.expressions.parser import parse_stored
from .confirmation.comparison import Confirmation
from .reports.confirmation import row_sentence, verdict_text
from .reports.next_steps import confirm_line, is_object, resume_command
from .storage.config import SearchConfig
from .storage.home import home_flag
from .storage.ranking import ranked, tied_with_best
from .storage.search_file import SearchFile
from .storage.trial import Trial, entered

SHOWN = 10  # candidates on the page
LATEST = 18  # candidates that a rate is over: two brackets
LONGEST_NAME = 64  # characters of a search's name, as search_name.py has it
LONGEST_FORMULA = 90  # characters of a formula on the page
PICTURE = "best.png"
EXPORTED = ("best/activation.py", "best/activation.json")
# Files of a search's folder that its run shows, where they are there: one that is written there
# before the search ends needs no more than its name here.
GALLERY = "gallery.html"
SHOWN_FILES = ("config.json", GALLERY, *EXPORTED)


def search_record(
    file: SearchFile,
    folder: Path,
    trials: Sequence[Trial],
    confirmation: Confirmation | None,
    *,
    ended: bool,
) -> SearchRecord:
    """The state of a search; its files only when it has ended."""
    config = file.config
    order = [t for t in ranked(trials) if t.val_accuracy is not None and t.state != "infeasible"]
    ties = tied_with_best(order, config.recipe.validation)
    headline = _headline(file, order, entered(trials), confirmation)
    points = list(progress_points(trials))
    return SearchRecord(
        search=config.name,
        headline=headline,
        page=_page(
            file, headline, order, ties, confirmation, ended, _commands(file, folder, trials)
        ),
        params=_params(config),
        points=points,
        files=_files(folder, order, ties, confirmation, points) if ended else {},
        top=[trial.number for trial in order[:SHOWN]],
        ties=sorted(ties),
        started_ms=min((t.started_ms for t in trials if t.started_ms), default=0),
    )


def progress_points(trials: Sequence[Trial]) -> Iterator[tuple[str, float, int]]:
    """The search's metrics, the step being the number of candidates that have ended by then."""
    ended = sorted(
        (t for t in trials if t.has_result and t.finished_ms),
        key=lambda t: (t.finished_ms, t.number),
    )
    best, seconds = None, 0.0
    for step, trial in enumerate(ended, 1):
        seconds += trial.seconds
        yield "training_seconds", seconds, step
        if trial.cost is not None:
            yield "cost", trial.cost.time, step
        if trial.state == "complete" and trial.val_accuracy is not None:
            best = max(best or 0.0, trial.val_accuracy)
        if best is not None:
            yield "best_val_percent", round(100 * best, 2), step
        since = ended[max(0, step - 1 - LATEST)]
        if minutes := (trial.finished_ms - since.finished_ms) / 60_000:
            yield "candidates_per_minute", round(min(step - 1, LATEST) / minutes, 1), step


def _headline(
    file: SearchFile, order: Sequence[Trial], trained: int, confirmation: Confirmation | None
) -> str:
    """The verdict, or how far the search is."""
    if confirmation is not None:
        return verdict_text(confirmation).partition(" Test set opened")[0]
    count = f"{trained} of {counted(file.settings.candidates, 'candidate')}"
    if not order:
        return f"{count}, no score yet."
    best = order[0]
    score = 100 * (best.val_accuracy or 0.0)
    return f"{count}: best on validation {score:.2f} %, {_short(best.expression)}, unconfirmed."


def _page(
    file: SearchFile,
    headline: str,
    order: Sequence[Trial],
    ties: set[int],
    confirmation: Confirmation | None,
    ended: bool,
    commands: str,
) -> str:
    config = file.config
    best = f"![the best against its baselines](get-artifact?path={PICTURE}&run_uuid={{run}})"
    files = "`leaderboard.csv`, `config.json` and the exported `best/activation.py`"
    parts = (
        f"## {cell(headline)}",
        best if ended and order else "",
        f"A search of {code(config.space)} by {code(config.strategy)}, seed {config.seed}, under "
        f"recipe {code(config.recipe.label)} on {cell(config.recipe.dataset)}. "
        + (f"Its artifacts: {files}." if ended else "It has not ended."),
        _confirmed(confirmation),
        _best_table(order, ties),
        f"```\n{commands}\n```",
    )
    return "\n\n".join(filter(None, parts))


def _commands(file: SearchFile, folder: Path, trials: Sequence[Trial]) -> str:
    """The next steps, a command a line: look, go on, confirm, export, begin another like it."""
    name, home = file.config.name, home_flag(folder.parent.parent)
    again = f"actsearch clone {name} {_next_name(name)}{home}"
    lines = (
        f"actsearch leaderboard {name}{home}",
        resume_command(file, 2 * file.settings.candidates, home),
        confirm_line(file, trials, home),
        f"actsearch export {name} --output activation{home}",
        "" if is_object(file) else again,
    )
    return "\n".join(filter(None, lines))


def _next_name(name: str) -> str:
    """A name for another search like this one: never its own, where both are cut to a length."""
    ending = "-anew" if name.endswith("-again") else "-again"
    return name[: LONGEST_NAME - len(ending)] + ending


def _confirmed(confirmation: Confirmation | None) -> str:
    if confirmation is None:
        return ""
    rows = [row for row in confirmation.rows if row.name == confirmation.best]
    return "\n".join(f"- {cell(row_sentence(row))}" for row in rows)


def _best_table(order: Sequence[Trial], ties: set[int]) -> str:
    if not order:
        return ""
    rows = [
        (
            str(trial.number),
            code(_short(trial.expression)),
            f"{100 * (trial.val_accuracy or 0.0):.2f}",
            "~" if trial.number in ties else "",
            str(max(trial.val_accuracies, default=0)),
        )
        for trial in order[:SHOWN]
    ]
    return table(("trial", "formula", "validation, %", "tie", "epochs"), rows)


def _params(config: SearchConfig) -> dict[str, str]:
    """Settings that decide which candidates are proposed and what they score, as parameters."""
    return {
        "space": config.space,
        "strategy": config.strategy,
        "recipe": config.recipe.label,
        "evaluator": config.evaluator,
        "dataset": config.recipe.dataset,
        "network": config.recipe.network,
        "rungs": ", ".join(map(str, config.recipe.rungs)),
        "second": config.second.label if config.second else "none",
        "seed": str(config.seed),
        "bracket": str(config.bracket),
        "lag": "asynchronous" if config.asynchronous else str(config.lag),
        "prior": ", ".join(config.prior) or "none",
        "objectives": ", ".join(config.objectives),
        "max_cost": "none" if config.max_cost is None else f"{config.max_cost:g}",
    }


def _files(
    folder: Path,
    order: Sequence[Trial],
    ties: set[int],
    confirmation: Confirmation | None,
    points: Sequence[tuple[str, float, int]],
) -> Mapping[str, bytes | Path]:
    files: dict[str, bytes | Path] = {"leaderboard.csv": leaderboard_csv(order, ties).encode()}
    files |= {name: folder / name for name in SHOWN_FILES if (folder / name).is_file()}
    if order:
        files[PICTURE] = _picture(order[0], confirmation, points)
    return files


def _picture(
    top: Trial, confirmation: Confirmation | None, points: Sequence[tuple[str, float, int]]
) -> bytes:
    """The best finalist, or the top of the leaderboard, among the baselines."""
    text = top.expression
    known = baselines()
    measured: list[Measured] = []
    if confirmation is not None:
        first = [row for row in confirmation.rows if row.where == confirmation.rows[0].where]
        if confirmation.best is not None:
            text = confirmation.row(confirmation.best).expression
        measured = [
            Measured(
                name=row.name,
                mean=100 * row.test_mean,
                deviation=100 * (row.test_sd or 0.0),
                is_finalist=row.role == "finalist",
            )
            for row in first
            if row.test_mean is not None
        ]
    names = list(itertools.islice(known, 2))  # those that everybody has seen
    if confirmation is not None and confirmation.baseline in known:
        names = list(dict.fromkeys([*names, confirmation.baseline]))
    figure = best_figure(
        candidate_curves(parse_stored(text)),
        {name: candidate_curves(known[name]) for name in names},
        [value for name, value, _ in points if name == "best_val_percent"],
        measured,
    )
    return png(figure)


def leaderboard_csv(order: Sequence[Trial], ties: set[int]) -> str:
    """The leaderboard for a spreadsheet, best first; accuracies in per cent."""
    rungs = sorted({epoch for trial in order for epoch in trial.val_accuracies}, reverse=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    scores = [f"val_percent_epoch_{epoch}" for epoch in rungs]
    first, last = ("place", "trial", "state", "epochs"), ("tie", "cost", "seconds", "expression")
    writer.writerow([*first, *scores, *last])
    for place, trial in enumerate(order, 1):
        accuracies = trial.val_accuracies
        tie = "~" if trial.number in ties else ""
        cost = trial.cost.time if trial.cost else ""
        writer.writerow(
            [
                *(place, trial.number, trial.state, max(accuracies, default=0)),
                *(f"{100 * accuracies[e]:.2f}" if e in accuracies else "" for e in rungs),
                *(tie, cost, f"{trial.seconds:.3f}", trial.expression),
            ]
        )
    return text.getvalue()


def _short(formula: str) -> str:
    return formula if len(formula) <= LONGEST_FORMULA else f"{formula[: LONGEST_FORMULA - 1]}…"
