"""Parametric trees are counted, drawn uniformly, and change only as PANGAEA's mutations say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from actsearch.space import (
    Operators,
    ParametricTrees,
    SpaceError,
    parse,
)
from actsearch.space.spaces.operator_sets import ACT_BENCH
from actsearch.space.spaces.trees.mutations import (
    change,
    crossed,
    insert,
    regenerate,
    remove,
    scale,
)
from actsearch.space.spaces.trees.nodes import Node

FEW = Operators(("x", "sin(x)", "tanh(x)", "1"), ("x1 * x2", "max(x1, x2)"))
SPACE = ParametricTrees(7)
seeds = st.integers(0, 2**32 - 1)


def drawn(rng: np.random.Generator) -> Node:
    return SPACE.node(SPACE.sample(rng))


@pytest.mark.parametrize("operators", [1, 2])
def test_the_size_counts_every_tree_and_every_place_of_three_multipliers(operators: int) -> None:
    space = ParametricTrees(operators, operators=FEW)
    trees = [space.node(encoding) for encoding in space.encodings()]
    assert len(set(trees)) == len(trees) == space.size
    assert max(tree.scales for tree in trees) == 3
    assert max(tree.operators for tree in trees) == operators


def test_the_size_of_pangaeas_space_is_exact() -> None:
    # 27 unary operators are the identity, two constants, which are leaves, and 24 others. With one
    # operator or none there are 3, 72 and 63 trees of 1, 2 and 3 edges, times 2, 4 and 8 ways to
    # put multipliers on them.
    assert (len(SPACE.rules.leaves), len(SPACE.rules.unary), len(SPACE.rules.binary)) == (3, 24, 7)
    assert ParametricTrees(1).size == 3 * 2 + 24 * 3 * 4 + 7 * 9 * 8
    assert SPACE.size > 10**15


@pytest.mark.heavy
def test_a_tree_of_a_given_size_is_drawn_uniformly() -> None:
    space, rng = ParametricTrees(2, operators=FEW), np.random.default_rng(0)
    bare = Counter(space.draw(2, rng) for _ in range(10_000))
    shapes: Counter[Node] = Counter()
    for tree, count in bare.items():
        shapes[_unscaled(tree)] += count
    assert len(shapes) == space.counts.trees(2)
    # The statistic's distribution is known: over seeds, one alarm in 1e6.
    assert chisquare(list(shapes.values())).pvalue > 1e-6


def _unscaled(tree: Node) -> Node:
    return Node(tree.option, tuple(map(_unscaled, tree.below)))


@pytest.mark.heavy
def test_sampling_draws_the_sizes_and_the_numbers_of_multipliers_uniformly() -> None:
    rng = np.random.default_rng(1)
    trees = [drawn(rng) for _ in range(4000)]
    sizes = Counter(tree.operators for tree in trees)
    assert sorted(sizes) == [1, 2, 3, 4, 5, 6, 7]
    assert chisquare(list(sizes.values())).pvalue > 1e-6  # false alarm: 1e-6 over seeds
    # Two edges allow 0 to 2 multipliers, three and more 0 to 3.
    scales = Counter(tree.scales for tree in trees if tree.operators > 1)
    assert chisquare([scales[k] for k in range(4)]).pvalue > 1e-6


@given(seed=seeds)
def test_insert_adds_one_operator_and_keeps_the_multipliers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = drawn(rng)
    new = insert(SPACE.rules, tree, rng)
    if tree.operators == 7:
        assert new is None
    else:
        assert new is not None
        assert new.operators == tree.operators + 1
        assert new.scales == tree.scales


@given(seed=seeds)
def test_remove_takes_an_operator_and_what_it_drops_only(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = drawn(rng)
    new = remove(SPACE.rules, tree, rng)
    if tree.operators == 1:
        assert new is None
    else:
        assert new is not None
        assert new.operators < tree.operators
        assert new.scales <= tree.scales


@given(seed=seeds)
def test_change_and_regenerate_keep_the_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = drawn(rng)
    changed, anew = change(SPACE.rules, tree, rng), regenerate(SPACE.rules, tree, rng)
    assert changed is not None
    assert anew is not None
    pairs = list(zip(tree.every(), changed.every(), anew.every(), strict=True))
    assert sum(old[1].option != new[1].option for old, new, _ in pairs) == 1
    for (path, old), (path2, new), (path3, other) in pairs:
        assert path == path2 == path3
        assert old.scaled == new.scaled == other.scaled


@given(seed=seeds)
def test_scale_adds_drops_or_moves_one_multiplier(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = drawn(rng)
    new = scale(SPACE.rules, tree, rng)
    assert new is not None
    assert _unscaled(new) == _unscaled(tree)
    assert abs(new.scales - tree.scales) <= 1
    assert new.scales <= 3


def test_every_kind_of_mutation_comes_equally_often() -> None:
    rng = np.random.default_rng(2)
    start = SPACE.encoding(SPACE.draw(4, rng))
    tree = SPACE.node(start)
    kinds: Counter[str] = Counter()
    for _ in range(3000):
        new = SPACE.node(SPACE.mutate(start, rng))
        if new.operators > tree.operators:
            kinds["insert"] += 1
        elif new.operators < tree.operators:
            kinds["remove"] += 1
        elif _unscaled(new) == _unscaled(tree):
            kinds["scale"] += 1
        else:
            kinds["change or regenerate"] += 1
    expected = {"insert": 600, "remove": 600, "scale": 600, "change or regenerate": 1200}
    counts = [kinds[kind] for kind in expected]
    assert chisquare(counts, list(expected.values())).pvalue > 1e-6  # false alarm: 1e-6


@given(seed=seeds)
def test_a_child_has_one_subtree_of_the_second_and_the_rest_of_the_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = drawn(rng), drawn(rng)
    child = crossed(SPACE.rules, first, second, rng)
    assert child.operators <= 7
    assert child.scales <= 3
    assert any(
        first.put(path, graft) == child for path, _ in first.every() for _, graft in second.every()
    )


def test_a_multiplier_stands_before_what_it_scales_and_starts_at_one() -> None:
    tree = Node("x1 * x2", (Node("tanh(x)", (Node("x", (), True),)), Node("x")), True)
    assert str(SPACE.expression(tree)) == "beta * (tanh(beta2 * x) * x)"
    assert ParametricTrees(3, "channel").decode(
        ParametricTrees(3, "channel").encoding(tree)
    ) == parse("beta[channel] * (tanh(beta2[channel] * x) * x)")


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("log_sigmoid(a * x) * (b * asinh(x))", True),  # PANGAEA, found on WRN-10-4
        ("a * x - b * log_sigmoid(c * x)", True),  # on ResNet-v1-56
        ("softplus(elu(x))", True),  # on ResNet-v2-56
        ("a * x - b * log_sigmoid(c * (d * x))", False),
        ("a * sin(a * x)", False),
        ("a=2 * sin(x)", False),
        ("sinc(x)", False),
    ],
)
def test_pangaeas_published_functions_are_in_the_space(text: str, member: bool) -> None:
    assert SPACE.contains(parse(text)) == member


def test_a_tree_that_is_too_large_is_no_member() -> None:
    assert ParametricTrees(2).contains(parse("cosh(tanh(x))"))
    assert not ParametricTrees(2).contains(parse("cosh(tanh(exp(x)))"))


def test_a_space_of_one_operator_still_mutates_by_its_multipliers() -> None:
    space = ParametricTrees(1, operators=Operators(("x", "sin(x)"), ()))
    rng = np.random.default_rng(0)
    start = space.sample(rng)
    assert space.mutate(start, rng) != start
    with pytest.raises(SpaceError, match="trees have 1 to 16 operators, but got 17"):
        ParametricTrees(17, operators=ACT_BENCH)
