"""Which operators the good candidates share, beside what chance alone would give."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SHARE = 5  # the good ones are the first of so many of the leaderboard: a fifth
FEWEST, MOST = 5, 40  # of good ones
SURE = 0.05  # chance of so large a count, times the number of operators, below which it is told


@dataclass(frozen=True, slots=True)
class OperatorCount:
    """An operator in `good` of the good candidates and `all` of those trained; `expected` of the
    good ones if it made no difference; `sure`: chance alone would hardly give so many."""

    name: str
    good: int
    all: int
    expected: float
    sure: bool


def good_ones(trained: int) -> int:
    """How many of the leaderboard's first count as good; 0 where too few have trained to tell."""
    return 0 if trained < 2 * FEWEST else min(MOST, max(FEWEST, math.ceil(trained / SHARE)))


def shared_operators(candidates: Sequence[Sequence[str]]) -> list[OperatorCount]:
    """The operators of the good ones, those that they share beyond chance first.

    candidates: the operators of each that has trained, best first. The chance is that of drawing
    the good ones blindly from all that have trained (hypergeometric), Bonferroni-corrected.
    """
    number, good = len(candidates), good_ones(len(candidates))
    everywhere = Counter(name for names in candidates for name in set(names))
    among = Counter(name for names in candidates[:good] for name in set(names))
    counts = [
        OperatorCount(
            name=name,
            good=count,
            all=everywhere[name],
            expected=good * everywhere[name] / number,
            sure=_chance(count, number, everywhere[name], good) * len(everywhere) < SURE,
        )
        for name, count in among.items()
    ]
    return sorted(counts, key=lambda c: (-(c.good - c.expected), c.name))


def _chance(count: int, number: int, holders: int, good: int) -> float:
    """The chance of at least so many holders among the good ones."""
    from scipy.stats import hypergeom  # takes a second to load

    return float(hypergeom.sf(count - 1, number, holders, good))
