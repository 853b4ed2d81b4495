"""The papers' own strings are read, and the whole published benchmark space among them."""

from __future__ import annotations

import itertools

import pytest
import torch

from actsearch.space import ExpressionError, parse
from actsearch.space.expressions.compile import compile_program
from actsearch.space.expressions.notation import FOLDS, FORMS

# The benchmark's own names, as its database writes them (27 unary, 7 binary).
UNARY = (
    *("zero", "one", "identity", "negative", "abs", "reciprocal", "square", "exp", "erf", "erfc"),
    *("sinh", "cosh", "tanh", "expm1", "sigmoid", "log_sigmoid", "arcsinh", "arctan"),
    *("bessel_i0e", "bessel_i1e", "relu", "elu", "selu", "swish", "softplus", "softsign"),
    "hard_sigmoid",
)
BINARY = ("add", "sub", "mul", "div", "pow", "max", "min")
X = torch.linspace(-5, 5, 100, dtype=torch.float64)  # what the benchmark clips its sample to


@pytest.mark.heavy
def test_all_5103_strings_of_act_bench_parse_and_evaluate() -> None:
    texts = [
        f"{binary}({left}(x),{right}(x))"
        for binary, left, right in itertools.product(BINARY, UNARY, UNARY)
    ]
    assert len(texts) == 5103
    overflown = []
    for text in texts:
        value = compile_program(parse(text))(X)
        assert value.shape == X.shape
        if not value.isfinite().all():
            overflown.append(text)
    # exp(5) ** exp(5) is 1e322, and float64 ends at 1e308; nothing else is beyond it.
    big = ("exp", "expm1")
    assert overflown == [f"pow({a}(x),{b}(x))" for a, b in itertools.product(big, big)]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("zero(x)", "0"),
        ("one(sin(x))", "1"),
        ("identity(tanh(x))", "tanh(x)"),
        ("reciprocal(cosh(x))", "1 / cosh(x)"),
        ("max(relu(x), negative(zero(x)))", "max(relu(x), -(0))"),
        ("prod_n(sigmoid(x), negative(x), hard_sigmoid(x))", "sigmoid(x) * -x * hard_sigmoid(x)"),
        ("sum_n(x, one(x))", "x + 1"),
        ("max_n(x, sin(x), cos(x), 2)", "max(max(max(x, sin(x)), cos(x)), 2)"),
        ("min_n(x, x, x)", "min(min(x, x), x)"),
        ("left(gelu(x), x)", "gelu(x)"),
        ("right(gelu(x), x)", "x"),
        ("sigmul(x, tanh(x))", "sigmoid(x) * tanh(x)"),
        ("subtract(x, power(x, beta))", "x - pow(x, beta)"),
    ],
)
def test_a_papers_name_is_read_as_what_it_means(text: str, same: str) -> None:
    assert str(parse(text)) == same
    assert parse(same) == parse(text)


@pytest.mark.parametrize(
    ("text", "rule", "position"),
    [
        ("x + sum_n(x)", "sum_n takes at least 2 operands, but got 1", 4),
        ("zero(x, x)", "zero takes 1 operand, but got 2", 0),
        ("left(x)", "left takes 2 operands, but got 1", 0),
        ("zero * x", "'zero' is a primitive: write its operands, zero(x)", 0),
        ("prod_m(x, x)", "did you mean 'prod_n'?", 0),
        ("sum_n(" + ", ".join(["x"] * 80) + ")", "at most 64 operators deep", 0),
        ("one=2 * x", "'one' is a primitive", 0),
    ],
)
def test_a_papers_name_in_the_wrong_place_is_pointed_at(
    text: str, rule: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert rule in caught.value.rule
    assert caught.value.position == position


def test_the_table_has_every_name_of_the_papers() -> None:
    assert set(FORMS) == {"zero", "one", "identity", "reciprocal", "left", "right", "sigmul"}
    assert set(FOLDS) == {"sum_n", "prod_n", "max_n", "min_n"}
