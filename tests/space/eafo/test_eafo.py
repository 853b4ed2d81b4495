"""EAFO: the worst activation, eta in symbols and in numbers, and what comes out for ReLU."""

from __future__ import annotations

import math
import sys

import pytest
import torch

from actsearch.space import (
    CandidateError,
    family,
    fingerprint,
    parse,
    screen,
)
from actsearch.space.eafo.density import DENSITIES, density
from actsearch.space.eafo.eafo import corrected, correction, worst
from contracts.expressions import gradients

X = torch.linspace(-5, 5, 1000, dtype=torch.float64)


def entropy(text: str, under: str = "normal", epsilon: float = 0.0) -> float:
    """Of f + epsilon * eta, up to a constant: the mean of log f' under p (change of variables)."""
    f, p = parse(text), density(under)
    x = torch.linspace(-6, 6, 20_001, dtype=torch.float64).requires_grad_()
    value = f.values(x) + epsilon * correction(f, p).eta.values(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    weight = p.at(x.detach())
    return float((weight * slope.abs().log()).sum() / weight.sum())


def test_relu_under_a_normal_input_becomes_crrelu() -> None:
    result = corrected(parse("relu(x)"))
    assert str(result) == "relu(x) + epsilon=0.01 * (x * exp(-x ** 2 / 2))"
    assert fingerprint(result).matches(fingerprint(family("crrelu")))


def test_the_worst_activation_is_the_distribution_function_between_its_limits() -> None:
    x = torch.tensor([-40.0, 0.0, 1.0, 40.0], dtype=torch.float64)
    normal = torch.tensor([0.0, 0.5, 0.841344746, 1.0], dtype=torch.float64)
    torch.testing.assert_close(worst().values(x), normal)
    torch.testing.assert_close(worst(low=-1, high=2).values(x), -1 + 3 * normal)
    assert str(worst(density("logistic"))) == "sigmoid(x)"


@pytest.mark.parametrize("name", DENSITIES)
def test_a_distribution_function_is_the_integral_of_its_density(name: str) -> None:
    p = density(name, mean=0.5, scale=2.0)
    x = X.clone().requires_grad_()
    assert p.cumulative is not None
    (slope,) = torch.autograd.grad(p.cumulative.values(x).sum(), x)
    ratio = slope / p.at(X)
    torch.testing.assert_close(ratio, ratio[0].expand_as(ratio), rtol=1e-6, atol=0)


def test_a_density_without_a_formula_is_integrated() -> None:
    known = worst(density("normal")).values(X)
    values = worst(density("exp(-(x * x) / 2)")).values(X)
    assert (known - values).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("name", "text"), [("logistic", "sigmoid(x)"), ("normal", "erf(x / 1.41421356)")]
)
def test_the_worst_activation_has_nothing_to_correct(name: str, text: str) -> None:
    with pytest.raises(CandidateError, match="is 0 under"):
        correction(parse(text), density(name))


@pytest.mark.parametrize(
    ("text", "eta"),
    [
        ("tanh(x)", "(x - 2 * tanh(x)) * exp(-x ** 2 / 2)"),
        ("erf(x)", "-x * exp(-x ** 2 / 2)"),
        ("exp(x)", "(1 + x) * exp(-x ** 2 / 2)"),
        ("asinh(x)", "x ** 3 / (1 + x ** 2) * exp(-x ** 2 / 2)"),
        ("sigmoid(x)", "(x - tanh(x / 2)) * exp(-x ** 2 / 2)"),
        ("leaky_relu(x)", "x * exp(-x ** 2 / 2)"),
        ("-relu(-x)", "x * exp(-x ** 2 / 2)"),
    ],
)
def test_where_the_inverse_exists_eta_is_found_in_symbols(text: str, eta: str) -> None:
    result = correction(parse(text))
    assert result.how == "symbolic"
    torch.testing.assert_close(result.eta.values(X), parse(eta).values(X), rtol=1e-5, atol=1e-6)


@pytest.mark.heavy
def test_parameters_of_the_candidate_stay_in_eta() -> None:
    result = corrected(parse("a=2 * tanh(b=0.5 * x)"))
    assert {p.name for p in result.parameters} == {"a", "b", "epsilon"}
    eta = correction(parse("a=2 * tanh(b=0.5 * x)")).eta
    assert {p.name for p in eta.parameters} == {"b"}


@pytest.mark.heavy
@pytest.mark.parametrize("text", ["gelu(x)", "silu(x)", "elu(x)", "sin(x)", "hard_sigmoid(x)"])
def test_without_an_inverse_eta_is_found_in_numbers_and_its_error_stated(text: str) -> None:
    result = correction(parse(text))
    assert result.how == "numerical"
    assert 0 < result.error < 1.0
    assert result.eta.values(X).abs().max() < 5
    assert screen(corrected(parse(text))) is None


@pytest.mark.heavy
@pytest.mark.parametrize("text", ["tanh(x)", "x + x ** 3", "softplus(x)"])
def test_eta_is_the_gradient_of_the_output_entropy(text: str) -> None:
    # d/d epsilon of E[log(f' + epsilon eta')] at 0 is E[eta' / f'] = -E[eta (p / f')'] / p, which
    # is of one sign, being E[eta^2 / (p f')].
    step = 1e-4
    change = (entropy(text, epsilon=step) - entropy(text, epsilon=-step)) / (2 * step)
    f, p = parse(text), density()
    x = torch.linspace(-6, 6, 20_001, dtype=torch.float64).requires_grad_()
    (slope,) = torch.autograd.grad(f.values(x).sum(), x)
    eta = correction(f, p).eta.values(x.detach())
    expected = float((eta.square() / slope).sum() / p.at(x.detach()).sum())
    assert change == pytest.approx(expected, rel=1e-3)


@pytest.mark.heavy
def test_with_the_published_sign_the_entropy_of_tanh_rises() -> None:
    # As docs/families.md has it: in the paper less is better. Of N(0, 1) it is log(2 pi e) / 2.
    normal = math.log(2 * math.pi * math.e) / 2
    assert normal + entropy("tanh(x)") == pytest.approx(0.66980, abs=2e-5)
    assert normal + entropy("tanh(x)", epsilon=0.01) == pytest.approx(0.67179, abs=2e-5)
    assert entropy("tanh(x)", epsilon=-0.01) < entropy("tanh(x)")


def test_a_corrected_candidate_can_be_corrected_again() -> None:
    names = [p.name for p in corrected(parse("epsilon * tanh(x)")).parameters]
    assert names == ["epsilon", "epsilon2"]


def test_far_out_the_corrected_candidate_is_finite() -> None:
    x = torch.tensor([-1000.0, -100.0, 100.0, 1000.0])
    for text in ("relu(x)", "softplus(x)", "gelu(x)", "exp(min(x, 1))"):
        value, slopes = gradients(corrected(parse(text)).module(), x)
        assert value.isfinite().all()
        assert all(g is not None and g.isfinite().all() for g in slopes.values())


@pytest.mark.parametrize("text", ["relu(x)", "leaky_relu(x)", "3 * x"])
def test_without_symbols_a_piecewise_line_still_gets_the_exact_eta(text: str) -> None:
    result = correction(parse(text), symbols=False)
    assert result.how == "numerical"
    assert str(result.eta) == "x * exp(-x ** 2 / 2)"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (name, text)
        for name in ("normal", "logistic", "cauchy")
        for text in ("tanh(x)", "sigmoid(x)", "softplus(x)", "x + x ** 3")
        if (name, text) != ("logistic", "sigmoid(x)")  # the worst one: there is no eta
    ],
)
def test_without_symbols_a_smooth_function_gets_nearly_the_same(name: str, text: str) -> None:
    eta = [correction(parse(text), density(name), symbols=s).eta for s in (True, False)]
    exact, numeric = (e.values(X) for e in eta)
    assert (exact - numeric).abs().max() < 0.03 * exact.abs().max()


def test_without_symbols_sympy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    corrected(parse("tanh(x)"), symbols=False)


def test_a_score_is_minus_the_relative_slope_of_its_density() -> None:
    for name in ("normal", "logistic", "cauchy"):
        p = density(name, mean=0.5, scale=2.0)
        x = X.clone().requires_grad_()
        (slope,) = torch.autograd.grad(p.at(x).sum(), x)
        assert p.score is not None
        torch.testing.assert_close(p.score.values(X), -slope / p.at(X))


def test_what_cannot_be_corrected_says_why() -> None:
    with pytest.raises(CandidateError, match="is constant"):
        correction(parse("3 + 0 * x"))
    with pytest.raises(CandidateError, match="finite and nowhere negative"):
        density("x")
    with pytest.raises(CandidateError, match="a density has no parameters"):
        density("exp(-a * x ** 2)")
    with pytest.raises(CandidateError, match="scale of a density must be above 0"):
        density("normal", scale=0.0)
