"""An expression in a notebook: a short text that reads back, a picture, a DataFrame."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from actsearch.space import Expression, PackageMissing, parse
from actsearch.space.expressions.picture import SVG_HEIGHT

AWKWARD = ["1 / x", "x ** 3", "exp(exp(x))", "2", "log(abs(x))"]


@pytest.mark.parametrize("text", ["x", "x * sigmoid(beta[channel]=0.5 * x)", "2", "max(x, 0)"])
def test_the_repr_is_the_python_that_makes_it_again(text: str) -> None:
    expression = parse(text)
    assert eval(repr(expression), {"parse": parse}) == expression
    assert repr([expression]) == f"[{expression!r}]"


@pytest.mark.parametrize("text", AWKWARD)
def test_a_notebook_gets_well_formed_svg_whose_lines_stay_near_the_picture(text: str) -> None:
    root = ElementTree.fromstring(parse(text)._repr_html_().replace("<br>", "<br/>"))
    assert root.findtext("code") == str(parse(text))
    curves = [p.get("d", "") for p in root.iter("path") if p.get("fill") == "none"]
    assert len(curves) == 2
    for curve in curves:
        points = curve.replace("M", " ").replace("L", " ").split()
        heights = [float(y) for y in points[1::2]]
        assert all(-SVG_HEIGHT <= y <= 2 * SVG_HEIGHT for y in heights)
    assert any(curves)


def test_what_a_formula_says_is_text_and_no_markup() -> None:
    class Hostile(Expression):
        def __str__(self) -> str:
            return "<script>alert(1)</script>"

        def values(self, x, parameters=None):  # type: ignore[no-untyped-def]
            return x

    assert "<script>" not in Hostile()._repr_html_()


def test_the_plot_is_f_and_its_slope_on_axes_that_may_be_given() -> None:
    axes = Figure().add_subplot()
    assert parse("tanh(x)").plot(axes) is axes
    lines = {line.get_label(): line for line in axes.lines}
    x = np.asarray(lines["f (x)"].get_xdata())
    np.testing.assert_allclose(np.asarray(lines["f (x)"].get_ydata()), np.tanh(x), atol=1e-12)
    slope = np.asarray(lines["f ′(x)"].get_ydata())
    np.testing.assert_allclose(slope, 1 - np.tanh(x) ** 2, atol=1e-12)


def test_the_data_frame_has_x_f_and_the_slope() -> None:
    frame = parse("x ** 2").to_pandas(points=11)
    assert list(frame.columns) == ["x", "f", "slope"]
    np.testing.assert_allclose(frame["f"], frame["x"] ** 2)
    np.testing.assert_allclose(frame["slope"], 2 * frame["x"])


def test_without_pandas_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(PackageMissing, match="pip install pandas"):
        parse("x").to_pandas()
