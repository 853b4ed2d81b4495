"""How the values of a signal are distributed: moments, share of zeros, a histogram."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BINS = 60
TAIL = 1e-3  # of the values on each side are left out of the bins, so that no outlier sets them
SAMPLE = 1_000_000  # values that the ends of the bins are found from, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Values of one signal over images and units.

    zeros, not_finite: shares of all values; mean and sd are of the finite ones. shares: of all
    values, in equal bins from `low` to `high`, exact zeros left out since they would hide the
    rest; `below` and `above` what lies outside. All shares together are 1.
    """

    mean: float
    sd: float
    zeros: float
    not_finite: float
    low: float
    high: float
    shares: tuple[float, ...]
    below: float
    above: float


def distribution(values: Tensor) -> Distribution:
    """The distribution of all elements of a tensor of any shape, at least one."""
    everything = values.detach().flatten().double()
    finite = everything[everything.isfinite()]
    other = finite[finite != 0]
    low, high = _ends(other)
    total = len(everything)
    counts = torch.histc(other, BINS, low, high) if len(other) else torch.zeros(BINS)
    return Distribution(
        mean=float(finite.mean()) if len(finite) else float("nan"),
        sd=float(finite.std(correction=0)) if len(finite) else float("nan"),
        zeros=(len(finite) - len(other)) / total,
        not_finite=(total - len(finite)) / total,
        low=low,
        high=high,
        shares=tuple((counts / total).tolist()),
        below=int((other < low).sum()) / total,
        above=int((other > high).sum()) / total,
    )


def _ends(values: Tensor) -> tuple[float, float]:
    if not len(values):
        return -1.0, 1.0
    some = values[:: -(-len(values) // SAMPLE)].sort().values
    left_out = int(TAIL * len(some))
    low, high = float(some[left_out]), float(some[len(some) - 1 - left_out])
    if low == high:
        margin = abs(low) / 2
        return low - margin, high + margin
    return low, high
