"""A candidate is told what it is known as, and what it is not."""

from __future__ import annotations

import math

import pytest
import torch

from actsearch.space import (
    family,
    identify,
    parse,
)
from actsearch.space.analysis.affine_match import line
from actsearch.space.analysis.everywhere import every_point, same_everywhere, squashed_values
from actsearch.space.analysis.fingerprint import dense_points
from actsearch.space.analysis.first_fingerprint import sample_points
from actsearch.space.analysis.parameter_fit import fit
from actsearch.space.catalog.table import CATALOG

FIXED = [name for name, entry in CATALOG.items() if not entry.trainable]


@pytest.mark.parametrize("name", FIXED)
def test_every_fixed_function_is_recognised_as_itself(name: str) -> None:
    identification = identify(CATALOG[name].expression)
    assert identification.kind == "exact"
    assert name in identification.exact


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("x * tanh(softplus(x))", "Mish"),
        ("x / (1 + exp(-x))", "SiLU"),
        ("(x + abs(x)) / 2", "ReLU"),
        ("2 * sigmoid(2 * x) - 1", "Tanh"),
        ("x * (1 + erf(x / sqrt(2))) / 2", "GELU"),
        ("x * tanh(exp(x))", "TanhExp"),
        ("max(x, sigmoid(x))", "MaxSig"),
    ],
)
def test_another_form_of_a_known_function_is_that_function(text: str, name: str) -> None:
    assert name in identify(parse(text)).exact


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("3 * tanh(0.7 * x) + 0.2", "3 * Tanh(0.7 * x) + 0.2"),
        ("1.5 * silu(x)", "1.5 * SiLU(x)"),
        ("x * sigmoid(2 * x)", "0.5 * SiLU(2 * x)"),
        ("0.3 - exp(-5 * x ** 2)", "-Gaussian(2.23607 * x) + 0.3"),
        ("-relu(-x)", "-ReLU(-x)"),
        ("2 * x + 1", "2 * Identity(x) + 1"),
        ("sin(3)", "constant, 0.14112"),
    ],
)
def test_scaling_of_input_and_output_is_seen_through(text: str, relation: str) -> None:
    identification = identify(parse(text))
    assert identification.kind == "scaled"
    assert identification.scaled is not None
    assert identification.scaled.relation == relation


@pytest.mark.parametrize(
    ("text", "family", "values"),
    [
        ("max(x, 0.3 * x)", "PReLU", {"a": 0.3}),
        ("x + sin(2 * x) ** 2 / 2", "Snake", {"a": 2.0}),
        ("relu(x) + 0.05 * x * exp(-x ** 2 / 2)", "CRReLU", {"epsilon": 0.05}),
        (
            "max(x, 0) + 0.7 * (exp(0.4 * min(x, 0)) - 1)",
            "MPELU",
            {"alpha": 0.7, "beta": 0.4},
        ),
    ],
)
def test_a_member_of_a_family_is_found_with_its_parameters(
    text: str, family: str, values: dict[str, float]
) -> None:
    identification = identify(parse(text))
    assert identification.member is not None
    assert identification.member.name == family
    assert dict(identification.member.values) == pytest.approx(values, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("x * sigmoid(gain[channel]=0.4 * x)", "Swish"),
        ("relu(x) + e[network]=-2 * x * exp(-0.5 * x ** 2)", "CRReLU"),
        ("sigmoid(x) * (x + u=3 * sin(v * x))", "SinLU"),
        ("p=0.1 * min(0, x) + relu(x)", "PReLU"),
        ("x + sin(a[channel]=5 * x) ** 2 / a", "Snake"),
    ],
)
def test_a_family_is_recognised_whatever_its_parameters_are_called_and_start_from(
    text: str, family: str
) -> None:
    assert identify(parse(text)).family == family


@pytest.mark.heavy
def test_a_configured_family_is_recognised_from_whatever_it_started() -> None:
    assert identify(family("rational", start="tanh")).family == "rational"
    assert identify(family("mixture", granularity="channel")).family == "mixture"


def test_learned_values_are_looked_at_instead_of_initial_ones() -> None:
    swish = parse("x * sigmoid(beta=0.5 * x)")
    assert identify(swish).kind == "scaled"
    assert identify(swish, {"beta": 1.0}).exact == ("SiLU",)
    assert identify(swish, {"beta": 1.702}).exact == ("QuickGELU",)
    assert identify(swish, {"beta": 0.0}).sentence == "the family Swish; here 0.5 * Identity(x)"


@pytest.mark.heavy
def test_an_unknown_function_gets_the_nearest_one_and_its_distance() -> None:
    identification = identify(parse("relu(x) + 0.3 * sin(3 * x) * tanh(x)"))
    assert identification.kind == "nearest"
    known, z = CATALOG[identification.nearest.name].expression.module(), torch.randn(200_000)
    other = parse("relu(x) + 0.3 * sin(3 * x) * tanh(x)").module()
    drawn = float((known(z) - other(z)).square().mean().sqrt())  # standard error about 0.001
    assert identification.nearest.distance == pytest.approx(drawn, abs=0.01)


@pytest.mark.heavy
@pytest.mark.parametrize("text", ["exp(exp(x))", "sqrt(-1) * x / 0", "exp(x ** 3)"])
def test_a_function_that_overflows_is_answered_too(text: str) -> None:
    identification = identify(parse(text))
    assert identification.sentence
    assert math.isinf(identification.nearest.distance) or identification.nearest.name in CATALOG


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("relu(x) + 100 * relu(1 - abs(x - 10))", "ReLU"),
        ("relu(x) + relu(0.005 - abs(x))", "ReLU"),  # between the points of either fingerprint
        ("silu(x) + relu(abs(x) - 200)", "SiLU"),
    ],
)
def test_exactly_is_said_of_what_is_equal_everywhere(text: str, nearest: str) -> None:
    known = squashed_values(CATALOG[nearest].expression)
    assert same_everywhere(known, squashed_values(CATALOG[nearest].expression))
    assert not same_everywhere(known, squashed_values(parse(text)))


@pytest.mark.parametrize("text", ["x * sigmoid(1943.49 * x)", "x / (1 + exp(-1943.49 * x))"])
def test_the_floor_of_a_division_excuses_nothing_else(text: str) -> None:
    relu, steep = CATALOG["ReLU"].expression, parse(text)
    x = torch.linspace(-0.01, 0.01, 2001, dtype=torch.float64)
    assert float((steep.values(x) - relu.values(x)).abs().max()) > 1.4e-4
    assert not same_everywhere(squashed_values(relu), squashed_values(steep))


@pytest.mark.parametrize(
    ("text", "other"),
    [("x * x / x", "x"), ("max(x, 0) * x / x", "relu(x)"), ("relu(x) / relu(x) * x", "relu(x)")],
)
def test_the_floor_of_a_division_makes_no_other_function(text: str, other: str) -> None:
    assert same_everywhere(squashed_values(parse(other)), squashed_values(parse(text)))


@pytest.mark.parametrize("text", ["x ** 3 / x ** 2", "x * exp(-x ** 2) / exp(-x ** 2)"])
def test_a_floor_that_shows_makes_another_function(text: str) -> None:
    assert not same_everywhere(squashed_values(parse("x")), squashed_values(parse(text)))


@pytest.mark.heavy
@pytest.mark.parametrize(
    "text",
    [
        "relu(x) + relu(1 - abs(5 * (x - 60.3)))",
        "silu(x) + 1e-3 * exp(-(1000 * (x - 2.50205)) ** 2)",
        "2 * relu(x) + 1 + relu(1 - abs(5 * (x - 60.3)))",
        "3 + relu(1 - abs(5 * (x - 60.3)))",
        "max(x, a=0.3 * x) + relu(1 - abs(5 * (x - 60.3)))",
    ],
)
def test_a_hat_between_the_points_makes_another_function(text: str) -> None:
    values = squashed_values(parse(text.partition(" + relu(1")[0].partition(" + 1e-3")[0]))
    assert same_everywhere(values, squashed_values(parse(text)))  # by the points alone
    assert identify(parse(text)).kind == "nearest"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cos(x - pi / 2)", "exactly Sine"),
        ("2 * relu(x) + 1", "2 * ReLU(x) + 1; ShiLU at alpha = 2, beta = 1"),
        ("1000 * x + 1000000", "1000 * Identity(x) + 1000000"),
        ("sin(1000 * x) ** 2 + cos(1000 * x) ** 2", "constant, 1 wherever it was looked at"),
    ],
)
def test_equal_is_said_with_its_ground(text: str, sentence: str) -> None:
    assert identify(parse(text)).sentence == sentence


@pytest.mark.heavy
def test_a_bump_outside_the_sample_makes_another_function() -> None:
    identification = identify(parse("relu(x) + 100 * relu(1 - abs(x - 10))"))
    assert identification.kind == "nearest"
    assert identification.nearest.name == "ReLU"
    assert identification.sentence.endswith("but not equal everywhere")


@pytest.mark.parametrize(
    "text",
    ["2 * x + 1 + relu(abs(x - 10) - 300)", "3 + relu(1 - abs(x - 10.5))"],
)
def test_a_line_with_a_bend_far_out_is_no_line(text: str) -> None:
    points, fixed = sample_points(), parse(text)
    assert line(points, fixed.values(points), squashed_values(fixed)) is None


@pytest.mark.heavy
def test_a_member_of_a_family_is_one_everywhere() -> None:
    bumpy = parse("x * sigmoid(beta * x) + 100 * relu(1 - abs(x - 200))")
    assert identify(bumpy, {"beta": 0.0}).family is None
    assert identify(parse("x * sigmoid(beta * x)")).family == "Swish"


@pytest.mark.parametrize(
    ("text", "name"),
    [("max(x, 0) + min(exp(x) - 1, 0)", "ELU"), ("x * exp(x) / (1 + exp(x))", "SiLU")],
)
def test_the_sentence_says_where_value_and_slope_are_finite(text: str, name: str) -> None:
    sentence = identify(parse(text)).sentence
    assert sentence.startswith(f"exactly {name}; in float32 value and slope are finite for x in")


def test_the_points_of_both_fingerprints_are_among_those_compared() -> None:
    points = set(every_point().tolist())
    assert points >= {*dense_points().tolist(), *sample_points().tolist()}


def test_a_fit_recovers_parameters_and_says_what_error_is_left() -> None:
    x = torch.linspace(-4, 4, 101, dtype=torch.float64)
    family = parse("a * tanh(b * x)")
    solved = fit(family, x, 3 * torch.tanh(0.5 * x), [(1.0, 1.0)])
    assert solved.error < 1e-8
    assert solved.values == pytest.approx((3.0, 0.5))
    impossible = fit(family, x, x.square(), [(1.0, 1.0)])
    assert impossible.error > 0.1
