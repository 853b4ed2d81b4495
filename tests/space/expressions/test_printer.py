"""Canonical text reads like Python, and stays readable for ever."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.space import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
    parse,
)
from actsearch.space.expressions.expression import LARGEST
from actsearch.space.expressions.printer import number_text
from contracts.expressions import expressions

GOLDEN = json.loads((Path(__file__).parents[2] / "contracts" / "golden.json").read_text())
OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
POWERS = {2: "square", 3: "cube"}


def as_python_reads(node: ast.expr) -> Expression:
    """The tree that Python's own grammar sees in a text; a negated number is a number."""
    match node:
        case ast.Name():
            return Variable() if node.id == "x" else Parameter(node.id)
        case ast.Constant(value=int() | float() as value):
            return Constant(value)
        case ast.UnaryOp(op=ast.USub()):
            return negated(as_python_reads(node.operand))
        case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            return Call(POWERS[exponent], (as_python_reads(node.left),))
        case ast.BinOp():
            operands = (as_python_reads(node.left), as_python_reads(node.right))
            return Call(OPERATORS[type(node.op)], operands)
        case ast.Call(func=ast.Name(id=name)):
            return Call(name, tuple(map(as_python_reads, node.args)))
    raise AssertionError(ast.dump(node))


def negated(operand: Expression) -> Expression:
    if isinstance(operand, Constant):
        return Constant(-operand.value)
    return Call("neg", (operand,))


def numbers_negated(tree: Expression) -> Expression:
    """The tree with -(2) turned into -2, since Python has no difference between them."""
    if not isinstance(tree, Call):
        return tree
    operands = tuple(map(numbers_negated, tree.operands))
    return negated(operands[0]) if tree.primitive == "neg" else Call(tree.primitive, operands)


@pytest.mark.heavy
@settings(max_examples=500)
@given(expressions(parameters=False))
def test_python_reads_the_same_tree_in_the_text(tree: Expression) -> None:
    read = as_python_reads(ast.parse(str(tree), mode="eval").body)
    assert numbers_negated(read) == numbers_negated(tree)


@given(st.floats(-LARGEST, LARGEST))
def test_numbers_are_written_so_that_they_read_back(value: float) -> None:
    assert float(number_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.0, "2"), (-3.0, "-3"), (0.5, "0.5"), (1e-5, "1e-05"), (1e14, "100000000000000")],
)
def test_whole_numbers_have_no_point(value: float, text: str) -> None:
    assert number_text(value) == text


def test_a_parameter_is_declared_once_with_what_is_not_default() -> None:
    beta, a = Parameter("beta"), Parameter("a", 0.25, "channel")
    product = Call("mul", (beta, a))
    assert str(Call("add", (product, product))) == "beta * a[channel]=0.25 + beta * a"
    assert str(Parameter("b", 1.0, "network")) == "b[network]"


@pytest.mark.parametrize(("text", "pinned"), GOLDEN["expressions"].items())
def test_stored_texts_keep_their_meaning(text: str, pinned: list[float]) -> None:
    tree = parse(text)
    assert str(tree) == text
    x = torch.tensor(GOLDEN["points"], dtype=torch.float64)[:, None]
    value = tree.module(channels=1).double()(x)[:, 0]
    torch.testing.assert_close(
        value, torch.tensor(pinned, dtype=torch.float64), rtol=1e-12, atol=1e-15
    )
