"""The loss around a network's weights as contour lines, for one network or two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .curves import INK, title

LEVELS = 18


def contour_figure(
    formula: str, axis: Sequence[float], losses: Mapping[str, Sequence[Sequence[float]]]
) -> Figure:
    """losses: heading -> rows along the second direction. All have one logarithmic scale; what is
    not finite is left blank. The cross is the network itself."""
    count = len(losses)
    wide = 1.1 + 3.9 * count
    figure = Figure(figsize=(wide, 4.3), dpi=150)
    figure.patch.set_alpha(0.0)
    heights = {
        name: np.ma.masked_invalid(np.log10(np.maximum(np.array(rows, dtype=float), 1e-12)))
        for name, rows in losses.items()
    }
    known = np.concatenate([h.compressed() for h in heights.values()])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if high - low < 1e-9:  # the loss is the same everywhere
        low, high = low - 0.5, high + 0.5
    levels = np.linspace(low, high, LEVELS)
    painted = None
    for across, (name, height) in enumerate(heights.items()):
        axes = figure.add_axes(((0.75 + 3.9 * across) / wide, 0.12, 3.1 / wide, 3.1 / 4.3))
        painted = axes.contourf(axis, axis, height, levels=levels, cmap="viridis", extend="both")
        axes.contour(
            axis, axis, height, levels=levels[::2], colors=INK, linewidths=0.5, linestyles="solid"
        )
        axes.plot([0], [0], marker="+", color="white", markersize=10, markeredgewidth=1.6)
        axes.set_title(name, color=INK, fontsize=9, pad=5, parse_math=False)
        axes.set_xlabel("first direction", color=INK, fontsize=9)
        if across == 0:
            axes.set_ylabel("second direction", color=INK, fontsize=9)
        axes.patch.set_alpha(0.0)
        axes.tick_params(colors=INK, labelsize=8, length=0)
        axes.spines[:].set_visible(False)
    assert painted is not None
    bar = figure.add_axes((1 - 0.72 / wide, 0.12, 0.14 / wide, 3.1 / 4.3))
    scale = figure.colorbar(painted, cax=bar, format=FuncFormatter(_nats))
    scale.outline.set_visible(False)
    bar.tick_params(colors=INK, labelsize=8, length=0)
    title(figure, formula)
    return figure


def _nats(exponent: float, _: int | None = None) -> str:
    return f"{10**exponent:.2g}"
