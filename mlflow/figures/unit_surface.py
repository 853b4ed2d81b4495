"""The picture of a pair of units: the surface f(x) + f(y), and the size of its gradient.

Two units that feed one sum form this surface, and learn where its gradient is large: in valleys of
the right picture neither input moves the output.
"""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...space.expressions.expression import Expression
from .curves import (
    INK,
    Curve,
    curves,
    title,
)

REACH = 5.0  # pre-activation units
POINTS = 121
LEVELS = 24
SHARE = 0.02  # of the values at each end that the colours leave out, so that a pole shows no flat


def surface_figure(expression: Expression) -> Figure:
    """f(x) + f(y) on the left, the length of its gradient on the right, over [-5, 5]²."""
    x = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    value, slope = curves(expression, x)
    axis = x.numpy()
    figure = Figure(figsize=(8.4, 3.9), dpi=150)
    figure.patch.set_alpha(0.0)
    pictures = (
        ("f (x) + f (y)", value[:, None] + value[None, :], "viridis"),
        ("|∇|", np.hypot(slope[:, None], slope[None, :]), "magma"),
    )
    for at, (name, heights, colours) in enumerate(pictures):
        axes = figure.add_axes((0.06 + 0.49 * at, 0.11, 0.35, 0.71))
        bar = figure.add_axes((0.42 + 0.49 * at, 0.11, 0.016, 0.71))
        _paint(figure, axes, bar, axis, heights, colours)
        axes.set_title(name, color=INK, fontsize=11, pad=6)
    title(figure, str(expression))
    return figure


def _paint(
    figure: Figure, axes: Axes, bar: Axes, axis: Curve, heights: Curve, colours: str
) -> None:
    finite = heights[np.isfinite(heights)]
    low, high = np.quantile(finite, [SHARE, 1 - SHARE]) if finite.size else (0.0, 1.0)
    if high - low < 1e-9:  # a constant
        low, high = low - 0.5, high + 0.5
    levels = np.linspace(low, high, LEVELS)
    shown = np.ma.masked_invalid(heights)
    painted = axes.contourf(axis, axis, shown, levels=levels, cmap=colours, extend="both")
    axes.contour(axis, axis, shown, levels=levels[::4], colors=INK, linewidths=0.5)
    scale = figure.colorbar(painted, cax=bar, format="%.2g")
    scale.outline.set_visible(False)
    for each in (axes, bar):
        each.tick_params(colors=INK, labelsize=9, length=0)
    axes.set_aspect("equal")
    axes.patch.set_alpha(0.0)
    axes.spines[:].set_visible(False)
