"""The noise of an accuracy is that of its images, and ties are two of it apart."""

from __future__ import annotations

import math

import pytest

from actsearch.evaluators.protocol.noise import noise, tie_margin


@pytest.mark.parametrize(("score", "images"), [(0.9, 10_000), (0.5, 100), (1.0, 50), (0.0, 1)])
def test_the_noise_of_a_share_is_binomial(score: float, images: int) -> None:
    assert noise(score, images) == pytest.approx(math.sqrt(score * (1 - score) / images))
    assert tie_margin(score, images) == 2 * noise(score, images)


@pytest.mark.parametrize("score", [-0.3, 57.3])
def test_what_is_no_fraction_ties_with_nothing_else(score: float) -> None:
    assert tie_margin(score, 100) == 0
