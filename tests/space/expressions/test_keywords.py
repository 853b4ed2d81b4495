"""Operands that are passed by name are refused, and declarations in their place are read."""

from __future__ import annotations

import pytest

from actsearch.space import Call, ExpressionError, Parameter, Variable, parse
from actsearch.space.expressions.keywords import KEYWORDS


@pytest.mark.parametrize(
    ("pasted", "keyword", "advice"),
    [
        ("torch.max(x, dim=0)", "dim", "max(x, 0) is the larger of two"),
        ("max(x, dim=-1)", "dim", "max(x, 0) is the larger of two"),
        ("max_n(x, 2, axis=0)", "axis", "along no axis"),
        ("torch.maximum(x, other=0)", "other", "write the operand alone"),
        ("torch.pow(x, exponent=2)", "exponent", "write x ** 2"),
        ("F.relu(x, inplace=True)", "inplace", "leave it out"),
        ("relu(x, inplace = False)", "inplace", "leave it out"),
        ("torch.sigmoid(input=x)", "input", "write the operand alone"),
        ("torch.sigmoid(input=x * 2)", "input", "write the operand alone"),
        ("F.leaky_relu(x, negative_slope=0.1)", "negative_slope", "max(x, 0) + 0.1 * min(x, 0)"),
        ("F.gelu(x, approximate='tanh')", "approximate", "0.5 * x * (1 + tanh("),
        ('gelu(x, approximate = "tanh")', "approximate", "0.5 * x * (1 + tanh("),
        ("F.elu(x, alpha=0.5)", "alpha", "max(x, 0) + 0.5 * (exp(min(x, 0)) - 1)"),
        ("elu(x, alpha=0.5)", "alpha", "max(x, 0) + 0.5 * (exp(min(x, 0)) - 1)"),
        ("relu(x, training=False)", "training", "training[layer]=1"),
        ("max(x, default=0)", "default", "leave it out"),
        ("F.softplus(x, beta=2)", "beta", "softplus(2 * x) / 2"),
        ("torch.maximum(x, a=0.25)", "a", "a[layer]=1"),
    ],
)
def test_an_operand_passed_by_name_is_refused_with_how_to_write_it(
    pasted: str, keyword: str, advice: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(pasted)
    assert f"operands are not passed by name, as in {keyword}=" in caught.value.rule
    assert advice in caught.value.rule
    assert pasted[caught.value.position :].startswith(keyword)


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("max(x, a=0.25)", Parameter("a", 0.25)),
        ("max(x, alpha=0.25)", Parameter("alpha", 0.25)),
        ("max(a=0.25, x)", Parameter("a", 0.25)),
        ("max(x, dim=0.25 * x)", Parameter("dim", 0.25)),
        ("max(x, dim[layer]=0)", Parameter("dim", 0.0)),
        ("x + softplus(beta=2)", Parameter("beta", 2.0)),
        ("torch.maximum(x, a=0.25 * x)", Parameter("a", 0.25)),
        ("mul(x, alpha=2)", Parameter("alpha", 2.0)),
    ],
)
def test_a_declaration_in_a_bracket_is_no_keyword(text: str, parameter: Parameter) -> None:
    assert parse(text).parameters == (parameter,)


@pytest.mark.parametrize("name", [*KEYWORDS, "alpha", "beta"])
def test_canonical_text_of_a_parameter_named_like_a_keyword_is_read_back(name: str) -> None:
    parameter = Parameter(name, 0.5)
    for tree in (Call("max", (parameter, Variable())), Call("elu", (parameter,))):
        assert parse(str(tree)) == tree
