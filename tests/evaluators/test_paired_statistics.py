"""Comparisons are the textbook's, and a winner is declared as seldom as the level says."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from actsearch.evaluators.paired_statistics import (
    PairedComparison,
    compare,
    failure_rate_bound,
    holm,
    verdict,
)

OURS = (0.8812, 0.8790, 0.8844, 0.8801, 0.8822)
THEIRS = (0.8795, 0.8781, 0.8806, 0.8803, 0.8790)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_the_comparison_is_scipys_paired_t_test() -> None:
    comparison, reference = compare(OURS, THEIRS), stats.ttest_rel(OURS, THEIRS)
    assert comparison.p_value == pytest.approx(reference.pvalue, rel=1e-9)
    interval = reference.confidence_interval(0.95)
    assert comparison.interval == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert comparison.n == 5


def test_difference_and_effect_are_what_they_say() -> None:
    comparison = compare(OURS, THEIRS)
    differences = [a - b for a, b in zip(OURS, THEIRS, strict=True)]
    assert comparison.difference == pytest.approx(0.00188)
    # gamma(2) / (sqrt(2) gamma(1.5)) = 0.7979: Hedges' factor for four degrees of freedom.
    assert comparison.effect == pytest.approx(
        0.7979 * 0.00188 / statistics.stdev(differences), rel=1e-4
    )


def test_the_effect_is_unbiased_over_samples_of_five() -> None:
    rng = np.random.default_rng(3)
    samples = rng.normal(1.2, 1.0, size=(4_000, 5)).tolist()
    effects = [
        comparison.effect
        for x in samples
        if (comparison := compare(x, [0.0] * 5)).effect is not None
    ]
    # Their standard deviation is about 0.8, so the mean is within 0.05 at four standard errors;
    # the plain mean / spread would come to 1.5.
    assert statistics.fmean(effects) == pytest.approx(1.2, abs=0.05)


def test_two_seeds_are_worked_by_hand() -> None:
    # Differences 1 and 3: mean 2, error 1, t = 2 with one degree of freedom, whose distribution
    # is Cauchy's: p = 1 - 2/pi * atan(2), and 95 % lie within tan(0.475 pi) = 12.706.
    comparison = compare([1.0, 3.0], [0.0, 0.0])
    assert comparison.p_value == pytest.approx(1 - 2 / math.pi * math.atan(2))
    assert comparison.interval == pytest.approx((2 - 12.7062, 2 + 12.7062), abs=1e-4)
    assert comparison.effect is None, (
        "two seeds leave one degree of freedom, and no unbiased effect"
    )


@given(st.lists(st.integers(7_000, 9_500), min_size=4, max_size=12), st.integers(1, 9))
def test_swapping_the_two_changes_the_sign_and_nothing_else(
    right: Sequence[int], step: int
) -> None:
    first = [count / 10_000 for count in right]
    second = [*first[step % len(first) :], *first[: step % len(first)]]
    comparison, other = compare(first, second), compare(second, first)
    interval = comparison.interval
    assert other.difference == -comparison.difference
    assert other.interval == (interval and (-interval[1], -interval[0]))
    assert (other.p_value, other.n) == (comparison.p_value, comparison.n)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=8))
def test_the_interval_leaves_out_0_exactly_where_p_is_below_5_percent(
    pairs: list[tuple[float, float]],
) -> None:
    comparison = compare([a for a, _ in pairs], [b for _, b in pairs])
    if comparison.interval is None:
        assert comparison.p_value == 1.0
        return
    low, high = comparison.interval
    if abs(comparison.p_value - 0.05) > 1e-9:
        assert (low > 0 or high < 0) == (comparison.p_value < 0.05)


def test_two_copies_of_one_function_tie() -> None:
    comparison = compare(OURS, OURS)
    assert comparison == PairedComparison(
        difference=0.0, interval=None, p_value=1.0, effect=None, n=5
    )
    assert verdict(comparison, comparison.p_value) == "tie"


@pytest.mark.parametrize("images", [3, -3, 500])
def test_the_same_difference_on_every_seed_tells_no_noise_and_claims_nothing(images: int) -> None:
    # As counts they differ alike, as floats not quite: 0.8812 - 0.8809 != 0.8795 - 0.8792.
    baseline = [8812, 8795, 8861, 8790]
    comparison = compare([(t + images) / 10_000 for t in baseline], [t / 10_000 for t in baseline])
    assert comparison.difference == pytest.approx(images / 10_000)
    assert (comparison.interval, comparison.p_value, comparison.effect) == (None, 1.0, None)
    assert verdict(comparison, holm([comparison.p_value])[0]) == "tie"


def test_one_image_of_spread_is_spread() -> None:
    comparison = compare([0.8812, 0.8791, 0.8844], [0.8810, 0.8790, 0.8842])
    assert comparison.p_value == pytest.approx(
        stats.ttest_rel([2, 1, 2], [0, 0, 0]).pvalue, rel=1e-6
    )


def test_one_seed_is_a_difference_and_no_more() -> None:
    comparison = compare([0.75], [0.5])
    assert comparison == PairedComparison(
        difference=0.25, interval=None, p_value=1.0, effect=None, n=1
    )
    assert verdict(comparison, comparison.p_value) == "tie"


def test_no_seed_or_unequal_numbers_of_them_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one seed"):
        compare([], [])
    with pytest.raises(ValueError, match="zip"):
        compare([0.9, 0.8], [0.8])


@pytest.mark.parametrize("n", [3, 10])
def test_two_copies_differ_at_the_level_and_no_oftener(n: int) -> None:
    rng = np.random.default_rng(n)
    pairs = rng.normal(0.88, 0.002, size=(2_000, 2, n)).tolist()
    wrong = sum(compare(first, second).p_value < 0.05 for first, second in pairs)
    # Between the counts that a true rate of 5 % leaves for one in 10,000 generators, a side.
    assert stats.binom.ppf(1e-4, 2_000, 0.05) <= wrong <= stats.binom.isf(1e-4, 2_000, 0.05)


def drawn(
    rng: np.random.Generator, n: int, images: int, tilt: float
) -> tuple[list[float], list[float], NDArray[np.float64]]:
    """Two functions equally good over all images, on some of them: each right more often on half
    of the images by `tilt`, whatever the seed; which half an image is of is drawn."""
    easier = rng.choice([-1, 1], size=images) * tilt
    first, second = (rng.random((n, images)) < 0.8 + sign * easier for sign in (1, -1))
    by_image = first.astype(float) - second
    return first.mean(1).tolist(), second.mean(1).tolist(), by_image


@pytest.mark.parametrize("n", [3, 10, 40])
def test_equals_on_other_images_differ_at_the_level_and_no_oftener(n: int) -> None:
    rng = np.random.default_rng(n)
    by_both = seeds_alone = 0
    for _ in range(1_000):
        first, second, by_image = drawn(rng, n, 400, 0.15)
        by_both += compare(first, second, by_image).p_value < 0.05
        seeds_alone += compare(first, second).p_value < 0.05
    # Between the counts that a true rate of 2 or 5 % leaves for one in 10,000 generators.
    assert stats.binom.ppf(1e-4, 1_000, 0.02) <= by_both <= stats.binom.isf(1e-4, 1_000, 0.05)
    assert seeds_alone > by_both, "seeds alone take the luck of the images for a difference"


def test_two_seeds_that_happen_to_agree_make_no_difference_certain() -> None:
    rng = np.random.default_rng(2)
    draws = [drawn(rng, 2, 400, 0.05) for _ in range(1_000)]
    # 8 % with the interval over both alone, 3 % with the wider of the two.
    assert sum(compare(*draw).p_value < 0.05 for draw in draws) <= 55


def test_both_variances_and_their_degrees_of_freedom_are_those_of_the_anova() -> None:
    # Twelve images and four seeds; ours is right on six more, give or take one by seed.
    by_image = np.array([[1.0] * 6 + [0.0] * 6] * 4)
    by_image[1, 0], by_image[2, 11], by_image[3, 1], by_image[3, 10] = 0, 1, 0, 1
    accuracies = (0.2 + by_image.mean(1)).tolist()
    comparison = compare(accuracies, [0.2] * 4, by_image)
    total = ((by_image - by_image.mean()) ** 2).sum()
    of_seeds = 12 * ((by_image.mean(1) - by_image.mean()) ** 2).sum()
    of_images = 4 * ((by_image.mean(0) - by_image.mean()) ** 2).sum()
    residual = (total - of_seeds - of_images) / (3 * 11)
    seeds = of_seeds / 3 / 12 / 4
    images = (of_images / 11 - residual) / 4 / 12
    assert comparison.images_error == pytest.approx(math.sqrt(images))
    freedom = (seeds + images) ** 2 / (seeds**2 / 3 + images**2 / 11)
    half = stats.t.isf(0.025, freedom) * math.sqrt(seeds + images)
    assert comparison.interval == pytest.approx((0.5 - half, 0.5 + half))
    assert comparison.p_value == pytest.approx(
        2 * stats.t.sf(0.5 / math.sqrt(seeds + images), freedom)
    )


@pytest.mark.parametrize("images", [10, 30])
def test_few_test_images_claim_no_more_than_many(images: int) -> None:
    rng = np.random.default_rng(images)
    wrong = 0
    for _ in range(1_000):
        effect = rng.normal(0, 1, size=images)  # the images decide, the seeds hardly
        by_image = effect + rng.normal(0, 0.2, size=(5, images))
        wrong += compare(by_image.mean(1).tolist(), [0.0] * 5, by_image).p_value < 0.05
    assert wrong <= stats.binom.isf(1e-4, 1_000, 0.05)


def test_what_the_images_add_is_their_variance_without_what_seeds_make() -> None:
    rng = np.random.default_rng(5)
    errors = [compare(*drawn(rng, 6, 400, 0.15)).images_error for _ in range(300)]
    # The difference on an image is 2 * 0.15 either way under every seed: variance 0.09, of 400.
    squares = [error**2 for error in errors if error is not None]
    assert statistics.fmean(squares) == pytest.approx(0.09 / 400, rel=0.1)


def test_functions_that_err_alike_are_compared_over_seeds_alone() -> None:
    rng = np.random.default_rng(6)
    comparisons = [compare(*drawn(rng, 6, 400, 0.0)) for _ in range(300)]
    # Cut off at 0, it is above it half of the time, by little next to the 0.028 of the seeds.
    assert statistics.median(c.images_error or 0.0 for c in comparisons) < 0.012
    assert 0.005 <= sum(c.p_value < 0.05 for c in comparisons) / 300 <= 0.09


def test_without_a_difference_by_image_the_interval_is_the_one_over_seeds() -> None:
    plain = compare(OURS, THEIRS)
    same = compare(OURS, THEIRS, np.zeros((5, 100)))
    assert (plain.images_error, same.images_error) == (None, 0.0)
    assert compare(OURS, THEIRS, np.ones((5, 9))) == plain, "nine images tell nothing of others"
    assert compare(OURS, THEIRS, np.ones((1, 100))) == plain, "nor does one seed"
    assert same.interval == pytest.approx(plain.interval)
    assert same.p_value == pytest.approx(plain.p_value)


def test_holm_is_what_the_hand_says() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04; times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04, the last raised.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.02]) == [0.02]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_over_a_family_takes_the_p_values_it_does_not_know_for_1() -> None:
    assert holm([0.01, 0.002], family=5) == pytest.approx(holm([0.01, 0.002, 1, 1, 1])[:2])
    with pytest.raises(ValueError, match="a family of 1 cannot hold 2"):
        holm([0.01, 0.002], family=1)


@pytest.mark.parametrize(("seeds", "bound"), [(1, 0.95), (5, 0.451), (10, 0.259), (20, 0.139)])
def test_seeds_without_a_failure_leave_a_rate_of_failures_possible(
    seeds: int, bound: float
) -> None:
    assert failure_rate_bound(seeds) == pytest.approx(bound, abs=5e-4)
    assert (1 - failure_rate_bound(seeds)) ** seeds == pytest.approx(0.05)


@given(p_values)
def test_holm_lies_between_none_and_bonferroni_and_keeps_the_order(values: list[float]) -> None:
    adjusted = holm(values)
    for raw, new in zip(values, adjusted, strict=True):
        assert raw <= new <= min(1.0, raw * len(values))
    order = sorted(range(len(values)), key=lambda i: values[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)


@given(p_values)
def test_holm_does_not_depend_on_the_order_given(values: list[float]) -> None:
    assert holm(values[::-1])[::-1] == holm(values)


@pytest.mark.parametrize(
    ("difference", "p", "expected"),
    [
        (0.01, 0.049, "winner"),
        (0.01, 0.05, "tie"),
        (0.01, 1.0, "tie"),
        (-0.01, 0.049, "worse"),
        (-0.01, 0.05, "tie"),
        (0.0, 1.0, "tie"),
    ],
)
def test_a_winner_is_better_and_its_adjusted_p_is_below_5_percent(
    difference: float, p: float, expected: str
) -> None:
    # The comparison's own p-value, not corrected, plays no part.
    assert (
        verdict(
            PairedComparison(
                difference=difference, interval=None, p_value=0.001, effect=None, n=5
            ),
            p,
        )
        == expected
    )


def confirmation(rng: np.random.Generator, planted: float = 0.0) -> list[str]:
    """Verdicts on three finalists against the best of six baselines, over five paired seeds.

    All nine are one function, but that the finalists are `planted` better. A training is lucky by
    0.3 points, of which 0.2 come with the seed that all share; each set of images adds 0.3, the
    standard error of 10,000 images at 88 %. So the baseline that is best on validation, where it
    is chosen, is lucky on the test images too. Accuracies are whole images.
    """
    luck = rng.normal(0, 0.002, size=5) + rng.normal(0, 0.0022, size=(9, 5))
    luck[6:] += planted
    validation = 0.88 + luck + rng.normal(0, 0.003, size=(9, 5))
    test = np.round(0.88 + luck + rng.normal(0, 0.003, size=(9, 5)), 4)
    best = int(validation[:6].mean(axis=1).argmax())
    comparisons = [compare(test[i].tolist(), test[best].tolist()) for i in (6, 7, 8)]
    adjusted = holm([comparison.p_value for comparison in comparisons])
    return [verdict(c, p) for c, p in zip(comparisons, adjusted, strict=True)]


def test_copies_of_one_function_are_declared_a_winner_in_at_most_5_percent() -> None:
    rng = np.random.default_rng(0)
    winners = sum("winner" in confirmation(rng) for _ in range(800))
    # Holm holds wrong winners to half of 5 %, and a baseline chosen among six to fewer: 1.3 % in
    # 6,000 runs. A true rate of 1.5 % would fail this for one in 10,000 seeds of the generator,
    # one of 5 % would pass it for one in 50.
    assert winners <= stats.binom.isf(1e-4, 800, 0.015)


@pytest.mark.parametrize(("points", "rate"), [(0.5, 0.30), (1, 0.85), (2, 1.0)])
def test_a_planted_difference_is_found_at_the_stated_power(points: float, rate: float) -> None:
    rng = np.random.default_rng(1)
    winners = sum("winner" in confirmation(rng, points / 100) for _ in range(300))
    # The rates are those of 1,000 runs. Four standard errors of both counts on either side: a
    # change of them that is none fails this for one in 10,000 seeds.
    assert winners / 300 == pytest.approx(rate, abs=4 * math.sqrt(0.25 / 300 + 0.25 / 1_000))
