"""Equal functions have matching fingerprints, others do not, and the index finds every match."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.space import (
    Call,
    CoreUnits,
    Expression,
    Fingerprint,
    FingerprintIndex,
    Operators,
    Parameter,
    fingerprint,
    parse,
)
from actsearch.space.analysis.fingerprint import TOLERANCE, dense_points, drawn, setting_points
from actsearch.space.expressions.expression import substitute
from actsearch.space.spaces.operator_sets import SWISH
from contracts.expressions import expressions


def same(left: str, right: str) -> bool:
    """Whether two texts have matching fingerprints, asked both ways."""
    a, b = fingerprint(parse(left)), fingerprint(parse(right))
    assert a.matches(b) == b.matches(a)
    return a.matches(b)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x * sigmoid(x)", "silu(x)"),
        ("max(x, 0)", "relu(x)"),
        ("max(x, -x)", "abs(x)"),
        ("x + x", "2 * x"),
        ("x * x", "x ** 2"),
        ("-(x - 1)", "1 - x"),
        ("x / 2", "0.5 * x"),
        ("x / x", "1"),
        ("x ** 2 / x", "x"),
        ("sinh(x) / cosh(x)", "tanh(x)"),
        ("2 * sigmoid(2 * x) - 1", "tanh(x)"),
        ("exp(x) * exp(x)", "exp(2 * x)"),
        ("exp(exp(x))", "exp(exp(x) + 1e-9)"),
        ("(x + 1e4) - 1e4", "x"),
        # learnable parameters: other names, another order, another way to write the same
        ("x * sigmoid(beta * x)", "x * sigmoid(gamma * x)"),
        ("x * sigmoid(beta * x)", "x / (1 + exp(-beta * x))"),
        ("a=2 * x + b=3 * sin(x)", "a=3 * sin(x) + b=2 * x"),
        ("a * x + b * tanh(x)", "b * tanh(x) + a * x"),
        ("a * x ** 2 + b * abs(x)", "b * abs(x) + a * x ** 2"),
        ("a=2 * x ** 3 + b=3 * x + c=0.5", "a=0.5 + b=2 * x ** 3 + c=3 * x"),
        ("a[channel] * sin(x) + b * x", "b[channel] * sin(x) + a * x"),
        ("a * b * c * d * g * x", "g * d * c * b * a * x"),
        ("a * max(x, 0) + b * min(x, 0)", "b * max(x, 0) + a * min(x, 0)"),
    ],
)
def test_equal_functions_match_however_they_are_written(left: str, right: str) -> None:
    assert same(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x", "-x"),
        ("x", "abs(x)"),
        ("x", "1.0001 * x"),
        ("relu(x)", "leaky_relu(x)"),
        ("relu(x)", "softplus(x)"),
        ("gelu(x)", "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))"),
        ("min(x, 20)", "x"),  # differ in the tails only
        ("sin(x)", "tanh(x)"),
        # learnable parameters
        ("x * sigmoid(beta * x)", "silu(x)"),
        ("x + beta=0", "x"),
        ("x * beta", "x"),
        ("x + a - a", "x"),  # a parameter without effect is a parameter all the same
        ("beta * x", "x + beta=0"),
        ("x * sigmoid(beta * x)", "x * sigmoid(beta[channel] * x)"),
        ("x * sigmoid(beta * x)", "x * sigmoid(beta[network] * x)"),
        ("x * sigmoid(beta * x)", "x * sigmoid(beta=0.5 * x)"),
        ("a * b=4 * x", "a=2 * b=2 * x"),  # equal now, learning differently
        ("a=2 * x + b=3 * sin(x)", "a=3 * x + b=2 * sin(x)"),
        ("a[channel] * x + b * sin(x)", "a * x + b[channel] * sin(x)"),
        ("a * x + b", "a * x + a"),
        ("a * x", "a ** 2 * x"),
        ("a * x", "abs(a) * x"),
    ],
)
def test_different_candidates_do_not_match(left: str, right: str) -> None:
    assert not same(left, right)


def test_the_grid_is_symmetric_with_tails_and_without_zero() -> None:
    for points in (dense_points(), *setting_points()):
        assert torch.equal(points.sort().values, -points.sort(descending=True).values)
        assert points.abs().min() > 1e-2
        assert points.abs().max() > 60
        assert points.dtype == torch.float64


def test_every_three_parameters_meet_in_each_combination_of_their_ranges() -> None:
    rows = torch.stack([drawn(rank, 1.0) for rank in range(3)])
    ranges = torch.where(rows < 0, 0, torch.where(rows < 1, 1, 2))
    assert len({tuple(row.tolist()) for row in ranges.T}) == 27
    assert all(len(set(row.tolist())) == 27 for row in rows)


def test_parameters_are_looked_at_beyond_where_they_start() -> None:
    assert drawn(0, 3.0).max() > 3.0
    assert drawn(0, -3.0).min() < -3.0


@given(expressions(largest=100.0))
def test_a_candidate_matches_itself_whatever_its_values(tree: Expression) -> None:
    assert fingerprint(tree).matches(fingerprint(parse(str(tree))))
    assert fingerprint(tree).values.isfinite().all()


@given(expressions(largest=100.0), st.randoms(use_true_random=False))
def test_names_do_not_matter(tree: Expression, rng: random.Random) -> None:
    names = [f"q{i}" for i in range(len(tree.parameters))]
    rng.shuffle(names)
    renamed: dict[Expression, Expression] = {
        p: Parameter(name, p.initial, p.granularity)
        for p, name in zip(tree.parameters, names, strict=True)
    }
    assert fingerprint(substitute(tree, renamed)).matches(fingerprint(tree))


@pytest.mark.heavy
@settings(max_examples=200)
@given(expressions(largest=100.0), st.randoms(use_true_random=False))
def test_the_order_of_operands_that_commute_does_not_matter(
    tree: Expression, rng: random.Random
) -> None:
    def swapped(node: Expression) -> Expression:
        if not isinstance(node, Call):
            return node
        operands = tuple(map(swapped, node.operands))
        swap = node.primitive in ("add", "mul", "max", "min") and rng.random() < 0.5
        return Call(node.primitive, operands[::-1] if swap else operands)

    assert fingerprint(swapped(tree)).matches(fingerprint(tree))


def of_values(values: list[float], kind: int) -> Fingerprint:
    return Fingerprint((("layer", 1.0),) * kind, torch.tensor(values, dtype=torch.float64))


@st.composite
def fingerprints(draw: st.DrawFn) -> Fingerprint:
    """Three values on a grid of half a tolerance, so that near misses on both sides are common."""
    values = draw(st.lists(st.integers(-3, 3), min_size=3, max_size=3))
    far = draw(st.sampled_from([0.0, 1.0, 1001.0]))
    return of_values([far + v * TOLERANCE / 2.0001 for v in values], draw(st.integers(0, 1)))


@pytest.mark.heavy
@settings(max_examples=300)
@given(st.lists(fingerprints(), max_size=12), fingerprints())
def test_the_index_finds_a_match_exactly_where_comparing_with_all_does(
    entries: list[Fingerprint], wanted: Fingerprint
) -> None:
    index = FingerprintIndex()
    for number, entry in enumerate(entries):
        index.add(entry, number)
    match = index.find(wanted)
    matching = [n for n, entry in enumerate(entries) if entry.matches(wanted)]
    assert (match in matching) if matching else match is None


def test_the_index_looks_at_few_entries_even_among_odd_functions() -> None:
    space = CoreUnits(
        operators=Operators(("x", "sin(x)", "tanh(x)", "atan(x)", "x ** 3"), SWISH.binary)
    )
    keys = sorted({round(fingerprint(space.decode(e)).key, 4) for e in space.encodings()})
    assert len(keys) > 100  # of 250; a plain mean would put the 77 odd ones on one key, 0


def test_an_index_that_recalls_finds_what_one_that_keeps_finds() -> None:
    texts = ["silu(x)", "gelu(x)", "x * sigmoid(beta * x)", "max(beta * x, x)", "tanh(x)"]
    recalled = FingerprintIndex(lambda number: fingerprint(parse(texts[number])))
    for number, text in enumerate(texts):
        entry = fingerprint(parse(text))
        recalled.add_known(entry.key, entry.form, number)
    others = ["x * sigmoid(x)", "x / (1 + exp(-x))", "max(x, gamma * x)", "-tanh(-x)", "mish(x)"]
    assert [recalled.find(fingerprint(parse(t))) for t in others] == [0, 0, 3, 4, None]


def test_the_index_gives_the_number_that_was_added() -> None:
    index = FingerprintIndex()
    index.add(fingerprint(parse("silu(x)")), 7)
    index.add(fingerprint(parse("gelu(x)")), 9)
    assert index.find(fingerprint(parse("x * sigmoid(x)"))) == 7
    assert index.find(fingerprint(parse("mish(x)"))) is None
