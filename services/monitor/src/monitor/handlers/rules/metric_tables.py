"""Profiles and drift of windows as Delta tables beside the inference tables, in the shapes of Databricks' profiling."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from monitor.domain.rules.timing import Window
from monitor.domain.statistics.exports.granularities import granularity_text
from monitor.handlers.rules.sources import INFERENCES, PeerCalls, RowSources
from monitor.handlers.rules.threads import in_thread
from shared.contracts.quality.monitors import Monitor
from shared.contracts.rpc.quality import MetricTable
from shared.errors import PenstockError

if TYPE_CHECKING:
    from monitor.domain.statistics.baselines.baseline import Baseline
    from monitor.domain.statistics.drift.figures import DriftFigures
    from monitor.domain.statistics.exports.databricks import RowContext
    from monitor.domain.statistics.profiles.table import TableProfile
    from monitor.domain.statistics.slices import Slice
    from monitor.store.inference_tables.places import TablePlace

log = logging.getLogger(__name__)

PROFILES, DRIFT = "profile_metrics", "drift_metrics"
SHORTEST = timedelta(minutes=1)
"""Windows below that are not written: each is a commit of its own."""


@dataclass(frozen=True)
class EarlierWindow:
    """The window before, counted over the same bins."""

    window: Window
    profiles: Mapping[Slice, TableProfile]


@dataclass(frozen=True)
class WindowMetrics:
    """What was computed of the rows of a window, slice by slice."""

    rule: Monitor
    window: Window
    profiles: Mapping[Slice, TableProfile]
    figures: Sequence[DriftFigures] = ()
    baseline: Baseline | None = None
    before: EarlierWindow | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The tables that it is written to."""
        return (PROFILES, DRIFT) if self.figures and self.baseline is not None else (PROFILES,)


@dataclass
class MetricTables:
    """Writes them."""

    calls: PeerCalls
    sources: RowSources

    async def write(self, metrics: WindowMetrics) -> None:
        """Rows of a window, in place of those that are there for its columns and slices. What fails is only logged."""
        rule = metrics.rule
        if not is_written(metrics.window) or not metrics.profiles:
            return
        try:
            tables = await self.sources.tables(rule.service, INFERENCES)
            folder = tables[-1].location.rpartition("/")[0]
            for kind in metrics.kinds:
                place = await self.sources.place(f"{folder}/{kind}")
                await self.calls.note_table(await in_thread(_write, kind, place, metrics))
        except PenstockError as error:
            log.warning("metrics of %s/%s are not written: %s", rule.service, rule.name, error.message)


def is_written(window: Window) -> bool:
    """Whether windows of this length have rows in the tables."""
    return window.end - window.start >= SHORTEST


def _write(kind: str, place: TablePlace, metrics: WindowMetrics) -> MetricTable:
    from monitor.domain.statistics.exports import databricks  # noqa: PLC0415 - loads Arrow
    from monitor.domain.statistics.exports.schemas import DRIFT_METRICS, PROFILE_METRICS  # noqa: PLC0415
    from monitor.store.inference_tables.writing import replace_window  # noqa: PLC0415

    window, rule = metrics.window, metrics.rule
    rows = []
    for part, profile in metrics.profiles.items():
        length = granularity_text(window.end - window.start)
        context = databricks.RowContext(window.start, window.end, length, rule.revision, None, part)
        if kind == PROFILES:
            rows += databricks.profile_rows(profile, context)
        elif metrics.baseline is not None:
            own = [each for each in metrics.figures if each.slice == part]
            rows += databricks.drift_rows(own, profile, metrics.baseline.profile, context)
            rows += _consecutive(profile, metrics.before, context)
    table = databricks.as_table(rows, PROFILE_METRICS if kind == PROFILES else DRIFT_METRICS)
    version, count = replace_window(place, table, window)
    return MetricTable(service=rule.service, kind=kind, location=place.location, version=version, rows=count)


def _consecutive(profile: TableProfile, before: EarlierWindow | None, context: RowContext) -> list[dict[str, Any]]:
    """Beside the window before; none where that had no rows."""
    from monitor.domain.statistics.baselines.baseline import Baseline  # noqa: PLC0415
    from monitor.domain.statistics.drift.compare import drift_of_table  # noqa: PLC0415
    from monitor.domain.statistics.exports import databricks  # noqa: PLC0415

    earlier = before.profiles.get(context.slice) if before is not None else None
    if before is None or earlier is None or not earlier.rows:
        return []
    figures = drift_of_table(profile, Baseline(earlier), context.slice)
    compared = (before.window.start, before.window.end)
    return databricks.drift_rows(figures, profile, earlier, context, drift_type="CONSECUTIVE", compared=compared)
