"""The papers' operator sets have the papers' numbers, and are restricted as asked."""

from __future__ import annotations

import pytest

from actsearch.space import (
    OPERATORS,
    Operators,
    SpaceError,
    UnknownNameError,
)
from actsearch.space.spaces.operator_sets import SWISH


@pytest.mark.parametrize(
    ("name", "unary", "binary", "nary"),
    [("swish", 25, 10, 4), ("act-bench", 27, 7, 4), ("aquasurf", 31, 7, 4), ("grafs", 23, 9, 4)],
)
def test_the_sets_have_the_papers_numbers(name: str, unary: int, binary: int, nary: int) -> None:
    sets = OPERATORS[name]
    assert (len(sets.unary), len(sets.binary), len(sets.nary)) == (
        unary,
        binary,
        nary,
    )


def test_all_is_the_union_of_the_sets() -> None:
    everything = OPERATORS["all"]
    for operators in OPERATORS.values():
        assert set(operators.unary) <= set(everything.unary)
        assert set(operators.binary) <= set(everything.binary)


def test_options_become_canonical_so_that_no_two_are_one() -> None:
    assert Operators(("max( x,0 )",), ("add(x1,x2)",)).unary == ("max(x, 0)",)
    with pytest.raises(SpaceError, match="binary options must be distinct: x1 \\+ x2, x1 \\+ x2"):
        Operators(("x",), ("x1 + x2", "add(x1, x2)"))


def test_a_restriction_takes_every_option_made_of_a_primitive() -> None:
    operators = SWISH.restricted(without=("exp", "divide"))
    assert set(SWISH.unary) - set(operators.unary) == {"exp(x)", "exp(-x ** 2)"}
    assert set(SWISH.binary) - set(operators.binary) == {
        "x1 / x2",
        "exp(-beta * (x1 - x2) ** 2)",
        "exp(-beta * abs(x1 - x2))",
    }
    assert SWISH.restricted(without=["add"]).nary == ("prod_n", "max_n", "min_n")


def test_only_keeps_what_needs_no_primitive_at_all() -> None:
    operators = SWISH.restricted(only=("sigmoid", "mul"))
    assert operators.unary == ("x", "beta * x", "sigmoid(x)", "beta")
    assert operators.binary == ("x1 * x2", "sigmoid(x1) * x2")


def test_n_ary_options_fold_as_many_operands_as_the_place_has() -> None:
    assert SWISH.options("nary", 3) == (
        "x1 + x2 + x3",
        "x1 * x2 * x3",
        "max(max(x1, x2), x3)",
        "min(min(x1, x2), x3)",
    )


def test_unknown_operators_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown primitive 'tahn'; did you mean 'tanh'"):
        SWISH.restricted(without=("tahn",))
    with pytest.raises(UnknownNameError, match="n-ary operator 'sum'; did you mean 'sum_n'"):
        Operators(("x",), (), ("sum",))
