"""The plot of accuracy against cost: every candidate that went furthest, and the front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .curves import INK, SLOPE, VALUE, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[float, float]  # accuracy (a fraction), cost (time over ReLU's)


def front_figure(heading: str, others: Sequence[Point], front: Sequence[Point]) -> Figure:
    """Accuracies in percent over costs; the front, the most accurate first, as a line of steps:
    up to each cost the best accuracy to be had for it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 4.2), dpi=150)
    figure.patch.set_alpha(0.0)
    axes = figure.add_axes((0.11, 0.13, 0.86, 0.73))
    axes.patch.set_alpha(0.0)
    axes.scatter(*_xy(others), s=14, color=VALUE, label="dominated")
    x, y = _xy(front[::-1])
    axes.step(
        x, y, where="post", color=SLOPE, marker="o", markersize=4.5, linewidth=1.6, label="front"
    )
    axes.set_xlabel("time of forward and backward over ReLU's", color=INK, fontsize=9)
    axes.set_ylabel("validation accuracy (%)", color=INK, fontsize=9)
    axes.grid(color=INK, alpha=0.22, linewidth=0.7)
    axes.tick_params(colors=INK, labelsize=8, length=0)
    axes.spines[:].set_visible(False)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="lower right")
    title(figure, heading)
    return figure


def _xy(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [cost for _, cost in points], [100 * accuracy for accuracy, _ in points]
