"""Trees check themselves when built, and are values: equal, hashable, copied, pickled."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from pathlib import Path

import pytest
from hypothesis import given

from actsearch.space import (
    Call,
    CandidateError,
    Constant,
    Expression,
    Parameter,
    UnknownNameError,
    Variable,
    parse,
)
from actsearch.space.expressions.expression import (
    LARGEST,
    MAX_DEPTH,
    X,
    substitute,
)
from contracts.expressions import expressions
from contracts.interpreter import Interpreter


def tower(height: int) -> Expression:
    tree: Expression = X
    for _ in range(height):
        tree = Call("exp", (tree,))
    return tree


def test_size_counts_operators_and_depth_the_longest_path() -> None:
    assert (X.size, X.depth) == (0, 0)
    tree = parse("sin(x) + x * cos(exp(2))")
    assert (tree.size, tree.depth) == (5, 4)


def test_parameters_come_once_in_order_of_appearance() -> None:
    tree = parse("b * x + a=0.5 * sigmoid(b * x) + c[channel]")
    assert [p.name for p in tree.parameters] == ["b", "a", "c"]
    assert tree.parameters[1] == Parameter("a", 0.5)
    assert tree.parameters[2].granularity == "channel"


@given(expressions())
def test_remembered_figures_are_those_of_the_nodes(tree: Expression) -> None:
    def depth(node: Expression) -> int:
        return 1 + max(map(depth, node.children)) if node.children else 0

    assert tree.depth == depth(tree)
    parameters = dict.fromkeys(node for node in tree.nodes() if isinstance(node, Parameter))
    assert tree.parameters == tuple(parameters)


@given(expressions())
def test_copies_and_pickles_are_equal_with_equal_hash(tree: Expression) -> None:
    for other in (copy.deepcopy(tree), pickle.loads(pickle.dumps(tree))):
        assert other == tree
        assert hash(other) == hash(tree)
        assert (other.depth, other.parameters) == (tree.depth, tree.parameters)


def test_the_deepest_tree_can_be_used_everywhere_and_no_deeper_one_is_built() -> None:
    tree = tower(MAX_DEPTH)
    assert parse(str(tree)) == tree == copy.deepcopy(tree) == pickle.loads(pickle.dumps(tree))
    copy.deepcopy(tree.module())
    with pytest.raises(CandidateError, match="at most 64 operators deep"):
        tower(MAX_DEPTH + 1)


def test_trees_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Constant(1.0).value = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("name", ["", "_a", "2a", "a b", "é", "x", "pi", "sin", "swish", "max"])
def test_a_parameter_needs_a_name_that_nothing_else_has(name: str) -> None:
    with pytest.raises(CandidateError, match="try 'beta'"):
        Parameter(name)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2 * LARGEST, -1e300])
def test_numbers_beyond_float32_are_refused(value: float) -> None:
    with pytest.raises(CandidateError, match=r"a constant must be at most 3\.38e\+38"):
        Constant(value)
    with pytest.raises(CandidateError, match="the initial value of beta"):
        Parameter("beta", value)


def test_zero_has_one_sign() -> None:
    assert math.copysign(1, Constant(-0.0).value) == 1
    assert math.copysign(1, Parameter("a", -0.0).initial) == 1


def test_unknown_primitives_and_granularities_name_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tanh'"):
        Call("tahn", (X,))
    with pytest.raises(UnknownNameError, match="did you mean 'channel'"):
        Parameter("a", 1.0, "chanel")  # type: ignore[arg-type]


def test_one_name_cannot_be_two_parameters() -> None:
    with pytest.raises(CandidateError, match="'a' has two initial values"):
        Call("add", (Parameter("a", 1.0), Parameter("a", 2.0)))


@given(expressions())
def test_substituting_nothing_gives_the_same_tree(tree: Expression) -> None:
    assert substitute(tree, {}) == tree
    assert substitute(tree, {X: X}) == tree


def test_substitution_is_simultaneous() -> None:
    swapped: dict[Expression, Expression] = {
        Variable("x1"): Variable("x2"),
        Variable("x2"): Variable("x1"),
    }
    assert substitute(parse("x1 - x2", ("x1", "x2")), swapped) == parse("x2 - x1", ("x1", "x2"))


@pytest.mark.heavy
def test_a_pickled_tree_is_the_same_key_in_a_process_of_another_hash_seed(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    tree = parse("x * sigmoid(beta * x) + sin(x)")
    code = (
        "import pickle, sys; from actsearch.space import parse;"
        f"tree = pickle.loads(bytes.fromhex('{pickle.dumps(tree).hex()}'));"
        "print({tree: 'found'}[parse('x * sigmoid(beta * x) + sin(x)')])"
    )
    process = interpreter.run(code, tmp_path)
    assert process.stdout.strip() == "found"
