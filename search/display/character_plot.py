"""A curve in characters: braille, eight dots to each."""

from __future__ import annotations

import math

import numpy as np

from ...space import Expression
from ...space.expressions.parser import parse_stored
from ...space.expressions.picture import REACH, Curve, points, window

BLANK = 0x2800  # the braille character without a dot
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column of a character
AXIS_EVERY = 3  # dots from one of an axis to the next, so that the curve stands out


def curve(formula: str, columns: int, rows: int) -> list[str]:
    """f over [-5, 5] with its axes, as lines of so many characters."""
    expression: Expression = parse_stored(formula)
    _, value, _ = points(expression, -REACH, REACH, 2 * columns)
    return plotted(value, rows)


def plotted(value: Curve, rows: int) -> list[str]:
    """The values, two to a character, as lines; where one is not finite there is a gap."""
    low, high = window(value, value)
    height = 4 * rows
    level = np.floor((high - value) / (high - low) * height)  # dots below the top
    dots = np.zeros((height, len(value)), dtype=bool)
    zero = math.floor((high - 0.0) / (high - low) * height)
    if 0 <= zero < height:
        dots[zero, ::AXIS_EVERY] = True
    dots[::AXIS_EVERY, len(value) // 2] = True
    before: float | None = None
    for column, y in enumerate(level):
        if not np.isfinite(y):
            before = None
            continue
        start = y if before is None else before + np.sign(y - before) * (before != y)
        first, last = sorted((int(np.clip(start, -1, height)), int(np.clip(y, -1, height))))
        dots[max(first, 0) : last + 1, column] = True
        before = y
    return [_characters(dots[4 * row : 4 * row + 4]) for row in range(rows)]


def _characters(dots: np.ndarray) -> str:
    """Four rows of dots as a line."""
    return "".join(
        chr(
            BLANK
            + sum(
                DOTS[row][side]
                for row in range(4)
                for side in range(2)
                if dots[row, 2 * column + side]
            )
        )
        for column in range(dots.shape[1] // 2)
    )
