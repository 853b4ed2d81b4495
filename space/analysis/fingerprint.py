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

from ..expressions.compile import Program, compile_program
from ..expressions.expression import Expression

TOLERANCE = 1e-5  # largest difference of equal functions, after asinh: absolute near 0, relative
# in the tails. Rounding of float64 stays below 1e-8, and the divisor's floor moves x / x by 4e-6
GRID = 160  # points on [-8, 8], symmetric, none at 0, where x / x has its one odd value
TAILS = (-100.0, -30.0, -12.0, 12.0, 30.0, 100.0)
SAMPLE = 128  # points of N(0, 1)
DRAWS = ((0.7310, 1.3790, -0.5830, 0.4410), (-0.8170, 0.6140, 1.2230, -1.5370))
BASE, MOVED = 0.9, 1.7  # parameters' values to order them by: all at one, each alone at the other
DIGITS = 9  # decimals of an effect that count for the order
NAN, INFINITE = 1000.0, 1001.0  # marks; asinh of the largest float64 is 711


@dataclass(frozen=True, slots=True, eq=False)  # compared by `matches`, within the tolerance
class Fingerprint:
    """A candidate's identity: equal functions have matching ones.

    `kind`: granularity and initial value of each parameter, sorted; `values`: float64
    [3 * points], squashed by asinh.
    """

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
        return float(summary(self.values))


def sample_points() -> Tensor:
    """The fixed points, float64 [GRID + tails + SAMPLE]; the same in every process for ever."""
    half = torch.linspace(8.0 / GRID, 8.0, GRID // 2, dtype=torch.float64)
    uniform = (torch.arange(SAMPLE, dtype=torch.float64) + 0.5) / SAMPLE
    normal = torch.special.ndtri(uniform)  # the sample's quantiles: no generator, no drift
    tails = torch.tensor(TAILS, dtype=torch.float64)
    return torch.cat([-half.flip(0), half, tails, normal])


def fingerprint(expression: Expression) -> Fingerprint:
    """The fingerprint of a candidate, independent of its parameters' names and order.

    Pure and the same in every process; milliseconds.
    """
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

    def find(self, entry: Fingerprint) -> int | None:
        """The number under which an equal candidate was added, or None."""
        key, reach = entry.key, 1.001 * TOLERANCE  # the keys are rounded, by about 1e-12
        low = bisect.bisect_left(self._keys, key - reach)
        high = bisect.bisect_right(self._keys, key + reach)
        for known, number in self._entries[low:high]:
            if known.matches(entry):
                return number
        return None

    def add(self, entry: Fingerprint, number: int) -> None:
        """Remember a candidate under a number."""
        key = entry.key
        at = bisect.bisect_left(self._keys, key)
        self._keys.insert(at, key)
        self._entries.insert(at, (entry, number))


def summary(values: Tensor) -> Tensor:
    """A weighted mean over the last dimension: [..., points] to [...].

    The weights rise, since with equal ones every odd function would have 0.
    """
    weights = torch.arange(1, values.shape[-1] + 1, dtype=values.dtype)
    return values @ weights / weights.sum()


def squash(raw: Tensor) -> Tensor:
    """asinh, with numbers of their own for NaN and the infinities."""
    return torch.asinh(raw).nan_to_num(nan=NAN, posinf=INFINITE, neginf=-INFINITE)


def _squashed(program: Program, points: Tensor, values: Sequence[float]) -> Tensor:
    return squash(program(points, [torch.tensor(v, dtype=torch.float64) for v in values]))


def _parameter_order(program: Program, points: Tensor) -> list[int]:
    """The parameters sorted by their effect when moved alone, so that names do not matter."""
    base = [BASE] * len(program.parameters)

    def effect(index: int) -> tuple[str, float, float]:
        values = [*base[:index], MOVED, *base[index + 1 :]]
        total = float(summary(_squashed(program, points, values)))
        parameter = program.parameters[index]
        return parameter.granularity, round(total, DIGITS), parameter.initial

    return sorted(range(len(base)), key=effect)


def _arranged(draw: Sequence[float], order: list[int]) -> list[float]:
    values = [0.0] * len(order)
    for rank, index in enumerate(order):
        values[index] = drawn(draw, rank)
    return values


def drawn(draw: Sequence[float], rank: int) -> float:
    """The value that a draw gives to the parameter of a rank, from 0."""
    # Beyond the fourth parameter the draw goes on, shifted, so that no two are equal.
    return draw[rank % len(draw)] + 0.317 * (rank // len(draw))
