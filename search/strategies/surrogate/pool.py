"""The candidates a proposal is chosen from, as points of the model's groups.

The whole of a small space; of a large one a fixed sample, to which each proposal adds mutations
and crossings of the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ....space import Encoding, Space
from ....space.analysis.features import GROUPS, features_of

WHOLE = 10_000  # encodings of a space that are all in the pool: 5 s
SAMPLE = 2000  # of a larger one
COMPONENTS = 16  # of a group at most
EXPLAINED = 0.999  # of its variance by them
CLIPPED = 3.0  # standard deviations of a moment

Array = npt.NDArray[np.float64]
Key = frozenset[tuple[str, str]]


def key_of(encoding: Encoding) -> Key:
    return frozenset(encoding.items())


class Projection:
    """From features to the model's groups, fixed by the pool: each of mean squared norm 1."""

    def __init__(self, features: Array) -> None:
        self._means: list[Array] = []
        self._maps: list[Array] = []
        self._deviations = np.maximum(features[:, GROUPS["moments"]].std(0), 1e-6)
        for name in GROUPS:
            columns = self._columns(features, name)
            mean = columns.mean(0)
            _, sizes, directions = np.linalg.svd(columns - mean, full_matrices=False)
            share = np.cumsum(sizes**2) / max(float((sizes**2).sum()), 1e-12)
            count = min(COMPONENTS, int(np.searchsorted(share, EXPLAINED)) + 1)
            size = np.sqrt((sizes[:count] ** 2).sum() / len(features)) or 1.0
            self._means.append(mean)
            self._maps.append(directions[:count].T / max(size, 1e-9))

    def __call__(self, features: Array) -> list[Array]:
        """Per group, [n, its components]."""
        return [
            (self._columns(features, name) - mean) @ matrix
            for name, mean, matrix in zip(GROUPS, self._means, self._maps, strict=True)
        ]

    def _columns(self, features: Array, name: str) -> Array:
        columns: Array = features[:, GROUPS[name]]
        if name != "moments":
            return columns
        middle = np.median(columns, 0)
        return np.clip((columns - middle) / self._deviations, -CLIPPED, CLIPPED)


class Pool:
    """The candidates of a space with finite features, each encoding's points reckoned once."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._features: dict[Key, Array] = {}
        rng = np.random.default_rng([seed, 2])  # 2: a stream of its own
        self.is_whole = space.size <= WHOLE
        drawn: Iterable[Encoding] = (
            space.encodings() if self.is_whole else (space.sample(rng) for _ in range(SAMPLE))
        )
        by_key = {key_of(encoding): encoding for encoding in drawn}
        features = self.features(list(by_key.values()))
        finite = np.isfinite(features).all(1)
        self.encodings = [e for e, fits in zip(by_key.values(), finite, strict=True) if fits]
        self.raw = features[finite]
        self.projection = Projection(self.raw)

    def features(self, encodings: Sequence[Encoding]) -> Array:
        """The features of encodings, [n, LENGTH]; NaN where they are not finite."""
        new = {key_of(e): e for e in encodings if key_of(e) not in self._features}
        rows = features_of(self._space.decode(encoding) for encoding in new.values())
        self._features |= dict(zip(new, rows, strict=True))
        return np.stack([self._features[key_of(e)] for e in encodings])


def moments(names: Mapping[str, slice]) -> slice:
    return names["moments"]
