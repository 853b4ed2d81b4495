"""Every text is an expression that prints back to itself, or an error that points into it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.space import (
    PRIMITIVES,
    Call,
    Constant,
    Expression,
    ExpressionError,
    Parameter,
    Variable,
    parse,
)
from actsearch.space.expressions.expression import MAX_DEPTH
from actsearch.space.expressions.notation import FOLDS, FORMS
from actsearch.space.expressions.parser import MAX_LENGTH, parse_stored
from actsearch.space.expressions.primitives import ALIASES
from contracts.expressions import expressions

TOKENS = (
    *("x", "x", "2", "0.5", "1e-3", "1e400", ".", "beta", "beta=", "beta[channel]", "a=-1", "pi"),
    *("+", "-", "*", "/", "**", "(", "(", ")", ")", ",", "[", "]", "=", " ", "\n", "$", "_", "é"),
    *("sin(", "max(", "max(x,", "layer", "network", "sinn", "** 2", "٣", *PRIMITIVES, *ALIASES),
    *(
        "^",
        "²",
        "β",
        "σ(",
        "π",
        "βx",
        "2x",
        "− ",
        "torch.",
        "Max(",
        "e",
        "e ** ",
        "X0",
        "+",
        "** 9",
        "⁻¹",
        "𝑥",
        "y=",
        "dim=",
        "ax",
        "'tanh'",
        "np.",
        "pow(x, ",
        "0.5f",
    ),
    *FORMS,
    *FOLDS,
)
X = Variable()


def parses_or_points(text: str) -> bool:
    """Whether the text is read back from what it prints, or refused with a position in it."""
    try:
        tree = parse(text)
    except ExpressionError as error:
        return error.text == text and 0 <= error.position <= len(text)
    return parse(str(tree)) == tree and str(parse(str(tree))) == str(tree)


@pytest.mark.heavy
@settings(max_examples=1000)
@given(expressions(leaves=30))
def test_every_tree_is_read_back_from_its_text(tree: Expression) -> None:
    assert parse(str(tree)) == tree


@given(st.text(max_size=60))
def test_any_text_parses_or_points(text: str) -> None:
    assert parses_or_points(text)


@pytest.mark.heavy
@settings(max_examples=2000)
@given(st.lists(st.sampled_from(TOKENS), max_size=15), st.sampled_from(["", " "]))
def test_any_row_of_tokens_parses_or_points(tokens: list[str], between: str) -> None:
    assert parses_or_points(between.join(tokens))


@pytest.mark.heavy
@settings(max_examples=1000)
@given(expressions(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_text_with_typing_errors_parses_or_points(
    tree: Expression, rng: random.Random, errors: int
) -> None:
    text = str(tree)
    for _ in range(errors):
        start = rng.randint(0, len(text))
        text = text[:start] + rng.choice(["", *TOKENS]) + text[start + rng.randint(0, 2) :]
    assert parses_or_points(text)


@pytest.mark.heavy
@given(st.sampled_from(["(", "-", "exp(", "x+", "x**2+", "max(x,", "-(", "x*("]), st.data())
def test_nesting_and_length_are_bounded(piece: str, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 2 * MAX_LENGTH // len(piece)))
    closing = ")" * (piece.count("(") * count)
    for text in (piece * count, piece * count + "x" + closing):
        assert parses_or_points(text)


def test_brackets_may_nest_as_deep_as_operators() -> None:
    assert parse("(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH) == X
    with pytest.raises(ExpressionError, match="nested more than 64 deep") as caught:
        parse("(" * 1000 + "x" + ")" * 1000)
    assert caught.value.position == MAX_DEPTH + 1


def test_a_text_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(ExpressionError, match="at most 4000 characters, but got 4001"):
        parse("$" * (MAX_LENGTH + 1))


def test_canonical_text_is_never_too_long_to_be_read() -> None:
    balanced = "pi"
    while len(balanced) < MAX_LENGTH // 4:
        balanced = f"({balanced})*({balanced})"
    with pytest.raises(ExpressionError, match="the canonical text of an expression may have"):
        parse(balanced)
    with pytest.raises(ExpressionError, match="the canonical text of an expression may have"):
        parse("+".join(["(" + "+".join(["π"] * 16) + ")"] * 16))


@pytest.mark.parametrize(
    ("text", "rule", "position"),
    [
        ("sigmod(x)", "unknown primitive 'sigmod'; did you mean 'sigmoid'?", 0),
        ("x + tahn(x)", "did you mean 'tanh'?", 4),
        ("x +", "expected x, a number, a name or '(', found the end", 3),
        ("", "found the end", 0),
        ("   ", "found the end", 3),
        ("(x", "expected ')' to close the bracket, found the end", 2),
        ("sin(x, 2", "expected ')' after the operands of sin", 8),
        ("x)", "expected an operator, found ')'", 1),
        ("2 x", "expected an operator, found 'x'", 2),
        ("x $ 2", "unexpected character '$'", 2),
        ("x.real", "'x' is no library that is read: write the function alone", 0),
        ("__import__('os')", "unexpected character '_'", 0),
        ("1 + max(x)", "max takes 2 operands, but got 1", 4),
        ("sin(x, x)", "sin takes 1 operand, but got 2", 0),
        ("sin()", "found ')'", 4),
        ("x * sin", "'sin' is a primitive: write its operands, sin(x)", 4),
        ("x ** 5", "the exponent after ** must be one of 0.5, 1, 2, 3, 4, 6, 8, 9", 5),
        ("x ** beta", "pow(x, y) is |x| to any power", 5),
        ("x ** 2 ** 3", "powers of powers need brackets", 7),
        ("beta[chanel] * x", "unknown granularity 'chanel'; did you mean 'channel'?", 5),
        ("beta[channel", "expected ']' after the granularity, found the end", 12),
        ("beta=x", "expected a number as the initial value", 5),
        ("a=1 * x + a=2", "parameter 'a' is declared twice, differently", 10),
        ("a * x + a[channel]", "parameter 'a' is declared twice, differently", 8),
        ("x + 1e400", "a constant must be at most 3.38e+38 in size, but got inf", 4),
        ("x" + " + x" * 70, "at most 64 operators deep", 2 + 64 * 4),
    ],
)
def test_a_bad_text_is_pointed_at(text: str, rule: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert rule in caught.value.rule
    assert caught.value.position == position
    assert str(caught.value).endswith("^")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("mul(x, sigmoid(x))", "x * sigmoid(x)"),
        ("max(relu(x), cosh(elu(x)))", "max(relu(x), cosh(elu(x)))"),
        ("add(neg(x), sub(2, div(x, 3)))", "-x + (2 - x / 3)"),
        ("square(cube(x))", "(x ** 3) ** 2"),
        ("swish(arctan(x))", "silu(atan(x))"),
        ("maximum(x,minimum(x,0))", "max(x, min(x, 0))"),
        ("sin(pi)", "sin(3.141592653589793)"),
        ("beta[layer]=1 * x + beta", "beta * x + beta"),
        ("a=-.5e0*x+a=-0.5", "a=-0.5 * x + a"),
        ("x-(-2)", "x - -2"),
        ("x - (-(2))", "x - -(2)"),
        ("((x+x))+x", "x + x + x"),
        ("x+(x+x)", "x + (x + x)"),
        ("-x**2", "-x ** 2"),
        ("(-x)**2", "(-x) ** 2"),
        ("-2**2", "-2 ** 2"),
        ("1.0 * 1e3 + -0", "1 * 1000 + 0"),
    ],
)
def test_other_notations_have_one_canonical_text(text: str, same: str) -> None:
    assert str(parse(text)) == same
    assert str(parse(same)) == same


def test_minus_before_a_number_is_part_of_it_and_brackets_make_it_an_operator() -> None:
    assert parse("-2") == Constant(-2)
    assert parse("-(2)") == Call("neg", (Constant(2),))
    assert parse("-2 ** 2") == Call("neg", (Call("square", (Constant(2),)),))


def test_a_name_that_nothing_has_is_one_learnable_scalar_everywhere() -> None:
    tree = parse("x * sigmoid(beta[channel]=0.5 * x) + beta")
    assert tree.parameters == (Parameter("beta", 0.5, "channel"),)
    assert parse("x * beta").parameters == (Parameter("beta", 1.0, "layer"),)


def test_variables_are_the_names_given() -> None:
    assert parse("x1 + x", ("x1", "x")) == Call("add", (Variable("x1"), X))
    with pytest.raises(ExpressionError, match="needs a name that nothing else has"):
        parse("x1 + x", ("x1",))


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("x^2", "x ** 2"),
        ("x² + x³", "x ** 2 + x ** 3"),
        ("cos(x) − x", "cos(x) - x"),
        ("x · σ(βx)", "x * sigmoid(beta * x)"),
        ("x × tanh(x) ÷ 2", "x * tanh(x) / 2"),
        ("α₁x + λ", "alpha1 * x + lambda"),
        ("2x", "2 * x"),
        ("2(x + 1)", "2 * (x + 1)"),
        ("sin(π)", "sin(3.141592653589793)"),
        ("torch.sigmoid(x)", "sigmoid(x)"),
        ("torch.nn.functional.leaky_relu(x)", "leaky_relu(x)"),
        ("np.maximum(x, 0) * math.pi", "max(x, 0) * 3.141592653589793"),
        ("x**0.5", "sqrt(x)"),
        ("x ** (1/2)", "sqrt(x)"),
        ("x**4", "(x ** 2) ** 2"),
        ("x**6", "(x ** 3) ** 2"),
        ("x ** -1 + x ** (-2)", "1 / x + 1 / x ** 2"),
        ("x ** 1", "x"),
        ("+x - +x", "x - x"),
        ("Max(0, x)", "max(0, x)"),
        ("max(0, x, 1)", "max(max(0, x), 1)"),
        ("ReLU(x) + GELU(x) + Abs(x)", "relu(x) + gelu(x) + abs(x)"),
        ("e ** (-x)", "exp(-x)"),
        ("E^-x^2", "exp(-x ** 2)"),
        ("x * tanh(ln(1 + exp(x)))", "x * tanh(log(1 + exp(x)))"),
        ("\ufeffx\u200b * x", "x * x"),
        ("ϵ * x + ϕ", "epsilon * x + phi"),
        ("𝑥 · σ(𝛽𝑥)", "x * sigmoid(beta * x)"),
        ("x ∙ 2 • x", "x * 2 * x"),
        ("２ｘ＋ｔａｎｈ（ｘ）", "2 * x + tanh(x)"),
        ("ℯ^x", "exp(x)"),
        ("x⁴ + x⁻¹ + x⁻²", "(x ** 2) ** 2 + 1 / x + 1 / x ** 2"),
        ("0e5 * x + 0.000", "0 * x + 0"),
    ],
)
def test_a_pasted_formula_is_read_where_it_means_one_thing(pasted: str, meant: str) -> None:
    assert str(parse(pasted)) == meant


@pytest.mark.parametrize(
    ("pasted", "advice"),
    [
        ("X0", "looks like an input: write x"),
        ("X", "looks like an input: write x"),
        ("x * sigmoid(x_1)", "looks like an input: write x"),
        ("input * 2", "looks like an input: write x"),
        *((name, "looks like an input: write x") for name in ("Input", "xs", "X_in", "inp")),
        *((f"{name} * x", "looks like an input: write x") for name in ("x_t", "x__1", "x_input")),
        ("x * sigmoid(ax)", "looks like a product with the input: write a * x"),
        ("x * sin(kx)", "looks like a product with the input: write k * x"),
        ("x * tanh(betax + c)", "looks like a product with the input: write beta * x"),
        ("2pix", "looks like a product with the input: write pi * x"),
        ("xx", "looks like a product with the input: write x * x"),
        ("x * sin(xk)", "looks like a product with the input: write x * k"),
        ("1ex", "looks like a product with the input"),
        ("true * x", "a constant is a real number"),
        ("x + none", "a constant is a real number"),
        ("1j * x", "'1j' is no real number: write 1 alone, or 1 * j"),
        ("0.5f * x", "'0.5f' is no real number: write 0.5 alone, or 0.5 * f"),
        ("0x1F * x", "'0x1F' is no real number"),
        ("1e-400 * x", "so small that it would be read as 0: write 0 for it"),
        ("a=1e-400 * x", "so small that it would be read as 0: write 0 for it"),
        ("x — 1", "write - for a minus"),
        ("50% * x", "write 0.01 for 1 %"),
        ("x⁵", "the exponent after ** must be one of"),
        ("x₁", "write the digit itself"),
        ("x → tanh(x)", "write the formula alone"),
        ("1,5 * x", "a number has a point"),
        ("x = max(x, 0)", "an expression has no left side"),
        ("a=0.2, max(x, a * x)", "a parameter is declared where it first stands"),
        ("max(x, a * x) where a=0.2", "a parameter is declared where it first stands"),
        ("e * x", "looks like the number e: write exp(x) for its powers"),
        ("E * x", "looks like the number e"),
        ("x * inf", "no constant is infinite"),
        ("x + oo", "no constant is infinite"),
        ("x + nan", "looks like not a number"),
        ("I * x", "a constant is a real number"),
        ("1 / 2x", "a product without * after a quotient needs brackets"),
        ("e ** 2x", "a product without * after an exponent needs brackets"),
        ("x(x + 1)", "a product is written x * (…)"),
        ("(x + 1)(x - 1)", "a product is written with *"),
        ("x if x > 0 else 0", "max(x, 0) is x above 0"),
        ("where(x, x, 0)", "x where it is above 0 is max(x, 0)"),
        ("clamp(x, 0, 6)", "write min(max(x, low), high)"),
        ("y = x", "an expression has no left side"),
        ("lambda x: x", "write the formula alone"),
        ("|x|", "write abs(x)"),
        ("√x", "write sqrt(x)"),
        (r"\frac{x}{2}", "LaTeX is not read"),
        ("'x'", "leave out the quotes"),
    ],
)
def test_what_means_several_things_is_refused_with_how_to_write_it(
    pasted: str, advice: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(pasted)
    assert advice in caught.value.rule
    assert 0 <= caught.value.position <= len(pasted)


@pytest.mark.parametrize(
    "name",
    [*("e", "E", "X0", "inf", "nan", "oo", "x1", "I", "input", "ax", "tx", "xk", "true", "x_t")],
)
def test_a_name_that_looks_like_something_else_is_a_parameter_where_declared(name: str) -> None:
    tree = parse(f"{name}=1 * x + {name}")
    assert tree.parameters == (Parameter(name),)
    assert parse(str(tree)) == tree
    assert parse(str(parse(f"{name}[channel] * x"))).parameters[0].granularity == "channel"


# Texts that are nearly right, and texts that are not: the mix that a person and a file produce.
_PIECES = st.lists(st.sampled_from(TOKENS), max_size=25).map("".join)
_SPACED = st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join)
_NESTED = st.builds(
    lambda piece, count, end: piece * count + end,
    st.sampled_from(["(", "-", "exp(", "x+", "x**2+", "max(x,", "sum_n(x,", "reciprocal(", "a*"]),
    st.integers(1, 900),
    st.sampled_from(["", "x", "x)", "x" + ")" * 900]),
)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # 305 s on a machine that others use too
@settings(max_examples=100_000)
@given(st.text(max_size=80) | _PIECES | _SPACED | _NESTED | expressions(leaves=8).map(str))
def test_any_of_100000_texts_parses_or_points(text: str) -> None:
    assert parses_or_points(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "x * sigmoid(ax)",
            "tx * relu(x)",
            "inp * x",
            "none * x",
            "g=0.5 * x",
            "phi=0.5 * x + x",
        ),
        *("max(x, dim=0.5)", "max(x, key=0.5)", "tanh(where=0.5) * x", "x * sigmoid(g=0.5 * x)"),
    ],
)
def test_a_stored_text_is_read_as_before_there_were_rules_for_pasted_ones(text: str) -> None:
    expression = parse_stored(text)
    assert len(expression.parameters) == 1
    assert parse(str(expression)) == expression


@pytest.mark.parametrize("name", ["mix", "index", "max_x", "scale_x", "s_max", "relax"])
def test_a_word_that_ends_in_x_is_a_parameter(name: str) -> None:
    assert [p.name for p in parse(f"{name} * x").parameters] == [name]
