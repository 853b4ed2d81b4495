"""Accuracy against cost: fronts, and how alone a point stands on one (NSGA-II, Deb et al. 2002).

A point is (accuracy, cost): more of the first is better, less of the second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]


def front(points: Sequence[Point]) -> list[int]:
    """Indices of the points that no other is better than in one thing and as good in the other;
    the most accurate, and dearest, first."""
    cheapest = math.inf
    members: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (-points[i][0], points[i][1])):
        if points[index][1] < cheapest or (members and points[index] == points[members[-1]]):
            cheapest = points[index][1]
            members.append(index)
    return members


def ranks(points: Sequence[Point]) -> list[int]:
    """For each point its front: 0 for the first, 1 for that of what is left without it, …"""
    rank = [0] * len(points)
    left, depth = list(range(len(points))), 0
    while left:
        members = {left[i] for i in front([points[i] for i in left])}
        for index in members:
            rank[index] = depth
        left = [index for index in left if index not in members]
        depth += 1
    return rank


def crowding(points: Sequence[Point]) -> list[float]:
    """For each point of one front the distance between its neighbours, as a share of the front's
    width, summed over both axes; infinite at the ends."""
    distance = [0.0] * len(points)
    for axis in (0, 1):
        order = sorted(range(len(points)), key=lambda i: points[i][axis])
        width = points[order[-1]][axis] - points[order[0]][axis] if order else 0.0
        for position, index in enumerate(order):
            if position in (0, len(order) - 1):
                distance[index] = math.inf
            elif width > 0:
                before, after = order[position - 1], order[position + 1]
                distance[index] += (points[after][axis] - points[before][axis]) / width
    return distance
