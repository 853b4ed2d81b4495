"""A Gaussian process over groups of features, each with a length scale of its own.

    k(a, b) = variance * Matern 5/2 of r + level + slope * trend_a * trend_b
    r^2 = sum over groups of |a_g - b_g|^2 / length_g^2

One length for all groups would let the many columns of one drown the few of another. The last two
terms are a line in the trend, with a weak prior on its coefficients. Hyperparameters
maximise the marginal likelihood (Rasmussen and Williams 2006, 5.4.1), by L-BFGS from one start:
the same data give the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

Array = npt.NDArray[np.float64]
Groups = Sequence[Array]  # each [n, its number of columns]

LEVEL, SLOPE = 1.0, 0.25  # prior variances of the line's coefficients

_JITTER = 1e-8  # on the diagonal, of a variance of 1
_BOUNDS = (-7.0, 7.0)  # of the logarithm of each hyperparameter
# Weakly, towards where features of unit variance and targets of unit variance put them: with ten
# observations the likelihood alone runs off to a bound. Standard deviation of the logarithms.
_SPREAD = 1.5
_STEPS = 40  # of L-BFGS


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """variance of the function, lengths of the groups, and the variance of what is neither
    function nor the observations' own noise; for targets of unit variance."""

    variance: float
    lengths: tuple[float, ...]
    white: float


def start_of(groups: int) -> Hyperparameters:
    """Where the search for hyperparameters begins."""
    return Hyperparameters(1.0, (1.0,) * groups, 0.1)


def fitted(
    points: Groups,
    trend: Array,
    targets: Array,
    noise: Array,
    start: Hyperparameters,
) -> Hyperparameters:
    """The most likely hyperparameters, with a weak prior around `start_of`.

    points: per group, [n, columns]. trend: [n]. targets: [n], of about unit variance. noise: [n],
    the known variance of each target.
    """
    squares = np.stack([cdist(p, p, "sqeuclidean") for p in points])
    known = _line(trend, trend)
    known[np.diag_indices_from(known)] += noise + _JITTER
    centre = _logs(start_of(len(points)))

    def loss(logs: Array) -> tuple[float, Array]:
        value, gradient = _negative_log_likelihood(logs, squares, targets, known)
        away = (logs - centre) / _SPREAD
        return value + float(away @ away) / 2, gradient + away / _SPREAD

    best = minimize(
        loss,
        _logs(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOUNDS] * len(centre),
        options={"maxiter": _STEPS},
    )
    variance, white, *lengths = np.exp(best.x).tolist()
    return Hyperparameters(variance, tuple(lengths), white)


class GaussianProcess:
    """The posterior given observations, and its mean and deviation anywhere."""

    def __init__(
        self,
        points: Groups,
        trend: Array,
        targets: Array,
        noise: Array,
        hyperparameters: Hyperparameters,
    ) -> None:
        self._points, self._trend, self._hyper = points, trend, hyperparameters
        covariance = self._covariance(points, trend)
        covariance[np.diag_indices_from(covariance)] += noise + hyperparameters.white + _JITTER
        self._factor = cho_factor(covariance, lower=True)
        self._weights: Array = cho_solve(self._factor, targets)

    def mean(self, points: Groups, trend: Array) -> Array:
        """The expected value at points: [m]."""
        expected: Array = self._covariance(points, trend) @ self._weights
        return expected

    def predict(self, points: Groups, trend: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the function at points: [m] each."""
        cross = self._covariance(points, trend)  # [m, n]
        solved = solve_triangular(self._factor[0], cross.T, lower=True)
        before = self._hyper.variance + LEVEL + SLOPE * np.square(trend)
        left = before - np.einsum("ij,ij->j", solved, solved)
        return cross @ self._weights, np.sqrt(np.maximum(left, _JITTER))

    def _covariance(self, points: Groups, trend: Array) -> Array:
        """Between points and the observations: [m, n]."""
        pairs = zip(points, self._points, self._hyper.lengths, strict=True)
        squared = sum(cdist(a / s, b / s, "sqeuclidean") for a, b, s in pairs)
        shape = _matern(np.asarray(squared))[0]
        result: Array = self._hyper.variance * shape + _line(trend, self._trend)
        return result


def _line(first: Array, second: Array) -> Array:
    """The covariance of a line in the trend."""
    return LEVEL + SLOPE * np.outer(first, second)


def _logs(hyper: Hyperparameters) -> Array:
    return np.log([hyper.variance, hyper.white, *hyper.lengths])


def _matern(squared: Array) -> tuple[Array, Array]:
    """Matern 5/2 of squared distances, and its derivative by them."""
    r = np.sqrt(5 * squared)
    decay = np.exp(-r)
    return (1 + r + 5 * squared / 3) * decay, -5 / 6 * (1 + r) * decay


def _negative_log_likelihood(
    logs: Array, squares: Array, targets: Array, known: Array
) -> tuple[float, Array]:
    """Of the targets, up to a constant, and its gradient by the logarithms; known: the part of the
    covariance that has no hyperparameter."""
    variance, white, *lengths = np.exp(logs)
    scaled = squares / np.square(lengths)[:, None, None]
    shape, steepness = _matern(scaled.sum(0))
    covariance = variance * shape + known
    covariance[np.diag_indices_from(covariance)] += white
    factor = cho_factor(covariance, lower=True)
    weights = cho_solve(factor, targets)
    value = float(targets @ weights) / 2 + float(np.log(np.diag(factor[0])).sum())
    inner = cho_solve(factor, np.eye(len(targets))) - np.outer(weights, weights)
    by_length = [(inner * variance * steepness * s).sum() * -1 for s in scaled]
    gradient = [
        (inner * variance * shape).sum() / 2,
        white * np.trace(inner) / 2,
        *by_length,
    ]
    return value, np.array(gradient)
