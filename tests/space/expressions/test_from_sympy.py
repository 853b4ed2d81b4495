"""sympy forms back to expressions."""

from __future__ import annotations

import pytest
import sympy
import torch

from actsearch.space import (
    CandidateError,
    Parameter,
    Variable,
    parse,
)
from actsearch.space.expressions.from_sympy import from_sympy
from actsearch.space.expressions.symbolic import to_sympy

X = torch.linspace(0.1, 3, 50, dtype=torch.float64)
SYMBOL = sympy.Symbol("x", real=True)


@pytest.mark.parametrize(
    "text",
    [
        "x * exp(-x ** 2 / 2)",
        "(x - 2 * tanh(x)) / (1 + x ** 2)",
        "-x ** 3 + x * x ** 3 / 7",
        "sqrt(x) + 1 / sqrt(1 + x ** 2)",
        "max(x, 0) - min(x, 1) * sin(x)",
        "erf(x) * atan(x) - abs(x) * asinh(x) / cosh(x)",
    ],
)
def test_what_goes_to_sympy_comes_back(text: str) -> None:
    tree = from_sympy(sympy.simplify(to_sympy(parse(text))), {SYMBOL: Variable()})
    torch.testing.assert_close(tree.values(X), parse(text).values(X), rtol=1e-6, atol=1e-7)


def test_symbols_stand_for_parameters() -> None:
    beta = Parameter("beta", 0.5, "channel")
    known = {SYMBOL: Variable(), sympy.Symbol("beta"): beta}
    assert from_sympy(sympy.Symbol("beta") * SYMBOL, known).parameters == (beta,)


def test_what_has_no_primitive_is_refused() -> None:
    known = {SYMBOL: Variable()}
    with pytest.raises(CandidateError, match="Heaviside has no primitive"):
        from_sympy(sympy.Heaviside(SYMBOL), known)
    with pytest.raises(CandidateError, match="the power 1/3 has no primitive"):
        from_sympy(SYMBOL ** sympy.Rational(1, 3), known)
