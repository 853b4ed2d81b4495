"""Core units are wired as in the paper, counted exactly, and found by their name."""

from __future__ import annotations

import pytest

from actsearch.space import (
    CoreUnits,
    Operators,
    Parameter,
    SpaceError,
    fingerprint,
    parse,
    space_from_name,
)
from actsearch.space.spaces.operator_sets import SWISH

UNARY, BINARY = SWISH.unary, SWISH.binary


@pytest.mark.heavy
def test_one_unit_has_the_papers_6250_expressions() -> None:
    space = CoreUnits(1)
    expressions = [str(space.decode(encoding)) for encoding in space.encodings()]
    assert len(expressions) == space.size == 25 * 25 * 10 == 6250
    # The 25 texts `sigmoid(x) * u(x)` arise in two ways, from x1 * x2 and from sigmoid(x1) * x2.
    assert len(set(expressions)) == 6250 - 25
    assert expressions[0] == "x + x"
    assert {"x * sigmoid(x)", "max(x, sigmoid(x))", "cos(x) - x", "min(x, sin(x))"} <= {
        *expressions
    }
    assert all(str(parse(text)) == text for text in expressions[::50])


@pytest.mark.parametrize(("units", "size"), [(1, 6250), (2, 39_062_500), (3, 6250**3)])
def test_sizes_are_the_papers(units: int, size: int) -> None:
    assert CoreUnits(units).size == size


def test_two_units_put_the_first_ones_value_through_the_left_unary() -> None:
    encoding = {
        "unit.binary": "x1 - x2",  # b2
        "unit.left": "tanh(x)",  # u3
        "unit.right": "cos(x)",  # u4
        "unit.inner.binary": "max(x1, x2)",  # b1
        "unit.inner.left": "x ** 2",  # u1
        "unit.inner.right": "x + beta",  # u2
    }
    tree = CoreUnits(2).decode(encoding)
    assert tree == parse("tanh(max(x ** 2, x + beta)) - cos(x)")


def test_each_drawn_beta_is_a_parameter_of_its_own_and_one_option_keeps_one() -> None:
    encoding = {
        "unit.binary": "beta * x1 + (1 - beta) * x2",
        "unit.left": "beta * x",
        "unit.right": "beta",
    }
    tree = CoreUnits(1, "channel").decode(encoding)
    assert str(tree) == "beta[channel] * (beta2[channel] * x) + (1 - beta) * beta3[channel]"


@pytest.mark.parametrize(
    ("name", "granularity", "canonical"),
    [
        ("core-1", "layer", "core-1"),
        ("core-2[channel]", "channel", "core-2[channel]"),
        ("core-3[network]", "network", "core-3[network]"),
        ("core-1[layer]", "layer", "core-1"),
    ],
)
def test_a_space_is_found_by_its_name(name: str, granularity: str, canonical: str) -> None:
    space = space_from_name(name)
    assert space.name == canonical
    tree = space.decode({path: options[0] for path, options in first_options(space.name).items()})
    assert {p.granularity for p in tree.parameters} <= {granularity}
    assert space_from_name(canonical).name == canonical


def first_options(name: str) -> dict[str, tuple[str, ...]]:
    """The options of each place, the learnable unary first."""
    units = int(name[len("core-")])
    paths = ["unit" + ".inner" * i for i in range(units)]
    return {
        f"{path}.{part}": ("beta * x",) if part != "binary" else BINARY
        for path in paths
        for part in ("binary", "left", "right")
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("core", "unknown space 'core'; known: core-1, tree-7"),
        ("core-٣", "unknown space"),
        ("core-" + "9" * 5000, "unknown space"),
        ("core-0", "core units must be 1 to 8, but got 0"),
        ("core-9", "core units must be 1 to 8, but got 9"),
    ],
)
def test_an_unknown_space_is_refused_with_the_known_ones(name: str, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        space_from_name(name)


def test_the_deepest_core_units_are_still_expressions() -> None:
    deepest = {"binary": "exp(-beta * (x1 - x2) ** 2)", "left": "exp(-x ** 2)", "right": "x"}
    tree = CoreUnits(8).decode(
        {
            f"unit{'.inner' * i}.{part}": option
            for i in range(8)
            for part, option in deepest.items()
        }
    )
    assert parse(str(tree)) == tree
    assert len(tree.parameters) == 8


def test_options_of_ones_own_keep_their_initial_values() -> None:
    space = CoreUnits(1, operators=Operators(("x", "a=0.5 * x"), ("x1 * b=2 + x2",)))
    tree = space.decode(
        {"unit.binary": "x1 * b=2 + x2", "unit.left": "x", "unit.right": "a=0.5 * x"}
    )
    assert tree == parse("x * beta=2 + beta2=0.5 * x")
    assert tree.parameters == (Parameter("beta", 2.0), Parameter("beta2", 0.5))
    assert space.size == 4


@pytest.mark.parametrize(
    ("unary", "binary", "message"),
    [
        ((), BINARY, "unary options must be at least one"),
        (("x", "x"), BINARY, "unary options must be distinct"),
        (UNARY, (), "binary options must be at least one"),
    ],
)
def test_options_are_distinct_and_some(
    unary: tuple[str, ...], binary: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SpaceError, match=message):
        CoreUnits(1, operators=Operators(unary, binary))


def test_well_known_activations_of_core_units_are_what_they_are_called() -> None:
    names = ["x * sigmoid(x)", "x * sigmoid(beta * x)", "relu(x)", "tanh(x)", "softplus(x)"]
    for units in (1, 2, 3):
        space = CoreUnits(units)
        candidates = [space.decode(encoding) for encoding in space.seed_candidates()]
        for expression, name in zip(candidates, names, strict=True):
            assert fingerprint(expression).matches(fingerprint(parse(name)))


def test_well_known_activations_a_restricted_space_lacks_are_left_out() -> None:
    space = CoreUnits(1, operators=Operators(("x", "max(x, 0)"), ("max(x1, x2)",)))
    assert [str(space.decode(e)) for e in space.seed_candidates()] == ["max(x, max(x, 0))"]
