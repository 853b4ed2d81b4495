"""Paired comparisons over seeds: difference, interval, p-value, effect, correction, verdict.

Each seed is one pair; nothing is borrowed from other functions' spread, since a candidate may well
be noisier than a baseline. Seeds and test images are both a draw: functions that err on different
images would differ otherwise on other images, under all seeds alike, which no number of seeds
shows. Where it is known which images were right, that is in the interval too, as in the
multi-reader, multi-case studies of radiology, with seeds for readers (Obuchowski and Rockette
1995; degrees of freedom as in Hillis 2007, with those of the images).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit  # scipy.stats takes a second to load

Verdict = Literal["winner", "tie", "worse"]
LEVEL = 0.05  # chance of a wrong verdict, winner or worse together, that is accepted
FEW = 10  # test images below which the effect of another draw is not estimated
NO_SPREAD = 1e-9  # of accuracies: far below one image in a million, far above a float's rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedComparison:
    """A function against a baseline over the seeds they share; accuracies are fractions.

    interval: of the mean difference, at 95 %, not corrected. p_value: two-sided t. Where nothing
    tells how noisy the difference is (one seed, or the same difference on every seed) there is no
    interval, and p is 1. effect: mean difference in standard deviations of the differences over
    seeds, without small-sample bias (Hedges 1981); None below three seeds or without spread.
    images_error: what another draw of test images changes, standard error; None where it is not
    known, and an interval is for these images alone.
    """

    difference: float
    interval: tuple[float, float] | None
    p_value: float
    effect: float | None
    n: int
    images_error: float | None = None


def compare(
    accuracies: Sequence[float],
    baseline: Sequence[float],
    by_image: NDArray[np.float64] | None = None,
) -> PairedComparison:
    """Paired comparison of accuracies over the same seeds in the same order, at least 1.

    by_image: how much more often each test image was right than under the baseline, -1 to 1, a row
    for each seed of which it is known; without two of them the interval is the paired t interval
    over seeds. Raises ValueError for no seed, or for two numbers of seeds.
    """
    differences = [a - b for a, b in zip(accuracies, baseline, strict=True)]
    n = len(differences)
    if n == 0:
        raise ValueError("a comparison needs at least one seed")
    mean = statistics.fmean(differences)
    spread = statistics.stdev(differences) if n > 1 else 0.0
    if spread < NO_SPREAD:
        return PairedComparison(difference=mean, interval=None, p_value=1.0, effect=None, n=n)
    effect = _hedges(n - 1) * mean / spread if n > 2 else None
    seeds = spread**2 / n  # variance of the mean difference, by what makes it
    images = None if by_image is None else _image_variance(by_image)
    # Over the seeds, and over both. The wider one counts: of two or three seeds whose differences
    # happen to be close, the second alone would make too much (7 % of equals would differ).
    variances = [(seeds, n - 1.0)]
    if by_image is not None and images is not None:
        freedom = seeds**2 / (n - 1) + images**2 / (by_image[0].size - 1)
        variances.append((seeds + images, (seeds + images) ** 2 / freedom))
    half = max(float(-stdtrit(df, LEVEL / 2)) * math.sqrt(v) for v, df in variances)
    p_value = max(2 * float(stdtr(df, -abs(mean) / math.sqrt(v))) for v, df in variances)
    images_error = None if images is None else math.sqrt(images)
    return PairedComparison(
        difference=mean,
        interval=(mean - half, mean + half),
        p_value=p_value,
        effect=effect,
        n=n,
        images_error=images_error,
    )


def _image_variance(by_image: NDArray[np.float64]) -> float | None:
    """The variance that the draw of images adds to the mean difference, the covariance of two
    seeds' differences. Of the variance between images' means over seeds, the part that seeds make
    image by image is taken off, since it is in the spread over seeds already. None where one seed
    or a few images tell nothing of others."""
    seeds: int = len(by_image)
    images: int = by_image[0].size if seeds else 0
    if seeds < 2 or images < FEW:
        return None
    means: NDArray[np.float64] = by_image.mean(axis=0)
    apart = by_image - means
    apart -= apart.mean(axis=1, keepdims=True)
    alone = float((apart**2).sum()) / ((seeds - 1) * (images - 1))
    return max(0.0, float(means.var(ddof=1)) - alone / seeds) / images


def _hedges(freedom: int) -> float:
    """The factor that makes mean / spread unbiased: gamma(m/2) / (sqrt(m/2) gamma((m-1)/2)), for
    m of at least 2; 0.80 for five seeds (Hedges 1981)."""
    logarithm = math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)
    return math.exp(logarithm) / math.sqrt(freedom / 2)


def holm(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """Holm's step-down adjustment (1979): adjusted p-values in the order given, at most 1.

    family: the number of hypotheses with those tested before, whose p-values count as 1; at least
    as many as are given, which is the default.
    """
    size = len(p_values) if family is None else family
    if size < len(p_values):
        raise ValueError(f"a family of {size} cannot hold {len(p_values)} p-values")
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (size - rank)))
        adjusted[index] = highest
    return adjusted


def failure_rate_bound(seeds: int) -> float:
    """The largest share of failing seeds, 0 to 1, that so many seeds without a failure leave
    possible at 95 %: 0.45 for 5, 0.14 for 20 (Clopper and Pearson 1934)."""
    return 1.0 - float(LEVEL ** (1 / seeds))


def verdict(comparison: PairedComparison, adjusted_p: float) -> Verdict:
    """Winner or worse only if the adjusted p-value is below 5 %; else a tie."""
    if adjusted_p >= LEVEL:
        return "tie"
    return "winner" if comparison.difference > 0 else "worse"
