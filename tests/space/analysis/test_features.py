"""Features: of the function alone, whichever way a network could turn it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.space import Call, Constant, CoreUnits, Expression, parse
from actsearch.space.analysis.features import GRID, GROUPS, LENGTH, features_of
from actsearch.space.expressions.expression import X, substitute

SPACE = CoreUnits()
SIZE = GROUPS["moments"].stop - 2  # the column of the logarithm of the size


def mirrored(expression: Expression) -> Expression:
    """f(-x)."""
    return substitute(expression, {X: Call("neg", (X,))})


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_f_and_its_mirror_images_have_the_same(seed: int) -> None:
    expression = SPACE.decode(SPACE.sample(np.random.default_rng(seed)))
    images = [
        expression,
        Call("neg", (expression,)),
        mirrored(expression),
        Call("neg", (mirrored(expression),)),
    ]
    first, *others = features_of(images)
    series = first[GROUPS["moments"]][:3]
    if not np.isfinite(first).all() or np.abs(series[1:]).min() < 1e-9:
        return  # which way is up is a matter of rounding, of an even or an odd function
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-6)


@pytest.mark.parametrize("factor", [0.01, 3.0])
def test_a_scaled_output_differs_in_its_size_alone(factor: float) -> None:
    swish = parse("x * sigmoid(x)")
    plain, scaled = features_of([swish, Call("mul", (Constant(factor), swish))])
    assert scaled[SIZE] - plain[SIZE] == pytest.approx(math.log(factor))
    np.testing.assert_allclose(np.delete(scaled, SIZE), np.delete(plain, SIZE), atol=1e-9)


def test_the_series_of_relu_is_that_of_the_literature() -> None:
    # Cho and Saul 2009: E[relu] = 1/sqrt(2 pi), E[z relu] = 1/2, second moment 1/2.
    (features,) = features_of([parse("max(x, 0)")])
    mean, linear, *_ = features[GROUPS["moments"]]
    assert mean == pytest.approx(1 / math.sqrt(2 * math.pi) * math.sqrt(2), abs=1e-3)
    assert linear == pytest.approx(0.5 * math.sqrt(2), abs=1e-3)


def test_a_parameter_shows_though_the_initial_function_is_the_same() -> None:
    silu, swish = features_of([parse("x * sigmoid(x)"), parse("x * sigmoid(beta * x)")])
    moved = GROUPS["parameters"]
    assert (silu[moved] == 0).all()
    assert swish[moved].max() > 0.01
    np.testing.assert_allclose(swish[: 2 * GRID], silu[: 2 * GRID], atol=1e-12)


def test_what_is_not_finite_has_none() -> None:
    features = features_of([parse("exp(exp(square(x)))"), parse("tanh(x)")])
    assert features.shape == (2, LENGTH)
    assert np.isnan(features[0]).all()
    assert np.isfinite(features[1]).all()
