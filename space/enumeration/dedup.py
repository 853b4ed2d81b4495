"""Equal candidates among millions, at 0.5 KB each.

A part of the fingerprint's values decides, so that all of them fit into memory.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ..analysis.fingerprint import (
    GRID,
    TOLERANCE,
    sample_points,
    summary,
)

EVERY = 9  # of a fingerprint's 882 values every 9th is kept, as float32, …
NEAR_ZERO = range(GRID // 2 - 2, GRID // 2 + 2)  # … and these of each draw, where the divisor's
# floor makes x ** 3 / x ** 3 another candidate than 1. Together 0.4 KB a candidate
ROUNDING = 1.3e-7  # relative, of two numbers kept as float32
BLOCK = 2**16  # rows kept in one piece: growing a single array would hold it twice


@cache
def kept(count: int) -> list[int]:
    """The positions of the values that are kept of a fingerprint's `count`."""
    draws = range(0, count, len(sample_points()))
    return sorted({*range(0, count, EVERY), *(start + i for start in draws for i in NEAR_ZERO)})


@dataclass(slots=True)
class Distinct:
    """Candidates by number, in the order added: what each is, and a part of its values."""

    # Arrays, not lists of tensors: small pieces kept between large temporary ones fragment memory.
    _kinds: array[int] = field(default_factory=lambda: array("q"))
    _keys: array[float] = field(default_factory=lambda: array("d"))
    _blocks: list[npt.NDArray[np.float32]] = field(default_factory=list)
    _known: dict[tuple[float, ...], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, initial: Sequence[tuple[float, ...]], values: Tensor) -> None:
        """Add candidates: the sorted initial values of each one's parameters, and its
        fingerprint's values, float64 [n, P]."""
        at = len(self)
        for starts in initial:
            self._kinds.append(self._known.setdefault(starts, len(self._known)))
        self._keys.extend(summary(values).tolist())
        rows = values[:, kept(values.shape[1])].float().numpy()
        while len(rows):
            if at % BLOCK == 0:
                self._blocks.append(np.empty((BLOCK, rows.shape[1]), np.float32))
            room = min(BLOCK - at % BLOCK, len(rows))
            self._blocks[-1][at % BLOCK : at % BLOCK + room] = rows[:room]
            rows, at = rows[room:], at + room

    def numbers(self) -> list[int]:
        """One of every set of equal candidates."""
        if not self._kinds:
            return []
        keys, kinds = np.array(self._keys), np.array(self._kinds)
        distinct: list[int] = []
        near: deque[int] = deque()  # found, and of a key close enough to be this one's equal
        kind = -1
        for i in np.lexsort((keys, kinds)).tolist():
            if kinds[i] != kind:
                near.clear()
                kind = kinds[i]
            while near and keys[i] - keys[near[0]] > 1.001 * TOLERANCE:
                near.popleft()
            row = self._row(i)
            allowed = TOLERANCE + ROUNDING * np.abs(row)
            if not any((np.abs(row - self._row(j)) <= allowed).all() for j in near):
                near.append(i)
                distinct.append(i)
        return distinct

    def _row(self, number: int) -> npt.NDArray[np.float32]:
        block, at = divmod(number, BLOCK)
        row: npt.NDArray[np.float32] = self._blocks[block][at]
        return row
