"""The pool's own noise: what another seed changes, and what another draw of images changes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from actsearch.evaluators.paired_statistics import compare
from actsearch.evaluators.protocol.noise import noise
from actsearch.search.storage.ranking import tied_with_best

from . import replay
from .trainings import RECIPE, Trained


def spread(pool: Sequence[Trained]) -> dict[str, float]:
    """The pool's own noise, in points; correlations.

    images_se: what another draw of the test images changes in the difference of two functions,
    the root of the mean square over all pairs; images_se_largest: of the pair with the most;
    images_se_of_pool: what it changes in the difference of their means over the pool's seeds,
    which is more, since so few seeds leave chance in every image. That is how much it matters in
    searches drawn from the pool.
    """
    copies, last = replay.copies(pool), RECIPE.epochs
    val, test = [t.val_accuracies[last] for t in copies], [t.test_accuracy for t in copies]
    images = [_images_errors(*pair) for pair in combinations(replay.different(pool), 2)]
    return {
        "val_sd": 100 * statistics.stdev(val),
        "val_sd_epoch_1": 100 * statistics.stdev(t.val_accuracies[1] for t in copies),
        "val_sd_epoch_3": 100 * statistics.stdev(t.val_accuracies[3] for t in copies),
        "test_sd": 100 * statistics.stdev(test),
        "binomial_se": 100 * noise(statistics.fmean(val), RECIPE.validation),
        "val_test_correlation": statistics.correlation(val, test),
        **{f"common_luck_epoch_{epoch}": luck for epoch, luck in common_luck(pool).items()},
        "images_se": 100 * statistics.fmean(error**2 for error, _ in images) ** 0.5,
        "images_se_largest": 100 * max(error for error, _ in images),
        "images_se_of_pool": 100 * statistics.fmean(error**2 for _, error in images) ** 0.5,
    }


def common_luck(pool: Sequence[Trained]) -> dict[int, float]:
    """By rung, how much of a validation score's variance is luck that functions share by the seed:
    the mean correlation, over the seeds that all have, of two functions' scores; at least 0."""
    pairs = list(combinations(replay.different(pool), 2))
    return {
        epoch: max(
            0.0,
            statistics.fmean(
                statistics.correlation(
                    [t.val_accuracies[epoch] for t in a], [t.val_accuracies[epoch] for t in b]
                )
                for a, b in pairs
            ),
        )
        for epoch in RECIPE.rungs
    }


def _images_errors(first: Sequence[Trained], second: Sequence[Trained]) -> tuple[float, float]:
    """Standard error of the functions' difference over images, and of that of the pool's means."""
    correct = [
        np.array([list(t.test_correct) for t in function], float) for function in (first, second)
    ]
    by_image = correct[0] - correct[1]
    comparison = compare(
        [t.test_accuracy for t in first], [t.test_accuracy for t in second], by_image
    )
    assert comparison.images_error is not None  # of three seeds or more, each with its images
    of_means = float(by_image.mean(0).std(ddof=1)) / by_image.shape[1] ** 0.5
    return comparison.images_error, of_means


def ties(copies: Sequence[Trained], searches: int, candidates: int) -> float:
    """Of a search's complete copies, the share that the leaderboard's ~ calls ties."""
    rng = np.random.default_rng(2)
    tied = complete = 0
    for _ in range(searches):
        trials = replay.search(replay.World([copies], rng), candidates)
        tied += len(tied_with_best(trials, RECIPE.validation))
        complete += sum(trial.state == "complete" for trial in trials)
    return tied / complete
