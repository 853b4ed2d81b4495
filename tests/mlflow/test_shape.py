"""The shape of a run is its function's, however it is written."""

from __future__ import annotations

import pytest

from actsearch.mlflow.shape import shape_of
from actsearch.space import parse


@pytest.mark.parametrize(
    ("text", "monotone"),
    [
        ("x / 2", "increasing"),
        ("max(x, 0) + min(x, 0) - x / 2", "increasing"),  # the same: torch's slope at 0 is -1/2
        ("-tanh(x)", "decreasing"),
        ("silu(x)", "no"),
    ],
)
def test_the_direction_does_not_depend_on_a_slope_in_a_corner(text: str, monotone: str) -> None:
    assert shape_of(parse(text)).monotone == monotone


@pytest.mark.parametrize(
    ("text", "smooth"),
    [("bessel_i0e(x)", "slope"), ("bessel_i1e(x)", "curvature"), ("tanh(beta * x)", "smooth")],
)
def test_it_is_as_smooth_as_the_card_says(text: str, smooth: str) -> None:
    assert shape_of(parse(text)).smooth == smooth
