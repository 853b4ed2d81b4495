"""A confirmation as text and JSON: a table for each network and data set, the verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...evaluators.paired_statistics import PairedComparison, failure_rate_bound
from ...space.printable import printable
from ..confirmation.comparison import ComparisonRow, Confirmation
from ..provenance import provenance_text
from .text_table import Column, cut, text_table


def confirmation_text(confirmation: Confirmation) -> str:
    """The table of a confirmation, a block per network and data set, and the verdict in words."""
    blocks = []
    for where in dict.fromkeys(row.where for row in confirmation.rows):
        rows = [row for row in confirmation.rows if row.where == where]
        baseline = _held_to(rows)
        columns = (
            Column(where, gap=3),
            Column("test acc mean ± sd", ">", 20),
            Column("n", ">", 2),
            Column("worst", ">", 7),
            Column("val mean", ">", 8),
            Column(f"vs {baseline} [95 % interval]", width=28),
            Column("p Holm", ">", 6),
            Column("verdict"),
        )
        blocks.append(text_table(columns, [_cells(row, baseline) for row in rows]))
    scope, verdict = _scope(confirmation), verdict_text(confirmation)
    return printable("\n\n".join([*blocks, f"{scope}{verdict}\n({provenance_text()})"]))


def _cells(row: ComparisonRow, baseline: str) -> Sequence[str]:
    best = "(best baseline on validation)"
    diverged = f" (failed on {_seeds(row.diverged)})" if row.diverged else ""
    return (
        cut(row.name),
        f"{100 * row.test_mean:.2f}%{_sd(row)}" if row.test_accuracies else "–",
        str(len(row.test_accuracies)),
        "–" if row.test_worst is None else f"{100 * row.test_worst:.2f}%",
        f"{100 * row.val_mean:.2f}%" if row.val_accuracies else "–",
        best if row.name == baseline else _difference(row.comparison),
        "" if row.p_adjusted is None else f"{row.p_adjusted:.3f}",
        (row.verdict or "baseline") + diverged,
    )


def _scope(confirmation: Confirmation) -> str:
    """The images that the intervals are for, where there are any."""
    rows = [row for row in confirmation.rows if row.comparison and row.comparison.interval]
    first = confirmation.rows[0].where
    here = [
        cut(row.name) + ("" if row.where == first else f" on {confirmation.label(row)}")
        for row in rows
        if _here(row)
    ]
    if not rows:
        return ""
    if len(here) == len(rows):
        return "intervals, p and verdicts are for other seeds on these test images\n"
    but = f" (for these images alone: {', '.join(here)})" if here else ""
    return f"intervals, p and verdicts are for other seeds and other test images{but}\n"


def _here(row: ComparisonRow) -> str:
    """The limit of a verdict that does not hold for other test images."""
    known = row.comparison is not None and row.comparison.images_error is not None
    return "" if known else " on these test images"


def verdict_text(confirmation: Confirmation) -> str:
    """One paragraph: the verdict on the best finalist, and how often the test set was opened."""
    opened = (
        f"Test set opened {_times(confirmation.openings)} in this home; p-values are corrected "
        f"over {_functions(confirmation.family)} shown to it."
    )
    for name, count in confirmation.elsewhere.items():
        opened += f" That of {name} was opened {_times(count)}."
    if confirmation.best is None:
        return f"No finalist trained to the end on every seed. {opened}"
    row, baseline = confirmation.row(confirmation.best), confirmation.baseline
    if row.verdict == "winner":
        verdict = f"{row.name} beats {baseline}{_here(row)}: a winner.{_failures(row)}"
    elif row.verdict == "worse":
        verdict = f"{row.name}, the best finalist, is worse than {baseline}."
    else:
        verdict = f"{row.name}, the best finalist, ties with {baseline}: no winner."
    below = [
        f"{other.name}, behind it on validation, beats {baseline}{_here(other)}."
        for other in _beside(confirmation, row)
        if other.verdict == "winner" and other is not row
    ]
    return " ".join([verdict, *below, *_elsewhere(confirmation, row), opened])


def _elsewhere(confirmation: Confirmation, best: ComparisonRow) -> list[str]:
    """The verdicts on a function on the other networks and data sets, a sentence for each."""
    verbs = {"winner": "beats", "tie": "ties with", "worse": "is worse than"}
    sentences = []
    for row in confirmation.rows:
        if row.name == best.name and row.where != best.where and row.verdict:
            first = confirmation.rows[0]
            other = row.dataset if row.network == first.network else confirmation.label(row)
            baseline = _held_to(_beside(confirmation, row))
            here = _here(row) if row.verdict == "winner" else ""
            sentences.append(f"On {other} it {verbs[row.verdict]} {baseline}{here}.")
    return sentences


def _beside(confirmation: Confirmation, row: ComparisonRow) -> list[ComparisonRow]:
    """The rows on a row's network and data set."""
    return [other for other in confirmation.rows if other.where == row.where]


def _held_to(rows: Sequence[ComparisonRow]) -> str:
    """The baseline that finalists are compared with, of the rows on one network and data set."""
    # One that never trained has no comparison either, but stands below on validation.
    held_to = (row.name for row in rows if row.role == "baseline" and row.comparison is None)
    return next(held_to, "")


def _failures(row: ComparisonRow) -> str:
    """Sentence on the rate of failures that so few seeds do not exclude for a winner."""
    n = len(row.test_accuracies)
    return (
        f" None of its {_seeds(n)} failed, the worst reached {100 * (row.test_worst or 0):.2f}%; "
        f"that it fails on up to {100 * failure_rate_bound(n):.0f}% of others is not excluded."
    )


def _functions(n: int) -> str:
    return f"{n} function{'s' * (n != 1)}"


def _times(n: int) -> str:
    return f"{n} time{'s' * (n != 1)}"


def confirmation_json(confirmation: Confirmation) -> dict[str, Any]:
    """The same numbers, accuracies as fractions."""
    return {
        "best": confirmation.best,
        "baseline": confirmation.baseline,
        "test_set_openings": confirmation.openings,
        "test_set_functions": confirmation.family,
        "test_set_openings_elsewhere": dict(confirmation.elsewhere),
        "rows": [row_json(row) for row in confirmation.rows],
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
        "test_worst": row.test_worst,
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


def _seeds(n: int) -> str:
    return f"{n} seed{'s' * (n != 1)}"


def _sd(row: ComparisonRow) -> str:
    """The deviation over seeds in points, where there is more than one."""
    return "" if row.test_sd is None else f" ± {100 * row.test_sd:.2f}"


def _difference(c: PairedComparison | None) -> str:
    """A difference in points, with its interval where the seeds tell one."""
    if c is None:
        return "no seed in common"
    if c.interval is None:
        return f"{100 * c.difference:+.2f} [no spread]"
    low, high = (100 * bound for bound in c.interval)
    return f"{100 * c.difference:+.2f} [{low:+.2f}, {high:+.2f}]"
