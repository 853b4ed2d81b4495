"""The pool's own noise: what another seed changes, and what another draw of images changes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from actsearch.search.leaderboard import noise, tied_with_best
from actsearch.space import baselines

from . import replay
from .trainings import RECIPE, Trained


def pairs(pool: Sequence[Trained]) -> dict[int, dict[str, Trained]]:
    """The seeds under which every baseline was trained: seed -> name -> training."""
    by_seed: dict[int, dict[str, Trained]] = {}
    for one in pool:
        by_seed.setdefault(one.seed, {})[one.name] = one
    return {seed: found for seed, found in by_seed.items() if set(found) == set(baselines())}


def spread(pool: Sequence[Trained]) -> dict[str, float | None]:
    """The pool's own noise, in points; correlations. None where too few seeds are paired."""
    copies, last = replay.copies(pool), RECIPE.epochs
    val, test = [t.rungs[last] for t in copies], [t.test for t in copies]
    paired = list(pairs(pool).values())
    enough = len(paired) >= 3
    return {
        "val_sd": 100 * statistics.stdev(val),
        "val_sd_epoch_1": 100 * statistics.stdev(t.rungs[1] for t in copies),
        "val_sd_epoch_3": 100 * statistics.stdev(t.rungs[3] for t in copies),
        "test_sd": 100 * statistics.stdev(test),
        "binomial_se": 100 * noise(statistics.fmean(val), RECIPE.validation),
        "val_test_correlation": statistics.correlation(val, test),
        "paired_correlation": _common_luck(paired) if enough else None,
        "images_sd": _images_sd(paired) if enough else None,
    }


def _common_luck(paired: Sequence[Mapping[str, Trained]]) -> float:
    """Mean correlation of two functions' test accuracies over the seeds they share."""
    return statistics.fmean(
        statistics.correlation([p[a].test for p in paired], [p[b].test for p in paired])
        for a, b in combinations(paired[0], 2)
    )


def _images_sd(paired: Sequence[Mapping[str, Trained]]) -> float:
    """How much another draw of 10,000 images changes the difference of two functions, in points.

    Each function's mean test accuracy less its mean validation accuracy varies between functions
    by twice one function's variance over images, as does the difference of two functions on one
    set; what the seeds add to it is taken off.
    """
    gaps = {
        name: [100 * (p[name].test - p[name].rungs[RECIPE.epochs]) for p in paired]
        for name in paired[0]
    }
    between = statistics.variance([statistics.fmean(gap) for gap in gaps.values()])
    by_seeds = statistics.fmean(statistics.variance(gap) for gap in gaps.values())
    return math.sqrt(max(0.0, between - by_seeds / len(paired)))


def ties(copies: Sequence[Trained], searches: int, candidates: int) -> float:
    """Of a search's complete copies, the share that the leaderboard's ~ calls ties."""
    rng = np.random.default_rng(2)
    tied = complete = 0
    for _ in range(searches):
        ended = replay.search(replay.World(copies, rng), candidates)
        tied += len(tied_with_best(ended, RECIPE.validation))
        complete += sum(c.state == "complete" for c in ended)
    return tied / complete
