"""Scores of different rungs as targets of one kind."""

from __future__ import annotations

import numpy as np
import pytest

from actsearch.search.strategies.surrogate.observations import (
    FIRST_GAIN,
    MARGIN,
    RUN_NOISE,
    WORST,
    observations_of,
)


def test_a_score_at_the_last_rung_counts_as_it_is() -> None:
    observed = observations_of([{1: 0.7, 3: 0.8}, {1: 0.6, 3: 0.75}])
    assert observed.accuracies.tolist() == [0.8, 0.75]
    np.testing.assert_allclose(observed.targets, -np.log([MARGIN, 0.05 + MARGIN]))


def test_an_early_score_gains_what_those_gained_that_went_on() -> None:
    went_on = [{1: 0.70 + i / 100, 3: 0.80 + i / 100} for i in range(50)]
    observed = observations_of([*went_on, {1: 0.6}])
    assert observed.accuracies[-1] == pytest.approx(0.7, abs=0.01)


def test_before_any_went_on_an_early_score_gains_a_guess_and_is_less_sure() -> None:
    observed = observations_of([{1: 0.7}, {1: 0.6, 3: 0.7}, {1: 0.6}])
    early, late = observed.noise[2], observed.noise[1]
    below_early, below_late = np.exp(-observed.targets[[2, 1]])
    assert early * below_early**2 > late * below_late**2
    assert 0.6 + FIRST_GAIN < observed.accuracies[2] < 0.7


def test_noise_is_told_in_the_units_of_targets() -> None:
    observed = observations_of([{9: 0.9}, {9: 0.8}])
    np.testing.assert_allclose(np.sqrt(observed.noise), RUN_NOISE / np.array([MARGIN, 0.105]))


def test_what_diverged_is_no_best_where_scores_are_below_chance_of_ten_classes() -> None:
    observed = observations_of([{1: 0.03, 3: 0.05}, {1: 0.02, 3: 0.03}, {}])
    assert observed.accuracies.tolist() == [0.05, 0.03, 0.03]


def test_what_diverged_counts_as_chance() -> None:
    observed = observations_of([{1: 0.9}, {}])
    assert observed.accuracies[1] == WORST
    assert observed.targets[1] == observed.targets.min()
