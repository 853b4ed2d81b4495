"""The picture of a candidate: f and f' over [-5, 5], for light and dark pages alike.

Torch is loaded where curves are computed: the processes that only draw do without (drawing.py).
Matplotlib is loaded where something is drawn, which the driver leaves to them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...space.expressions.picture import INK as INK
from ...space.expressions.picture import REACH as REACH
from ...space.expressions.picture import SLOPE as SLOPE
from ...space.expressions.picture import VALUE as VALUE
from ...space.expressions.picture import Curve as Curve
from ...space.expressions.picture import window as window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image
    from torch import Tensor

    from ...space.expressions.expression import Expression

POINTS = 1001


@dataclass(frozen=True, slots=True)
class CandidateCurves:
    """Curves of a candidate's picture; each has POINTS values over [-5, 5].

    layers: f as each layer learned it; empty where nothing was learned, or nothing finite.
    """

    formula: str
    value: Curve
    slope: Curve
    layers: Sequence[Curve]
    learned: bool


def candidate_figure(
    expression: Expression, learned: Mapping[str, Sequence[float]] | None = None
) -> Figure:
    """f and f' at the initial parameters; thin, f in each layer at its `learned` ones."""
    return figure_of(candidate_curves(expression, learned))


def candidate_curves(
    expression: Expression, learned: Mapping[str, Sequence[float]] | None = None
) -> CandidateCurves:
    """The curves of a candidate's picture."""
    import torch

    x = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    value, slope = curves(expression, x)
    layers = [curves(layer, x)[0] for layer in _layers(expression, learned or {})]
    return CandidateCurves(str(expression), value, slope, layers, bool(learned))


def figure_of(picture: CandidateCurves) -> Figure:
    """A candidate's picture, drawn anew."""
    from matplotlib.figure import Figure  # takes a second to load

    x = np.linspace(-REACH, REACH, POINTS)
    value, slope = picture.value, picture.slope
    figure = Figure(figsize=(4.8, 3.6), dpi=150)
    figure.patch.set_alpha(0.0)
    axes = figure.add_axes((0.09, 0.09, 0.88, 0.71))
    _dress(axes, value, slope)
    for layer in picture.layers:
        axes.plot(x, layer, color=VALUE, linewidth=1.0, alpha=0.6)
    axes.plot(x, value, color=VALUE, linewidth=2.8, label="f (x)")
    axes.plot(x, slope, color=SLOPE, linewidth=1.5, label="f ′(x)")  # thin, above: exp
    if picture.learned:
        axes.plot([], [], color=VALUE, linewidth=1.0, alpha=0.6, label="f as learned, per layer")
    if not np.isfinite(value).any():
        axes.text(0, 0, "not finite here", color=INK, ha="center", va="center", fontsize=14)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="upper center",
        bbox_to_anchor=(0.53, 0.885),
        ncols=3,
        frameon=False,
        fontsize=10,
        labelcolor=INK,
        handlelength=1.6,
        borderpad=0.0,
    )
    title(figure, picture.formula)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure in the format that the suffix names, e.g. .png or .svg."""
    figure.savefig(path, transparent=True)


def as_image(figure: Figure) -> Image:
    """The figure as an RGBA picture, rendered once for all the places it goes to."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL.Image import fromarray

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return fromarray(np.asarray(canvas.buffer_rgba()))


def curves(expression: Expression, x: Tensor) -> tuple[Curve, Curve]:
    """f and f' at x, shape [points]; what is not finite is NaN, which leaves a gap."""
    import torch

    parameters = [torch.tensor(p.initial).to(x.dtype) for p in expression.parameters]  # a module's
    both = expression.values_and_right_slopes(x, parameters)
    value, slope = (torch.where(row.isfinite(), row, torch.nan) for row in both)
    return value.numpy(), slope.numpy()


def _layers(expression: Expression, learned: Mapping[str, Sequence[float]]) -> list[Expression]:
    """The expression as each layer learned it, where every one of its parameters is known."""
    from ...space.expressions.expression import Constant, substitute

    known = [p for p in expression.parameters if p.name in learned]
    depth = min((len(learned[p.name]) for p in known), default=0)
    return [
        substitute(expression, {p: Constant(learned[p.name][layer]) for p in known})
        for layer in range(depth)
        if all(np.isfinite(learned[p.name][layer]) for p in known)
    ]


def _dress(axes: Axes, value: Curve, slope: Curve) -> None:
    axes.patch.set_alpha(0.0)
    axes.set_xlim(-REACH, REACH)
    axes.set_ylim(*window(value, slope))
    axes.grid(color=INK, alpha=0.22, linewidth=0.7)
    axes.axhline(0.0, color=INK, linewidth=0.9)
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.tick_params(colors=INK, labelsize=10, length=0)
    axes.spines[:].set_visible(False)


def title(figure: Figure, formula: str) -> None:
    """The formula on one line, smaller or broken in two where it is long, cut where too long."""
    size = 14 if len(formula) <= 40 else 10
    lines = textwrap.wrap(formula, 40 if size == 14 else 60, max_lines=2, placeholder=" …")
    text = "\n".join(lines)
    figure.text(0.53, 0.985, text, size=size, color=INK, ha="center", va="top", parse_math=False)
