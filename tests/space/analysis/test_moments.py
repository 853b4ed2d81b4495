"""Second moments under N(0, 1) are those of the textbook."""

from __future__ import annotations

import math

import pytest

from actsearch.space import parse, second_moment
from actsearch.space.analysis.moments import gaussian_nodes


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("x", 1.0),
        ("relu(x)", 0.5),
        ("abs(x)", 1.0),
        ("x ** 2", 3.0),
        ("x ** 3", 15.0),
        ("2", 4.0),
        ("sin(x)", (1 - math.exp(-2)) / 2),
        ("cos(x)", (1 + math.exp(-2)) / 2),
        ("exp(x)", math.exp(2)),
        ("exp(-x ** 2)", 1 / math.sqrt(5)),
        ("max(x, 1)", 1 + math.exp(-0.5) / math.sqrt(2 * math.pi)),
        ("x / x", 1.0),
        ("sin(x) / x", 0.763956),
        ("max(x, a=0.25 * x)", (1 + 0.0625) / 2),
    ],
)
def test_the_second_moment_is_the_exact_one(text: str, exact: float) -> None:
    assert second_moment(parse(text)) == pytest.approx(exact, rel=1e-4)


def test_it_is_not_finite_where_the_function_overflows() -> None:
    assert not math.isfinite(second_moment(parse("exp(exp(x))")))


def test_nodes_are_symmetric_weights_sum_to_one_and_zero_is_left_out() -> None:
    nodes, weights = gaussian_nodes()
    assert nodes.sum().item() == pytest.approx(0, abs=1e-9)
    assert weights.sum().item() == pytest.approx(1, rel=1e-12)
    assert nodes.abs().min() > 1e-4
