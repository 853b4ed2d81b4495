"""When two candidates are the same function, found by values and compared with a tolerance.

A candidate is evaluated in float64 on a symmetric grid with tails and on a Gaussian sample, at
its initial parameters and at two fixed generic draws of them. At the initial values alone
x * sigmoid(beta * x) would be x * sigmoid(x), and x + beta would be x; the draws tell them apart.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .expression import Expression
from .program import Program, compile_program

TOLERANCE = 1e-5  # largest difference of equal functions, after asinh: absolute near 0, relative
# in the tails. Rounding of float64 stays below 1e-8, and the divisor's floor moves x / x by 4e-6
GRID = 160  # points on [-8, 8], symmetric, none at 0, where x / x has its one odd value
TAILS = (-100.0, -30.0, -12.0, 12.0, 30.0, 100.0)
SAMPLE = 128  # points of N(0, 1)
DRAWS = ((0.7310, 1.3790, -0.5830, 0.4410), (-0.8170, 0.6140, 1.2230, -1.5370))
_MARKS = {"nan": 1000.0, "inf": 1001.0}  # asinh of the largest float64 is 711


@dataclass(frozen=True, slots=True, eq=False)  # compared by `matches`, within the tolerance
class Fingerprint:
    """`kind`: granularity and initial value of each parameter, sorted; `values`: float64
    [3 * points], squashed by asinh."""

    kind: tuple[tuple[str, float], ...]
    values: Tensor

    def matches(self, other: Fingerprint) -> bool:
        """Whether the two stand for the same candidate."""
        return self.kind == other.kind and bool(
            (self.values - other.values).abs().max() <= TOLERANCE
        )

    @property
    def key(self) -> float:
        """A number that matching fingerprints share up to the tolerance, for sorted look-up."""
        return _summary(self.values)


def sample_points() -> Tensor:
    """The fixed points, float64 [GRID + tails + SAMPLE]; the same in every process for ever."""
    half = torch.linspace(8.0 / GRID, 8.0, GRID // 2, dtype=torch.float64)
    uniform = (torch.arange(SAMPLE, dtype=torch.float64) + 0.5) / SAMPLE
    normal = torch.special.ndtri(uniform)  # the sample's quantiles: no generator, no drift
    tails = torch.tensor(TAILS, dtype=torch.float64)
    return torch.cat([-half.flip(0), half, tails, normal])


def fingerprint(expression: Expression) -> Fingerprint:
    """The fingerprint of a candidate; independent of its parameters' names and order."""
    program = compile_program(expression)
    points = sample_points()
    order = _parameter_order(program, points)
    rows = [[p.initial for p in program.parameters]]
    rows += [_arranged(draw, order) for draw in DRAWS] if order else [rows[0], rows[0]]
    values = torch.cat([_squashed(program, points, row) for row in rows])
    kind = tuple(sorted((p.granularity, p.initial) for p in program.parameters))
    return Fingerprint(kind, values)


class FingerprintIndex:
    """Candidates seen so far, by fingerprint: find one in logarithmic time."""

    def __init__(self) -> None:
        self._keys: list[float] = []
        self._entries: list[tuple[Fingerprint, int]] = []

    def find(self, wanted: Fingerprint) -> int | None:
        """The number under which an equal candidate was added, or None."""
        key, reach = wanted.key, 1.001 * TOLERANCE  # the keys are rounded, by about 1e-12
        low = bisect.bisect_left(self._keys, key - reach)
        high = bisect.bisect_right(self._keys, key + reach)
        for found, number in self._entries[low:high]:
            if found.matches(wanted):
                return number
        return None

    def add(self, entry: Fingerprint, number: int) -> None:
        """Remember a candidate under a number."""
        key = entry.key
        at = bisect.bisect_left(self._keys, key)
        self._keys.insert(at, key)
        self._entries.insert(at, (entry, number))


def _summary(values: Tensor) -> float:
    """A weighted mean. The weights rise, since with equal ones every odd function would have 0."""
    weights = torch.arange(1, len(values) + 1, dtype=values.dtype)
    return float(values @ weights / weights.sum())


def _squashed(program: Program, points: Tensor, values: Sequence[float]) -> Tensor:
    parameters = [torch.tensor(v, dtype=torch.float64) for v in values]
    raw = program(points, parameters)
    squashed = torch.asinh(raw)
    squashed = torch.where(raw.isnan(), _MARKS["nan"], squashed)
    return torch.where(raw.isinf(), raw.sign() * _MARKS["inf"], squashed)


def _parameter_order(program: Program, points: Tensor) -> list[int]:
    """The parameters sorted by their effect when moved alone, so that names do not matter."""
    base = [0.9] * len(program.parameters)

    def effect(index: int) -> tuple[str, float, float]:
        values = [*base[:index], 1.7, *base[index + 1 :]]
        total = _summary(_squashed(program, points, values))
        parameter = program.parameters[index]
        return parameter.granularity, round(total, 9), parameter.initial

    return sorted(range(len(base)), key=effect)


def _arranged(draw: Sequence[float], order: list[int]) -> list[float]:
    values = [0.0] * len(order)
    for rank, index in enumerate(order):
        # Beyond the fourth parameter the draw goes on, shifted, so that no two are equal.
        values[index] = draw[rank % len(draw)] + 0.317 * (rank // len(draw))
    return values
