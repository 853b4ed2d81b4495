"""The picture of f and f': colours, the heights shown, matplotlib's axes, a page's inline SVG.

Loads neither torch nor matplotlib: the processes that only draw take colours and heights here.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .expression import Expression

# The background is transparent, so each colour has a contrast of 3:1 or more to white and to black
# (WCAG 2.2, 1.4.11); a test computes it.
INK = "#77808a"
VALUE = "#2f81f7"
SLOPE = "#d9730d"

REACH = 5.0  # pre-activation units; a normalised layer stays within it
TALLEST = 6.0  # half the height of the window: a cube would squeeze all that is near 0 flat

SVG_WIDTH, SVG_HEIGHT = 300, 170  # CSS pixels of the picture in a page
SVG_POINTS = 241  # a point every 1.25 pixels

Curve = NDArray[np.float64]


def points(
    expression: Expression, left: float, right: float, count: int
) -> tuple[Curve, Curve, Curve]:
    """x, f(x) and f'(x) at evenly spaced points, in float64 and at the initial parameters; what is
    not finite is NaN."""
    import torch

    x = torch.linspace(left, right, count, dtype=torch.float64)
    both = expression.values_and_right_slopes(x)
    value, slope = (torch.where(row.isfinite(), row, torch.nan).numpy() for row in both)
    return x.numpy(), value, slope


def window(value: Curve, slope: Curve) -> tuple[float, float]:
    """The heights to show: both curves whole, or what lies around the median of f."""
    shown = np.concatenate([value, slope])
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        return -1.0, 1.0
    centre = float(np.nanmedian(value)) if np.isfinite(value).any() else 0.0
    low = max(float(shown.min()), centre - TALLEST)
    high = min(float(shown.max()), centre + TALLEST)
    if high - low < 1e-9:  # a constant
        low, high = low - 1.0, high + 1.0
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def new_axes(width: float = 6.4, height: float = 4.0) -> Axes:
    """Axes of a new figure of pyplot's, of so many inches: a notebook shows it by itself."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(figsize=(width, height), layout="constrained")
    return axes


def plot(expression: Expression, axes: Axes | None) -> Axes:
    """f and f' at the initial parameters, over [-5, 5]."""
    axes = new_axes() if axes is None else axes
    x, value, slope = points(expression, -REACH, REACH, 1001)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.plot(x, value, color=VALUE, linewidth=2.2, label="f (x)")
    axes.plot(x, slope, color=SLOPE, linewidth=1.3, label="f ′(x)")
    axes.set(xlim=(-REACH, REACH), ylim=window(value, slope), xlabel="x")
    axes.set_title(str(expression), parse_math=False, wrap=True)
    axes.legend(frameon=False)
    return axes


def as_html(expression: Expression) -> str:
    """The formula and the picture, as a notebook shows them."""
    return f"<div><code>{html.escape(str(expression))}</code><br>{as_svg(expression)}</div>"


def as_svg(expression: Expression) -> str:
    """f and f' as an SVG element, about 6 kB; legible on light and dark pages."""
    x, value, slope = points(expression, -REACH, REACH, SVG_POINTS)
    low, high = window(value, slope)
    across = (x + REACH) / (2 * REACH) * SVG_WIDTH
    curves = "".join(
        f'<path d="{_path(across, SVG_HEIGHT * (high - curve) / (high - low))}" fill="none" '
        f'stroke="{colour}" stroke-width="{width}"/>'
        for curve, colour, width in ((slope, SLOPE, 1.5), (value, VALUE, 2.5))
    )
    zero, middle = SVG_HEIGHT * high / (high - low), SVG_WIDTH // 2
    labels = "".join(
        f'<text x="{left}" y="{top:.0f}" fill="{colour}" text-anchor="{anchor}">{text}</text>'
        for left, top, colour, anchor, text in (
            (4, zero - 4, INK, "start", f"{-REACH:g}"),
            (SVG_WIDTH - 4, zero - 4, INK, "end", f"{REACH:g}"),
            (middle + 4, 11, INK, "start", f"{high:.2g}"),
            (middle + 4, SVG_HEIGHT - 3, INK, "start", f"{low:.2g}"),
            (4, 12, VALUE, "start", "f (x)"),
            (44, 12, SLOPE, "start", "f ′(x)"),
        )
    )
    return (
        f'<svg viewBox="0 0 {SVG_WIDTH} {SVG_HEIGHT}" width="{SVG_WIDTH}" height="{SVG_HEIGHT}" '
        f'role="img" aria-label="f (x) in blue and f ′(x) in orange, x from -5 to 5" '
        f'font-family="sans-serif" font-size="11"><path d="M0 {zero:.1f}H{SVG_WIDTH}M{middle} '
        f'0V{SVG_HEIGHT}" stroke="{INK}" stroke-width="0.8"/>{curves}{labels}</svg>'
    )


def _path(across: Curve, down: Curve) -> str:
    """A line through the points within a picture's height of it, with gaps where there is none."""
    words: list[str] = []
    draws = False
    for x, y in zip(across, down, strict=True):
        shown = -SVG_HEIGHT <= y <= 2 * SVG_HEIGHT  # false for NaN
        if shown:
            words.append(f"{'L' if draws else 'M'}{x:.1f} {y:.1f}")
        draws = bool(shown)
    return "".join(words)


def columns(expression: Expression, count: int) -> dict[str, Sequence[float]]:
    """x, f(x) and f'(x) by name, over [-5, 5]."""
    x, value, slope = points(expression, -REACH, REACH, count)
    return {"x": x.tolist(), "f": value.tolist(), "slope": slope.tolist()}
