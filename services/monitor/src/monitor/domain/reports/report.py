"""What a report shows. Everything is given: nothing is looked up, computed over rows, or taken from a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.domain.statistics.judging.states import State
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.quality.figures import ModelQuality

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class ReportColumn:
    """One column: its verdict, and both profiles to draw (None: nothing to draw)."""

    name: str
    state: State
    value: float | None = None
    threshold: float | None = None
    """The effective one."""
    floor: float | None = None
    p_value: float | None = None
    """After the correction for all columns."""
    reason: str = ""
    current: ColumnProfile | None = None
    baseline: ColumnProfile | None = None
    new_values: Sequence[str] = ()


@dataclass(frozen=True)
class ReportCheck:
    """One figure with a bound: data quality, model quality, service quality, cost."""

    name: str
    state: State
    value: float | None
    threshold: float | None
    expected: float | None = None
    column: str | None = None
    rows: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class HistoryPoint:
    """A figure in an earlier window."""

    at: datetime
    value: float | None
    """None: the window says nothing; the line has a gap there."""
    margin: float = 0.0
    is_estimated: bool = False
    state: State = "ok"


@dataclass(frozen=True)
class ReportHistory:
    """A figure over time, the window of the report last."""

    name: str
    points: Sequence[HistoryPoint]
    warning: float | None = None
    critical: float | None = None


@dataclass(frozen=True)
class ReportSlice:
    """Rows of one slice."""

    name: str
    state: State
    rows: int
    value: float | None
    threshold: float | None = None
    worst_column: str | None = None


@dataclass(frozen=True)
class Report:
    """A window as one rule sees it. Sections without anything to show are left out."""

    service: str
    monitor: str
    kind: str
    """The rule's kind: `drift`, `data_quality`, `model_quality`, …"""
    metric: str
    state: State
    start: datetime
    end: datetime
    made_at: datetime
    baseline: str
    """What the window is compared with, in words; empty: nothing."""
    rows: int
    baseline_rows: int | None = None
    slice: str | None = None
    version: str | None = None
    columns: Sequence[ReportColumn] = ()
    checks: Sequence[ReportCheck] = ()
    histories: Sequence[ReportHistory] = ()
    quality: ModelQuality | None = None
    label_coverage: float | None = None
    slices: Sequence[ReportSlice] = ()
    """The worst first."""
    worst_rows: Sequence[Mapping[str, object]] = ()
    """Rows with the largest loss, the worst first."""
    notes: Sequence[str] = ()
    windows_needed: tuple[int, int] | None = None
    """k of m."""
