"""A confirmation as text and JSON: a table for each network and data set, the verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...evaluators.paired_statistics import PairedComparison
from ..confirmation.comparison import ComparisonRow, Confirmation
from ..provenance import provenance_text
from .leaderboard import cut


def confirmation_text(found: Confirmation) -> str:
    """The table of a confirmation, a block per network and data set, and the verdict in words."""
    blocks = []
    for where in dict.fromkeys(row.where for row in found.rows):
        rows = [row for row in found.rows if row.where == where]
        baseline = _held_to(rows)
        width = max(len(where), *(len(cut(r.name)) for r in rows))
        head = (
            f"{where:<{width}}   {'test acc mean ± sd':>20}  {'n':>2}  {'val mean':>8}  "
            f"{f'vs {baseline} [95 % interval]':<28}  {'p Holm':>6}  verdict"
        )
        blocks.append("\n".join([head, *(_row_text(row, width, baseline) for row in rows)]))
    last = f"{_scope(found)}{verdict_text(found)}\n({provenance_text()})"
    return "\n\n".join([*blocks, last])


def _scope(found: Confirmation) -> str:
    """What the intervals are for, where there are any."""
    told = [row for row in found.rows if row.comparison and row.comparison.interval]
    here = [_cut_name(found, row) for row in told if _here(row)]
    if not told:
        return ""
    if len(here) == len(told):
        return "intervals, p and verdicts are for other seeds on these test images\n"
    but = f" (for these images alone: {', '.join(here)})" if here else ""
    return f"intervals, p and verdicts are for other seeds and other test images{but}\n"


def _cut_name(found: Confirmation, row: ComparisonRow) -> str:
    beside = "" if row.where == found.rows[0].where else f" on {found.label(row)}"
    return cut(row.name) + beside


def _here(row: ComparisonRow) -> str:
    """What is said of a row whose verdict does not hold for other test images."""
    known = row.comparison is not None and row.comparison.images_error is not None
    return "" if known else " on these test images"


def verdict_text(found: Confirmation) -> str:
    """One paragraph: what the confirmation says, and how often the test set was opened."""
    opened = f"Test set opened {_times(found.openings)} for this."
    for name, count in found.elsewhere.items():
        opened += f" That of {name} was opened {_times(count)}."
    if found.best is None:
        return f"No finalist trained to the end on every seed. {opened}"
    row = found.row(found.best)
    if row.verdict == "winner":
        told = f"{row.name} beats {found.baseline}{_here(row)}: a winner."
    elif row.verdict == "worse":
        told = f"{row.name}, the best finalist, is worse than {found.baseline}."
    else:
        told = f"{row.name}, the best finalist, ties with {found.baseline}: no winner."
    return " ".join([told, *_winners_below(found, row), *_elsewhere(found, row), opened])


def _winners_below(found: Confirmation, best: ComparisonRow) -> list[str]:
    """The other finalists that win on the first network: validation put them behind."""
    return [
        f"{row.name}, behind it on validation, beats {found.baseline}{_here(row)}."
        for row in _beside(found, best)
        if row.verdict == "winner" and row is not best
    ]


def _elsewhere(found: Confirmation, first: ComparisonRow) -> list[str]:
    """What became of a function on the other networks and data sets, a sentence for each."""
    told = {"winner": "beats", "tie": "ties with", "worse": "is worse than"}
    return [
        f"On {_other(found, row)} it {told[row.verdict]} {_held_to(_beside(found, row))}"
        f"{_here(row) if row.verdict == 'winner' else ''}."
        for row in found.rows
        if row.name == first.name and row.where != first.where and row.verdict
    ]


def _other(found: Confirmation, row: ComparisonRow) -> str:
    """What is different there: the network, or the data set."""
    first = found.rows[0]
    return row.dataset if row.network == first.network else found.label(row)


def _beside(found: Confirmation, row: ComparisonRow) -> list[ComparisonRow]:
    """The rows on a row's network and data set."""
    return [other for other in found.rows if other.where == row.where]


def _held_to(rows: Sequence[ComparisonRow]) -> str:
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


def row_sentence(row: ComparisonRow) -> str:
    """One function on one network and data set, in a line."""
    test = f"{100 * row.test_mean:.2f} %{_sd(row)} (n = {_seeds(len(row.test_accuracies))})"
    c = row.comparison
    if c is None:
        return f"{row.where}: test accuracy {test}."
    corrected = "" if row.p_adjusted is None else f", p {row.p_adjusted:.3f} (Holm)"
    effect = "" if c.effect is None else f", effect {c.effect:+.1f}"
    return (
        f"{row.where}: test accuracy {test}, {_difference(c)} points to the best baseline"
        f"{_here(row) if c.interval else ''}{corrected}{effect}."
    )


def row_json(row: ComparisonRow) -> dict[str, Any]:
    """One function's numbers on one network and data set."""
    c = row.comparison
    return {
        "name": row.name,
        "expression": row.expression,
        "network": row.network,
        "dataset": row.dataset,
        "role": row.role,
        "seeds": list(row.seeds),
        "val": list(row.val_accuracies),
        "test": list(row.test_accuracies),
        "test_mean": row.test_mean,
        "test_sd": row.test_sd,
        "n": len(row.test_accuracies),
        "diverged": row.diverged,
        "difference": c.difference if c else None,
        "interval": list(c.interval) if c and c.interval else None,
        "images_error": c.images_error if c else None,
        "effect": c.effect if c else None,
        "p_value": c.p_value if c else None,
        "p_adjusted": row.p_adjusted,
        "verdict": row.verdict,
    }


def _row_text(row: ComparisonRow, width: int, baseline: str) -> str:
    test = f"{100 * row.test_mean:.2f}%{_sd(row)}" if row.test_accuracies else "–"
    best = "(best baseline on validation)"
    against = best if row.name == baseline else _difference(row.comparison)
    p = ""
    if row.p_adjusted is not None:
        p = f"{row.p_adjusted:.3f}"
    told: str = row.verdict or "baseline"
    if row.diverged:
        told += f" (diverged on {_seeds(row.diverged)})"
    val = f"{100 * row.val_mean:.2f}%" if row.val_accuracies else "–"
    return (
        f"{cut(row.name):<{width}}   {test:>20}  {len(row.test_accuracies):>2}  {val:>8}  "
        f"{against:<28}  {p:>6}  {told}"
    )


def _seeds(n: int) -> str:
    return f"{n} seed{'s' * (n != 1)}"


def _sd(row: ComparisonRow) -> str:
    """Its deviation over seeds in points, where there is more than one."""
    return "" if row.test_sd is None else f" ± {100 * row.test_sd:.2f}"


def _difference(c: PairedComparison | None) -> str:
    """A difference in points, with its interval where the seeds tell one."""
    if c is None:
        return "no seed in common"
    if c.interval is None:
        return f"{100 * c.difference:+.2f} [no spread]"
    low, high = (100 * bound for bound in c.interval)
    return f"{100 * c.difference:+.2f} [{low:+.2f}, {high:+.2f}]"
