"""What a search shows as text and JSON: the leaderboard, scores, the overview of a home."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...evaluators import Recipe
from ..storage.config import SearchFile
from ..storage.home import Home
from ..storage.ranking import noise, ranked, tied_with_best
from ..storage.study import read_trials
from ..storage.trial import Trial, entered
from .scores import Score

WIDEST = 60  # characters of a formula before it is cut; the JSON output has it whole


def leaderboard_json(candidates: Sequence[Trial]) -> list[dict[str, Any]]:
    """One object per trained candidate, best first."""
    return [
        {
            "expression": c.expression,
            "state": c.state,
            "score": c.val_accuracy,
            "rungs": {str(epoch): score for epoch, score in c.val_accuracies.items()},
            "trial": c.number,
            "reason": c.reason,
            "seconds": c.seconds,
            "step": c.lr_multiplier,
            "own_score": c.base_lr_accuracy,
            "learned": {name: list(values) for name, values in c.learned.items()},
        }
        for c in ranked(candidates)
        if c.trained
    ]


def leaderboard_text(candidates: Sequence[Trial], validation: int, rows: int = 15) -> str:
    """The leaderboard as a table, at most `rows` of it; near-ties with the best carry a ~."""
    order = [c for c in ranked(candidates) if c.trained]
    if not order:
        return "no candidate has trained yet"
    tied = tied_with_best(order, validation)
    lines = [f"{'trial':>5}  {'state':<10}  {'epochs':>6}  {'val acc':>8}    formula"]
    for c in order[:rows]:
        score = f"{100 * c.val_accuracy:7.2f}%" if c.val_accuracy is not None else f"{'–':>8}"
        mark = "~" if c.number in tied and len(tied) > 1 else " "
        epochs = max(c.val_accuracies, default=0)
        formula = cut(c.expression) + (f"   [{c.reason}]" if c.reason else "") + _step_text(c)
        lines.append(f"{c.number:>5}  {c.state:<10}  {epochs:>6}  {score} {mark}  {formula}")
    if len(order) > rows:
        lines.append(f"… and {len(order) - rows} more (--json lists all)")
    best = order[0].val_accuracy
    if best is not None:
        error = 100 * noise(best, validation)
        lines.append(
            f"on other images a score would differ by {error:.2f} points (standard error); "
            f"~ marks scores within two of them of the best: ties"
        )
    return "\n".join(lines)


def _step_text(c: Trial) -> str:
    """The step size a score is at, and the score at the recipe's own, where they differ."""
    if c.lr_multiplier == 1.0:
        return ""
    own = "diverges" if c.base_lr_accuracy is None else f"{100 * c.base_lr_accuracy:.2f}%"
    return f"   [at {c.lr_multiplier:g} times the step size; at its own {own}]"


def score_text(scores: Sequence[Score], recipe: Recipe) -> str:
    """Scores as a table."""
    width = max(len(cut(s.expression)) for s in scores)
    lines = [f"{'formula':<{width}}  {'val acc mean ± sd':>18}   n   recipe {recipe.label}"]
    for s in scores:
        told = "–" if s.mean is None else f"{100 * s.mean:.2f}%"
        told += f" ± {100 * s.sd:.2f}" if s.sd is not None else ""
        why = f"   [{len(s.reasons)} diverged: {s.reasons[0]}]" if s.reasons else ""
        lines.append(f"{cut(s.expression):<{width}}  {told:>18}  {len(s.val_accuracies):>2}{why}")
    return "\n".join([*lines, "validation images only: the test set stayed closed"])


def score_json(found: Score) -> dict[str, Any]:
    """The same numbers, accuracies as fractions."""
    return {
        "expression": found.expression,
        "val": list(found.val_accuracies),
        "mean": found.mean,
        "sd": found.sd,
        "n": len(found.val_accuracies),
        "diverged": list(found.reasons),
    }


def overview(home: Home) -> list[dict[str, Any]]:
    """The searches of a home, the one launched last at the end."""
    rows = []
    for name in home.names():
        folder = home.folder(name)
        stored = SearchFile.load(folder)
        found = read_trials(folder)
        top = next((c for c in ranked(found) if c.val_accuracy is not None), None)
        rows.append(
            {
                "name": name,
                "space": stored.config.space,
                "strategy": stored.config.strategy,
                "recipe": stored.config.recipe.label,
                "entered": entered(found),
                "candidates": stored.settings.candidates,
                "score": top.val_accuracy if top else None,
                "expression": top.expression if top else None,
            }
        )
    return rows


def overview_text(rows: Sequence[dict[str, Any]], root: Path) -> str:
    """The same as a table."""
    if not rows:
        return f"no search in {root} yet: begin one with `actsearch search --name mine`"
    width = max(6, *(len(r["name"]) for r in rows))
    lines = [
        f"{'search':<{width}}  {'space':<8} {'strategy':<10} {'trained':>9}  best on validation"
    ]
    for r in rows:
        best = f"{100 * r['score']:.2f}%  {cut(r['expression'])}" if r["score"] else "–"
        done = f"{r['entered']}/{r['candidates']}"
        lines.append(
            f"{r['name']:<{width}}  {r['space']:<8} {r['strategy']:<10} {done:>9}  {best}"
        )
    return "\n".join(lines)


def cut(formula: str) -> str:
    """A formula, at most WIDEST characters of it."""
    return formula if len(formula) <= WIDEST else formula[: WIDEST - 1] + "…"
