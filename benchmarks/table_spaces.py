"""The spaces of searches that are replayed on a table: what the table has of its space.

For search_efficiency.py. A strategy is to propose only what has a score there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from actsearch.evaluators import ScoreTable
from actsearch.search.strategies.base import key_of
from actsearch.space import (
    Encoding,
    FingerprintIndex,
    Space,
    fingerprint,
    parse,
    screen,
    space_from_name,
)

Key = frozenset[tuple[str, str]]  # of an encoding
LARGEST = 10_000  # encodings of a space that are all looked at
SPARSE = 0.1  # of a space in a table, below which a neighbour by chance is hardly ever in it


def space_of(table: ScoreTable) -> Space:
    """A whole table's space; of one that has a part of a space that part."""
    space = space_from_name(table.space)
    if space.size > LARGEST or len(table.rows) < SPARSE * space.size:
        encodings = [space.encode(parse(text)) for text in table.rows]
        return Listed(space, [encoding for encoding in encodings if encoding is not None])
    return space if table.is_whole else Within(space, keys_of(table, space))


def keys_of(table: ScoreTable, space: Space) -> frozenset[Key]:
    """The encodings of a space whose functions a table has."""
    index, keys = FingerprintIndex(), []
    for number, text in enumerate(table.rows):
        index.add(fingerprint(parse(text)), number)
    for encoding in space.encodings():
        expression = space.decode(encoding)
        known = str(expression) in table.rows
        if known or (
            screen(expression) is None and index.find(fingerprint(expression)) is not None
        ):
            keys.append(key_of(encoding))
    return frozenset(keys)


class Part(Space):
    """Some encodings of a space."""

    def __init__(self, space: Space, keys: frozenset[Key]) -> None:
        """keys: `key_of` of the encodings that are in it."""
        self._inner, self._keys = space, keys

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def size(self) -> int:
        return len(self._keys)

    def build(self, choose: Callable[[str, tuple[str, ...]], str]) -> Any:
        return self._inner.build(choose)

    def encode(self, expression: Any) -> dict[str, str] | None:
        encoding = self._inner.encode(expression)
        return encoding if encoding and key_of(encoding) in self._keys else None

    def seed_candidates(self) -> tuple[Encoding, ...]:
        return tuple(e for e in self._inner.seed_candidates() if key_of(e) in self._keys)


class Within(Part):
    """A large part, which draws and neighbours of the whole space fall into now and then."""

    def sample(self, rng: np.random.Generator) -> dict[str, str]:
        while key_of(encoding := self._inner.sample(rng)) not in self._keys:
            pass
        return encoding

    def mutate(self, encoding: Encoding, rng: np.random.Generator) -> dict[str, str]:
        while key_of(child := self._inner.mutate(encoding, rng)) not in self._keys:
            pass
        return child

    def cross(self, first: Encoding, second: Encoding, rng: np.random.Generator) -> dict[str, str]:
        child = self._inner.cross(first, second, rng)
        return child if key_of(child) in self._keys else dict(first)

    def encodings(self) -> Iterator[dict[str, str]]:
        return (e for e in self._inner.encodings() if key_of(e) in self._keys)


class Listed(Part):
    """A few candidates of a large space: a neighbour of one is any other."""

    def __init__(self, space: Space, encodings: Sequence[dict[str, str]]) -> None:
        super().__init__(space, frozenset(map(key_of, encodings)))
        self._encodings = encodings

    def sample(self, rng: np.random.Generator) -> dict[str, str]:
        return self._encodings[int(rng.integers(self.size))]

    def mutate(self, encoding: Encoding, rng: np.random.Generator) -> dict[str, str]:
        return self.sample(rng)

    def cross(self, first: Encoding, second: Encoding, rng: np.random.Generator) -> dict[str, str]:
        return self.sample(rng)

    def encodings(self) -> Iterator[dict[str, str]]:
        return iter(self._encodings)
