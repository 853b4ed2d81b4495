"""Panels of lines side by side: something by depth, by epoch, by rank."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from .curves import INK, title

LUMINANCE = 0.18  # 4.6:1 to white and to black, which the background may be (WCAG 2.2)
FIRST, LAST = 210 / 360, 390 / 360  # hues of the first and the last layer: blue, by red, orange
KEPT = 7  # entries of a legend


@dataclass(frozen=True, slots=True)
class Line:
    """y over x. dashed: as what is not yet trained; marked: each point is a value of its own."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    dashed: bool = False
    marked: bool = True


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines in one pair of axes; `log`: of the values. integers: x counts something."""

    heading: str
    below: str  # name of x
    lines: Sequence[Line]
    log: bool = False
    integers: bool = True
    lowest: float | None = None  # of the values shown
    least: float = 0.0  # range of the values shown above the lowest


def line_figure(formula: str, panels: Sequence[Panel]) -> Figure:
    """One to four panels side by side."""
    count = len(panels)
    wide = 0.3 + 4.3 * count
    figure = Figure(figsize=(wide, 3.6), dpi=150)
    figure.patch.set_alpha(0.0)
    for across, panel in enumerate(panels):
        left = (0.3 + 4.3 * across + 0.45) / wide
        _panel(figure.add_axes((left, 0.14, 3.7 / wide, 0.66)), panel)
    title(figure, formula)
    return figure


def layer_colours(count: int) -> list[str]:
    """A colour for each of `count` layers, from blue to orange, all of one luminance: readable on
    white and on black."""
    if count == 1:
        return [_colour(FIRST)]
    return [_colour(FIRST + (LAST - FIRST) * i / (count - 1)) for i in range(count)]


def luminance(colour: str) -> float:
    """The relative luminance of #rrggbb, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _colour(hue: float) -> str:
    low, high = 0.0, 1.0
    for _ in range(20):  # bisection of lightness, which luminance rises with
        middle = (low + high) / 2
        red, green, blue = colorsys.hls_to_rgb(hue % 1, middle, 0.7)
        colour = "#" + "".join(f"{round(255 * c):02x}" for c in (red, green, blue))
        low, high = (middle, high) if luminance(colour) < LUMINANCE else (low, middle)
    return colour


def _panel(axes: Axes, panel: Panel) -> None:
    axes.patch.set_alpha(0.0)
    for line in panel.lines:
        axes.plot(
            line.x, line.y, color=line.colour, label=line.label, linewidth=1.6,
            linestyle="--" if line.dashed else "-", marker="o" if line.marked else None,
            markersize=3.5,
        )  # fmt: skip
    if panel.log:
        _logarithmic(axes, [value for line in panel.lines for value in line.y if value > 0])
    if panel.lowest is not None:
        axes.set_ylim(panel.lowest, max(axes.get_ylim()[1], panel.lowest + panel.least))
    if panel.integers:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(panel.below, color=INK, fontsize=9)
    axes.set_title(panel.heading, color=INK, fontsize=10, pad=6)
    axes.grid(color=INK, alpha=0.22, linewidth=0.7)
    axes.tick_params(which="both", colors=INK, labelsize=8, length=0)
    axes.yaxis.get_offset_text().set(color=INK, fontsize=8)
    axes.spines[:].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    every = -(-len(labels) // KEPT)
    if len(labels) > 1:
        axes.legend(
            handles[::every], labels[::every], frameon=False, fontsize=8, labelcolor=INK,
            handlelength=3.2,
        )  # fmt: skip


def _logarithmic(axes: Axes, values: Sequence[float]) -> None:
    if not values:
        return
    axes.set_yscale("log", nonpositive="mask")
    decades = math.log10(max(values) / min(values))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 3 else (1,), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
