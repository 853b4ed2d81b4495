"""Measured properties of functions are those known in closed form."""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.space import PRIMITIVES, parse
from actsearch.space.analysis.asymptotes import asymptote
from actsearch.space.analysis.enclosure import enclose
from actsearch.space.analysis.properties import Properties, properties
from actsearch.space.analysis.smoothness import smoothness

ROOT = math.sqrt(2 * math.pi)


@cache
def of(text: str) -> Properties:
    return properties(parse(text))


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("relu(x)", "[0, ∞)"),
        ("tanh(x)", "(-1, 1)"),
        ("sigmoid(x)", "(0, 1)"),
        ("sin(x)", "[-1, 1]"),
        ("x", "(−∞, ∞)"),
        ("x ** 2 - 3", "[-3, ∞)"),
        ("exp(-x ** 2)", "(0, 1]"),
        ("min(max(x, -1), 1)", "[-1, 1]"),
        ("silu(x)", "[-0.2785, ∞)"),
        ("min(x, sin(x))", "(−∞, 1]"),
        ("atan(x)", "(-1.571, 1.571)"),
        ("elu(x)", "(-1, ∞)"),
        ("2", "[2, 2]"),
        ("cos(exp(x))", "[-1, 1]"),  # 1 at log(2 pi), and in the limit on the left
        ("1 / x", "(-1.678e+07, 1.678e+07]"),  # at 0 the divisor's floor has its upper side
        ("-1 / x", "[-1.678e+07, 1.678e+07)"),
        ("exp(x) * exp(-x)", "at least [1, 1], within [0, ∞]"),
    ],
)
def test_the_range_is_known(text: str, interval: str) -> None:
    assert of(text).range_text == interval


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("relu(x)", "→ 0", "→ x"),
        ("softplus(x)", "→ 0", "→ x"),
        ("(sqrt(x ** 2 + 1) - 1) / 2 + x", "→ 0.5 x − 0.5", "→ 1.5 x − 0.5"),
        ("softsign(x)", "→ -1", "→ 1"),
        ("asinh(x)", "grows slower than a line", "grows slower than a line"),
        ("exp(x)", "→ 0", "grows faster than a line"),
        ("x * sin(x)", "oscillates without bound", "oscillates without bound"),
        ("cos(x) - x", "oscillates about −x", "oscillates about −x"),
        ("sin(x)", "oscillates in [-1, 1]", "oscillates in [-1, 1]"),
        ("x + 1 / x", "→ x", "→ x"),
        ("x * log(1 + sigmoid(x))", "→ 1e-05 x", "→ 0.6932 x"),  # by the floor of log
        ("1e-5 * x", "→ 1e-05 x", "→ 1e-05 x"),
        ("max(min(x, 1), -1) + 1e-9 * x", "→ 1e-09 x − 1", "→ 1e-09 x + 1"),
        ("1e-5 * sin(x)", "oscillates in [-1e-05, 1e-05]", "oscillates in [-1e-05, 1e-05]"),
        ("sigmoid(x / 10000)", "→ 0", "→ 1"),
        ("min(abs(x), 10000000)", "→ 1e+07", "→ 1e+07"),
        ("x * exp(-x / 100000)", "grows faster than a line", "→ 0"),
        ("pow(x, -0.5)", "→ 0", "→ 0"),
        ("pow(x, 0.99)", "grows slower than a line", "grows slower than a line"),
        ("x + log(x)", "~ x", "~ x"),
        ("log(x) * sin(x)", "oscillates without bound", "oscillates without bound"),
        ("log(x) + sin(x)", "grows slower than a line", "grows slower than a line"),
        ("exp(x) * sin(exp(x))", "→ 0", "oscillates without bound"),
        ("cos(exp(x))", "→ 1", "oscillates in [-1, 1]"),
        ("sin(x / 100000)", "oscillates in [-1, 1]", "oscillates in [-1, 1]"),
    ],
)
def test_far_out_the_function_is_told_in_words(text: str, left: str, right: str) -> None:
    assert asymptote(parse(text), -1).text == left
    assert asymptote(parse(text), 1).text == right


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("sin(2 * sqrt(abs(x)))", "oscillates in [-1, 1]", "oscillates in [-1, 1]"),
        ("cos(3 * asinh(x))", "oscillates in [-1, 1]", "oscillates in [-1, 1]"),
        ("sin(0.0001 * x)", "oscillates in [-1, 1]", "oscillates in [-1, 1]"),
        ("x * cos(asinh(x))", "oscillates without bound", "oscillates without bound"),
        ("sqrt(abs(x)) + 3 * cos(x)", "is without bound", "is without bound"),
        ("x + x / log(abs(x))", "is without bound", "is without bound"),
        ("x * atan(log(abs(x)))", "is without bound", "is without bound"),
        ("x * sigmoid(0.000001 * x)", "→ 0", "→ x"),
        ("sin(x) / x", "→ 0", "→ 0"),
    ],
)
def test_what_swings_or_grows_ever_slower_has_no_limit(text: str, left: str, right: str) -> None:
    far = properties(parse(text))
    assert (far.left.text, far.right.text) == (left, right)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("relu(x - 1000000000)", "→ x − 1e+09"),
        ("min(abs(x), 10000000000)", "→ 1e+10"),
        ("sin(exp(exp(x)))", "stays within the range"),
    ],
)
def test_far_out_is_where_the_range_is_proven(text: str, right: str) -> None:
    assert of(text).right.text == right


@pytest.mark.parametrize(
    ("text", "jumps", "kinks", "bends"),
    [
        ("tanh(x)", (), (), ()),
        ("relu(x)", (), (0.0,), ()),
        ("square(relu(x))", (), (), (0.0,)),
        ("hard_swish(x)", (), (-3.0, 3.0), ()),
        ("hard_sigmoid(x)", (), (-3.0, 3.0), ()),
        ("x / abs(x)", (0.0,), (), ()),
        ("max(x, sigmoid(x))", (), (0.65905,), ()),
        ("abs(x - 0.123) + relu(x + 4)", (), (-4.0, 0.123), ()),
        ("elu(x)", (), (), (0.0,)),
        (
            "max(x, 0) + exp(min(x, 0)) - 1",
            (),
            (),
            (0.0,),
        ),  # whose slope at 0 itself torch chooses
        ("sin(30 * x)", (), (), ()),
        ("cos(exp(x) * sin(x))", (), (), ()),  # turns within 1e-4 near 10
        ("erf(1000000000 * x)", (0.0,), (), ()),  # within less than float32 tells apart
        ("bessel_i0e(x)", (), (0.0,), ()),
        ("bessel_i1e(x)", (), (), (0.0,)),
        ("exp(x)", (), (), ()),
        ("sinc(x / pi - 1)", (), (), ()),
        ("sqrt(abs(x))", (), (-0.001, 0.001), ()),
        ("pow(x, 0.5)", (), (-0.001, 0.001), ()),
        ("x * log(x)", (), (), (0.0,)),  # at the floor, 1e-5
        ("sin(1 / x)", (0.0,), (), ()),  # and steep, though smooth, beside it
    ],
)
def test_jumps_and_kinks_are_found_where_they_are(
    text: str, jumps: tuple[float, ...], kinks: tuple[float, ...], bends: tuple[float, ...]
) -> None:
    measured = smoothness(parse(text))
    assert measured.jumps == pytest.approx(jumps, abs=1e-4)
    assert measured.kinks == pytest.approx(kinks, abs=1e-4)
    assert measured.bends == pytest.approx(bends, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in PRIMITIVES if PRIMITIVES[name].arity == 1])
def test_a_primitive_is_as_smooth_beside_a_term_that_adds_nothing(name: str) -> None:
    """A sum with `relu` is searched, what is made of analytic operators alone is not."""
    assert smoothness(parse(f"{name}(x)")) == smoothness(parse(f"{name}(x) + 0 * relu(x)"))


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_its_properties(name: str) -> None:
    operands = "x" if PRIMITIVES[name].arity == 1 else "x, 0.5 * x + 1"
    measured = of(f"{name}({operands})")
    assert measured.low <= measured.high
    assert measured.smooth.text


@pytest.mark.parametrize(
    ("text", "mean", "second", "slope"),
    [
        ("relu(x)", 1 / ROOT, 0.5, 0.5),
        ("x", 0.0, 1.0, 1.0),
        ("abs(x)", 2 / ROOT, 1.0, 1.0),
        ("x ** 2", 1.0, 3.0, 4.0),
        ("sin(x)", 0.0, (1 - math.exp(-2)) / 2, (1 + math.exp(-2)) / 2),
        ("exp(x)", math.exp(0.5), math.exp(2), math.exp(2)),
        ("sigmoid(x)", 0.5, 0.2933, 0.0448),  # numerically, to the digits given
    ],
)
def test_averages_under_a_normal_input_are_the_exact_ones(
    text: str, mean: float, second: float, slope: float
) -> None:
    measured = of(text)
    assert measured.mean == pytest.approx(mean, abs=1e-4)
    assert measured.second_moment == pytest.approx(second, rel=1e-3)
    assert measured.slope_moment == pytest.approx(slope, rel=2e-3)


@pytest.mark.parametrize(
    ("text", "second", "slope"),  # with what hardly any input meets; by scipy's quad, in parts
    [
        ("sqrt(x)", 0.399443, 0.694691),
        ("log(x)", 1.63581, 79787),
        ("tanh(1000 * x)", 0.999202, 531.92),
        ("1 / x", 2**24 * 2 / ROOT, None),
    ],
)
def test_averages_see_what_is_steep_within_the_spacing_of_a_grid(
    text: str, second: float, slope: float | None
) -> None:
    measured = of(text)
    assert measured.second_whole == pytest.approx(second, rel=2e-4)
    assert slope is None or measured.slope_whole == pytest.approx(slope, rel=2e-4)


def test_a_spike_that_hardly_any_input_meets_is_told_apart() -> None:
    measured = of("sin(x) / x")  # from 0 to 1 within 1e-7
    assert measured.slope_moment == pytest.approx(of("sinc(x / pi)").slope_moment, rel=1e-2)
    assert measured.slope_whole > 1e6
    assert of("exp(3 * x)").slope_moment == of("exp(3 * x)").slope_whole  # of tails, no spike


@pytest.mark.parametrize("text", ["-tanh(x)", "sin(x)", "x ** 3", "asinh(x) / 1e6"])
def test_the_mean_of_an_odd_function_is_zero(text: str) -> None:
    assert properties(parse(text)).mean == 0.0
    assert properties(parse(f"{text} + 1e-9")).mean == pytest.approx(1e-9, rel=1e-3)


def test_relu_is_silent_and_flat_on_half_of_its_inputs() -> None:
    measured = of("relu(x)")
    assert measured.zero_output == pytest.approx(0.5, abs=1e-3)
    assert measured.zero_slope == pytest.approx(0.5, abs=1e-3)
    assert measured.gain == pytest.approx(1.0, rel=1e-3)
    assert measured.saturating == ("left",)
    assert (measured.direction, measured.strictly) == ("increasing", False)
    # E f^2 - mean^2 - E[f z]^2, over the variance
    variance = 0.5 - 1 / (2 * math.pi)
    assert measured.curvature == pytest.approx((variance - 0.25) / variance, rel=1e-3)


@pytest.mark.heavy
def test_direction_and_turns() -> None:
    assert (of("tanh(x)").direction, of("tanh(x)").strictly) == ("increasing", True)
    assert of("erf(x)").strictly
    assert not of("min(max(x, -3), 3)").strictly
    assert of("-x").direction == "decreasing"
    assert of("7").direction == "constant"
    assert (of("silu(x)").direction, of("silu(x)").turns) == ("neither", 1)
    assert of("cos(x)").turns == 7  # on [-10, 10]: 0 and 1, 2, 3 times pi on either side


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("tanh(3 * x)", "3"),
        ("x ** 2", "none: slopes grow without bound"),
        ("log(x)", "1e+05"),  # at 0, where the protection of log bends it
        ("x * exp(-abs(x) / 50)", "1"),
        ("max(x, 0) + exp(min(x, 0)) - 1", "1"),
        ("sin(x / 40)", "0.025"),
    ],
)
def test_the_lipschitz_constant_is_over_every_x_and_proven(text: str, constant: str) -> None:
    assert of(text).lipschitz_text == constant


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("x * exp(-x / 20)", "(−∞, 7.358]"),
        ("x * exp(-x / 2000)", "(−∞, 735.8]"),
        ("x * exp(x) / (exp(x) + 2)", "[-0.1572, ∞)"),  # float64 overflows in the form
        ("log(1 + exp(x))", "(1e-05, ∞)"),
        ("x ** 2 * exp(-abs(x))", "[0, 0.5413]"),
        ("relu(x - 500)", "[0, ∞)"),
        ("exp(-(x - 1000) ** 2)", "(0, 1]"),
    ],
)
def test_the_range_is_over_every_x_and_not_over_a_window(text: str, interval: str) -> None:
    assert of(text).range_text == interval


@pytest.mark.heavy
def test_what_is_not_proven_is_told_as_at_least() -> None:
    measured = of("sin(x) * x / (1 + abs(x))")
    assert measured.range_text.startswith("at least (-1, 1), within [-1.0")
    assert not measured.high_proven
    assert measured.high_outer > 1
    assert measured.lipschitz_text.startswith("at least ")


@pytest.mark.heavy
def test_direction_is_over_every_x() -> None:
    assert of("sin(x / 40)").direction == "neither"
    assert of("x * exp(-x / 20)").direction == "neither"
    assert of("tanh(x)").direction_proven
    assert of("relu(x - 20)").direction == "increasing"
    assert of("relu(20 - x)").direction == "decreasing"
    assert of("sigmoid(x - 5000)").direction == "increasing"
    assert not of("max(x, -1000)").strictly


def test_smooth_is_said_of_the_range_that_was_looked_at() -> None:
    assert smoothness(parse("relu(x - 20)")).text.endswith("smoother on [-10, 10]")
    assert smoothness(parse("tanh(x)")).text.endswith("smoother")


@pytest.mark.parametrize("name", PRIMITIVES)
def test_bounds_on_intervals_hold_every_value_and_slope(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    text = f"{name}(2 * x - 1) * x" if PRIMITIVES[name].arity == 1 else f"{name}(sin(x), x)"
    centre = torch.randn(800, generator=generator, dtype=torch.float64)
    centre[::2] *= 300
    width = 10 ** (torch.rand(800, generator=generator, dtype=torch.float64) * 6 - 5)
    low, high = centre - width, centre + width
    jet = enclose(parse(text), low, high)
    x = low[:, None] + (high - low)[:, None] * torch.linspace(0, 1, 9, dtype=torch.float64)
    value, slope = parse(text).values_and_slopes(x)
    for measured, bounds in ((value, jet.value), (slope, jet.slope)):
        # torch's softplus is a line from 20 on, off by 2e-9, and hard_swish's 1/6 a float32.
        slack = 1e-7 * (1 + measured.abs())
        outside = (measured < bounds.low[:, None] - slack) | (
            measured > bounds.high[:, None] + slack
        )
        assert not (outside & measured.isfinite()).any()


@pytest.mark.heavy
@settings(max_examples=12)
@given(st.floats(0.1, 5), st.sampled_from(["tanh(x)", "silu(x)", "relu(x)", "sin(x)"]))
def test_scaling_the_output_scales_what_it_must(factor: float, text: str) -> None:
    plain, scaled = of(text), of(f"{factor!r} * {text}")
    assert scaled.mean == pytest.approx(factor * plain.mean, abs=1e-9)
    assert scaled.second_moment == pytest.approx(factor**2 * plain.second_moment)
    assert scaled.lipschitz == pytest.approx(factor * plain.lipschitz)
    assert scaled.gain == pytest.approx(plain.gain)
    assert scaled.direction == plain.direction


def test_learned_values_take_the_place_of_initial_ones() -> None:
    prelu = parse("max(x, 0) + a=0.25 * min(x, 0)")
    assert properties(prelu, {"a": 1.0}).curvature == pytest.approx(0, abs=1e-9)
    assert properties(prelu, {"a": -1.0}).range_text == "[0, ∞)"
