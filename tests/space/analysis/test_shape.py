"""The quick shape of a function is that of its card, however it is written."""

from __future__ import annotations

import pytest

from actsearch.space import parse
from actsearch.space.analysis.properties import properties
from actsearch.space.analysis.shape import shape_of
from actsearch.space.catalog.table import CATALOG


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("x / 2", "increasing"),
        ("max(x, 0) + min(x, 0) - x / 2", "increasing"),  # the same: torch's slope at 0 is -1/2
        ("-tanh(x)", "decreasing"),
        ("silu(x)", "neither"),
        ("(exp(x) - 1) / x", "increasing"),  # at 0 the division gives 0, and not 1,
    ],
)
def test_the_direction_does_not_depend_on_a_slope_in_a_corner(text: str, direction: str) -> None:
    assert shape_of(parse(text)).direction == direction


@pytest.mark.parametrize(
    ("text", "jump"),
    [("bessel_i0e(x)", "slope"), ("bessel_i1e(x)", "curvature"), ("tanh(beta * x)", None)],
)
def test_it_is_as_smooth_as_the_card_says(text: str, jump: str | None) -> None:
    assert shape_of(parse(text)).jump == jump


@pytest.mark.parametrize(
    ("text", "bounded"),
    [
        ("sin(x)", True),
        ("tanh(x)", True),
        ("1 / x", False),
        ("exp(x)", False),
        ("1 / (x - 1)", False),
    ],
)
def test_a_function_with_a_pole_is_not_bounded(text: str, bounded: bool) -> None:
    assert shape_of(parse(text)).bounded is bounded


def test_the_catalogs_functions_have_the_shape_that_their_cards_prove() -> None:
    for name in list(CATALOG)[::4]:
        expression = CATALOG[name].expression
        quick, card = shape_of(expression), properties(expression)
        assert quick.direction == card.direction, name
        assert quick.bounded is card.bounded, name
