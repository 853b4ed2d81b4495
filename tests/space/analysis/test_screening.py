"""Candidates not worth training are turned away with the reason, and no good one is."""

from __future__ import annotations

import pytest

from actsearch.space import (
    BASELINES,
    baselines,
    parse,
    screen,
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("exp(exp(x))", "value is not finite at x = 4.49 or beyond"),
        ("x + exp(100)", "value is not finite at x = 0.00 or beyond"),
        ("exp(-exp(exp(x)))", "slope is not finite"),
        ("exp(2 * x)", "|f| exceeds 200 times sqrt(E[f^2]) on [-5, 5]"),
        ("1", "constant"),
        ("beta", "constant"),
        ("x - x", "constant"),
        ("x / x", "constant"),
        ("x ** 3 / x ** 3", "constant"),
        ("cos(x) / cos(x)", "constant"),
        ("beta * x / x", "constant"),
        ("min(x, exp(100))", "affine"),
        ("2 - x", "affine"),
        ("beta * x", "affine"),
        ("x + a * x", "affine"),
        ("x ** 2 / x", "affine"),
        ("max(0.28 - abs(x - 8), 0)", "slope is below 0.001 sqrt(E[f^2]) on 100.0% of N(0, 1)"),
        ("max(x - 5, 0)", "slope is below 0.001 sqrt(E[f^2]) on 100.0% of N(0, 1)"),
        ("abs(x) / x", "slope is below 0.001 sqrt(E[f^2]) on 99.4% of N(0, 1)"),
        (
            "a=0 * sin(x)",
            "slope is below 0.001 sqrt(E[f^2]) on 100.0% of N(0, 1)",
        ),  # not constant for ever
        ("1000 + relu(x)", "slope is below 0.001 sqrt(E[f^2]) on 100.0% of N(0, 1)"),
        ("0.002 * relu(x) - 50", "slope is below 0.001 sqrt(E[f^2]) on 100.0%"),
        ("1e-5 * relu(x)", "second moment 5e-11 under N(0, 1) is outside [1e-09, 1e+06]"),
        ("1e4 * relu(x)", "second moment 5e+07 under N(0, 1) is outside [1e-09, 1e+06]"),
        ("cos(x) / x ** 2", "second moment 2e+08 under N(0, 1) is outside"),
    ],
)
def test_a_candidate_is_turned_away_for_its_reason(text: str, reason: str) -> None:
    verdict = screen(parse(text))
    assert verdict is not None
    assert verdict.startswith(reason)


@pytest.mark.parametrize("scale", ["1e-4", "1e-3", "0.03", "30", "300", "-1000"])
@pytest.mark.parametrize("name", ["ReLU", "Tanh", "GELU"])
def test_a_scale_that_the_gain_divides_out_is_no_matter(name: str, scale: str) -> None:
    assert screen(parse(f"{scale} * {BASELINES[name]}")) is None


@pytest.mark.parametrize("scale", ["0.01", "1", "5"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [("exp(2 * x)", "|f| exceeds"), ("x ** 3 * exp(x)", "|f| exceeds"), ("abs(x) / x", "slope")],
)
def test_what_is_huge_or_flat_is_so_at_every_scale(text: str, reason: str, scale: str) -> None:
    verdict = screen(parse(f"{scale} * ({text})"))
    assert verdict is not None
    assert verdict.startswith(reason)


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_passes(name: str) -> None:
    assert screen(baselines()[name]) is None


@pytest.mark.parametrize(
    "text",
    [
        "x * sigmoid(beta * x)",
        "max(x, sigmoid(x))",
        "cos(x) - x",
        "min(x, sin(x))",
        "atan(x) ** 2 - x",
        "max(x, tanh(x))",
        "sinc(x) + x",
        "x * sigmoid(x) ** 2",
        "beta * x + (1 - beta) * tanh(x)",  # affine at the initial value, not where it learns to
        "max(x, beta=0 * x)",
        "x + a=0 * sin(x)",
        "abs(x)",
        "x ** 2",
        "exp(-x ** 2)",
        "exp(-10 * x ** 2)",
        "hard_sigmoid(x)",
        "max(0.28 - abs(x), 0)",
        "max(0.28 - abs(x - 1), 0)",
        "x + 5 * max(0.1 - abs(x), 0)",
        "exp(-(20 * x) ** 2)",
        "exp(-(50 * x) ** 2)",
        "max(-1, min(1, x))",
        "relu(x) ** 2",
        "softsign(x)",
        "sqrt(x)",
        "x / (1 + x ** 2)",
        "a[channel]=0.25 * min(x, 0) + relu(x)",
    ],
)
def test_a_good_candidate_passes(text: str) -> None:
    assert screen(parse(text)) is None
