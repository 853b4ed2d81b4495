"""Equal candidates among millions, at 0.6 KB each.

Means of a fingerprint's values decide, so that all candidates fit into memory.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..analysis.fingerprint import (
    TOLERANCE,
    summary,
)

SINGLE = 20  # values nearest to 0 that are kept as they are: there the divisor's floor makes
# x ** 3 / x ** 3 another candidate than 1, …
BLOCKS = 120  # … and means of the others in so many blocks, as float32: equal
# candidates are never parted, and others that differ by less than 8 to 23 tolerances, at one point
# only, count as one
ROUNDING = 1.3e-7  # relative, of two numbers kept as float32
BLOCK = 2**16  # rows kept in one piece: growing a single array would hold it twice


def shortened(values: Tensor) -> Tensor:
    """Fingerprints, float64 [n, P], in short: float32 [n, SINGLE + BLOCKS], means of blocks."""
    single, others = values[:, :SINGLE], values[:, SINGLE:]
    edges = [others.shape[1] * i // BLOCKS for i in range(BLOCKS + 1)]
    total = torch.nn.functional.pad(others.cumsum(1), (1, 0))[:, edges].diff(dim=1)
    return torch.cat([single, total / torch.tensor(edges).diff()], 1).float()


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

    def add(self, initial: Sequence[tuple[float, ...]], values: Sequence[Tensor]) -> None:
        """Add candidates: the sorted initial values of each one's parameters, and its
        fingerprint's values, float64 [P]."""
        at = len(self)
        for starts in initial:
            self._kinds.append(self._known.setdefault(starts, len(self._known)))
        by_length: dict[int, list[int]] = {}
        for number, row in enumerate(values):
            by_length.setdefault(len(row), []).append(number)
        keys = torch.empty(len(values), dtype=torch.float64)
        parts = torch.empty(len(values), SINGLE + BLOCKS)
        for numbers in by_length.values():
            stacked = torch.stack([values[number] for number in numbers])
            keys[numbers], parts[numbers] = summary(stacked), shortened(stacked)
        self._keys.extend(keys.tolist())
        rows = parts.numpy()
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
