"""How many parametric trees there are, and trees drawn uniformly by those numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from numpy.random import Generator


@dataclass(frozen=True, slots=True)
class Counts:
    """Trees over so many leaves, unary and binary operators."""

    leaves: int
    unary: int
    binary: int

    def shapes(self, operators: int, binary: int) -> int:
        """Trees of exactly so many operators, of which so many are binary."""
        return _shapes(self, operators, binary)

    def trees(self, operators: int) -> int:
        """Trees of exactly so many operators."""
        return sum(self.shapes(operators, b) for b in range(operators + 1))

    def scaled(self, operators: int, scales: int) -> int:
        """As `trees`, with up to `scales` multipliers on a tree's edges.

        An edge leaves every operator and every leaf: operators + binary + 1 of them.
        """
        return sum(
            self.shapes(operators, b) * math.comb(operators + b + 1, k)
            for b in range(operators + 1)
            for k in range(scales + 1)
        )

    def draw_shape(self, operators: int, rng: Generator) -> tuple[int, ...]:
        """Arities in pre-order of a tree of so many operators, uniform over trees."""
        if operators == 0:
            return (0,)
        below = operators - 1
        weights = [self.unary * self.trees(below)]
        weights += [
            self.binary * self.trees(left) * self.trees(below - left) for left in range(operators)
        ]
        drawn = rng.choice(len(weights), p=[w / sum(weights) for w in weights])
        if drawn == 0:
            return (1, *self.draw_shape(below, rng))
        left = int(drawn) - 1
        return (2, *self.draw_shape(left, rng), *self.draw_shape(below - left, rng))


@lru_cache(maxsize=4096)
def _shapes(counts: Counts, operators: int, binary: int) -> int:
    if operators == 0:
        return counts.leaves if binary == 0 else 0
    if not 0 <= binary <= operators:
        return 0
    count = counts.unary * _shapes(counts, operators - 1, binary)
    for left in range(operators):
        for b in range(binary):
            count += (
                counts.binary
                * _shapes(counts, left, b)
                * _shapes(counts, operators - 1 - left, binary - 1 - b)
            )
    return count
