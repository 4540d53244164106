"""Profiles as the executors make them: partial ones of the rows that each has, and those of one window added up.

Accumulators, merging and slices are the monitor's own. A partial profile is its bytes (`TableProfile.to_bytes`), named
by its window, version and slice. Memory is bounded by the partial profiles that are open, whatever there are of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.rules.slicing import SliceBy, value_text
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles.bins import ColumnBins
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import ALL_ROWS, Slice
from penstock_spark.steps.windows import Windows

TIME, VERSION = "request_time", "version"
WHOLE = 0
"""Names the window of rows that are in none: those of a baseline."""
MOST_OPEN = 1_024
"""Columns of partial profiles that one task keeps open, up to 150 KB each; more are handed on, and added up later."""
STATE_KEY = ("window", "version", "slice_key", "slice_value")
STATES_SCHEMA = pa.schema(
    [
        ("window", pa.int64()),
        ("version", pa.string()),
        ("slice_key", pa.string()),
        ("slice_value", pa.string()),
        ("profile", pa.binary()),
    ]
)
"""A profile, partial or whole. `window`: where it begins, in microseconds since 1970; `version` null: all of them."""
VALUES_SCHEMA = pa.schema(
    [("window", pa.int64()), ("column", pa.string()), ("value", pa.string()), ("rows", pa.int64())]
)
"""How often a value of a column that is sliced by was seen."""


class Part(NamedTuple):
    """What a profile is of."""

    window: int = WHOLE
    version: str | None = None
    slice: Slice = ALL_ROWS

    def state(self, profile: TableProfile) -> dict[str, object]:
        """A row of `STATES_SCHEMA`."""
        named = (self.window, self.version, self.slice.key, self.slice.value)
        return {**dict(zip(STATE_KEY, named, strict=True)), "profile": profile.to_bytes()}


@dataclass(frozen=True)
class ProfileStep:
    """How rows are summed up; travels to the executors."""

    kinds: Mapping[str, ColumnKind] | None = None
    """Columns that are profiled; None: all, as their types say."""
    frozen: Mapping[str, ColumnBins] = field(default_factory=dict)
    windows: Windows | None = None
    """None: all rows are in one."""
    slices: Sequence[SliceBy] = ()
    by_version: bool = False
    wanted: Mapping[tuple[int, str], frozenset[str]] = field(default_factory=dict)
    """Window and column → the values that are slices; see `values`."""

    @property
    def value_columns(self) -> list[str]:
        """Columns of which each value is a slice."""
        named = [by.column for by in self.slices if by.column is not None]
        return list(dict.fromkeys([*named, VERSION] if self.by_version else named))

    def values(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """How often each batch has each value of each of `value_columns`."""
        for batch in batches:
            for window, rows in self._by_window(batch):
                for column in self.value_columns:
                    yield _counted(window, column, rows.column(column))

    def partials(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Profiles of the rows; several of one part, where there are too many parts to be kept open."""
        opened: dict[Part, ProfileBuilder] = {}
        for batch in batches:
            for window, rows in self._by_window(batch):
                for part, found in self._parts(window, rows):
                    if part not in opened:
                        opened[part] = ProfileBuilder(self.kinds, self.frozen)
                    opened[part].add(found)
                    if len(opened) * batch.num_columns > MOST_OPEN:
                        yield _closed(opened)
        if opened:
            yield _closed(opened)

    def _by_window(self, batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
        if self.windows is None:
            yield WHOLE, batch
            return
        times = batch.column(TIME).cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(zero_copy_only=False)
        starts = times - times % self.windows.step  # of windows that begin at multiples of their length
        for start in np.unique(starts):
            yield int(start), batch.filter(pa.array(starts == start))

    def _parts(self, window: int, rows: pa.RecordBatch) -> Iterator[tuple[Part, pa.RecordBatch]]:
        for version, found in self._versions(window, rows):
            yield Part(window, version), found
            for by in self.slices:
                for part, sliced in by.split(found, lambda part: self._is_wanted(window, part)):
                    if sliced.num_rows:
                        yield Part(window, version, part), sliced

    def _versions(self, window: int, rows: pa.RecordBatch) -> Iterator[tuple[str | None, pa.RecordBatch]]:
        yield None, rows
        if self.by_version:
            by = SliceBy(column=VERSION, text=VERSION)
            for part, found in by.split(rows, lambda part: self._is_wanted(window, part)):
                yield part.value, found

    def _is_wanted(self, window: int, part: Slice) -> bool:
        return part.value in self.wanted.get((window, part.key or ""), ())


def _counted(window: int, column: str, values: pa.Array) -> pa.RecordBatch:
    counts: dict[str, int] = {}
    for found in pc.value_counts(values.drop_null()).to_pylist():
        text = value_text(found["values"])
        counts[text] = counts.get(text, 0) + found["counts"]
    rows = [{"window": window, "column": column, "value": text, "rows": count} for text, count in counts.items()]
    return pa.RecordBatch.from_pylist(rows, schema=VALUES_SCHEMA)


def _closed(opened: dict[Part, ProfileBuilder]) -> pa.RecordBatch:
    """Their states; nothing is open afterwards."""
    found = [part.state(builder.finish()) for part, builder in opened.items()]
    opened.clear()
    return pa.RecordBatch.from_pylist(found, schema=STATES_SCHEMA)


def add_up(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of the states of one part, one after the other, the state of all of them."""
    key, total = None, None
    for batch in batches:
        for row in batch.to_pylist():
            profile = TableProfile.from_bytes(row["profile"])
            key, total = row, profile if total is None else total.merge(profile)
    if key is not None and total is not None:
        yield pa.RecordBatch.from_pylist([{**key, "profile": total.to_bytes()}], schema=STATES_SCHEMA)
