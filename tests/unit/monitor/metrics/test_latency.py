"""The latency sketch: the error of its percentiles, counts above a threshold, histograms."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter

import pytest

from monitor.domain.metrics.latency import bins_of_histogram, duration_of, quantile, slower_than
from shared.contracts.metrics.latency_bins import LATENCY_BOUNDS_S, LATENCY_EDGES_S, LATENCY_ERROR, bin_of, histogram_of


def lognormal(count: int, seed: int) -> list[float]:
    drawn = random.Random(seed)
    return [drawn.lognormvariate(-4, 1.2) for _ in range(count)]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.99, 0.999, 1.0])
def test_percentiles_of_merged_sketches_are_those_of_all_requests_to_the_stated_error(share: float) -> None:
    first, second = lognormal(5000, 1), [duration * 3 for duration in lognormal(3000, 2)]
    merged = Counter(map(bin_of, first)) + Counter(map(bin_of, second))
    exact = sorted(first + second)[int(share * 7999)]
    assert quantile(merged, share) == pytest.approx(exact, rel=LATENCY_ERROR)


def test_every_bin_keeps_to_the_error_and_bounds_for_prometheus_are_edges() -> None:
    for place in range(1, len(LATENCY_EDGES_S)):
        lower, upper = LATENCY_EDGES_S[place - 1 : place + 1]
        assert max(duration_of(place) / lower - 1, 1 - duration_of(place) / upper) <= LATENCY_ERROR + 1e-12
    assert set(LATENCY_BOUNDS_S) <= set(LATENCY_EDGES_S)
    assert (quantile({}, 0.5), quantile({0: 1}, 0.5), quantile({len(LATENCY_EDGES_S): 1}, 0.5)) == (None, 0.0001, 3600)


def test_a_histogram_follows_from_the_sketch_exactly() -> None:
    durations = [*lognormal(2000, 3), *LATENCY_BOUNDS_S, 1e-9, 1e6]
    expected = Counter(bisect_left(LATENCY_BOUNDS_S, duration) for duration in durations)
    assert histogram_of(Counter(map(bin_of, durations))) == tuple(expected[place] for place in range(16))


def test_a_histogram_of_before_is_spread_over_its_buckets_and_comes_back() -> None:
    counts = (7, 0, 3, 1000, 12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2)
    bins = bins_of_histogram(counts)
    assert histogram_of(bins) == counts
    assert quantile(bins, 0.5) == pytest.approx(0.0075, rel=0.03)  # half-way through 5 to 10 ms
    assert bins_of_histogram(()) == {}


def test_the_first_bucket_begins_at_nothing_and_each_other_one_at_the_bound_before_it() -> None:
    first, second = bins_of_histogram((10_000,)), bins_of_histogram((0, 10_000))
    assert (min(first), first[0]) == (0, 1000)  # up to 0.1 ms: a tenth of the first millisecond
    assert min(second) == LATENCY_EDGES_S.index(0.001) + 1
    assert sum(first.values()) == sum(second.values()) == 10_000


def test_requests_slower_than_a_threshold() -> None:
    durations = lognormal(4000, 4)
    bins = Counter(map(bin_of, durations))
    for threshold in (0.0, 0.001, 0.01, 0.0183, 0.07, 5.0, 1e5):
        least, most = (sum(duration > threshold * by for duration in durations) for by in (1.0201, 0.9799))
        assert least <= slower_than(bins, threshold) <= most
    assert slower_than(bins, 0.01) == sum(duration > 0.01 for duration in durations)  # an edge: exact
