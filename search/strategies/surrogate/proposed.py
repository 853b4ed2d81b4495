"""Proposals of a search so far, and the candidates of a pool and beside it that are still new.

A search proposes thousands, one after the other: each is compared with the pool once, when it
comes. All here follows from the list of them, so a resumed search has the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ....space import Encoding
from ..base import Key, key_of
from .pool import Options, Pool

SAME = 1e-4  # distance of points at which a candidate counts as one that was proposed before


class Proposed:
    """The proposals of one search. free: which of the pool's options are none of them, nor the
    same function in another form: [n]."""

    free: npt.NDArray[np.bool_]

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._begin()

    def _begin(self) -> None:
        self._encodings: list[Encoding] = []
        self._keys: set[Key] = set()
        self._places = self._pool.options.at([]).places
        self.free = np.ones(len(self._pool.options), bool)

    def update(self, encodings: Sequence[Encoding]) -> None:
        """Take all proposals so far, in order; where they do not begin with those that were taken
        before, anew."""
        if encodings[: len(self._encodings)] != self._encodings:
            self._begin()
        latest = encodings[len(self._encodings) :]
        places = self._pool.of(latest).places
        self.free &= self._pool.untried(latest)
        self.free &= self._pool.options.apart_from(places, SAME)
        self._encodings += latest
        self._keys |= {key_of(encoding) for encoding in latest}
        self._places = np.concatenate([self._places, places])

    def new(self, encodings: Sequence[Encoding]) -> Options:
        """The options of these that are none of the proposals, nor the same in another form."""
        options = self._pool.of([e for e in encodings if key_of(e) not in self._keys])
        return options.but(options.apart_from(self._places, SAME))
