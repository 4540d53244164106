"""E-values: by hand, over changing weights, and in a small seeded form of the benchmark's roll-outs."""

from __future__ import annotations

from math import exp, log

import pytest

from monitor.domain.canaries.e_values import (
    RATE_RATIOS,
    EventCounts,
    binomial_tail,
    rare_event_e_value,
    share_e_value,
)
from monitor.domain.canaries.intervals import Pair, Sample, difference_of


def test_an_e_value_is_the_mean_of_likelihood_ratios() -> None:
    counts = EventCounts(canary_requests=100, canary_events=3, stable_requests=300, stable_events=2)
    share = 0.25
    expected = sum(
        (ratio / (ratio * share + 1 - share)) ** 3 * (1 / (ratio * share + 1 - share)) ** 2 for ratio in RATE_RATIOS
    ) / len(RATE_RATIOS)
    assert rare_event_e_value([counts]) == pytest.approx(expected)


def test_intervals_of_other_weights_multiply() -> None:
    first, second = EventCounts(50, 2, 950, 1), EventCounts(500, 6, 500, 2)
    logs = [
        sum(
            c.canary_events * log(ratio)
            - (c.canary_events + c.stable_events)
            * log(1 + c.canary_requests / (c.canary_requests + c.stable_requests) * (ratio - 1))
            for c in (first, second)
        )
        for ratio in RATE_RATIOS
    ]
    assert rare_event_e_value([first, second]) == pytest.approx(sum(map(exp, logs)) / len(logs))


def test_the_largest_so_far_counts_and_fewer_errors_are_no_harm() -> None:
    bad, good = EventCounts(100, 10, 900, 5), EventCounts(1000, 0, 9000, 300)
    assert rare_event_e_value([bad, good]) == rare_event_e_value([bad])
    assert rare_event_e_value([good]) == 1


@pytest.mark.parametrize("counts", [EventCounts(10, 5, 0, 0), EventCounts(0, 0, 10, 5), EventCounts(10, 0, 90, 0)])
def test_without_a_comparison_there_is_no_evidence(counts: EventCounts) -> None:
    assert rare_event_e_value([counts]) <= 1


def test_a_share_far_from_its_weight_is_found() -> None:
    assert share_e_value([(100, 1000, 0.1)]) == 1
    assert share_e_value([(60, 1000, 0.1)]) > 1000
    assert share_e_value([(160, 1000, 0.1)]) > 1000


def test_a_binomial_tail() -> None:
    assert binomial_tail(1, 2, 0.5) == pytest.approx(0.75)
    assert binomial_tail(0, 10, 0.1) == 1.0
    assert binomial_tail(11, 50, 0.05) == pytest.approx(3.19e-5, rel=0.5)


def test_an_interval_narrows_around_the_difference() -> None:
    wide = difference_of([Pair(Sample.of_share(2, 100), Sample.of_share(10, 1000))], 0.01, 0.05)
    narrow = difference_of([Pair(Sample.of_share(200, 10_000), Sample.of_share(1000, 100_000))], 0.01, 0.05)
    assert wide.lower < 0 < wide.upper
    assert narrow.value == pytest.approx(0.01)
    assert 0 < narrow.lower < narrow.value < narrow.upper
