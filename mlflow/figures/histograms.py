"""Small multiples of histograms: a column per layer, a row per kind of signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .curves import INK, VALUE, title

WIDTH, HEIGHT = 2.3, 1.75  # inches of a panel
ABOVE = 0.95  # inches, for the formula and the legend
LEFT = 0.55  # inches, for the rows' names
CUT = 4.0  # times the lower histogram's top, where the higher one is cut off


@dataclass(frozen=True, slots=True)
class Bars:
    """One histogram: shares of all values in equal bins from low to high, and its caption."""

    low: float
    high: float
    shares: Sequence[float]
    note: str

    @property
    def heights(self) -> list[float]:
        """As a density, so that histograms of other ranges compare."""
        width = (self.high - self.low) / len(self.shares)
        return [share / width for share in self.shares]


def histogram_figure(
    formula: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[Sequence[Bars]]],
    names: Sequence[str],
) -> Figure:
    """rows: name -> for each column the histograms drawn over each other, at most two; `names`
    says what they are. The last one is filled. Each panel has its own axes."""
    wide, high = LEFT + WIDTH * len(columns), ABOVE + HEIGHT * len(rows)
    figure = Figure(figsize=(wide, high), dpi=150)
    figure.patch.set_alpha(0.0)
    for down, (row, panels) in enumerate(rows.items()):
        for across, histograms in enumerate(panels):
            axes = figure.add_axes(
                (
                    (LEFT + WIDTH * across + 0.08) / wide,
                    1 - (ABOVE + HEIGHT * (down + 1) - 0.32) / high,
                    (WIDTH - 0.16) / wide,
                    (HEIGHT - 0.80) / high,
                )
            )
            _panel(axes, histograms)
            if down == 0:
                axes.text(
                    0.5, 1.52, columns[across], transform=axes.transAxes, color=INK, fontsize=10,
                    ha="center", parse_math=False,
                )  # fmt: skip
            if across == 0:
                axes.set_ylabel(row, color=INK, fontsize=10)
    title(figure, formula)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles, names[: len(labels)], loc="upper center", ncols=2, frameon=False, fontsize=9,
        labelcolor=INK, bbox_to_anchor=(0.53, 1 - 0.36 / high), borderpad=0.0,
    )  # fmt: skip
    return figure


def _panel(axes: Axes, histograms: Sequence[Bars]) -> None:
    colours = (VALUE,) if len(histograms) == 1 else (INK, VALUE)
    for bars, colour in zip(histograms, colours, strict=True):
        edges = np.linspace(bars.low, bars.high, len(bars.shares) + 1)
        filled = bars is histograms[-1]
        axes.stairs(
            bars.heights, edges, color=colour, fill=filled, alpha=0.55 if filled else 1.0,
            linewidth=1.3, label=bars.note,
        )  # fmt: skip
    for line, (bars, colour) in enumerate(zip(histograms, colours, strict=True)):
        place = 1.23 - 0.19 * line
        axes.text(
            0.5, place, bars.note, transform=axes.transAxes, color=colour, fontsize=7,
            ha="center", parse_math=False,
        )  # fmt: skip
    axes.patch.set_alpha(0.0)
    # A peak at 0, such as gradients have after training, is cut, not the other one squeezed flat.
    tops = [max(bars.heights) for bars in histograms]
    axes.set_ylim(0, 1.05 * min(max(tops), CUT * min(tops)) or 1.0)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(colors=INK, labelsize=8, length=2)
    axes.xaxis.get_offset_text().set(color=INK, fontsize=7)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3))
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.spines["bottom"].set_color(INK)
