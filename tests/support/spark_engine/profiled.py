"""An inferences table with columns of every kind, and its metric tables as the monitor makes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from monitor.domain.rules.slicing import SliceBy
from monitor.domain.rules.timing import Window
from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.drift.compare import drift_of_table
from monitor.domain.statistics.exports.databricks import RowContext, drift_rows, profile_rows
from monitor.domain.statistics.slices import ALL_ROWS, Slice
from monitor.handlers.rules.rows import OpenedRows, profile_window
from monitor.store.inference_tables.places import TablePlace
from quality_tables import HOUR, NOON, SCHEMA, named, wine_rows

EVERY_KIND = pa.schema(
    [
        *SCHEMA,
        named("bottles", pa.int64(), "feature"),
        named("organic", pa.bool_(), "feature"),
        named("picked", pa.date32(), "feature"),
        named("tags", pa.list_(pa.string()), "feature"),
        named("empty", pa.float64(), "feature"),
    ]
)
Row = dict[str, Any]
WINDOWS = [Window(NOON + HOUR * place, NOON + HOUR * (place + 1)) for place in range(3)]
BASELINE = Window(NOON - 2 * HOUR, NOON - HOUR)


def write_rows(location: Path, start: datetime, count: int, *, seed: int = 1, **columns: Any) -> None:
    """One commit of so many rows over an hour, with nulls, NaN, and two versions."""
    alcohol = wine_rows(start, count, seed=seed, **columns)["alcohol"]
    given = {
        "alcohol": [
            None if place % 7 == 0 else float("nan") if place % 11 == 0 else alcohol[place] for place in range(count)
        ],
        "version": ["v1" if place % 3 else "v2" for place in range(count)],
        "bottles": [None if place % 5 == 0 else place % 150 for place in range(count)],
        "organic": [None if place % 6 == 0 else place % 2 == 0 for place in range(count)],
        "picked": [date(2026, 1, 1) + timedelta(days=place % 28) for place in range(count)],
        "tags": [["a"] * (place % 3) for place in range(count)],
        "empty": [None] * count,
        **columns,
    }
    given.pop("moved", None)
    rows = pa.table(wine_rows(start, count, seed=seed, **given), schema=EVERY_KIND)
    write_deltalake(location, rows, mode="append", partition_by=["request_date"])


class Profiled:
    """A table of inferences, and where its metrics are put.

    It has rows of a baseline, of the window before the first, of the first and of the last; none between.
    """

    def __init__(self, folder: Path) -> None:
        self.table, self.profiles = folder / "wine/inferences", folder / "spark/profile_metrics"
        self.drift, self.folder = folder / "spark/drift_metrics", folder
        for hour, count in ((-2, 300), (-1, 120), (0, 300), (2, 90)):
            write_rows(self.table, NOON + HOUR * hour, count, seed=hour + 9)

    @property
    def job(self) -> list[str]:
        places = ["profiles", "--table", str(self.table), "--target", str(self.profiles)]
        return [*places, "--granularity", "1 hour", "--start", NOON.isoformat(), "--end", WINDOWS[-1].end.isoformat()]

    @property
    def with_drift(self) -> list[str]:
        span = ["--baseline-start", BASELINE.start.isoformat(), "--baseline-end", BASELINE.end.isoformat()]
        return [*self.job, "--drift-target", str(self.drift), *span]


class MonitorMetrics:
    """What the monitor makes of the table at `location`."""

    def __init__(self, location: Path, baseline: Window | None = None, columns: Sequence[str] = ("*",)) -> None:
        self._rows = OpenedRows.open([TablePlace(str(location))])
        self._columns = self._rows.named(columns)[0]
        self.baseline: Baseline | None = None
        if baseline is not None:
            self.baseline = Baseline.from_batches(lambda: self._rows.batches(self._columns, baseline))

    def profiles(self, windows: Sequence[Window], *slices: str | None) -> list[Row]:
        """Rows of `profile_metrics`; those of versions as slices of the column `version`."""
        found = []
        for window in windows:
            for part, profile in self._parts(window, slices).items():
                found += profile_rows(profile, _context(window, part))
        return found

    def drift(self, windows: Sequence[Window], *slices: str | None) -> list[Row]:
        """Rows of `drift_metrics`."""
        assert self.baseline is not None
        found = []
        for window in windows:
            earlier = window.before(window.end - window.start)
            before = self._parts(earlier, slices)
            for part, profile in self._parts(window, slices).items():
                if not profile.rows:
                    continue
                context = _context(window, part)
                figures = drift_of_table(profile, self.baseline, part)
                found += drift_rows(figures, profile, self.baseline.profile, context)
                if part in before and before[part].rows:
                    figures = drift_of_table(profile, Baseline(before[part]), part)
                    span = (earlier.start, earlier.end)
                    kind = "CONSECUTIVE"
                    found += drift_rows(figures, profile, before[part], context, drift_type=kind, compared=span)
        return found

    def _parts(self, window: Window, slices: Sequence[str | None]) -> dict[Slice, Any]:
        found: dict[Slice, Any] = {}
        for text in slices or (None,):
            by = SliceBy.of(text, self._rows.schema)
            found |= profile_window(self._rows, self._columns, window, by, self.baseline)
        return found


def _context(window: Window, part: Slice = ALL_ROWS) -> RowContext:
    if part.key == "version":
        return RowContext(window.start, window.end, "1 hour", model_version=part.value)
    return RowContext(window.start, window.end, "1 hour", slice=part)


def assert_equal(found: Any, expected: Any, at: str = "") -> None:
    """Numbers within rounding: batches are others."""
    if isinstance(expected, float) and isinstance(found, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12) or (math.isnan(found) and math.isnan(expected)), at
    elif isinstance(expected, dict):
        assert set(found) == set(expected), at
        for name, value in expected.items():
            assert_equal(found[name], value, f"{at} {name}")
    elif isinstance(expected, list) and found is not None:
        assert len(found) == len(expected), at
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other, at)
    else:
        assert found == expected, at


def metric_rows(location: Path) -> list[Row]:
    """All rows of a metric table."""
    found: list[Row] = DeltaTable(location).to_pyarrow_table().to_pylist()
    return found


def comparable(rows: Sequence[Row], schema: pa.Schema) -> dict[str, Row]:
    """Rows by what they are of, as the table gives them back."""
    table = pa.Table.from_pylist(list(rows), schema=schema).to_pylist()
    names = (
        "window",
        "granularity",
        "model_version",
        "slice_key",
        "slice_value",
        "column_name",
        "drift_type",
        "window_cmp",
    )
    return {" ".join(str(row.get(name)) for name in names): row for row in table}


def assert_metrics(location: Path, expected: Sequence[Row], schema: pa.Schema) -> None:
    """A table has these rows, but for slices of versions, which the monitor does not make."""
    found = [row for row in metric_rows(location) if row["model_version"] is None or row["slice_key"] is None]
    wanted = comparable(expected, schema)
    assert len(found) == len(wanted)
    assert_equal(comparable(found, schema), wanted)
