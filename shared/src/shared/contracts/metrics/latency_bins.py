"""The latency sketch: a count for each bin of a fixed partition of all durations, so that sketches add up.

As in DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019) a bin reaches from one edge to at most (1 + e) / (1 - e) times
it, so that any duration in it is known to the relative error e. The edges are not powers of that ratio: each stretch
between two bounds of the Prometheus histogram is cut into equal ratios. So a histogram follows from a sketch exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from math import ceil, log

LATENCY_ERROR = 0.02
"""Percentiles are the true ones, to this share of them; between a tenth of a millisecond and an hour."""

LATENCY_BOUNDS_S: tuple[float, ...] = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
"""Upper bounds of the histogram's buckets for Prometheus, seconds; one more bucket above the last."""

_COARSE_S = (0.0001, 0.00025, 0.0005, *LATENCY_BOUNDS_S, 300.0, 1800.0, 3600.0)


def _edges() -> Iterator[float]:
    widest = log((1 + LATENCY_ERROR) / (1 - LATENCY_ERROR))
    for lower, upper in pairwise(_COARSE_S):
        parts = ceil(log(upper / lower) / widest)
        yield from (lower * (upper / lower) ** (part / parts) for part in range(parts))
    yield _COARSE_S[-1]


LATENCY_EDGES_S: tuple[float, ...] = tuple(_edges())
"""Bin i holds durations above edge i - 1, up to and with edge i; bin 0 those up to the first, one more the rest."""

bin_of = partial(bisect_left, LATENCY_EDGES_S)
"""The bin of a duration, seconds."""


def histogram_of(bins: Mapping[int, int]) -> tuple[int, ...]:
    """The counts of the buckets of `LATENCY_BOUNDS_S`, and of the one above."""
    counts = [0] * (len(LATENCY_BOUNDS_S) + 1)
    for place, count in bins.items():
        upper = LATENCY_EDGES_S[place] if place < len(LATENCY_EDGES_S) else float("inf")
        counts[bisect_left(LATENCY_BOUNDS_S, upper)] += count
    return tuple(counts)
