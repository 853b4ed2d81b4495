"""A compiled program computes what the tree says, and no more than a hand-written formula does."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, given, settings
from torch import Tensor

from actsearch.space import (
    PRIMITIVES,
    Call,
    Constant,
    Expression,
    Parameter,
    parse,
)
from actsearch.space.expressions.compile import compile_program
from actsearch.space.expressions.expression import LARGEST
from actsearch.space.expressions.inplace import Slot
from contracts.expressions import expressions

X = torch.tensor([-7.1, -2.3, -0.9, -0.2, 0.3, 1.1, 2.7, 8.3], dtype=torch.float64)


def by_hand(node: Expression, values: dict[Parameter, Tensor], seen: list[Tensor]) -> Tensor:
    """The tree evaluated node by node, constants as whole tensors; `seen` gets every value."""
    if isinstance(node, Constant):
        return torch.full_like(X, node.value)
    if isinstance(node, Parameter):
        return values[node].expand_as(X)
    if not isinstance(node, Call):
        return X
    operands = [by_hand(operand, values, seen) for operand in node.operands]
    seen.append(PRIMITIVES[node.primitive].function(*operands))
    return seen[-1]


@pytest.mark.heavy
@settings(max_examples=300)
@given(expressions(largest=100.0))
def test_a_program_is_the_tree_evaluated_node_by_node(tree: Expression) -> None:
    values = {p: torch.tensor(p.initial, dtype=torch.float64) for p in tree.parameters}
    seen: list[Tensor] = []
    expected = by_hand(tree, values, seen)
    assume(all(bool((v.abs() < LARGEST).all()) for v in seen))  # folding ends where float32 does
    value = compile_program(tree)(X, list(values.values()))
    assert value.shape == X.shape
    torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-12)


def test_equal_subtrees_are_computed_once() -> None:
    steps = compile_program(parse("sigmoid(x * 2) + x * sigmoid(x * 2)")).steps
    assert [step.code for step in steps] == [
        "{0} * {1}",
        "torch.sigmoid({0})",
        "{0} * {1}",
        "{0} + {1}",
    ]


def test_constants_are_folded() -> None:
    program = compile_program(parse("x + exp(0) * max(2, 3) - 3 / 2"))
    assert len(program.steps) == 2
    assert program.steps[0].operands[1] == 3.0
    assert compile_program(parse("2 + 3")).result == 5.0


@pytest.mark.parametrize(
    ("text", "value"),
    [("exp(100)", math.inf), ("-exp(100)", -math.inf), ("exp(999) - exp(999)", math.nan)],
)
def test_a_folded_constant_beyond_float32_is_infinite_as_it_would_be_there(
    text: str, value: float
) -> None:
    folded = compile_program(parse(text)).result
    assert isinstance(folded, float)
    assert folded == pytest.approx(value, nan_ok=True)
    assert parse(text).module()(torch.zeros(3)).shape == (3,)
    assert torch.equal(parse("max(x, -exp(100))").module()(torch.ones(3)), torch.ones(3))


@pytest.mark.parametrize(
    "text", ["max(x, 1)", "max(1, x)", "min(x, 1)", "min(1, x)", "x / 2", "x / -2", "2 / x"]
)
def test_an_operator_takes_a_constant_on_either_side(text: str) -> None:
    tree = parse(text)
    expected = by_hand(tree, {}, [])
    torch.testing.assert_close(compile_program(tree)(X), expected, rtol=1e-15, atol=0)


def test_a_program_is_remembered() -> None:
    assert compile_program(parse("sin(x)")) is compile_program(parse("sin(x)"))


def test_x_alone_is_no_step() -> None:
    program = compile_program(parse("x"))
    assert (program.steps, program.result, program.spreads) == ((), Slot(0), False)


def test_a_step_releases_what_no_later_one_needs() -> None:
    program = compile_program(parse("sin(x) * cos(sin(x)) + a * tanh(x)"))
    released = [slot for last in program.last for slot in last]
    assert sorted(set(released)) == sorted(released), "each once"
    assert set(released) == set(range(2, 2 + len(program.steps) - 1)), "all but x, a, the result"


def test_the_result_is_never_released() -> None:
    for text in ("sin(x)", "x", "a", "sin(x) * sin(x)", "2"):
        program = compile_program(parse(text))
        assert program.result not in [Slot(i) for last in program.last for i in last]
