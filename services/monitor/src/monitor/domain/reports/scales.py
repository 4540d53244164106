"""From values to places on paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LARGEST = 1e300
"""Sentinels such as the largest float: a range that is as wide as this is still a number."""
FARTHEST_LIMIT, FARTHEST_VALUE = 1e4, 100.0
"""How many times what is usual a limit, a value may be and still be on the axis."""


@dataclass(frozen=True)
class Scale:
    """Linear, from `low` … `high` to `start` … `end` (pixels)."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Clamped to the ends, to a tenth of a pixel."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 1)


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """About so many round numbers (1, 2 or 5 times a power of ten) within the range."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step)
    last = math.floor(high / step)
    rounded = dict.fromkeys(place * step for place in range(first, last + 1))
    # Of a range that is hardly wider than its numbers are exact, a product may be one number with another, or outside.
    return [tick for tick in rounded if low <= tick <= high] or [low]


def shown_range(values: Sequence[float], limits: Sequence[float]) -> tuple[float, float]:
    """What an axis shows of a figure over time: all, but for single values far beyond the others, and for limits that
    are set so high that they are never reached; these stand at its ends.
    """
    sizes = sorted(abs(value) for value in values)
    usual = sizes[int(0.9 * (len(sizes) - 1))]
    near = [limit for limit in limits if not usual or abs(limit) <= FARTHEST_LIMIT * usual]
    most = FARTHEST_VALUE * max([usual, *map(abs, near)])
    kept = [value for value in values if abs(value) <= most] + near
    return min(kept), max(kept)


def widened(low: float, high: float, part: float = 0.0) -> tuple[float, float]:
    """A range that is not empty, with a margin on either side; what floats hardly hold counts as less."""
    low, high = (min(max(end, -LARGEST), LARGEST) for end in (low, high))
    if low == high:
        size = abs(low) / 2 or 0.5
        return low - size, high + size
    margin = (high - low) * part
    return low - margin, high + margin


def path(points: Sequence[tuple[float, float]]) -> str:
    """Straight lines from point to point."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else ""
