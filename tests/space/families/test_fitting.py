"""Fits: what a family may start as, how far off it is, and how it says no."""

from __future__ import annotations

import pytest
import torch

from actsearch.space import (
    CandidateError,
    FitError,
    family,
    fitted,
    parse,
)
from actsearch.space.families.fitting import (
    grid,
    linear,
    refined,
    target,
)


def test_a_start_is_a_primitive_an_alias_identity_or_any_text() -> None:
    assert str(target("gelu")) == "gelu(x)"
    assert str(target("swish")) == "silu(x)"
    assert str(target("identity")) == "x"
    assert str(target("min(x, sin(x))")) == "min(x, sin(x))"


def test_a_start_with_parameters_is_refused_by_their_names() -> None:
    with pytest.raises(CandidateError, match="x \\* sigmoid\\(beta \\* x\\) has beta"):
        family("rational", start="x * sigmoid(beta * x)")


@pytest.mark.parametrize("version", ["A", "B"])
def test_a_rational_gelu_is_not_off_by_16_at_10(version: str) -> None:
    fit = fitted("rational", start="gelu", degree=(5, 4), version=version)
    assert fit.max_error < 0.02
    assert fit.core_error < 0.006


@pytest.mark.parametrize("version", ["A", "B"])
def test_a_rational_relu_is_better_at_10_than_the_published_coefficients(version: str) -> None:
    fit = fitted("rational", start="relu", version=version)
    assert fit.max_error < 0.13  # published: 2.6
    assert fit.core_error < 0.08


def test_more_terms_fit_better() -> None:
    few = fitted("b-spline", start="relu", count=7)
    many = fitted("b-spline", start="relu", count=21)
    assert many.max_error < few.max_error / 2


def test_tails_continue_beyond_the_range_of_the_fit() -> None:
    x = torch.tensor([-1000.0, 1000.0], dtype=torch.float64)
    for name in ("b-spline", "fourier", "dct", "hermite", "chebyshev", "piecewise-linear"):
        y = family(name, start="gelu").values(x)
        assert (y - torch.tensor([0.0, 1000.0])).abs().max() < 1.0, name


def test_a_piecewise_linear_start_is_exact_at_its_knots() -> None:
    knots = torch.linspace(-4, 4, 9, dtype=torch.float64)
    y = family("piecewise-linear", start="tanh").values(knots)
    torch.testing.assert_close(y, knots.tanh(), rtol=0, atol=1e-6)


def test_a_fit_that_fails_says_by_how_much_and_what_to_do() -> None:
    with pytest.raises(FitError, match=r"off by .* allow more terms, or a larger tolerance"):
        family("rational", start="sin")
    assert fitted("rational", start="sin", tolerance=5.0).max_error > 0.5


def test_a_start_that_overflows_is_refused() -> None:
    with pytest.raises(FitError, match="not finite at 10 or 30"):
        family("b-spline", start="exp(exp(x))")
    with pytest.raises(FitError, match="is not finite on"):
        family("rational", start="exp(exp(x))")


def test_linear_finds_coefficients_that_exist() -> None:
    basis = [parse("sin(x)"), parse("x"), parse("tanh(x)")]
    coefficients = linear(basis, parse("x ** 2"), parse("x ** 2 + 2 * sin(x) - 0.5 * x"))
    assert coefficients == pytest.approx([2.0, -0.5, 0.0], abs=1e-5)


def test_refined_finds_parameters_that_enter_nonlinearly() -> None:
    candidate = refined(parse("a * tanh(b * x + c=0)"), parse("2 * tanh(0.5 * x - 0.25)"))
    initial = {p.name: p.initial for p in candidate.parameters}
    assert initial == pytest.approx({"a": 2.0, "b": 0.5, "c": -0.25}, abs=1e-4)


def test_refined_never_makes_a_fit_worse() -> None:
    guess, target = parse("a * sin(w * x)"), parse("sin(7 * x)")
    before = (guess.values(grid()) - target.values(grid())).square().mean()
    after = (refined(guess, target).values(grid()) - target.values(grid())).square().mean()
    assert after <= before + 1e-6
