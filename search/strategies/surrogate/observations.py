"""What a study says about candidates, as targets of one kind with their noise.

A rung is a fidelity: an accuracy at an early rung counts as one at the last rung, moved by what
those gained that went on, with what their gains scatter as noise beside that of one run. Targets
are -log(best + MARGIN - accuracy), since more than half of a space may end at chance and would
drown the differences among good ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MARGIN = 0.005  # a fraction: among good ones a tenth of a point still counts
RUN_NOISE = 0.002  # standard deviation of one run's accuracy, a fraction (docs/results.md)
FIRST_GAIN, FIRST_SCATTER = 0.02, 0.01  # from a rung to the next, before anything went on
PAIRS = 3  # of a gain that count as much as that first guess
WORST = 0.1  # what a candidate that diverged counts as: chance among ten classes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observations:
    """Targets of mean 0 and variance 1, and the variance of each one's noise.

    target = (raw - centre) / scale.
    """

    targets: Array
    noise: Array
    accuracies: Array  # as if at the last rung, fractions


def observations_of(curves: Sequence[Mapping[int, float]]) -> Observations:
    """From each candidate's accuracy (a fraction) by epoch; nothing for one that diverged."""
    epochs = sorted({epoch for curve in curves for epoch in curve})
    accuracies, variances = np.empty(len(curves)), np.empty(len(curves))
    gains = _gains(curves, epochs)
    for number, curve in enumerate(curves):
        if not curve:
            accuracies[number], variances[number] = WORST, RUN_NOISE**2
            continue
        last = max(curve)
        ahead = gains[epochs.index(last) :]
        accuracies[number] = curve[last] + sum(mean for mean, _ in ahead)
        variances[number] = RUN_NOISE**2 + sum(scatter**2 for _, scatter in ahead)
    below = accuracies.max(initial=0.0) + MARGIN - accuracies
    raw = -np.log(below)
    scale = float(raw.std()) or 1.0
    return Observations((raw - raw.mean()) / scale, variances / np.square(below * scale), accuracies)


def _gains(curves: Sequence[Mapping[int, float]], epochs: Sequence[int]) -> list[tuple[float, float]]:
    """Mean gain and its scatter, from each epoch to the next."""
    gains = []
    for epoch, following in zip(epochs, epochs[1:], strict=False):
        pairs = np.array([c[following] - c[epoch] for c in curves if epoch in c and following in c])
        weight = len(pairs) / (len(pairs) + PAIRS)
        mean = weight * (pairs.mean() if len(pairs) else 0.0) + (1 - weight) * FIRST_GAIN
        spread = weight * (pairs.std() if len(pairs) else 0.0) + (1 - weight) * FIRST_SCATTER
        gains.append((float(mean), float(spread)))
    return gains
