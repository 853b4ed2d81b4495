"""The cost that a candidate is expected to have, from the costs of others with the same choices.

Time adds up over operators, and what a formula computes says little of it: so a ridge regression
over the options of encodings, not the model of the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ....space import Encoding

RIDGE = 1.0  # of each option's part, in units of one measured candidate

Array = npt.NDArray[np.float64]


def expected_costs(
    measured: Sequence[tuple[Encoding, float]], options: Sequence[Encoding]
) -> Array:
    """The expected cost of each option, in ReLU's time: [n]; the mean where nothing is known."""
    if not measured:
        return np.ones(len(options))
    known = sorted({option for encoding, _ in measured for option in encoding.values()})
    columns = {option: at for at, option in enumerate(known)}
    counts = np.stack([_counts(encoding, columns) for encoding, _ in measured])
    costs = np.array([cost for _, cost in measured])
    level, middle = float(costs.mean()), counts.mean(0)
    centred = counts - middle
    parts = np.linalg.solve(
        centred.T @ centred + RIDGE * np.eye(len(known)), centred.T @ (costs - level)
    )
    expected: Array = level + np.stack([_counts(e, columns) - middle for e in options]) @ parts
    return expected


def _counts(encoding: Encoding, columns: Mapping[str, int]) -> Array:
    """How often each option is chosen."""
    counts = np.zeros(len(columns))
    for option in encoding.values():
        if option in columns:
            counts[columns[option]] += 1
    return counts
