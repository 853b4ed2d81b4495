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
from actsearch.space.analysis.cost import bytes_kept, cost, flops
from actsearch.space.analysis.properties import properties
from actsearch.space.catalog.table import find
from contracts.expressions import expressions

ASKED = [
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


def verdicts(found: Card) -> dict[str, bool]:
    return {v.item: v.holds for v in found.verdicts}


def test_relu_is_judged_as_the_textbooks_do() -> None:
    found = card(parse("relu(x)"))
    assert [v.item for v in found.verdicts] == ASKED
    assert all(any(c.isdigit() for c in v.because) or v.because for v in found.verdicts)
    told = verdicts(found)
    assert told["sparse"]
    assert told["monotone"]
    assert told["no vanishing or exploding slope"]
    assert not told["differentiable"]
    assert not told["zero-centred"]


def test_sigmoid_is_judged_as_the_textbooks_do() -> None:
    told = verdicts(card(parse("sigmoid(x)")))
    assert told["differentiable"]
    assert told["monotone"]
    assert not told["not saturating"]
    assert not told["zero-centred"]
    assert not told["no vanishing or exploding slope"]


def test_a_line_is_not_non_linear_and_tanh_is_zero_centred() -> None:
    assert not verdicts(card(parse("2 * x + 1")))["non-linear"]
    assert verdicts(card(parse("tanh(x)")))["zero-centred"]


@pytest.mark.parametrize("text", ["x * sigmoid(beta[channel] * x)", "exp(exp(x))", "1 / x", "3"])
def test_every_card_prints_and_is_strict_json(text: str) -> None:
    found = card(parse(text))
    assert "known as" in card_text(found)
    back = json.loads(json.dumps(card_json(found), allow_nan=False))
    assert back["expression"] == str(parse(text))
    assert len(back["verdicts"]) == len(ASKED)


def test_a_card_at_learned_values_is_of_that_function() -> None:
    found = card(find("PReLU").expression, {"a": 0.0})
    assert found.known_as.exact == ("ReLU",)
    assert found.properties.range_text == "[0, ∞)"
    assert "a = 0" in card_text(found)


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
    found = cost(parse("relu(x)"))
    # Medians of 21 turns of the same function; a shared machine moves them by some 10 %.
    assert 0.4 < found.forward < 2.5
    assert 0.4 < found.backward < 2.5


@settings(max_examples=20)
@given(expressions(leaves=6))
def test_every_candidate_is_measured_and_identified(expression: Expression) -> None:
    found = properties(expression)
    assert found.low <= found.high or math.isnan(found.low + found.high)
    assert found.range_text
    assert found.smooth.text
    assert identify(expression).sentence
