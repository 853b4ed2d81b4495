"""The view of a running search in a terminal: a few lines, drawn anew in place."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.text import Text

from ...space.counted import counted
from ...space.printable import printable
from ..progress import clock
from .tally import JobUnderWay, Tally

PLOT_COLUMNS, PLOT_ROWS = 26, 5  # characters of the best one's curve
BARS = "▁▂▃▄▅▆▇█"
FEWEST_ROWS = 17  # of a terminal that has room for the curve


def view(tally: Tally, plot: Sequence[str], width: int, height: int, ascii: bool = False) -> Text:
    """At most height - 1 lines of at most `width` characters. plot: the best one's curve, as
    lines; none where there is none, or the terminal is `ascii` alone."""
    lines = [_bar(tally, width, ascii), Text("  ·  ".join(tally.times), style="bold")]
    if (best := tally.best_text) is not None:
        lines.append(Text(best, style="bold green"))
        if plot and height >= FEWEST_ROWS:
            lines += _beside(plot, _history(tally, width))
    lines += _work(tally, max(2, height - 1 - len(lines)))
    for line in lines:
        line.plain = printable(line.plain, keep="")
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join(lines[: height - 1])


def _bar(tally: Tally, width: int, ascii: bool) -> Text:
    """How far it is, as a bar as wide as the terminal."""
    count = f"{tally.done}/{tally.total} {tally.unit} "
    room = max(0, min(60, width - len(count) - 1))
    full = min(room, room * tally.done // max(1, tally.total))
    done, rest = ("#", "-") if ascii else ("━", "─")
    return Text.assemble(count, (done * full, "green"), (rest * (room - full), "dim"))


def _history(tally: Tally, width: int) -> list[str]:
    """The best score after each candidate, to stand beside the curve."""
    scores = tally.best_so_far
    if not scores:
        return []
    columns = max(8, min(40, width - PLOT_COLUMNS - 4))
    latest = scores[-columns:]
    ends = f"{100 * latest[0]:.2f} to {100 * latest[-1]:.2f} %"
    return ["", "best so far", _bars(latest), ends]


def _bars(values: Sequence[float]) -> str:
    """Values as a line of bars between their least and greatest."""
    low, span = min(values), max(values) - min(values)
    if span == 0:
        return BARS[-1] * len(values)
    top = len(BARS) - 1
    return "".join(BARS[round((value - low) / span * top)] for value in values)


def _beside(plot: Sequence[str], notes: Sequence[str]) -> list[Text]:
    padded = [*notes, *[""] * (len(plot) - len(notes))]
    return [
        Text.assemble((line, "cyan"), f"  {note}") for line, note in zip(plot, padded, strict=True)
    ]


def _work(tally: Tally, room: int) -> list[Text]:
    """The workers, and on each what it trains, in so many lines."""
    jobs = list(tally.jobs.values())
    busy, count = len(jobs), tally.worker_count
    if count is None:
        state = f"{counted(busy, 'worker')} at work"
    else:
        state = f"{busy} of {counted(count, 'worker')} at work"
    chosen = tally.unit == "candidates"  # else what is trained is known from the beginning
    if busy == 0:
        state = "candidates are being chosen" if chosen else "the workers start"
    elif count is not None and busy < count and chosen:
        state += ", the rest wait for candidates"
    if (rate := tally.per_hour) is not None:
        state += f"  ·  {rate:,.0f} {tally.unit} an hour"
    lines = [Text(state, style="dim")]
    for place, job in enumerate(jobs):
        left = room - len(lines)
        others = busy - place
        if left <= others and others > 1:
            lines.append(Text(f"  … and {others} more at work", style="dim"))
            break
        lines += _job(job, max(1, left // others))
    return lines[:room]


def _job(job: JobUnderWay, room: int) -> list[Text]:
    """One worker's job, in at most so many lines: where it is, and what still trains."""
    recipe = job.job.recipe
    count = len(job.job.expressions)
    training = f"{len(job.live)} of {count}" if len(job.live) < count else f"{count}"
    what = "" if job.job.halving else f" of {recipe.network}, seed {job.job.seed}"
    head = Text(
        f"  epoch {job.epoch} of {recipe.epochs}{what}, {training} in training, "
        f"{clock(time.monotonic() - job.since)}"
    )
    lines = [head]
    shown = job.live if len(job.live) < room else job.live[: max(0, room - 2)]
    for index in shown:
        score = job.scores.get(index)
        text = "      –" if score is None else f"{100 * score:6.2f}%"
        lines.append(Text.assemble(("    " + text, "dim"), f"  {job.job.expressions[index]}"))
    hidden = len(job.live) - len(shown)
    if hidden and room > 1:
        lines.append(Text(f"    … and {hidden} more", style="dim"))
    return lines[:room]
