"""A function from elsewhere is answered with how to write it, and a typing error with a name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
import torch

from actsearch.space import ExpressionError, parse
from actsearch.space.expressions import elsewhere


def refusal(text: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    return caught.value.rule


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("sign", lambda x: math.copysign(1, x)),
        ("sgn", lambda x: math.copysign(1, x)),
        ("signum", lambda x: math.copysign(1, x)),
        ("heaviside", lambda x: float(x > 0)),
        ("step", lambda x: float(x > 0)),
        ("asin", math.asin),
        ("arcsin", math.asin),
        ("acos", math.acos),
        ("atanh", math.atanh),
        ("arctanh", math.atanh),
        ("tan", math.tan),
        ("sec", lambda x: 1 / math.cos(x)),
        ("csc", lambda x: 1 / math.sin(x)),
        ("cot", lambda x: 1 / math.tan(x)),
        ("sech", lambda x: 1 / math.cosh(x)),
        ("csch", lambda x: 1 / math.sinh(x)),
        ("coth", lambda x: 1 / math.tanh(x)),
        ("cbrt", lambda x: math.copysign(abs(x) ** (1 / 3), x)),
        ("sqr", lambda x: x * x),
        ("exp2", lambda x: 2**x),
        ("logcosh", lambda x: math.log(math.cosh(x))),
        ("hard_tanh", lambda x: x),
        ("hardtanh", lambda x: x),
        ("relu_6", lambda x: max(x, 0)),
        ("relu2", lambda x: max(x, 0) ** 2),
        ("tanhshrink", lambda x: x - math.tanh(x)),
        ("ndtr", lambda x: (1 + math.erf(x / math.sqrt(2))) / 2),
        ("hswish", lambda x: x * (x + 3) / 6),
        ("hsigmoid", lambda x: (x + 3) / 6),
        ("log_expit", lambda x: -math.log(1 + math.exp(-x))),
    ],
)
def test_the_formula_of_the_advice_is_the_function(
    name: str, function: Callable[[float], float]
) -> None:
    formula = refusal(f"{name}(x)").partition("write ")[2]
    points = [-0.9, -0.3, 0.2, 0.7]
    values = parse(formula).values(torch.tensor(points, dtype=torch.float64))
    assert values.tolist() == pytest.approx(list(map(function, points)), abs=1e-4)  # our floors


@pytest.mark.parametrize(
    ("name", "function", "points"),
    [
        ("acosh", math.acosh, [1.2, 2.0, 5.0]),
        ("arccosh", math.acosh, [1.2, 2.0, 5.0]),
        ("log10", math.log10, [0.1, 2.0, 5.0]),
        ("lg", math.log10, [0.1, 2.0, 5.0]),
        ("logit", lambda x: math.log(x / (1 - x)), [0.1, 0.5, 0.9]),
        ("i0", lambda x: float(torch.special.i0(torch.tensor(x))), [0.1, 1.0, 2.0]),
        ("bessel_i1", lambda x: float(torch.special.i1(torch.tensor(x))), [0.1, 1.0, 2.0]),
    ],
)
def test_the_formula_of_the_advice_is_the_function_where_that_has_values(
    name: str, function: Callable[[float], float], points: list[float]
) -> None:
    formula = refusal(f"{name}(x)").partition("write ")[2]
    values = parse(formula).values(torch.tensor(points, dtype=torch.float64))
    assert values.tolist() == pytest.approx(list(map(function, points)), abs=2e-4)


@pytest.mark.parametrize(
    ("pasted", "advice"),
    [
        ("threshold(x, 0.1, 20)", "write max(x, t) where x is replaced by t below t"),
        ("clip(x, 0, 6)", "write min(max(x, low), high)"),
        ("softmax(x)", "maps each number by itself"),
        ("np.mean(x)", "maps each number by itself"),
        ("floor(x)", "nothing is learned through it"),
        ("round(x)", "nothing is learned through it"),
        ("torch.tensor(0.5) * x", "write the number alone"),
        ("glu(x)", "two inputs"),
    ],
)
def test_a_function_without_a_form_is_answered_with_the_reason(pasted: str, advice: str) -> None:
    assert advice in refusal(pasted)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sigmod", "sigmoid"),
        ("tahn", "tanh"),
        ("sofplus", "softplus"),
        ("Soft_Plus", "softplus"),
        ("leaky_rellu", "leaky_relu"),
        ("hard_swihs", "hard_swish"),
        ("prodn", "prod_n"),
    ],
)
def test_a_typing_error_is_answered_with_the_name(typed: str, meant: str) -> None:
    assert f"did you mean '{meant}'?" in refusal(f"{typed}(x)")


@pytest.mark.parametrize(
    "name",
    [
        *("u", "f", "sgn", "signum", "asin", "arcsin", "acosh", "softmax", "floor", "round"),
        *("hard_tanh", "relu3", "dsilu", "telu", "exp10", "erfi", "rrelu", "coth", "fmax", "lg"),
    ],
)
def test_another_function_is_no_suggestion(name: str) -> None:
    assert "did you mean" not in refusal(f"{name}(x)")


@pytest.mark.parametrize("name", elsewhere._OTHERWISE)
def test_a_name_with_advice_is_looked_up_as_it_stands_and_is_none_that_is_read(name: str) -> None:
    assert re.fullmatch("[a-z0-9]+", name)
    assert elsewhere._OTHERWISE[name] in refusal(f"{name}(x)")
