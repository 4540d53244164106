"""Many columns at once."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values in the order given: rejected at rate q are those ≤ q (Benjamini, Hochberg 1995).

    Where nothing has moved, the chance of any rejection at all is q, however many columns there are.
    """
    count = len(p_values)
    adjusted = [1.0] * count
    least = 1.0
    for rank, place in enumerate(sorted(range(count), key=lambda place: -p_values[place])):
        least = min(least, p_values[place] * count / (count - rank))
        adjusted[place] = least
    return tuple(adjusted)
