"""Fronts of accuracy against cost: who is beaten by whom, in which order, and who stands alone."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from actsearch.search.strategies.pareto import Point, crowding, front, ranks

COARSE = st.tuples(st.integers(0, 5).map(float), st.integers(1, 6).map(float))


def beats(point: Point, other: Point) -> bool:
    return point[0] >= other[0] and point[1] <= other[1] and point != other


@given(st.lists(COARSE, max_size=20))
def test_on_the_front_is_what_no_other_beats_and_equal_points_stand_side_by_side(
    points: list[Point],
) -> None:
    members = front(points)
    assert set(members) == {
        i for i, point in enumerate(points) if not any(beats(other, point) for other in points)
    }
    accuracies = [points[i][0] for i in members]
    assert accuracies == sorted(accuracies, reverse=True)


@given(st.lists(COARSE, max_size=20))
def test_each_rank_is_the_front_of_what_the_earlier_ones_leave(points: list[Point]) -> None:
    ranked = ranks(points)
    for depth in range(max(ranked, default=-1) + 1):
        left = [i for i, rank in enumerate(ranked) if rank >= depth]
        members = {left[i] for i in front([points[i] for i in left])}
        assert members == {i for i, rank in enumerate(ranked) if rank == depth}


def test_the_ends_of_a_front_stand_alone_and_the_crowded_middle_does_not() -> None:
    distance = crowding([(0.9, 5.0), (0.8, 4.0), (0.79, 3.9), (0.5, 1.0)])
    assert distance[0] == distance[3] == math.inf
    assert math.isclose(distance[1], 0.11 / 0.4 + 1.1 / 4.0)
    assert math.isclose(distance[2], 0.3 / 0.4 + 3.0 / 4.0)


def test_points_that_are_all_equal_have_no_middle() -> None:
    assert crowding([(0.5, 1.0)] * 3) == [math.inf, 0.0, math.inf]
    assert crowding([]) == []
