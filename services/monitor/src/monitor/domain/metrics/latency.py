"""What a latency sketch says: percentiles, and how many requests were slower than so much."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache

from shared.contracts.metrics.latency_bins import LATENCY_BOUNDS_S, LATENCY_EDGES_S


def duration_of(place: int) -> float:
    """The duration, seconds, that stands for a bin: no more than `LATENCY_ERROR` away from any in it."""
    if place == 0:
        return LATENCY_EDGES_S[0]
    if place >= len(LATENCY_EDGES_S):
        return LATENCY_EDGES_S[-1]
    lower, upper = LATENCY_EDGES_S[place - 1], LATENCY_EDGES_S[place]
    return 2 * lower * upper / (lower + upper)


def quantile(bins: Mapping[int, int], share: float) -> float | None:
    """The latency, seconds, of the request at rank `share` × (n - 1) of n, counted from 0; None without requests."""
    rank, seen = share * (sum(bins.values()) - 1), 0
    for place in sorted(bins):
        seen += bins[place]
        if seen > rank:
            return duration_of(place)
    return None


def edge_at(bins: Mapping[int, int], share: float) -> float | None:
    """The lowest edge of a bin, seconds, that `share` of the requests did not exceed; None without requests.

    How many took longer than an edge is known exactly.
    """
    total, below = sum(bins.values()), 0
    for place in sorted(bins):
        below += bins[place]
        if below >= share * total:
            return LATENCY_EDGES_S[min(place, len(LATENCY_EDGES_S) - 1)]
    return None


def slower_than(bins: Mapping[int, int], threshold_s: float) -> int:
    """How many requests took longer. The threshold is moved to an edge of a bin: by `LATENCY_ERROR` at most."""
    above = bisect_left(LATENCY_EDGES_S, threshold_s)
    if above and threshold_s < duration_of(above):
        above -= 1
    return sum(count for place, count in bins.items() if place > above)


def bins_of_histogram(counts: Sequence[int]) -> dict[int, int]:
    """The sketch of a histogram by `LATENCY_BOUNDS_S`, its counts spread evenly over each bucket's width.

    So a percentile of what routers and minutes of before say is what linear interpolation in their buckets gave.
    """
    found: dict[int, int] = {}
    for count, shares in zip(counts, _shares(), strict=False):
        spread = 0
        for place, share in shares:
            upto = round(count * share)
            if upto > spread:
                found[place] = upto - spread
            spread = upto
    return found


@cache
def _shares() -> tuple[tuple[tuple[int, float], ...], ...]:
    """For each bucket: the bins in it, and which share of its width ends with each."""
    buckets = []
    for lower, upper in zip((0.0, *LATENCY_BOUNDS_S), LATENCY_BOUNDS_S, strict=False):
        places = range(bisect_left(LATENCY_EDGES_S, lower) + (lower > 0), bisect_left(LATENCY_EDGES_S, upper) + 1)
        buckets.append(tuple((place, (LATENCY_EDGES_S[place] - lower) / (upper - lower)) for place in places))
    return (*buckets, ((bisect_left(LATENCY_EDGES_S, LATENCY_BOUNDS_S[-1]) + 1, 1.0),))
