"""The Markdown notes of an experiment: the search, its confirmation, the functions compared."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from .markdown import cell, code, image
from .records import FinalistRecord

CONFIRMATION = "## Confirmation"  # what follows it belongs to the confirmation, what precedes not
TITLE = "Search `"  # what precedes it is the headline

_GUIDE = """
Every row is a candidate; its page has the plot of f and f', the learning curve and how to load
it. **Views** (above the table) has *Leaderboard*, *Gallery* (with the chart icon: the plots of
the best ten) and, once confirmed, *Confirmation*. Scores are validation accuracy in per cent; a
`~` marks those that are ties with the best. Filters that help: `tags.state = 'infeasible'` (the
tag `reason` says why), `params.size = '2'`, `params.expression ILIKE '%sin%'`,
`params.monotone = 'no'`, `tags.parents LIKE '%12%'`.
"""


def search_note(search: str, previous: str, description: Mapping[str, str]) -> str:
    """The note of a search's experiment; headline and confirmation of the previous are kept."""
    rows = [f"| {cell(key)} | {cell(value)} |" for key, value in description.items()]
    table = "\n".join(["| | |", "| --- | --- |", *rows])
    _, heading, kept = previous.partition(CONFIRMATION)
    title = f"{TITLE}{search}` for an activation function."
    headline = previous.partition(TITLE)[0]
    return f"{headline}{title}\n\n{table}\n{_GUIDE}\n{heading}{kept}"


def headed_note(previous: str, headline: str) -> str:
    """The previous note with this headline, which MLflow shows where the note is folded."""
    _, title, kept = previous.partition(TITLE)
    return f"{headline}\n\n{title}{kept}"


def confirmed_note(previous: str, tables: str) -> str:
    """The previous note with these tables as its confirmation."""
    return f"{previous.partition(CONFIRMATION)[0]}{CONFIRMATION}\n\n{tables}"


def function_note(rows: Sequence[FinalistRecord], run_id: str) -> str:
    """The note of a function that is no trial, on its own run: its plot and its figures."""
    first = rows[0]
    kind = "A baseline" if first.verdict == "baseline" else "A function"
    return (
        f"### {cell(first.name)}: f(x) = {code(first.expression)}\n\n"
        f"{kind} in the confirmation of {code(first.search)}: each training is a child run.\n\n"
        f"{image('f and its slope', run_id, 'curve.png')}\n\n{confirmation_tables(rows)}"
    )


def confirmation_tables(records: Sequence[FinalistRecord]) -> str:
    """One table per network, in the records' order; accuracies in per cent."""
    return "\n".join(
        _table(network, [r for r in records if r.network == network])
        for network in dict.fromkeys(r.network for r in records)
    )


def _table(network: str, records: Sequence[FinalistRecord]) -> str:
    head = "function", "test %", "validation %", "n", "difference (points)", "p", "verdict"
    lines = [head, ("---",) * len(head), *(_row(record) for record in records)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    compared = [r for r in records if r.interval is not None]
    here = any(r.images_error is None for r in compared)
    scope = "on these test images" if here else "and other test images"
    intervals = f"; intervals for other seeds {scope}" if compared else ""
    return f"**{network}**: mean ± standard deviation over n paired seeds{intervals}\n\n{body}\n"


def _row(record: FinalistRecord) -> tuple[str, ...]:
    difference = "" if record.difference is None else f"{100 * record.difference:+.2f}"
    if record.interval is not None:
        low, high = record.interval
        difference += f" [{100 * low:+.2f}, {100 * high:+.2f}]"
    alias = "" if record.name == record.expression else f" ({cell(record.name)})"
    return (
        f"{code(record.expression)}{alias}",
        _spread(record.test_accuracies),
        _spread(record.val_accuracies),
        str(len(record.test_accuracies)),
        difference,
        "" if record.p_value is None else f"{record.p_value:.3f}",
        record.verdict or "",
    )


def _spread(accuracies: Sequence[float]) -> str:
    """Mean and, from two values on, standard deviation, in percent."""
    if not accuracies:
        return "diverged"
    mean = f"{100 * statistics.fmean(accuracies):.2f}"
    if len(accuracies) < 2:
        return mean
    return f"{mean} ± {100 * statistics.stdev(accuracies):.2f}"
