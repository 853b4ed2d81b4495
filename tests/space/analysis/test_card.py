"""The card answers each question with a number, and its costs are counted as stated."""

from __future__ import annotations

import json
import math

import pytest
import torch
from hypothesis import given, settings

from actsearch.space import (
    Card,
    Expression,
    card,
    identify,
    parse,
)
from actsearch.space.analysis.card import (
    card_json,
    card_text,
)
from actsearch.space.analysis.cost import bytes_kept, cost, flops, relative_time
from actsearch.space.analysis.finite_range import finite_points, finite_ranges
from actsearch.space.analysis.properties import properties
from actsearch.space.catalog.table import find
from contracts.expressions import expressions

ITEMS = [
    "non-linear",
    "differentiable",
    "cheap",
    "not saturating",
    "monotone",
    "few parameters",
    "zero-centred",
    "sparse",
    "no vanishing or exploding slope",
]


def verdicts(measured: Card) -> dict[str, bool]:
    return {v.item: v.holds for v in measured.verdicts}


def test_relu_is_judged_as_the_textbooks_do() -> None:
    measured = card(parse("relu(x)"))
    assert [v.item for v in measured.verdicts] == ITEMS
    assert all(any(c.isdigit() for c in v.because) or v.because for v in measured.verdicts)
    judged = verdicts(measured)
    assert judged["sparse"]
    assert judged["monotone"]
    assert judged["no vanishing or exploding slope"]
    assert not judged["differentiable"]
    assert not judged["zero-centred"]


def test_a_function_that_no_signal_passes_says_so() -> None:
    assert "no signal per layer" in card_text(card(parse("relu(x - 20)")))


def test_sigmoid_is_judged_as_the_textbooks_do() -> None:
    judged = verdicts(card(parse("sigmoid(x)")))
    assert judged["differentiable"]
    assert judged["monotone"]
    assert not judged["not saturating"]
    assert not judged["zero-centred"]
    assert not judged["no vanishing or exploding slope"]


def test_a_line_is_not_non_linear_and_tanh_is_zero_centred() -> None:
    assert not verdicts(card(parse("2 * x + 1")))["non-linear"]
    assert verdicts(card(parse("tanh(x)")))["zero-centred"]


@pytest.mark.heavy
@pytest.mark.parametrize("text", ["x * sigmoid(beta[channel] * x)", "exp(exp(x))", "1 / x", "3"])
def test_every_card_prints_and_is_strict_json(text: str) -> None:
    measured = card(parse(text))
    assert "known as" in card_text(measured)
    assert "float32 in 85," in card_text(measured)  # what is between them is not claimed
    back = json.loads(json.dumps(card_json(measured), allow_nan=False))
    assert back["expression"] == str(parse(text))
    assert len(back["verdicts"]) == len(ITEMS)


def test_a_card_at_learned_values_is_of_that_function() -> None:
    measured = card(find("PReLU").expression, {"a": 0.0})
    assert measured.known_as.exact == ("ReLU",)
    assert measured.properties.range_text == "[0, ∞)"
    assert "a = 0" in card_text(measured)


@pytest.mark.heavy
def test_a_slope_that_is_nan_in_float32_is_told_where_the_value_is_finite() -> None:
    measured = card(parse("max(x, 0) + min(exp(x) - 1, 0)"))
    assert "ELU" in measured.known_as.exact
    printed = card_text(measured)
    assert "in float32 value and slope are finite for x in (-inf, 88.722] only" in printed
    assert "(-inf, 88.5] in bfloat16, (-inf, 11.085] in float16" in printed
    assert not verdicts(measured)["no vanishing or exploding slope"]
    assert verdicts(card(parse("elu(x) + 0.1 * x")))["no vanishing or exploding slope"]


def test_the_points_of_a_proof_have_both_ends_of_the_range() -> None:
    where = finite_ranges(parse("exp(x)"))["float16"]
    points = finite_points(where)
    assert (points[0], points[-1]) == (where.low, where.high)


@pytest.mark.parametrize("text", ["exp(x)", "x * exp(-exp(-x))", "x ** 3", "relu(x)"])
def test_the_finite_range_ends_at_the_last_finite_float(text: str) -> None:
    candidate = parse(text)
    where = finite_ranges(candidate)["float32"]
    for end, beyond in ((where.low, -torch.inf), (where.high, torch.inf)):
        last = torch.tensor(end)
        after = torch.nextafter(last, torch.tensor(beyond))
        for x, finite in ((last, True), (after, False)):
            value, slope = candidate.values_and_slopes(x)
            if x.isfinite():
                assert bool(value.isfinite() & slope.isfinite()) is finite


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("relu(x)", 1),
        ("x", 0),
        ("x * sigmoid(x)", 13),  # exp, add, divide, and the product
        ("beta * x + (1 - beta)", 2),  # 1 - beta is computed once, not per element
        ("sin(x) * sin(x)", 11),
    ],
)
def test_operations_are_counted_per_element_and_shared_parts_once(text: str, count: int) -> None:
    assert flops(parse(text)) == count


@pytest.mark.parametrize(
    ("text", "kept"), [("relu(x)", 4), ("tanh(x)", 4), ("x * sigmoid(x)", 8), ("x + 1", 0)]
)
def test_memory_kept_for_backward_is_what_autograd_holds(text: str, kept: float) -> None:
    assert bytes_kept(parse(text).module(), torch.randn(64, 64)) == kept


def test_relu_costs_what_relu_costs() -> None:
    measured = cost(parse("relu(x)"))
    # Medians of 21 turns of the same function; a shared machine moves them by some 10 %.
    assert 0.4 < measured.forward < 2.5
    assert 0.4 < measured.backward < 2.5
    assert 0.4 < measured.total < 2.5


@pytest.mark.parametrize("text", ["x * sigmoid(beta[channel] * x)", "x", "beta", "2 + 0 * x"])
def test_the_time_of_any_candidate_is_measured_and_its_quartiles_hold_it(text: str) -> None:
    threads = torch.get_num_threads()
    measured = relative_time(parse(text), rounds=5)
    assert 0 < measured.low <= measured.total <= measured.high < math.inf
    assert min(measured.forward, measured.backward) > 0
    assert torch.get_num_threads() == threads


@pytest.mark.heavy
@settings(max_examples=20)
@given(expressions(leaves=6))
def test_every_candidate_is_measured_and_identified(expression: Expression) -> None:
    measured = properties(expression)
    assert measured.low <= measured.high or math.isnan(measured.low + measured.high)
    assert measured.range_text
    assert measured.smooth.text
    assert identify(expression).sentence
