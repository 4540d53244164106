"""Verdicts of one window: of each column and slice, or of the whole of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.statistics.judging.drift import ColumnVerdict
from monitor.domain.statistics.judging.quality import Bounds, FigureVerdict
from monitor.domain.statistics.judging.states import State
from monitor.domain.statistics.slices import ALL_ROWS, Slice
from shared.contracts.quality.monitors import Monitor

RANKS: Mapping[State, int] = {"insufficient_data": 0, "ok": 1, "warning": 2, "critical": 3, "error": 4}


@dataclass(frozen=True)
class Verdict:
    """What a rule says of one column and slice in one window."""

    state: State
    column: str | None = None
    slice: str | None = None
    value: float | None = None
    threshold: float | None = None
    rows: int = 0
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def finite(value: Any) -> Any:
    """`value` as JSON and every database can hold it: numbers that are none, or infinite, are None, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): finite(each) for name, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value


def slice_text(part: Slice) -> str | None:
    """As windows name it: `region=EU`; None: all rows."""
    return None if part == ALL_ROWS else f"{part.key}={part.value}"


def of_drift(found: ColumnVerdict) -> Verdict:
    """A column's drift as a verdict."""
    details: dict[str, Any] = {"floor": found.floor, "p_value": found.p_value, "adjusted_p": found.adjusted_p}
    details |= {"baseline_rows": found.baseline_rows, "limited_by": found.limited_by or None}
    return Verdict(
        found.state,
        found.column,
        slice_text(found.slice),
        found.value,
        found.threshold,
        found.rows,
        found.reason or None,
        {name: value for name, value in details.items() if value is not None},
    )


def of_figure(found: FigureVerdict) -> Verdict:
    """A figure's state as a verdict."""
    return Verdict(
        found.state,
        found.column,
        slice_text(found.slice),
        found.value,
        found.threshold,
        found.rows,
        found.reason or None,
    )


def bounds_of(rule: Monitor, *, min_sample: int | None = None) -> Bounds:
    """The thresholds of a rule as its metric means them."""
    least = rule.min_sample if min_sample is None else min_sample
    return Bounds("below" if rule.spec().is_lower_worse else "above", rule.warning, rule.critical, least)


def failed(reason: str, column: str | None = None) -> Verdict:
    """Nothing could be computed."""
    return Verdict("error", column, reason=reason)


def insufficient(reason: str, rows: int) -> Verdict:
    """Too little to say anything."""
    return Verdict("insufficient_data", rows=rows, reason=reason)


def worst_of(states: Iterable[State]) -> State:
    """The rule's own state: what is known to be bad comes before what could not be computed."""
    found = set(states)
    order: tuple[State, ...] = ("critical", "warning", "error", "ok", "insufficient_data")
    return next((state for state in order if state in found), "insufficient_data")
