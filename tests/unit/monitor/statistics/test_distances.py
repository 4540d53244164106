"""Distances and tests agree with SciPy, and with Evidently's formulas."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance as scipy_distance

from monitor.domain.statistics.drift import distances, samples
from monitor.domain.statistics.drift.hypothesis_tests import (
    cramers_v,
    homogeneity,
    ks_p_value,
    pool_rare,
    two_proportions,
)


@pytest.fixture(scope="module")
def pair() -> Any:
    rng = np.random.default_rng(5)
    return rng.normal(0, 1, 1_500), rng.normal(0.3, 1.2, 900)


COUNTS = [([10, 20, 30], [12, 18, 33]), ([5, 0, 10], [0, 3, 12]), ([100], [7]), ([1, 1_000_000], [500, 500])]


@pytest.mark.parametrize(("one", "other"), COUNTS)
def test_jensen_shannon_is_scipys(one: Any, other: Any) -> None:
    expected = scipy_distance.jensenshannon(np.array(one) / sum(one), np.array(other) / sum(other))
    assert distances.js_distance(one, other) == pytest.approx(float(expected), abs=1e-12)


def test_psi_by_hand_and_with_empty_bins() -> None:
    assert distances.psi([50, 50], [25, 75]) == pytest.approx(0.25 * math.log(2) - 0.25 * math.log(2 / 3))
    assert distances.psi([50, 50, 0], [50, 0, 50]) == pytest.approx(2 * (0.5 - 1e-4) * math.log(0.5 / 1e-4))
    # The least share is below 0.0001 already: a millionth of it fills the empty bin.
    tiny = 1 / 20_001
    filled = distances.fill_empty(np.array([tiny, 1 - tiny, 0.0]))
    assert filled[2] == pytest.approx(tiny / 1e6)
    assert distances.psi([3, 4], [3, 4]) == 0


def test_total_variation_and_largest_difference() -> None:
    assert distances.tv_distance([1, 1, 2], [2, 1, 1]) == pytest.approx(0.25)
    assert distances.l_infinity([1, 1, 2], [2, 1, 1]) == pytest.approx(0.25)
    assert distances.tv_distance([1, 0], [0, 5]) == 1


def test_wasserstein_and_ks_of_weighted_points_are_scipys(pair: Any) -> None:
    rng = np.random.default_rng(6)
    points, weights = np.sort(rng.normal(size=40)), rng.integers(1, 9, 40).astype(float)
    others, more = np.sort(rng.normal(size=25)), rng.integers(1, 9, 25).astype(float)
    expected = stats.wasserstein_distance(points, others, weights, more)
    assert distances.wasserstein((points, weights), (others, more)) == pytest.approx(expected)
    spread = [np.repeat(points, weights.astype(int)), np.repeat(others, more.astype(int))]
    found = distances.ks_statistic((points, weights), (others, more))
    assert found == pytest.approx(stats.ks_2samp(*spread).statistic)
    one, other = pair
    assert samples.wasserstein(one, other) == pytest.approx(stats.wasserstein_distance(one, other) / np.std(one))
    expected = stats.ks_2samp(one, other)
    assert samples.ks(one, other).p_value == pytest.approx(expected.pvalue)
    assert ks_p_value(expected.statistic, 1_500, 900) == pytest.approx(
        stats.kstwobign.sf(expected.statistic * math.sqrt(1_500 * 900 / 2_400))
    )


def test_a_constant_reference_does_not_divide_by_nothing() -> None:
    assert samples.wasserstein(np.ones(50), np.full(50, 1.5)) == pytest.approx(500)


def test_homogeneity_is_scipys() -> None:
    table = [[30, 14, 34, 0], [28, 12, 9, 0]]
    expected = stats.chi2_contingency(np.array(table)[:, :3], correction=False)
    found = homogeneity(*table)
    assert (found.statistic, found.p_value, found.degrees) == pytest.approx((expected.statistic, expected.pvalue, 2))
    assert cramers_v(found, 127) == pytest.approx(math.sqrt(expected.statistic / 127))
    assert homogeneity([5], [7]).p_value == 1
    assert homogeneity([0, 0], [7, 1]).p_value == 1


def test_two_proportions() -> None:
    found = two_proportions(30, 100, 90, 200)
    # The square of z is chi-square of the 2 x 2 table.
    expected = stats.chi2_contingency([[30, 70], [90, 110]], correction=False)
    assert found.statistic**2 == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert two_proportions(0, 10, 0, 10).p_value == 1
    assert two_proportions(0, 0, 3, 10).p_value == 1


@pytest.mark.parametrize(
    ("one", "other", "pooled"),
    [
        ([50, 50], [40, 60], ([50, 50], [40, 60])),
        # Two rare cells become one that is not.
        ([50, 4, 3, 50], [40, 3, 4, 40], ([50, 50, 7], [40, 40, 7])),
        # What is pooled is still rare: the smallest of the others joins it.
        ([50, 1, 20], [50, 1, 20], ([50, 21], [50, 21])),
        # Empty cells leave.
        ([50, 0, 50], [40, 0, 50], ([50, 50], [40, 50])),
        # New values that are many have a cell of their own.
        ([500, 500, 0], [100, 100, 60], ([500, 500, 0], [100, 100, 60])),
        ([0, 0], [0, 0], ([], [])),
        ([3], [2], ([3], [2])),
    ],
)
def test_rare_cells_are_pooled(one: Any, other: Any, pooled: Any) -> None:
    found = pool_rare(one, other)
    assert [part.tolist() for part in found] == list(pooled)
    assert sum(found[0]) == sum(one)


def test_values_that_the_reference_lacks_are_pooled_with_its_rare_ones() -> None:
    found = pool_rare([50, 1, 1, 0], [40, 0, 0, 3], has_others=True)
    assert [part.tolist() for part in found] == [[52], [43]]
    found = pool_rare([50, 60, 2, 0], [40, 20, 0, 60], has_others=True)
    assert [part.tolist() for part in found] == [[50, 60, 2], [40, 20, 60]]


class TestAsEvidently:
    """What Evidently's functions do, by SciPy's and NumPy's own words."""

    def test_bins_of_numbers(self, pair: Any) -> None:
        one, other = pair
        edges = np.histogram_bin_edges(np.concatenate(pair), bins="sturges")
        counts = [np.histogram(sample, edges)[0] for sample in pair]
        assert [part.tolist() for part in samples.shared_bins(one, other)] == [part.tolist() for part in counts]
        expected = scipy_distance.jensenshannon(counts[0] / len(one), counts[1] / len(other))
        assert samples.js_distance(one, other) == pytest.approx(expected)

    def test_few_values_and_texts_have_a_bin_each(self) -> None:
        one, other = np.array([1, 2, 2, 3] * 10), np.array([2, 3, 4, 4])
        assert [part.tolist() for part in samples.shared_bins(one, other)] == [[10, 20, 10, 0], [0, 1, 1, 2]]
        assert [part.tolist() for part in samples.shared_bins(["b", "a"], ["c"])] == [[1, 1, 0], [0, 0, 1]]
        assert samples.psi(one, other) > 1

    def test_chi_square_takes_the_reference_for_the_truth(self) -> None:
        one, other = np.array(list("aaabbc") * 20), np.array(list("aabbcc") * 10)
        expected = stats.chisquare([20, 20, 20], np.array([60, 40, 20]) * 60 / 120)
        assert samples.chi_squared(one, other).p_value == pytest.approx(expected.pvalue)
        new = samples.chi_squared(one, np.array(list("abd")))
        assert (new.statistic, new.p_value) == (math.inf, 0)

    def test_z(self) -> None:
        found = samples.z(np.array([True] * 30 + [False] * 70), np.array([True] * 90 + [False] * 110))
        assert found.p_value == pytest.approx(two_proportions(30, 100, 90, 200).p_value)
        assert samples.z(np.array(["a"]), np.array(["a"])).p_value == 1

    @pytest.mark.parametrize(
        ("rows", "distinct", "is_numeric", "method"),
        [
            (1_000, 6, True, "ks"),
            (1_001, 6, True, "wasserstein"),
            (1_000, 5, True, "chi_squared"),
            (1_000, 2, True, "z"),
            (1_000, 2, False, "z"),
            (1_000, 3, False, "chi_squared"),
            (1_001, 5, True, "js_distance"),
            (1_001, 2, False, "js_distance"),
        ],
    )
    def test_the_default_choice(self, rows: Any, distinct: Any, is_numeric: Any, method: Any) -> None:
        assert samples.default_method(rows, distinct, is_numeric) == method
