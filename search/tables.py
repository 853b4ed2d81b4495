"""What a search shows as text: the leaderboard and the table of a confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..evaluators import Recipe
from ..evaluators.statistics import Comparison
from .candidates import Candidate, entered
from .config import Stored
from .confirm import Confirmation, Row
from .home import Home
from .leaderboard import noise, ranked, tied_with_best
from .provenance import provenance_text
from .score import Score
from .study import read_candidates

WIDEST = 60  # characters of a formula before it is cut; the JSON output has it whole


def leaderboard_json(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """One object per trained candidate, best first."""
    return [
        {
            "expression": c.expression,
            "state": c.state,
            "score": c.score,
            "rungs": {str(epoch): score for epoch, score in c.rungs.items()},
            "trial": c.trial,
            "reason": c.reason,
            "seconds": c.seconds,
            "step": c.step,
            "own_score": c.own_score,
            "learned": {name: list(values) for name, values in c.learned.items()},
        }
        for c in ranked(candidates)
        if c.trained
    ]


def leaderboard_text(candidates: Sequence[Candidate], validation: int, rows: int = 15) -> str:
    """The leaderboard as a table, at most `rows` of it; near-ties with the best carry a ~."""
    order = [c for c in ranked(candidates) if c.trained]
    if not order:
        return "no candidate has trained yet"
    tied = tied_with_best(order, validation)
    lines = [f"{'trial':>5}  {'state':<10}  {'epochs':>6}  {'val acc':>8}    formula"]
    for c in order[:rows]:
        score = f"{100 * c.score:7.2f}%" if c.score is not None else f"{'–':>8}"
        mark = "~" if c.trial in tied and len(tied) > 1 else " "
        epochs = max(c.rungs, default=0)
        formula = _cut(c.expression) + (f"   [{c.reason}]" if c.reason else "") + _step_text(c)
        lines.append(f"{c.trial:>5}  {c.state:<10}  {epochs:>6}  {score} {mark}  {formula}")
    if len(order) > rows:
        lines.append(f"… and {len(order) - rows} more (--json lists all)")
    best = order[0].score
    if best is not None:
        error = 100 * noise(best, validation)
        lines.append(
            f"on other images a score would differ by {error:.2f} points (standard error); "
            f"~ marks scores within two of them of the best: ties"
        )
    return "\n".join(lines)


def _step_text(c: Candidate) -> str:
    """The step size a score is at, and the score at the recipe's own, where they differ."""
    if c.step == 1.0:
        return ""
    own = "diverges" if c.own_score is None else f"{100 * c.own_score:.2f}%"
    return f"   [at {c.step:g} times the step size; at its own {own}]"


def score_text(scores: Sequence[Score], recipe: Recipe) -> str:
    """Scores as a table."""
    width = max(len(_cut(s.expression)) for s in scores)
    lines = [f"{'formula':<{width}}  {'val acc mean ± sd':>18}   n   recipe {recipe.label}"]
    for s in scores:
        told = "–" if s.mean is None else f"{100 * s.mean:.2f}%"
        told += f" ± {100 * s.sd:.2f}" if s.sd is not None else ""
        why = f"   [{len(s.reasons)} diverged: {s.reasons[0]}]" if s.reasons else ""
        lines.append(f"{_cut(s.expression):<{width}}  {told:>18}  {len(s.accuracies):>2}{why}")
    return "\n".join([*lines, "validation images only: the test set stayed closed"])


def score_json(found: Score) -> dict[str, Any]:
    """The same numbers, accuracies as fractions."""
    return {
        "expression": found.expression,
        "val": list(found.accuracies),
        "mean": found.mean,
        "sd": found.sd,
        "n": len(found.accuracies),
        "diverged": list(found.reasons),
    }


def overview(home: Home) -> list[dict[str, Any]]:
    """The searches of a home, the one launched last at the end."""
    rows = []
    for name in home.names():
        folder = home.folder(name)
        stored = Stored.load(folder)
        found = read_candidates(folder)
        top = next((c for c in ranked(found) if c.score is not None), None)
        rows.append(
            {
                "name": name,
                "space": stored.config.space,
                "strategy": stored.config.strategy,
                "recipe": stored.config.recipe.label,
                "entered": entered(found),
                "candidates": stored.launch.candidates,
                "score": top.score if top else None,
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
        best = f"{100 * r['score']:.2f}%  {_cut(r['expression'])}" if r["score"] else "–"
        done = f"{r['entered']}/{r['candidates']}"
        lines.append(
            f"{r['name']:<{width}}  {r['space']:<8} {r['strategy']:<10} {done:>9}  {best}"
        )
    return "\n".join(lines)


def confirmation_text(found: Confirmation) -> str:
    """The table of a confirmation, a block per network and data set, and the verdict in words."""
    blocks = []
    for where in dict.fromkeys(row.where for row in found.rows):
        rows = [row for row in found.rows if row.where == where]
        baseline = _held_to(rows)
        width = max(len(where), *(len(_cut(r.name)) for r in rows))
        head = (
            f"{where:<{width}}   {'test acc mean ± sd':>20}  {'n':>2}  {'val mean':>8}  "
            f"{f'vs {baseline} [95 % interval]':<28}  {'p Holm':>6}  verdict"
        )
        blocks.append("\n".join([head, *(_row_text(row, width, baseline) for row in rows)]))
    return "\n\n".join([*blocks, f"{verdict_text(found)}\n({provenance_text()})"])


def verdict_text(found: Confirmation) -> str:
    """One paragraph: what the confirmation says, and how often the test set was opened."""
    opened = f"Test set opened {_times(found.openings)} for this."
    for name, count in found.elsewhere.items():
        opened += f" That of {name} was opened {_times(count)}."
    if found.best is None:
        return f"No finalist trained to the end on every seed. {opened}"
    row = found.row(found.best)
    if row.verdict == "winner":
        told = f"{row.name} beats {found.baseline} on these test images: a winner."
    elif row.verdict == "worse":
        told = f"{row.name}, the best finalist, is worse than {found.baseline}."
    else:
        told = f"{row.name}, the best finalist, ties with {found.baseline}: no winner."
    return " ".join([told, *_elsewhere(found, row), opened])


def _elsewhere(found: Confirmation, first: Row) -> list[str]:
    """What became of a function on the other networks and data sets, a sentence for each."""
    told = {"winner": "beats", "tie": "ties with", "worse": "is worse than"}
    return [
        f"On {_other(found, row)} it {told[row.verdict]} {_held_to(_beside(found, row))}."
        for row in found.rows
        if row.name == first.name and row.where != first.where and row.verdict
    ]


def _other(found: Confirmation, row: Row) -> str:
    """What is different there: the network, or the data set."""
    first = found.rows[0]
    return row.dataset if row.network == first.network else found.label(row)


def _beside(found: Confirmation, row: Row) -> list[Row]:
    """The rows on a row's network and data set."""
    return [other for other in found.rows if other.where == row.where]


def _held_to(rows: Sequence[Row]) -> str:
    """The baseline that finalists are compared with, of the rows on one network and data set."""
    # One that never trained has no comparison either, but stands below on validation.
    held_to = (row.name for row in rows if row.role == "baseline" and row.comparison is None)
    return next(held_to, "")


def _times(n: int) -> str:
    return f"{n} time{'s' * (n != 1)}"


def confirmation_json(found: Confirmation) -> dict[str, Any]:
    """The same numbers, accuracies as fractions."""
    return {
        "best": found.best,
        "baseline": found.baseline,
        "test_set_openings": found.openings,
        "test_set_openings_elsewhere": dict(found.elsewhere),
        "rows": [row_json(row) for row in found.rows],
    }


def row_sentence(row: Row) -> str:
    """One function on one network and data set, in a line."""
    test = f"{100 * row.test_mean:.2f} %{_sd(row)} (n = {_seeds(len(row.test))})"
    c = row.comparison
    if c is None:
        return f"{row.where}: test accuracy {test}."
    corrected = "" if row.p_adjusted is None else f", p {row.p_adjusted:.3f} (Holm)"
    effect = "" if c.effect is None else f", effect {c.effect:+.1f}"
    return (
        f"{row.where}: test accuracy {test}, {_difference(c)} points to the best baseline"
        f"{corrected}{effect}."
    )


def row_json(row: Row) -> dict[str, Any]:
    """One function's numbers on one network and data set."""
    c = row.comparison
    return {
        "name": row.name,
        "expression": row.expression,
        "network": row.network,
        "dataset": row.dataset,
        "role": row.role,
        "seeds": list(row.seeds),
        "val": list(row.val),
        "test": list(row.test),
        "test_mean": row.test_mean,
        "test_sd": row.test_sd,
        "n": len(row.test),
        "diverged": row.diverged,
        "difference": c.difference if c else None,
        "interval": list(c.interval) if c and c.interval else None,
        "effect": c.effect if c else None,
        "p_value": c.p_value if c else None,
        "p_adjusted": row.p_adjusted,
        "verdict": row.verdict,
    }


def _row_text(row: Row, width: int, baseline: str) -> str:
    test = f"{100 * row.test_mean:.2f}%{_sd(row)}" if row.test else "–"
    best = "(best baseline on validation)"
    against = best if row.name == baseline else _difference(row.comparison)
    p = ""
    if row.p_adjusted is not None:
        p = f"{row.p_adjusted:.3f}"
    told: str = row.verdict or "baseline"
    if row.diverged:
        told += f" (diverged on {_seeds(row.diverged)})"
    val = f"{100 * row.val_mean:.2f}%" if row.val else "–"
    return (
        f"{_cut(row.name):<{width}}   {test:>20}  {len(row.test):>2}  {val:>8}  "
        f"{against:<28}  {p:>6}  {told}"
    )


def _seeds(n: int) -> str:
    return f"{n} seed{'s' * (n != 1)}"


def _sd(row: Row) -> str:
    """Its deviation over seeds in points, where there is more than one."""
    return "" if row.test_sd is None else f" ± {100 * row.test_sd:.2f}"


def _difference(c: Comparison | None) -> str:
    """A difference in points, with its interval where the seeds tell one."""
    if c is None:
        return "no seed in common"
    if c.interval is None:
        return f"{100 * c.difference:+.2f} [no spread]"
    low, high = (100 * bound for bound in c.interval)
    return f"{100 * c.difference:+.2f} [{low:+.2f}, {high:+.2f}]"


def _cut(formula: str) -> str:
    return formula if len(formula) <= WIDEST else formula[: WIDEST - 1] + "…"
