"""The picture of a search: the best candidate's curve among the baselines', and their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .curves import INK, POINTS, REACH, SLOPE, VALUE, CandidateCurves, title, window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Measured:
    """The test accuracy of a function (per cent): mean and deviation over seeds."""

    name: str
    mean: float
    deviation: float
    is_finalist: bool


def best_figure(
    best: CandidateCurves,
    baselines: Mapping[str, CandidateCurves],
    progress: Sequence[float],
    measured: Sequence[Measured],
) -> Figure:
    """The best in colour over the baselines; beside it the confirmation's accuracies, the highest
    on top, or before it the best score (per cent) after each candidate."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 3.8), dpi=130)
    figure.patch.set_alpha(0.0)
    left = figure.add_axes((0.06, 0.1, 0.4, 0.74))
    right = figure.add_axes((0.64 if measured else 0.56, 0.13, 0.34 if measured else 0.42, 0.71))
    _shapes(left, best, baselines)
    if measured:
        _accuracies(right, measured)
    else:
        _progress(right, progress)
    for axes in (left, right):
        axes.patch.set_alpha(0.0)
        axes.grid(color=INK, alpha=0.22, linewidth=0.7)
        axes.tick_params(colors=INK, labelsize=9, length=0)
        axes.spines[:].set_visible(False)
    title(figure, best.formula)
    return figure


def _shapes(axes: Axes, best: CandidateCurves, baselines: Mapping[str, CandidateCurves]) -> None:
    x = np.linspace(-REACH, REACH, POINTS)
    for place, (name, curve) in enumerate(baselines.items()):
        style = ("-", "--", ":", "-.")[place % 4]
        axes.plot(x, curve.value, color=INK, linewidth=1.2, linestyle=style, label=name)
    axes.plot(x, best.value, color=VALUE, linewidth=2.8, label="best")
    axes.set_xlim(-REACH, REACH)
    axes.set_ylim(*window(best.value, best.value))
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left", ncols=2)


def _accuracies(axes: Axes, measured: Sequence[Measured]) -> None:
    rows = sorted(measured, key=lambda row: row.mean)
    for height, row in enumerate(rows):
        axes.errorbar(
            row.mean,
            height,
            xerr=row.deviation,
            color=VALUE if row.is_finalist else INK,
            marker="o",
            markersize=6,
            linewidth=1.6,
        )
    names = [row.name if len(row.name) <= 30 else f"{row.name[:29]}…" for row in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False)
    axes.set_xlabel("test accuracy (%), mean ± deviation over seeds", color=INK, fontsize=9)


def _progress(axes: Axes, progress: Sequence[float]) -> None:
    axes.step(range(1, len(progress) + 1), progress, where="post", color=SLOPE, linewidth=2.0)
    axes.set_xlabel("candidates", color=INK, fontsize=9)
    axes.set_ylabel("best validation accuracy (%)", color=INK, fontsize=9)
