"""Divisors that are never negative: found only where true, and divided by to the same bits."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given

from actsearch.space import (
    PRIMITIVES,
    Expression,
    family,
    parse,
)
from actsearch.space.expressions.compile import compile_program, never_negative
from contracts.expressions import expressions

X = torch.cat([torch.linspace(-9, 9, 400), torch.tensor([0.0, -0.0, 1e-30, -1e-30])])


@pytest.mark.parametrize(
    "text", ["1 + x ** 2", "x * x", "exp(x) + abs(a) * 2", "max(x, 0)", "min(exp(x), 3)", "0"]
)
def test_these_are_never_negative(text: str) -> None:
    assert never_negative(parse(text))


@pytest.mark.parametrize(
    "text", ["x", "a", "1 + x", "-1", "x * a", "x ** 3", "min(x, 1)", "exp(x) - 1", "tanh(x)"]
)
def test_these_may_be(text: str) -> None:
    assert not never_negative(parse(text))


# About one drawn tree in five is said to be.
@pytest.mark.heavy
@given(expressions(largest=10, parameters=False).filter(never_negative))
def test_what_is_said_never_to_be_negative_is_not(expression: Expression) -> None:
    assert not (compile_program(expression)(X.double()) < 0).any()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("divisor", ["x ** 2", "1 + abs(x)", "exp(-x)", "max(x, 0)"])
def test_the_quotient_is_the_protected_one_bit_for_bit(divisor: str, dtype: torch.dtype) -> None:
    x = X.to(dtype)
    below = compile_program(parse(divisor))(x)
    quotient = compile_program(parse(f"sin(x) / ({divisor})"))(x)
    assert torch.equal(quotient, PRIMITIVES["div"].function(x.sin(), below))


def test_a_rational_divides_without_looking_at_signs() -> None:
    codes = [step.code for step in compile_program(family("rational")).steps]
    assert not any("where" in code for code in codes)
    assert any("/" in code for code in codes)
