"""Histograms, lines and contours: they show what they are given, on white and on black."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from actsearch.mlflow.figures.contours import contour_figure
from actsearch.mlflow.figures.curves import (
    INK,
    SLOPE,
    VALUE,
    save,
)
from actsearch.mlflow.figures.histograms import CUT, Bars, histogram_figure
from actsearch.mlflow.figures.line_panels import (
    Line,
    Panel,
    layer_colours,
    line_figure,
    luminance,
)


def texts(figure: Figure) -> set[str]:
    """Everything written in a figure."""
    return {
        text.get_text()
        for axes in figure.axes
        for text in (*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label)
    } | {text.get_text() for text in figure.texts}


@pytest.mark.parametrize("colour", [INK, VALUE, SLOPE, *layer_colours(1), *layer_colours(20)])
def test_every_colour_has_a_contrast_of_three_to_white_and_to_black(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 3
    assert (luminance(colour) + 0.05) / 0.05 >= 3


def test_neighbouring_layers_have_colours_of_their_own() -> None:
    assert len(set(layer_colours(20))) == 20


def bars(shares: list[float], low: float = -1.0, high: float = 1.0) -> Bars:
    return Bars(low, high, shares, "note")


def test_a_histogram_is_a_density() -> None:
    """Half of the values in [0, 1], half in [1, 2]: height 0.5; over twice the range, half it."""
    assert bars([0.5, 0.5], 0, 2).heights == [0.5, 0.5]
    assert bars([0.5, 0.5], 0, 4).heights == [0.25, 0.25]


def test_histograms_stand_in_a_grid_with_their_names_and_notes(tmp_path: Path) -> None:
    panel = [Bars(0, 1, [0.5, 0.5], "before $x$"), Bars(0, 2, [0.5, 0.5], "after")]
    figure = histogram_figure(
        "relu(x)", ["layer 1", "layer 2"], {"a": [panel, panel], "b": [panel, panel]}, ("x", "y")
    )
    assert len(figure.axes) == 4
    assert texts(figure) >= {"relu(x)", "layer 1", "layer 2", "a", "b", "before $x$", "after"}
    save(figure, tmp_path / "h.png")


def test_a_peak_is_cut_so_that_the_other_histogram_is_seen() -> None:
    figure = histogram_figure(
        "x", ["1"], {"a": [[bars([0.5, 0.5]), bars([1.0] + [0.0] * 99)]]}, "ab"
    )
    assert figure.axes[0].get_ylim()[1] == pytest.approx(1.05 * CUT * 0.5)


def test_a_signal_that_is_all_zeros_has_an_empty_panel(tmp_path: Path) -> None:
    figure = histogram_figure("0", ["1"], {"a": [[bars([0.0, 0.0])]]}, ("only",))
    (steps,) = figure.axes[0].patches
    assert isinstance(steps, StepPatch)
    assert not np.any(steps.get_data()[0])
    save(figure, tmp_path / "h.svg")


def test_lines_are_drawn_over_their_x_in_their_panel() -> None:
    line = Line("one", [1, 2, 3], [0.1, 0.2, 0.4], VALUE, dashed=True)
    other = Line("two", [1, 2, 3], [0.3, 0.2, 0.1], SLOPE)
    figure = line_figure("f", [Panel("left", "epoch", [line, other], log=True)])
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    assert [np.asarray(drawn.get_ydata()).tolist() for drawn in axes.get_lines()] == [
        [0.1, 0.2, 0.4],
        [0.3, 0.2, 0.1],
    ]
    assert texts(figure) >= {"f", "left", "epoch"}
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two"]


@pytest.mark.parametrize("values", [[0.0, 0.0], [math.nan, math.nan], [math.inf, 1.0], [1.0, 1.0]])
@pytest.mark.parametrize("log", [True, False])
def test_values_without_a_range_are_drawn_too(
    values: list[float], log: bool, tmp_path: Path
) -> None:
    panel = Panel("h", "b", [Line("l", [0, 1], values, VALUE)], log=log)
    save(line_figure("f", [panel]), tmp_path / "l.png")


def test_shares_that_are_all_zero_stand_on_the_bottom_of_a_range() -> None:
    panel = Panel("h", "b", [Line("l", [0, 1], [0.0, 0.0], VALUE)], lowest=0.0, least=1.0)
    assert line_figure("f", [panel]).axes[0].get_ylim() == (0.0, 1.0)


@pytest.mark.parametrize(
    "corner", [2.0, math.nan, math.inf, 1e30], ids=["sound", "nan", "infinite", "huge"]
)
def test_surfaces_share_one_scale_and_leave_out_what_is_not_finite(
    corner: float, tmp_path: Path
) -> None:
    losses = [[1.0, 0.5, 1.0], [0.5, 0.1, 0.5], [1.0, 0.5, corner]]
    figure = contour_figure("f", (-1, 0, 1), {"A": losses, "B": np.multiply(losses, 3).tolist()})
    assert texts(figure) >= {"f", "A", "B", "first direction", "second direction"}
    save(figure, tmp_path / "s.png")


def test_a_flat_surface_is_drawn_too(tmp_path: Path) -> None:
    figure = contour_figure("0", (-1, 0, 1), {"A": [[2.3] * 3] * 3})
    assert filled(figure)
    save(figure, tmp_path / "s.png")


def test_a_surface_without_a_finite_loss_is_drawn_blank(tmp_path: Path) -> None:
    figure = contour_figure("0", (-1, 0, 1), {"A": [[math.nan] * 3] * 3})
    assert not filled(figure)
    save(figure, tmp_path / "s.png")


def filled(figure: Figure) -> bool:
    """Whether the first panel has an area of some colour."""
    return any(np.size(path.vertices) for path in figure.axes[0].collections[0].get_paths())
