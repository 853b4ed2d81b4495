"""From features to the points of a model: each group's principal components, of equal size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ....space.analysis.features import GROUPS

COMPONENTS = 16  # of a group at most
EXPLAINED = 0.999  # of its variance by them
CLIPPED = 3.0  # deviations from its median that a moment counts at most: some are 1e3 times larger
LEAST = 1e-6  # deviation of a column that is the same for all

Array = npt.NDArray[np.float64]


class Projection:
    """Fixed by the features of some candidates, of which a group's mean squared norm is 1.

    groups: names in GROUPS.
    """

    def __init__(self, features: Array, groups: Sequence[str]) -> None:
        self._groups = tuple(groups)
        moments = features[:, GROUPS["moments"]]
        self._median = np.median(moments, 0)
        self._deviations = np.maximum(moments.std(0), LEAST)
        self._means: list[Array] = []
        self._maps: list[Array] = []
        for name in groups:
            columns = self._columns(features, name)
            mean = columns.mean(0)
            _, sizes, directions = np.linalg.svd(columns - mean, full_matrices=False)
            share = np.cumsum(sizes**2) / max(float((sizes**2).sum()), LEAST**2)
            count = min(COMPONENTS, int(np.searchsorted(share, EXPLAINED)) + 1)
            size = max(float(np.sqrt((sizes[:count] ** 2).sum() / len(features))), LEAST)
            self._means.append(mean)
            self._maps.append(directions[:count].T / size)

    def __call__(self, features: Array) -> list[Array]:
        """The points of candidates: per group [n, its components]."""
        return [
            (self._columns(features, name) - mean) @ matrix
            for name, mean, matrix in zip(self._groups, self._means, self._maps, strict=True)
        ]

    def _columns(self, features: Array, name: str) -> Array:
        columns: Array = features[:, GROUPS[name]]
        if name != "moments":
            return columns
        clipped: Array = np.clip((columns - self._median) / self._deviations, -CLIPPED, CLIPPED)
        return clipped
