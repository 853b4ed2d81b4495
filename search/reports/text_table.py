"""Tables as text: cells in columns as wide as their widest cell, or as stated, or to fit a width.

Where a table is to fit a terminal, columns that may do so wrap; where that is not enough, each row
becomes a paragraph.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ...space.printable import printable

WIDEST = 60  # characters of a formula before it is cut; the JSON output has all of it
NARROWEST = 40  # characters that a table is fitted to at least
LEGIBLE = 24  # characters of a wrapped cell, above which headings are left whole
TIED = "\N{NO-BREAK SPACE}"  # a space at which no line is broken; printed as any other


@dataclass(frozen=True, slots=True)
class Column:
    """How a column is set. width: in characters, which a longer cell exceeds; None: that of the
    widest cell. gap: spaces after it. wraps: to how many characters it may be narrowed, where the
    table has to fit a width; 0: never."""

    heading: str = ""
    align: Literal["<", ">"] = "<"
    width: int | None = None
    gap: int = 2
    wraps: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below the headings of their columns."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    def text(self, fit: int | None = None) -> str:
        """The table as lines; fit: characters of a line, by default as many as it takes."""
        return text_table(self.columns, self.rows, fit)

    def html(self) -> str:
        """The table as an element of a page, everything in it escaped."""
        head = self._line("th", [column.heading for column in self.columns])
        body = "".join(self._line("td", row) for row in self.rows)
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"

    def _line(self, tag: str, cells: Sequence[str]) -> str:
        """A row of the page's table."""
        sides = ("right" if column.align == ">" else "left" for column in self.columns)
        texts = (html.escape(printable(cell, keep=TIED)) for cell in cells)
        return "".join(
            [
                "<tr>",
                *(
                    f'<{tag} style="text-align:{side};padding:0 .6em">{text}</{tag}>'
                    for side, text in zip(sides, texts, strict=True)
                ),
                "</tr>",
            ]
        )


def text_table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], fit: int | None = None
) -> str:
    """The rows as lines below the headings, if there are any; no line ends in spaces.

    fit: characters of a line that the table is to fit, at least NARROWEST.
    """
    headings = [column.heading for column in columns]
    cells_of = [[printable(cell, keep=TIED) for cell in row] for row in rows]
    lines = [headings, *cells_of] if any(headings) else cells_of
    widths = [
        max(map(len, cells)) if column.width is None else column.width
        for column, cells in zip(columns, zip(*lines, strict=True), strict=False)
    ]
    text = "\n".join(_line(cells, columns, widths) for cells in lines)
    if fit is None or max(map(len, text.splitlines()), default=0) <= fit:
        return text
    fit = max(fit, NARROWEST)
    narrow = _narrowed(columns, cells_of, fit)
    if narrow is None:
        return "\n".join(_paragraphs(headings, cells_of, fit))
    head = _wrapped_lines(headings, columns, narrow, at_bottom=True) if any(headings) else []
    body = [line for cells in cells_of for line in _wrapped_lines(cells, columns, narrow)]
    return "\n".join([*head, *body])


def wrapped(text: str, fit: int | None) -> str:
    """A text whose lines are broken between words to so many characters, if a number is given."""
    if fit is None:
        return text
    width = max(fit, NARROWEST)
    lines = [
        textwrap.wrap(line, width, break_on_hyphens=False) or [""] for line in text.split("\n")
    ]
    return "\n".join(line for wrapped_line in lines for line in wrapped_line)


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    return (
        "".join(
            f"{cell:{column.align}{width}}{'':{column.gap}}"
            for cell, column, width in zip(cells, columns, widths, strict=True)
        )
        .rstrip()
        .replace(TIED, " ")
    )


def _narrowed(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], fit: int
) -> list[int] | None:
    """The columns' widths with which the table fits, None where there are none; its headings are
    broken between words where cells would else be too narrow to be read."""
    cells = [max((len(row[i]) for row in rows), default=0) for i in range(len(columns))]
    headings = [[len(column.heading), *map(len, column.heading.split())] for column in columns]
    room = fit - sum(column.gap for column in columns[:-1])
    whole = [max(cell, lengths[0]) for cell, lengths in zip(cells, headings, strict=True)]
    widths = _shrunk(columns, whole, room)
    if widths and all(w >= min(c, LEGIBLE) for w, c in zip(widths, cells, strict=True)):
        return widths
    broken = [max([cell, *lengths[1:]]) for cell, lengths in zip(cells, headings, strict=True)]
    return _shrunk(columns, broken, room)


def _shrunk(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int] | None:
    """Widths whose sum is at most `room`; the widest of those that may wrap gives way first."""
    shrunk = list(widths)
    while sum(shrunk) > room:
        may = [i for i, column in enumerate(columns) if 0 < column.wraps < shrunk[i]]
        if not may:
            return None
        shrunk[max(may, key=lambda i: shrunk[i])] -= 1
    return shrunk


def _wrapped_lines(
    cells: Sequence[str],
    columns: Sequence[Column],
    widths: Sequence[int],
    at_bottom: bool = False,
) -> list[str]:
    """A row over as many lines as its tallest cell, the others at its top, or at its bottom."""
    parts = [
        textwrap.wrap(cell, max(1, width), break_on_hyphens=at_bottom)
        for cell, width in zip(cells, widths, strict=True)
    ]
    height = max(map(len, parts))
    padded = []
    for part in parts:
        blank = [""] * (height - len(part))
        padded.append(blank + part if at_bottom else part + blank)
    return [_line(line, columns, widths) for line in zip(*padded, strict=True)]


def _paragraphs(headings: Sequence[str], rows: Sequence[Sequence[str]], fit: int) -> list[str]:
    """Each row as its first cell, and below it the others with their headings."""
    lines = textwrap.wrap(headings[0], fit)
    for first, *others in rows:
        lines += textwrap.wrap(first, fit)
        facts = [
            f"{heading} {cell}".strip().replace(" ", TIED)
            for heading, cell in zip(headings[1:], others, strict=True)
            if cell.strip()
        ]
        text = textwrap.fill(", ".join(facts), fit, initial_indent="  ", subsequent_indent="  ")
        lines += text.replace(TIED, " ").splitlines()
    return lines


def cut(formula: str) -> str:
    """A formula, at most WIDEST characters of it."""
    return formula if len(formula) <= WIDEST else formula[: WIDEST - 1] + "…"
