"""The Gaussian process, against scikit-learn's and against its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.spatial.distance import cdist
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from actsearch.search.strategies.surrogate.gaussian_process import (
    LEVEL,
    Array,
    GaussianProcess,
    Hyperparameters,
    _negative_log_likelihood,
    fitted,
    start_of,
)

COUNT = 30


@pytest.fixture
def points() -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(COUNT, 3)), rng.normal(size=(COUNT, 2))]


@pytest.fixture
def targets(points: list[Array]) -> Array:
    values = np.sin(2 * points[0][:, 0]) + 0.3 * points[1][:, 1]
    scaled: Array = (values - values.mean()) / values.std()
    return scaled


def test_mean_and_deviation_are_those_of_scikit_learn(points: list[Array], targets: Array) -> None:
    hyper = Hyperparameters(variance=1.7, lengths=(0.8, 2.5), white=0.05)
    noise = np.full(COUNT, 0.01)
    zero, new = np.zeros(COUNT), [p[:7] + 0.4 for p in points]
    mean, deviation = GaussianProcess(points, zero, targets, noise, hyper).predict(
        new, np.zeros(7)
    )
    kernel = ConstantKernel(1.7) * Matern(1.0, nu=2.5) + ConstantKernel(LEVEL)
    theirs = GaussianProcessRegressor(kernel, alpha=0.06 + 1e-8, optimizer=None)

    def joined(groups: list[Array]) -> Array:
        return np.concatenate([g / s for g, s in zip(groups, hyper.lengths, strict=True)], 1)

    theirs.fit(joined(points), targets)
    expected, spread = theirs.predict(joined(new), return_std=True)
    np.testing.assert_allclose(mean, expected, rtol=1e-8)
    np.testing.assert_allclose(deviation, spread, rtol=1e-6)


def test_the_gradient_of_the_likelihood_is_its_derivative(
    points: list[Array], targets: Array
) -> None:
    squares = np.stack([cdist(p, p, "sqeuclidean") for p in points])
    known = np.full((COUNT, COUNT), 0.7) + np.diag(np.linspace(0.01, 0.3, COUNT))
    logs = np.array([0.2, -1.0, 0.4, -0.3])
    _, gradient = _negative_log_likelihood(logs, squares, targets, known)
    numeric = approx_fprime(
        logs, lambda at: _negative_log_likelihood(at, squares, targets, known)[0], 1e-6
    )
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_a_group_that_says_nothing_gets_the_longer_length(points: list[Array]) -> None:
    values = np.sin(2 * points[0][:, 0])
    targets = (values - values.mean()) / values.std()
    noise = np.full(COUNT, 1e-3)
    hyper = fitted(points, np.zeros(COUNT), targets, noise, start_of(2))
    assert hyper.lengths[1] > 1.5 * hyper.lengths[0]


def test_a_target_that_follows_the_trend_is_expected_where_no_point_is_near(
    points: list[Array],
) -> None:
    trend = np.linspace(-2, 2, COUNT)
    process = GaussianProcess(points, trend, 0.8 * trend, np.full(COUNT, 1e-3), start_of(2))
    far = [np.full((2, p.shape[1]), 50.0) for p in points]
    low, high = process.mean(far, np.array([-2.0, 2.0]))
    assert high - low == pytest.approx(3.2, abs=0.6)


def test_without_any_observation_it_is_its_prior(points: list[Array]) -> None:
    none = [p[:0] for p in points]
    process = GaussianProcess(none, np.empty(0), np.empty(0), np.empty(0), start_of(2))
    mean, deviation = process.predict(points, np.zeros(COUNT))
    assert (mean == 0).all()
    np.testing.assert_allclose(deviation, np.sqrt(1 + LEVEL))
