"""Text tables: cells in columns as wide as their widest cell, or as stated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ...space.printable import printable

WIDEST = 60  # characters of a formula before it is cut; the JSON output has all of it


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is set. width: in characters, which a longer cell exceeds; None: that of the
    widest cell. gap: spaces after it."""

    heading: str = ""
    align: Literal["<", ">"] = "<"
    width: int | None = None
    gap: int = 2


def text_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """The rows as lines below the headings, if there are any; no line ends in spaces."""
    headings = [column.heading for column in columns]
    cells_of = [[printable(cell, keep="") for cell in row] for row in rows]
    lines = [headings, *cells_of] if any(headings) else cells_of
    widths = [
        max(map(len, cells)) if column.width is None else column.width
        for column, cells in zip(columns, zip(*lines, strict=True), strict=False)
    ]
    return "\n".join(
        "".join(
            f"{cell:{column.align}{width}}{'':{column.gap}}"
            for cell, column, width in zip(cells, columns, widths, strict=True)
        ).rstrip()
        for cells in lines
    )


def cut(formula: str) -> str:
    """A formula, at most WIDEST characters of it."""
    return formula if len(formula) <= WIDEST else formula[: WIDEST - 1] + "…"
