"""Losses of a version, winsorized: a few rows that are off by a thousand decide nothing.

A mean of squares is ruled by its largest: one row in 5,000 with a decimal point missing, and no interval gets narrow
within the time that a canary has. Of each version the largest thousandth counts as its 99.9th percentile: what a
version does badly in more rows than that stays as bad as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from monitor.domain.canaries.intervals import Sample

WINSORIZED_SHARE = 0.001
"""Of a version's losses. With fewer than 1,000 rows that is none."""
BINS_PER_DOUBLING = 8
"""Width of a bin: a percentile is known within 9 %."""
LARGEST = 1e140
"""Larger ones count as that: their squares would be no numbers."""
_ZERO = -(2**31)


@dataclass
class LossBins:
    """Number, sum and sum of squares of losses by their size; of any number in bounded memory."""

    _bins: dict[int, tuple[int, float, float]] = field(default_factory=dict)

    def add(self, losses: NDArray[np.float64]) -> None:
        """Finite losses, none below 0."""
        losses = np.minimum(losses, LARGEST)
        with np.errstate(divide="ignore"):
            exact = np.floor(np.log2(losses) * BINS_PER_DOUBLING)
        places, which = np.unique(np.where(losses > 0.0, exact, _ZERO).astype(np.int64), return_inverse=True)
        counts = np.bincount(which).tolist()
        sums = np.bincount(which, losses).tolist()
        squares = np.bincount(which, losses * losses).tolist()
        for place, number, sum_, square in zip(places.tolist(), counts, sums, squares, strict=True):
            known = self._bins.get(place, (0, 0.0, 0.0))
            self._bins[place] = (known[0] + number, known[1] + sum_, known[2] + square)

    def numbers(self) -> Iterator[tuple[int, int]]:
        """Of losses by bin."""
        return ((place, number) for place, (number, _, _) in self._bins.items())

    def sample(self, cap: float = inf) -> Sample:
        """With losses in bins above `cap`, the upper edge of a bin, counted as that."""
        count, total, squares = 0, 0.0, 0.0
        for place, (number, sum_, square) in self._bins.items():
            is_capped = _upper_edge(place) > cap
            count += number
            total += number * cap if is_capped else sum_
            squares += number * cap * cap if is_capped else square
        mean = total / count if count else 0.0
        return Sample(count, mean, max(squares / count - mean * mean, 0.0) if count else 0.0)


def cap_of(parts: Iterable[LossBins]) -> float:
    """The upper edge of the bin above which no more lie than the share that is winsorized; inf for too few."""
    numbers: dict[int, int] = {}
    for part in parts:
        for place, number in part.numbers():
            numbers[place] = numbers.get(place, 0) + number
    spared = int(sum(numbers.values()) * WINSORIZED_SHARE)
    for place in sorted(numbers, reverse=True):
        if numbers[place] > spared:
            return _upper_edge(place)
        spared -= numbers[place]
    return inf


def _upper_edge(place: int) -> float:
    return 0.0 if place == _ZERO else 2.0 ** ((place + 1) / BINS_PER_DOUBLING)
