"""A prior from shipped tables: an expected score for any function, from functions like it.

A Gaussian process over a table's candidates, whose mean is taken at others. It knows functions
only: its score of a candidate is that of functions of such a shape in the table's network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ....evaluators.tables.score_table import Curve, ScoreTable
from ....space import parse
from ....space.analysis.features import GROUPS, features_of
from .feature_cache import cached_expectations, cached_features
from .gaussian_process import GaussianProcess, fitted, start_of
from .observations import MARGIN, RUN_NOISE, as_if_last, log_regrets
from .projection import Projection

MOST = 1500  # candidates of a table that are looked at: those that learned best, and others
CHANCE = 0.15  # accuracy of ten classes below which a curve has ended since nothing was learned,
# in a table whose best is above twice as much
BEST = 0.4  # share of the best among them
FOR_LENGTHS = 400  # of them, for the hyperparameters

Array = npt.NDArray[np.float64]


class Prior:
    """The expected score of functions in one table or more, as a log regret (observations.py), of
    mean 0 over a table."""

    def __init__(self, tables: Sequence[ScoreTable]) -> None:
        self._tables = tables

    @cached_property
    def _models(self) -> list[_Model]:
        return [_Model(table, np.random.default_rng(0)) for table in self._tables]

    def cached(self, features: Array) -> Array:
        """The same, kept in the user's cache: for a space's pool, which every search asks for."""
        name = " ".join(f"{table.recipe.label} {table.checksum}" for table in self._tables)
        return cached_expectations(features, name, lambda: self(features))

    def __call__(self, features: Array) -> Array:
        """The expectation at candidates with these features, [n, LENGTH]: [n]."""
        expected: Array = np.mean([model(features) for model in self._models], axis=0)
        return expected


class _Model:
    """The expectation from one table; rng draws which candidates of a large one are looked at."""

    def __init__(self, table: ScoreTable, rng: np.random.Generator) -> None:
        texts = list(table.rows)
        accuracies, deviations = _scores(table)
        seeds = np.array([len(table.rows[text]) for text in texts])
        order = np.argsort(-accuracies)
        best = order[: int(BEST * MOST)]
        others = rng.permutation(order[len(best) :])[: MOST - len(best)]
        chosen = rng.permutation(np.concatenate([best, others]))
        names = [texts[i] for i in chosen]
        features = cached_features(names, lambda: features_of(map(parse, names)))
        finite = np.isfinite(features).all(1)
        chosen, features = chosen[finite], features[finite]
        below = accuracies.max() + MARGIN - accuracies[chosen]
        raw = log_regrets(accuracies[chosen], accuracies.max())
        self._mean = float(log_regrets(accuracies, accuracies.max()).mean())
        self._centre, self._scale = float(raw.mean()), float(raw.std()) or 1.0
        targets = (raw - self._centre) / self._scale
        noise = np.square(deviations[chosen] / below / self._scale) / seeds[chosen]
        self._projection = Projection(features, tuple(GROUPS))
        points = self._projection(features)
        flat = np.zeros(len(targets))
        few = slice(0, FOR_LENGTHS)
        hyper = fitted(
            [p[few] for p in points], flat[few], targets[few], noise[few], start_of(len(points))
        )
        self._process = GaussianProcess(points, flat, targets, noise, hyper)

    def __call__(self, features: Array) -> Array:
        mean = self._process.mean(self._projection(features), np.zeros(len(features)))
        return mean * self._scale + self._centre - self._mean


def _scores(table: ScoreTable) -> tuple[Array, Array]:
    """The mean accuracy of each candidate over its seeds, and the deviation of one of them. In a
    table of searches most were stopped at an early rung, which counts as one (observations.py)."""
    rungs = table.recipe.rungs
    curves = [_curve(table, curve) for seeds in table.rows.values() for curve in seeds.values()]
    last = np.array([curve[max(curve)] if curve else 0.0 for curve in curves])
    deviation = np.full(len(curves), RUN_NOISE)
    is_cut = np.array([bool(curve) and rungs[-1] not in curve for curve in curves])
    is_cut &= (last > CHANCE) | (last.max() < 2 * CHANCE)
    if is_cut.any():
        expected, variances = as_if_last(curves)
        last = np.where(is_cut, expected, last)
        deviation = np.where(is_cut, np.sqrt(variances), deviation)
    ends = np.cumsum([len(seeds) for seeds in table.rows.values()])[:-1]
    means = np.array([part.mean() for part in np.split(last, ends)])
    return means, np.array([np.sqrt(np.square(d).mean()) for d in np.split(deviation, ends)])


def _curve(table: ScoreTable, curve: Curve) -> dict[int, float]:
    """The accuracies by epoch; nothing for one that diverged."""
    if curve[-1] is None:
        return {}
    rungs = zip(table.recipe.rungs, curve, strict=False)
    return {epoch: right / table.recipe.validation for epoch, right in rungs if right is not None}
