"""Rows of `profile_metrics` and `drift_metrics` out of profiles, by the monitor's own code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.drift.compare import drift_of_table
from monitor.domain.statistics.exports.databricks import RowContext, as_table, drift_rows, profile_rows
from monitor.domain.statistics.exports.schemas import DRIFT_METRICS, PROFILE_METRICS
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import Slice
from penstock_spark.steps.windows import EPOCH, MICROSECOND, Windows

EARLIER = "earlier"
"""Beside a state: the profile of the same part in the window before; null where that has none."""


@dataclass(frozen=True)
class MetricsStep:
    """What all rows have; travels to the executors."""

    windows: Windows
    baseline_bytes: bytes = b""

    @cached_property
    def baseline(self) -> Baseline:
        """What windows are compared with."""
        return Baseline.from_bytes(self.baseline_bytes)

    def profile_metrics(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of states."""
        for row in _rows(batches):
            found = profile_rows(TableProfile.from_bytes(row["profile"]), self._context(row))
            yield from as_table(found, PROFILE_METRICS).to_batches()

    def drift_metrics(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of states and `EARLIER`: beside the baseline, and beside the window before where that has rows."""
        for row in _rows(batches):
            profile = TableProfile.from_bytes(row["profile"])
            if profile.rows:
                found = self._beside_baseline(profile, self._context(row))
                found += self._beside_earlier(profile, row[EARLIER], self._context(row))
                yield from as_table(found, DRIFT_METRICS).to_batches()

    def _beside_baseline(self, profile: TableProfile, context: RowContext) -> list[dict[str, Any]]:
        figures = drift_of_table(profile, self.baseline, context.slice)
        return drift_rows(figures, profile, self.baseline.profile, context)

    def _beside_earlier(self, profile: TableProfile, data: bytes | None, context: RowContext) -> list[dict[str, Any]]:
        earlier = TableProfile.from_bytes(data) if data is not None else None
        if earlier is None or not earlier.rows:
            return []
        figures = drift_of_table(profile, Baseline(earlier), context.slice)
        compared = (context.start - self.windows.length, context.start)
        return drift_rows(figures, profile, earlier, context, drift_type="CONSECUTIVE", compared=compared)

    def _context(self, row: Mapping[str, Any]) -> RowContext:
        start = EPOCH + MICROSECOND * row["window"]
        return RowContext(
            start,
            start + self.windows.length,
            self.windows.granularity,
            model_version=row["version"],
            slice=Slice(row["slice_key"], row["slice_value"]),
        )


def _rows(batches: Iterator[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()
