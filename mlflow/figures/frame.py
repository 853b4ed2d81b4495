"""A candidate's picture whose fixed parts are drawn once, which saves two fifths.

Matplotlib's blitting: x axis, vertical grid and legend are kept as pixels; the y axis, the curves
and the formula are drawn onto a copy of them. The image is that of `figure_of`, pixel by pixel.
Matplotlib is loaded where something is drawn, which the driver leaves to other processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .curves import CandidateCurves, figure_of, title, window

if TYPE_CHECKING:
    from PIL.Image import Image

ZERO_LINES = 2  # the axes' first lines


class Frame:
    """Shows pictures with as many layers as its first, and finite like it."""

    def __init__(self, picture: CandidateCurves) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self._figure = figure_of(picture)
        (self._axes,) = self._figure.axes
        self._canvas = FigureCanvasAgg(self._figure)
        self._changing = (self._axes.yaxis, *self._axes.lines)
        for artist in self._changing:
            artist.set_animated(True)
        self._remove_title()
        self._canvas.draw()
        self._fixed = self._canvas.copy_from_bbox(self._figure.bbox)

    def draw(self, picture: CandidateCurves) -> Image:
        """The picture as an RGBA image."""
        from PIL.Image import fromarray

        shown = [*picture.layers, picture.value, picture.slope]
        lines = self._axes.lines[ZERO_LINES : ZERO_LINES + len(shown)]
        for line, curve in zip(lines, shown, strict=True):
            line.set_ydata(curve)
        self._axes.set_ylim(*window(picture.value, picture.slope))
        self._remove_title()
        title(self._figure, picture.formula)
        self._canvas.restore_region(self._fixed)
        for artist in (*self._changing, *self._figure.texts):
            self._figure.draw_artist(artist)
        # A copy: the next picture is drawn into the same memory.
        return fromarray(np.array(self._canvas.buffer_rgba()))

    def _remove_title(self) -> None:
        for text in list(self._figure.texts):
            text.remove()
