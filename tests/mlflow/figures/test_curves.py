"""The picture shows f and f', wherever it is looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from PIL import Image

from actsearch.mlflow.figures import curves as figures
from actsearch.mlflow.figures.curves import as_image, candidate_figure, save
from actsearch.space import parse
from actsearch.space.expressions.picture import TALLEST

AWKWARD = ["log(abs(x))", "exp(exp(x))", "3 + 0 * x", "1 / x", "x ** 3", "2"]


def axes_of(text: str, learned: dict[str, list[float]] | None = None) -> Axes:
    return candidate_figure(parse(text), learned).axes[0]


def curve(axes: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    line = next(line for line in axes.lines if line.get_label() == label)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
    ]
    return float(np.dot(channels, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("page", ["#ffffff", "#11171c", "#000000"])  # #11171c: MLflow's dark mode
@pytest.mark.parametrize("colour", [figures.INK, figures.VALUE, figures.SLOPE])
def test_every_colour_stands_out_on_light_and_dark_pages(colour: str, page: str) -> None:
    low, high = sorted([luminance(colour), luminance(page)])
    assert (high + 0.05) / (low + 0.05) >= 3.0


def test_a_slope_in_a_corner_is_the_curves_and_not_torchs_choice() -> None:
    _, slope = curve(axes_of("max(x, 0) + min(x, 0)"), "f ′(x)")  # that is x
    np.testing.assert_allclose(slope, 1.0, atol=1e-12)


def test_the_curves_are_the_function_and_its_derivative() -> None:
    axes = axes_of("tanh(x)")
    x, value = curve(axes, "f (x)")
    _, slope = curve(axes, "f ′(x)")
    np.testing.assert_allclose(value, np.tanh(x), atol=1e-12)
    np.testing.assert_allclose(slope, 1 - np.tanh(x) ** 2, atol=1e-12)


def test_learned_values_give_one_more_curve_per_layer() -> None:
    axes = axes_of("max(x, 0) + a[channel]=0.25 * min(x, 0)", {"a": [0.5, 2.0]})
    x, _ = curve(axes, "f (x)")
    drawn = [np.asarray(line.get_ydata()) for line in axes.lines]
    for slope in (0.5, 2.0):
        learned = np.where(x > 0, x, slope * x)
        assert sum(len(line) == len(x) and np.allclose(line, learned) for line in drawn) == 1


def test_a_parameter_that_was_learned_to_nan_gives_no_curve() -> None:
    with_nan = axes_of("x * sigmoid(b * x)", {"b": [float("nan"), 2.0]})
    without = axes_of("x * sigmoid(b * x)", {"b": [2.0]})
    assert len(with_nan.lines) == len(without.lines)


@pytest.mark.parametrize("text", AWKWARD)
def test_functions_with_poles_or_huge_values_are_drawn_in_a_window_of_bounded_height(
    text: str,
) -> None:
    low, high = axes_of(text).get_ylim()
    assert 0.0 < high - low <= 2 * TALLEST * 1.13


def test_a_long_formula_is_cut_to_two_lines() -> None:
    figure = candidate_figure(parse(" + ".join(["sigmoid(x)"] * 40)))
    title = figure.texts[0].get_text()
    assert title.count("\n") == 1
    assert title.endswith("…")


def test_the_background_is_transparent_in_every_format(tmp_path: Path) -> None:
    figure = candidate_figure(parse("sin(x)"))
    save(figure, tmp_path / "f.png")
    save(figure, tmp_path / "f.svg")
    for image in (Image.open(tmp_path / "f.png"), as_image(figure)):
        assert np.asarray(image)[0, 0, 3] == 0
    assert "<svg" in (tmp_path / "f.svg").read_text()
