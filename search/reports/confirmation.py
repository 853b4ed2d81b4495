"""A confirmation as text and JSON: a table for each network and data set, the verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...evaluators.paired_statistics import LEVEL, PairedComparison, failure_rate_bound
from ...space.counted import counted
from ...space.printable import printable
from ..confirmation.comparison import ComparisonRow, Confirmation
from ..provenance import provenance_text
from .text_table import TIED, Column, Table, cut, wrapped

VERBS = {"winner": "beats", "tie": "ties with", "worse": "is worse than"}


def confirmation_text(confirmation: Confirmation, fit: int | None = None) -> str:
    """The table of a confirmation, a block per network and data set, what in it seems to
    contradict itself, and the verdict in words; fit: characters of a line."""
    blocks = [table.text(fit) for table in confirmation_tables(confirmation)]
    sentences = [*scope(confirmation), *seeming_contradictions(confirmation)]
    sentences += [verdict_text(confirmation), f"({provenance_text()})"]
    return printable("\n\n".join([*blocks, wrapped("\n".join(sentences), fit)]))


def confirmation_tables(confirmation: Confirmation) -> list[Table]:
    """A table for each network and data set."""
    tables = []
    for where, rows in confirmation.blocks().items():
        baseline = held_to(rows)
        columns = (
            Column(where, gap=3, wraps=10),
            Column("test acc mean ± sd", ">", 20),
            Column("n", ">", 2),
            Column("worst", ">", 7),
            Column("val mean", ">", 8),
            Column(f"vs {baseline} [95 % interval]", width=28, wraps=16),
            Column("p Holm", ">", 6),
            Column("verdict", wraps=8),
        )
        tables.append(Table(columns, [_cells(row, baseline) for row in rows]))
    return tables


def seeming_contradictions(confirmation: Confirmation) -> list[str]:
    """A sentence for each thing in the tables that looks wrong and is not."""
    return [
        *_passed_over(confirmation),
        *_best_but_lowest(confirmation),
        *_winner_below_a_baseline(confirmation),
        *_apart_but_tied(confirmation),
    ]


def _passed_over(confirmation: Confirmation) -> list[str]:
    """Of functions that failed on a seed, and whose mean over the others is above what was
    chosen."""
    names = []
    for row in confirmation.rows:
        beside = [other for other in _beside(confirmation, row) if other.role == row.role]
        whole = [other.val_mean for other in beside if other.val_mean and not other.diverged]
        if not row.diverged or row.val_mean is None or row.verdict in ("winner", "tie"):
            continue
        if row.val_mean > max(whole, default=1.0):
            names.append(f"{cut(row.name)} on {confirmation.label(row)}")
    if not names:
        return []
    return [
        f"best are those that trained on every seed, and a finalist that failed on one is worse, "
        f"whatever its mean over the others: passed over {'is' if len(names) == 1 else 'are'} "
        f"{', '.join(names)}"
    ]


def _best_but_lowest(confirmation: Confirmation) -> list[str]:
    """Of a best finalist that no other is below on test."""
    if confirmation.best is None:
        return []
    best = confirmation.row(confirmation.best)
    others = [
        row
        for row in _beside(confirmation, best)
        if row.role == "finalist" and row is not best and not row.diverged
    ]
    lowest = min((row.test_mean for row in others if row.test_mean is not None), default=None)
    if lowest is None or best.test_mean is None or best.test_mean >= lowest:
        return []
    return [
        f"{cut(best.name)} is the best finalist on validation, and the lowest of them on test: "
        f"validation chooses, since a best that is chosen on test is chosen for its luck there too"
    ]


def _winner_below_a_baseline(confirmation: Confirmation) -> list[str]:
    """Of a winner that a baseline is above of on test, since another is better on validation."""
    sentences = []
    for row in confirmation.rows:
        above = [
            other.name
            for other in _beside(confirmation, row)
            if other.role == "baseline" and (other.test_mean or 0.0) > (row.test_mean or 0.0)
        ]
        if row.verdict == "winner" and above:
            sentences.append(
                f"{cut(row.name)} is a winner, and {' and '.join(above)} higher on test: "
                f"finalists are held to the baseline that is best on validation, "
                f"{held_to(_beside(confirmation, row))}"
            )
    return sentences


def _apart_but_tied(confirmation: Confirmation) -> list[str]:
    """Of ties whose interval leaves 0 out."""
    names = [
        f"{cut(row.name)} on {confirmation.label(row)}"
        for row in confirmation.rows
        if row.verdict == "tie" and row.comparison and (interval := row.comparison.interval)
        if not interval[0] <= 0 <= interval[1]
    ]
    if not names:
        return []
    return [
        f"the interval leaves 0 out and the verdict is a tie all the same for {', '.join(names)}: "
        f"an interval is for one comparison alone, p Holm is corrected for all functions that "
        f"the test set was shown, and {LEVEL:g} or more"
    ]


def _cells(row: ComparisonRow, baseline: str) -> Sequence[str]:
    best = "(best baseline on validation)"
    is_best = row.name == baseline and bool(row.test_accuracies)
    diverged = f" (failed on {counted(row.diverged, 'seed')})" if row.diverged else ""
    return (
        cut(row.name),
        "–" if row.test_mean is None else f"{100 * row.test_mean:.2f}%{_sd(row)}",
        str(len(row.test_accuracies)),
        "–" if row.test_worst is None else f"{100 * row.test_worst:.2f}%",
        "–" if row.val_mean is None else f"{100 * row.val_mean:.2f}%",
        best if is_best else _difference(row.comparison).replace(", ", f",{TIED}"),
        "" if row.p_adjusted is None else f"{row.p_adjusted:.3f}",
        row.standing + diverged,
    )


def scope(confirmation: Confirmation) -> list[str]:
    """The images that the intervals are for, where there are any."""
    rows = [row for row in confirmation.rows if row.comparison and row.comparison.interval]
    first = confirmation.rows[0].where
    here = [
        cut(row.name) + ("" if row.where == first else f" on {confirmation.label(row)}")
        for row in rows
        if _here(row)
    ]
    if not rows:
        return []
    if len(here) == len(rows):
        return ["intervals, p and verdicts are for other seeds on these test images"]
    but = f" (for these images alone: {', '.join(here)})" if here else ""
    return [f"intervals, p and verdicts are for other seeds and other test images{but}"]


def _here(row: ComparisonRow) -> str:
    """The limit of a verdict that does not hold for other test images."""
    known = row.comparison is not None and row.comparison.images_error is not None
    return "" if known else " on these test images"


def verdict_text(confirmation: Confirmation) -> str:
    """One paragraph: the verdict on the best finalist, and how often the test set was opened."""
    opened = (
        f"Test set opened {counted(confirmation.openings, 'time')} in this home; p-values are "
        f"corrected over {counted(confirmation.family, 'function')} shown to it."
    )
    for name, count in confirmation.elsewhere.items():
        opened += f" That of {name} was opened {counted(count, 'time')}."
    if confirmation.best is None:
        return f"No finalist trained to the end on every seed. {opened}"
    row, baseline = confirmation.row(confirmation.best), confirmation.baseline
    if not confirmation.row(baseline).test_accuracies:
        verdict = (
            f"No baseline trained on any seed: {row.name}, the best finalist, has no verdict."
        )
    elif row.verdict == "winner":
        verdict = f"{row.name} beats {baseline}{_here(row)}: a winner.{_failures(row, baseline)}"
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
    sentences = []
    for row in confirmation.rows:
        if row.name == best.name and row.where != best.where:
            first = confirmation.rows[0]
            other = row.dataset if row.network == first.network else confirmation.label(row)
            baseline = held_to(_beside(confirmation, row))
            if row.verdict is None:
                sentences.append(f"On {other} no baseline trained.")
                continue
            here = _here(row) if row.verdict == "winner" else ""
            sentences.append(f"On {other} it {VERBS[row.verdict]} {baseline}{here}.")
    return sentences


def _beside(confirmation: Confirmation, row: ComparisonRow) -> list[ComparisonRow]:
    """The rows on a row's network and data set."""
    return [other for other in confirmation.rows if other.where == row.where]


def held_to(rows: Sequence[ComparisonRow]) -> str:
    """The baseline that finalists are compared with, of the rows on one network and data set."""
    # One that never trained has no comparison either, but stands below on validation.
    held_to = (row.name for row in rows if row.role == "baseline" and row.comparison is None)
    return next(held_to, "")


def _failures(row: ComparisonRow, baseline: str) -> str:
    """Sentence on the rate of failures that so few seeds do not exclude for a winner."""
    n = len(row.test_accuracies)
    shared = f" Where it failed, {baseline} failed too." if row.diverged else ""
    return (
        f"{shared} None of {'the other' if shared else 'its'} {counted(n, 'seed')} failed, the "
        f"worst reached "
        f"{100 * (row.test_worst or 0):.2f}%; that it fails on up to "
        f"{100 * failure_rate_bound(n):.0f}% of others is not excluded."
    )


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
    if row.test_mean is None:
        return f"{row.where}: no score, it failed on {counted(row.diverged, 'seed')}."
    seeds = counted(len(row.test_accuracies), "seed")
    test = f"{100 * row.test_mean:.2f} %{_sd(row)} (n = {seeds})"
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
