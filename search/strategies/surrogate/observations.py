"""Observations of a study's candidates, as targets of one kind with their noise.

A rung is a fidelity: an accuracy at an early rung counts as one at the last, moved by what those
gained that went on, with the scatter of their gains as noise beside that of one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

MARGIN = 0.005  # a fraction: among good ones a tenth of a point still counts
RUN_NOISE = 0.002  # standard deviation of one run's accuracy, a fraction; 0.0015 among the best of
# the table, 0.0027 among all that learn (docs/searching.md)
FIRST_GAIN, FIRST_SCATTER = 0.02, 0.01  # from a rung to the next, before anything went on
PAIRS = 3  # of a gain that count as much as that first guess
WORST = 0.1  # what a candidate that diverged counts as, at most: chance among ten classes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observations:
    """accuracies: as if at the last rung, fractions. targets: their `log_regrets`. noise: the
    variance of each target."""

    accuracies: Array
    targets: Array
    noise: Array


def log_regrets(accuracies: Array, best: float) -> Array:
    """-log(best + MARGIN - accuracy): more than half of a space may end at chance, and would drown
    the differences among good ones."""
    return -np.log(best + MARGIN - accuracies)


def observations_of(curves: Sequence[Mapping[int, float]]) -> Observations:
    """From each candidate's accuracy (a fraction) by epoch; nothing for one that diverged."""
    accuracies, variances = as_if_last(curves)
    best = float(accuracies.max())
    below = best + MARGIN - accuracies
    return Observations(accuracies, log_regrets(accuracies, best), variances / np.square(below))


def as_if_last(curves: Sequence[Mapping[int, float]]) -> tuple[Array, Array]:
    """Each candidate's accuracy as if at the last rung that any came to, and its variance."""
    worst = _worst(curves)
    epochs = sorted({epoch for curve in curves for epoch in curve})
    gains = _gains(curves, epochs)
    accuracies, variances = np.empty(len(curves)), np.empty(len(curves))
    for number, curve in enumerate(curves):
        last = max(curve, default=None)
        ahead = [] if last is None else gains[epochs.index(last) :]
        score = worst if last is None else curve[last]
        accuracies[number] = score + sum(mean for mean, _ in ahead)
        variances[number] = RUN_NOISE**2 + sum(scatter**2 for _, scatter in ahead)
    return accuracies, variances


def _worst(curves: Sequence[Mapping[int, float]]) -> float:
    """The accuracy that one that diverged counts as: no better than any other, where the best is
    so low that chance among ten classes would be among them."""
    last = [curve[max(curve)] for curve in curves if curve]
    return min([WORST, *last]) if max(last, default=1.0) < 2 * WORST else WORST


def _gains(
    curves: Sequence[Mapping[int, float]], epochs: Sequence[int]
) -> list[tuple[float, float]]:
    """Mean gain and its scatter, from each epoch to the next."""
    gains = []
    for epoch, following in pairwise(epochs):
        pairs = np.array(
            [c[following] - c[epoch] for c in curves if epoch in c and following in c]
        )
        weight = len(pairs) / (len(pairs) + PAIRS)
        mean = weight * (pairs.mean() if len(pairs) else 0.0) + (1 - weight) * FIRST_GAIN
        spread = weight * (pairs.std() if len(pairs) else 0.0) + (1 - weight) * FIRST_SCATTER
        gains.append((float(mean), float(spread)))
    return gains
