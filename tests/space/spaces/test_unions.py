"""A union draws its members by their weights and leaves their candidates alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binomtest

from actsearch.space import (
    CoreUnits,
    ExpressionError,
    Listed,
    SpaceError,
    Union,
    parse,
)
from actsearch.space.spaces.unions import MEMBER

LISTED = Listed(
    "given", {"Swish": "x * sigmoid(beta * x)", "PReLU": "max(x, 0) + a=0.25 * min(x, 0)"}
)
BOTH = Union(((CoreUnits(1), 3.0), (LISTED, 1.0)))


def test_members_are_drawn_by_weight() -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(BOTH.sample(rng)[MEMBER] for _ in range(4000))
    assert binomtest(drawn["core-1"], 4000, 0.75).pvalue > 1e-6  # false alarm: 1e-6 over seeds


def test_a_member_is_left_as_rarely_as_any_choice_is_changed() -> None:
    rng = np.random.default_rng(1)
    start = {MEMBER: "core-1", **{f"0.{p}": o for p, o in CoreUnits(1).sample(rng).items()}}
    left = sum(BOTH.mutate(start, rng)[MEMBER] == "given" for _ in range(2000))
    assert binomtest(left, 2000, 1 / 4).pvalue > 1e-6  # three choices and the member itself


def test_parents_of_two_members_have_a_child_like_one_of_them() -> None:
    rng = np.random.default_rng(2)
    first = {MEMBER: "given", "1.candidate": "Swish"}
    second = {MEMBER: "core-1", **{f"0.{p}": o for p, o in CoreUnits(1).sample(rng).items()}}
    children = [BOTH.cross(first, second, rng) for _ in range(50)]
    assert all(child in (first, second) for child in children)
    assert {child[MEMBER] for child in children} == {"given", "core-1"}


def test_the_size_is_the_sum_and_the_enumeration_goes_through_the_members() -> None:
    small = Union(((LISTED, 1.0), (Listed("more", {"x": "x"}), 1.0)))
    assert small.size == 3
    assert [str(small.decode(e)) for e in small.encodings()] == [
        "x * sigmoid(beta * x)",
        "max(x, 0) + a=0.25 * min(x, 0)",
        "x",
    ]


def test_a_listed_candidate_is_recognised_with_its_initial_values() -> None:
    assert LISTED.encode(parse("max(x, 0) + b=0.25 * min(x, 0)")) == {"candidate": "PReLU"}
    assert not LISTED.contains(parse("max(x, 0) + b=0.5 * min(x, 0)"))
    assert not LISTED.contains(parse("x * sigmoid(beta[channel] * x)"))


def test_a_wrong_member_or_choice_is_refused_by_name() -> None:
    for bad in ({}, {MEMBER: "core-2"}, {MEMBER: "given", "1.candidate": "Mish"}):
        with pytest.raises(SpaceError, match="has no option"):
            BOTH.mutate(bad, np.random.default_rng(0))


def test_a_list_needs_candidates_that_parse() -> None:
    with pytest.raises(SpaceError, match="the list none has no candidate"):
        Listed("none", {})
    with pytest.raises(ExpressionError, match="unknown primitive"):
        Listed("bad", {"bad": "tahn(x)"})


def test_a_union_of_unions_is_refused() -> None:
    with pytest.raises(SpaceError, match="name all members side by side"):
        Union(((BOTH, 1.0), (CoreUnits(2), 1.0)))
