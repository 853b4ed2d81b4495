"""The surface of two units shows f(x) + f(y) and the length of its gradient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from actsearch.mlflow.figures.curves import save
from actsearch.mlflow.figures.unit_surface import surface_figure
from actsearch.space import parse


def test_it_has_two_pictures_and_their_scales() -> None:
    figure = surface_figure(parse("relu(x)"))
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == [
        "f (x) + f (y)",
        "|∇|",
    ]
    assert len(figure.axes) == 4


def test_the_gradient_of_relu_has_length_0_1_and_root_2() -> None:
    gradient = surface_figure(parse("relu(x)")).axes[2]
    shown = gradient.collections[0]
    low, high = shown.get_clim()
    assert low == pytest.approx(0.0, abs=1e-6)
    assert high == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize("text", ["3", "1 / x", "exp(exp(x))", "log(abs(x))", "x ** 3"])
def test_constants_poles_and_overflow_are_drawn(text: str, tmp_path: Path) -> None:
    figure = surface_figure(parse(text))
    save(figure, tmp_path / "s.png")
    save(figure, tmp_path / "s.svg")
    assert np.asarray(Image.open(tmp_path / "s.png"))[0, 0, 3] == 0  # transparent
    assert "<svg" in (tmp_path / "s.svg").read_text()
