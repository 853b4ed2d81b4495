"""A left side of a pasted equation is refused, and a declaration of a parameter is not."""

from __future__ import annotations

import pytest

from actsearch.space import Call, Constant, Expression, ExpressionError, Parameter, Variable, parse

X = Variable()


@pytest.mark.parametrize(
    ("pasted", "left"),
    [
        ("y = 0.5 * x * (1 + erf(x / sqrt(2)))", "y ="),
        ("y = 1 / (1 + exp(-x))", "y ="),
        ("y = -2 * x", "y ="),
        ("y = x", "y ="),
        ("y=2*x", "y ="),
        ("f = 0.5x", "f ="),
        ("φ = 0.5 * x", "φ ="),
        ("out = 2 * x", "out ="),
        ("GELU = 0.5 * x * (1 + tanh(x))", "GELU ="),
        ("ReLU=1 * max(x, 0)", "ReLU ="),
        ("silu = 1 / (1 + exp(-x)) * x", "silu ="),
        ("Serf = 1 * x * erf(log(1 + exp(x)))", "Serf ="),
        ("f(x) = x * sigmoid(x)", "f(x) ="),
        ("  f(x)=0.5x", "f(x) ="),
        ("swish(x) = x * sigmoid(x)", "swish(x) ="),
        ("σ(z) = 1 / (1 + exp(-x))", "σ(z) ="),
        ("f(x, a) = a * x", "f(x, a) ="),
    ],
)
def test_a_left_side_is_refused_with_what_to_leave_out(pasted: str, left: str) -> None:
    with pytest.raises(ExpressionError, match="an expression has no left side") as caught:
        parse(pasted)
    assert f"write the formula alone, without '{left}'" in caught.value.rule
    assert caught.value.position == len(pasted) - len(pasted.lstrip())


def test_the_refusal_says_how_a_parameter_of_that_name_is_declared() -> None:
    with pytest.raises(ExpressionError, match=r"declared with what shares it, y\[layer\]=1"):
        parse("y = 0.5 * x")
    assert parse("y[layer]=0.5 * x").parameters == (Parameter("y", 0.5),)


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("a=0.3 * x + tanh(x)", Parameter("a", 0.3)),
        ("a = 0.3 * x + tanh(x)", Parameter("a", 0.3)),
        ("β = 0.3 * x", Parameter("beta", 0.3)),
        ("alpha1 = 0.3 * x", Parameter("alpha1", 0.3)),
        ("slope=0.3 * x", Parameter("slope", 0.3)),
        ("slope = 0.3 * x + slope", Parameter("slope", 0.3)),
        ("y = 0.3 * x + y", Parameter("y", 0.3)),
        ("tanh(y=0.3 * x)", Parameter("y", 0.3)),
        ("y * x", Parameter("y")),
    ],
)
def test_a_declaration_is_no_left_side(text: str, parameter: Parameter) -> None:
    assert parse(text).parameters == (parameter,)


@pytest.mark.parametrize("name", ["y", "f", "F", "phi", "sigma", "GELU", "act", "slope", "a"])
@pytest.mark.parametrize("initial", [1.0, -0.5])
@pytest.mark.parametrize("granularity", ["layer", "channel"])
def test_canonical_text_that_begins_with_a_declaration_is_read_back(
    name: str, initial: float, granularity: str
) -> None:
    parameter = Parameter(name, initial, granularity)  # type: ignore[arg-type]
    trees: tuple[Expression, ...] = (
        parameter,
        Call("mul", (parameter, X)),
        Call("add", (parameter, Call("mul", (parameter, X)))),
        Call("max", (parameter, Constant(2))),
    )
    assert [parse(str(tree)) for tree in trees] == list(trees)
