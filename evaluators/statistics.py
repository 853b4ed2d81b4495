"""Paired comparisons over seeds: difference, interval, p-value, effect, correction, verdict.

Each seed is one pair; nothing is borrowed from other functions' spread, since a candidate may well
be noisier than a baseline. What is compared is the mean over seeds on these test images: another
draw of images is not in the interval (docs/validity.md).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

Verdict = Literal["winner", "tie", "worse"]
LEVEL = 0.05  # chance of a wrong verdict, winner or worse together, that is accepted
NO_SPREAD = 1e-9  # of accuracies: far below one image in a million, far above a float's rounding


@dataclass(frozen=True, slots=True)
class Comparison:
    """A function against a baseline over the seeds they share; accuracies are fractions.

    interval: of the mean difference, at 95 %, not corrected. p_value: two-sided paired t. Where
    nothing tells how noisy the difference is (one seed, or the same difference on every seed)
    there is no interval, and p is 1. effect: mean difference in standard deviations of the
    differences, without small-sample bias (Hedges 1981); None below three seeds or without spread.
    """

    difference: float
    interval: tuple[float, float] | None
    p_value: float
    effect: float | None
    n: int


def compare(ours: Sequence[float], theirs: Sequence[float]) -> Comparison:
    """Paired t comparison of accuracies over the same seeds in the same order, at least 1.

    Raises ValueError for none, or for two numbers of seeds.
    """
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    n = len(differences)
    if n == 0:
        raise ValueError("a comparison needs at least one seed")
    mean = statistics.fmean(differences)
    spread = statistics.stdev(differences) if n > 1 else 0.0
    if spread < NO_SPREAD:
        return Comparison(mean, None, 1.0, None, n)
    error = spread / math.sqrt(n)
    half = float(stats.t.isf(LEVEL / 2, n - 1)) * error
    p_value = 2 * float(stats.t.sf(abs(mean) / error, n - 1))
    effect = _hedges(n - 1) * mean / spread if n > 2 else None
    return Comparison(mean, (mean - half, mean + half), p_value, effect, n)


def _hedges(freedom: int) -> float:
    """What makes mean / spread unbiased: gamma(m/2) / (sqrt(m/2) gamma((m-1)/2)), for m of at
    least 2; 0.80 for five seeds (Hedges 1981)."""
    logarithm = math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)
    return math.exp(logarithm) / math.sqrt(freedom / 2)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (1979): adjusted p-values in the order given, at most 1."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = highest
    return adjusted


def verdict(comparison: Comparison, adjusted_p: float) -> Verdict:
    """Winner or worse only if the adjusted p-value is below 5 %; else a tie."""
    if adjusted_p >= LEVEL:
        return "tie"
    return "winner" if comparison.difference > 0 else "worse"
