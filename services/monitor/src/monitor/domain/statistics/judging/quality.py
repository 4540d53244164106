"""Whether a figure of quality is out of bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from monitor.domain import sentences
from monitor.domain.statistics.judging.states import State
from monitor.domain.statistics.slices import ALL_ROWS, Slice


@dataclass(frozen=True)
class Bounds:
    """`above`: bad when the figure is that high (null share, RMSE, latency); `below`: when that low (accuracy, AUC)."""

    direction: Literal["above", "below"]
    warning: float | None
    critical: float | None
    min_sample: int = 500

    def allowing(self, share: float) -> Bounds:
        """Of what is bad when it is high: as much as this is allowed for, whatever the thresholds are."""
        warning, critical = (None if each is None else max(each, share) for each in (self.warning, self.critical))
        return replace(self, warning=warning, critical=critical)


@dataclass(frozen=True)
class FigureVerdict:
    """The state of one figure in one window."""

    name: str
    state: State
    value: float | None
    threshold: float | None
    rows: int
    column: str | None = None
    slice: Slice = ALL_ROWS
    reason: str = ""


def judge_figure(
    name: str,
    value: float | None,
    rows: int,
    bounds: Bounds,
    *,
    margin: float = 0.0,
    column: str | None = None,
    slice: Slice = ALL_ROWS,  # noqa: A002
) -> FigureVerdict:
    """`margin`: half of the figure's interval; a bound counts as passed when the whole interval is past it."""
    if rows < bounds.min_sample or value is None:
        is_few = rows < bounds.min_sample
        few = sentences.FEW_ROWS_OF(name=name, rows=rows, least=bounds.min_sample)
        reason = few if is_few else sentences.NOT_DEFINED(name=name)
        return FigureVerdict(name, "insufficient_data", value, None, rows, column, slice, reason)
    levels: tuple[tuple[State, float | None], ...] = (("critical", bounds.critical), ("warning", bounds.warning))
    for state, limit in levels:
        if limit is not None and _is_past(value, limit, margin, bounds.direction):
            return FigureVerdict(name, state, value, limit, rows, column, slice)
    limit = bounds.warning if bounds.warning is not None else bounds.critical
    return FigureVerdict(name, "ok", value, limit, rows, column, slice)


def excess(value: float | None, threshold: float | None, *, is_lower_worse: bool = False) -> float:
    """How far a value is past its threshold, in parts of it, to rank by: negative within it; -∞ without a value."""
    if value is None:
        return float("-inf")
    beyond = value - (threshold or 0.0)
    return (-beyond if is_lower_worse else beyond) / (abs(threshold) if threshold else 1.0)


def _is_past(value: float, limit: float, margin: float, direction: Literal["above", "below"]) -> bool:
    """A value at the bound is not past it: a null share of 0 can be asked for."""
    return value - margin > limit if direction == "above" else value + margin < limit
