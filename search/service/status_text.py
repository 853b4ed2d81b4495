"""The status of searches as text: one in lines, several as a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...space.printable import printable
from ..progress import clock
from ..reports.text_table import Column, cut, text_table, wrapped
from .status import Status


def status_json(status: Status) -> dict[str, Any]:
    """Fields of a status by name, and whether the search runs."""
    return {**dataclasses.asdict(status), "runs": status.runs}


def status_text(status: Status, home: str = "") -> str:
    """One search, a fact a line. home: the flag that names its home in a command."""
    facts = {
        "state": _state(status),
        "candidates": _candidates(status),
        "best": _best(status),
        "rate": "–" if status.per_hour is None else f"{status.per_hour:,.0f} candidates an hour",
        "time left": _left(status),
        "workers": "–" if status.workers is None else str(status.workers),
        "process": _process(status),
        "log": status.log or "none: it prints to its terminal",
        "next": _next(status, home),
    }
    if not status.runs:
        del facts["time left"]
    width = max(map(len, facts))
    lines = [f"{name:<{width}}  {fact}" for name, fact in facts.items() if fact]
    return printable("\n".join([f"search '{status.name}'", *lines]))


def statuses_text(
    rows: Sequence[Status], root: Path, fit: int | None = None, home: str = ""
) -> str:
    """Several searches, a line each, and where the logs are; fit: characters of a line; home: as
    in `status_text`."""
    if not rows:
        return f"no search in {root} yet: begin one with `actsearch submit --name mine{home}`"
    columns = (
        Column("search"),
        Column("state", wraps=10),
        Column("trained", ">"),
        Column("per hour", ">"),
        Column("left", ">"),
        Column("workers", ">"),
        Column("best on validation", wraps=16),
    )
    cells = [
        (
            row.name,
            _state(row, longest=40),
            "–" if row.candidates is None else f"{row.entered}/{row.candidates}",
            "–" if row.per_hour is None else f"{row.per_hour:,.0f}",
            _left(row) if row.runs else "",
            "" if row.workers is None else str(row.workers),
            _best(row),
        )
        for row in rows
    ]
    logs = f"logs: {root}/searches/NAME/driver.log" if any(row.log for row in rows) else ""
    return "\n".join(filter(None, [text_table(columns, cells, fit), wrapped(logs, fit)]))


def _state(status: Status, longest: int = 400) -> str:
    text: str = status.state
    if status.behind:
        text += f" until {', '.join(status.behind)} {'has' if len(status.behind) == 1 else 'have'}"
        text += " ended"
    if status.trainings is not None:
        text += f", {status.trainings[0]} of {status.trainings[1]} trainings"
    if status.reason:
        text += f": {status.reason}"
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _candidates(status: Status) -> str:
    if status.candidates is None:
        return "not begun"
    again = f"; {status.again} are trained again when it goes on" if status.again else ""
    rest = "" if status.runs else again
    return f"{status.entered} of {status.candidates} have entered training{rest}"


def _best(status: Status) -> str:
    if status.score is None or status.expression is None:
        return "–"
    return f"{100 * status.score:.2f}%  {cut(status.expression)}"


def _left(status: Status) -> str:
    if status.left is None:
        return "–"
    later = "" if status.later is None else f" + {clock(status.later)}"
    return clock(status.left) + later


def _process(status: Status) -> str:
    return "" if status.process is None else f"{status.process} on {status.host or 'this machine'}"


def _next(status: Status, home: str) -> str:
    """The command to type next about a search; "" where none is needed."""
    name = status.name
    if status.runs:
        return "" if status.state == "busy" else f"actsearch stop {name}{home}"
    if status.cluster is not None:
        return f"actsearch fetch {name}{home}"
    if status.state == "finished":
        return f"actsearch leaderboard {name}{home}"
    if status.begun:
        return f"actsearch submit --resume --name {name}{home}"
    return "submit it again: it never began"
