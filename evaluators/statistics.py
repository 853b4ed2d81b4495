"""Paired comparisons over seeds: difference, interval, p-value, correction, verdict."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

Verdict = Literal["winner", "tie", "worse"]
LEVEL = 0.05  # chance of a wrong verdict that is accepted


@dataclass(frozen=True, slots=True)
class Comparison:
    """A function against a baseline over the seeds they share; accuracies are fractions.

    interval: of the mean difference, at 95 %, not corrected. p_value: two-sided paired t.
    effect: mean difference in standard deviations of the differences (Cohen's d_z).
    """

    difference: float
    interval: tuple[float, float]
    p_value: float
    effect: float
    n: int


def compare(ours: Sequence[float], theirs: Sequence[float]) -> Comparison:
    """Paired t comparison of accuracies over the same seeds in the same order, at least 2."""
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    n = len(differences)
    mean = statistics.fmean(differences)
    spread = statistics.stdev(differences)
    if spread == 0:  # as with two copies of one function
        sure = 1.0 if mean == 0 else 0.0
        effect = 0.0 if mean == 0 else math.copysign(math.inf, mean)
        return Comparison(mean, (mean, mean), sure, effect, n)
    error = spread / math.sqrt(n)
    half = float(stats.t.isf(LEVEL / 2, n - 1)) * error
    p_value = 2 * float(stats.t.sf(abs(mean) / error, n - 1))
    return Comparison(mean, (mean - half, mean + half), p_value, mean / spread, n)


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
