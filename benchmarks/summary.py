"""Medians over rounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.usage import median

SUMMED = ("not_2xx", "broken", "timeouts", "failures", "requests", "dropped", "spread_failures")
"""What is added up: a failure in one round must not vanish in a median."""


def of(samples: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Field → median over samples of its numbers, or their sum for counts."""
    names: Iterable[str] = dict.fromkeys(name for sample in samples for name in sample)
    found: dict[str, float] = {}
    for name in names:
        values = [sample[name] for sample in samples if isinstance(sample.get(name), int | float)]
        if values:
            found[name] = sum(values) if name in SUMMED else median(values)
    return found


def ratio(one: float | None, other: float | None) -> float | None:
    """None where there is nothing to compare with."""
    return one / other if one and other else None
