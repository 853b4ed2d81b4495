"""The candidates a proposal is chosen from: the whole of a small space, a fixed sample of others.

Of a large space each proposal looks at neighbours of the best beside it: mutations and crossings.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from optuna.trial import FrozenTrial
from scipy.spatial.distance import cdist

from ....space import Encoding, Space
from ....space.analysis.features import LENGTH, features_of
from ..base import Key, Lineage, key_of
from .feature_cache import cached_features
from .prior import Prior
from .projection import Projection

KEPT = 5000  # options outside a pool: a model is made of 300, and a proposal looks at 60 more
WHOLE = 10_000  # encodings of a space that are all in the pool: 10 s, once on a machine
SAMPLE = 2000  # of a larger one
# Moments beside them did harm: of functions that a model had seen 30 to 120 of, rank correlation
# with the score fell by 0.02 (docs/searching.md).
USED = ("values", "slopes", "parameters")

Array = npt.NDArray[np.float64]


# Searches of one process are often of one space; core-1's features are 13 MB.
@functools.lru_cache(maxsize=2)
def features_of_whole(space: Space) -> Mapping[Key, Array]:
    """The features of every encoding of a small space, in order."""
    encodings = {key_of(encoding): encoding for encoding in space.encodings()}
    expressions = [space.decode(encoding) for encoding in encodings.values()]
    rows = cached_features([*map(str, expressions)], lambda: features_of(expressions))
    return MappingProxyType(dict(zip(encodings, rows, strict=True)))


class Features:
    """The features of a space's encodings; of a small one they are all at hand."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._rows = features_of_whole(space) if space.size <= WHOLE else {}

    def __call__(self, encodings: Sequence[Encoding]) -> Array:
        """[n, LENGTH]; NaN in the row of one that is not finite."""
        if self._rows:
            rows = [self._rows[key_of(encoding)] for encoding in encodings]
        else:
            rows = list(features_of(self._space.decode(encoding) for encoding in encodings))
        return np.stack(rows or [np.empty(0)]).reshape(-1, LENGTH)


@dataclass(frozen=True, slots=True)
class Options:
    """Candidates, their points (per group [n, columns]) and what a prior expects of each [n]."""

    encodings: Sequence[Encoding]
    points: Sequence[Array]
    trend: Array

    def __len__(self) -> int:
        return len(self.encodings)

    def but(self, kept: npt.NDArray[np.bool_]) -> Options:
        """The options where `kept` [n] is true."""
        return self.at(np.flatnonzero(kept).tolist())

    def at(self, numbers: Sequence[int]) -> Options:
        """The options of these numbers, in their order."""
        rows = np.array(numbers, int)
        return Options(
            [self.encodings[i] for i in numbers],
            [points[rows] for points in self.points],
            self.trend[rows],
        )

    def and_also(self, *others: Options) -> Options:
        """These options, then those of `others`."""
        all_of = (self, *others)
        return Options(
            [encoding for options in all_of for encoding in options.encodings],
            [np.concatenate(group) for group in zip(*(o.points for o in all_of), strict=True)],
            np.concatenate([options.trend for options in all_of]),
        )

    @property
    def places(self) -> Array:
        """The points in one row each: [n, all columns]."""
        return np.concatenate(self.points, 1)

    def apart_from(self, places: Array, distance: float) -> npt.NDArray[np.bool_]:
        """Whether each option is farther than a distance from all `places` [m, columns]: [n]."""
        if not len(places) or not len(self):
            return np.ones(len(self), bool)
        apart: npt.NDArray[np.bool_] = cdist(self.places, places).min(1) > distance
        return apart


class Pool:
    """The encodings of a space that are always looked at, and how any is turned into points.

    The projection is fixed by the pool. What is not finite on [-10, 10] is left out everywhere.
    What is asked about an encoding outside the pool is reckoned for it alone, so that it does not
    depend, in its last bit, on what else a process was asked; the latest KEPT are kept.
    """

    def __init__(self, space: Space, seed: int, prior: Prior | None = None) -> None:
        self.features, self._prior = Features(space), prior
        self.is_whole = space.size <= WHOLE
        rng = np.random.default_rng([seed, 2])  # 2: a stream of its own
        drawn: Iterable[Encoding] = (
            space.encodings() if self.is_whole else (space.sample(rng) for _ in range(SAMPLE))
        )
        encodings = list({key_of(encoding): encoding for encoding in drawn}.values())
        features = self.features(encodings)
        self._project = Projection(features[np.isfinite(features).all(1)], USED)
        self.options = self._options(encodings, prior and prior.cached)
        self._numbers = {key_of(e): i for i, e in enumerate(self.options.encodings)}
        self._others = functools.lru_cache(KEPT)(self._other)

    def of(self, encodings: Sequence[Encoding]) -> Options:
        """Options of these encodings, but for those that are not finite."""
        keys = [key_of(encoding) for encoding in encodings]
        if all(key in self._numbers for key in keys):
            return self.options.at([self._numbers[key] for key in keys])
        return self.options.at([]).and_also(*map(self._others, keys))

    def _other(self, key: Key) -> Options:
        """One option, or none where it is not finite."""
        if key in self._numbers:
            return self.options.at([self._numbers[key]])
        return self._options([dict(sorted(key))], self._prior)

    def _options(
        self, encodings: Sequence[Encoding], prior: Callable[[Array], Array] | None
    ) -> Options:
        features = self.features(encodings)
        finite = np.flatnonzero(np.isfinite(features).all(1))
        kept = features[finite]
        trend = np.zeros(len(kept))
        if prior is not None and len(kept):
            trend = prior(kept)
        return Options([encodings[i] for i in finite.tolist()], self._project(kept), trend)

    def untried(self, encodings: Iterable[Encoding]) -> npt.NDArray[np.bool_]:
        """Whether each of the pool is none of these encodings: [n]."""
        free = np.ones(len(self.options), bool)
        keys = map(key_of, encodings)
        free[[self._numbers[key] for key in keys if key in self._numbers]] = False
        return free


def neighbours(
    space: Space, best: Sequence[FrozenTrial], count: int, rng: np.random.Generator
) -> list[tuple[Encoding, Lineage]]:
    """Mutations of the best trials' encodings and crossings of two of them, half each."""
    near: list[tuple[Encoding, Lineage]] = []
    for number in range(count):
        first = best[number % len(best)]
        if number % 2 and len(best) > 1:
            other = best[int(rng.integers(len(best)))]
            lineage = Lineage((first.number, other.number), "crossing")
            near.append((space.cross(first.params, other.params, rng), lineage))
        else:
            lineage = Lineage((first.number,), "mutation")
            near.append((space.mutate(first.params, rng), lineage))
    return near
