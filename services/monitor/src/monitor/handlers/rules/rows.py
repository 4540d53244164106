"""Rows of a window summed up, slice by slice. Blocking, and loads Arrow: imported by the thread that evaluates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from monitor.domain.rules.slicing import SliceBy, Sliced
from monitor.domain.rules.timing import Window
from monitor.domain.statistics.baselines.baseline import Baseline
from monitor.domain.statistics.columns import TableColumn, named_columns, stored_names
from monitor.domain.statistics.kinds import kind_of
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.profiles.table import TableProfile
from monitor.domain.statistics.slices import Slice
from monitor.store.inference_tables.opening import DeltaRows
from monitor.store.inference_tables.places import TablePlace


@dataclass(frozen=True)
class OpenedRows:
    """Tables of one kind of a service, as one."""

    tables: Sequence[DeltaRows]

    @classmethod
    def open(cls, places: Sequence[TablePlace]) -> OpenedRows:
        """Raises `NotFound`, `Unavailable`, `InvalidInput`."""
        return cls([DeltaRows.open(place) for place in places])

    @property
    def columns(self) -> Mapping[str, TableColumn]:
        """By their names in the table, those of the newest table first."""
        return {column.name: column for opened in reversed(self.tables) for column in opened.columns}

    @property
    def schema(self) -> pa.Schema:
        """Columns of all of them."""
        return pa.unify_schemas([opened.schema for opened in self.tables], promote_options="permissive")

    @property
    def versions(self) -> Mapping[str, int]:
        """Location → Delta version."""
        return {opened.place.location: opened.version for opened in self.tables}

    def named(self, asked: Sequence[str]) -> tuple[list[str], list[str]]:
        """Columns that a rule means, and the names of those that are not there; by the model's name, too."""
        return named_columns(self.columns, asked)

    def count(self, window: Window) -> int:
        """How many rows the window has."""
        return sum(opened.count(window) for opened in self.tables)

    def batches(self, columns: Sequence[str], window: Window) -> Iterator[pa.RecordBatch]:
        """Rows of the window."""
        for opened in self.tables:
            yield from opened.batches(columns, window)


def profile_window(
    rows: OpenedRows, columns: Sequence[str], window: Window, by: SliceBy, baseline: Baseline | None
) -> Mapping[Slice, TableProfile]:
    """Profiles of all rows and of each slice, counted over the baseline's bins."""
    known = rows.columns
    kinds = {name: kind_of(known[name].data_type) for name in columns}
    frozen = baseline.frozen() if baseline is not None else None
    sliced: Sliced[ProfileBuilder] = Sliced(lambda: ProfileBuilder(kinds, frozen), by)
    for batch in rows.batches([*columns, *by.columns], window):
        sliced.add(batch)
    if not sliced.parts:  # a window without rows has columns, too
        sliced.add(pa.RecordBatch.from_pylist([], rows.schema))
    found: Mapping[Slice, TableProfile] = sliced.finish()
    return {part: TableProfile(sliced.rows.get(part, 0), profile.columns) for part, profile in found.items()}


def renamed(batches: Iterator[pa.RecordBatch], columns: Mapping[str, TableColumn]) -> Iterator[pa.RecordBatch]:
    """Rows of elsewhere, their columns called as the inference table calls those of the same features."""
    stored = stored_names(columns)
    for batch in batches:
        named = [stored.get(name, name) for name in batch.schema.names]
        wanted = [place for place, name in enumerate(named) if name in columns or not columns]
        chosen = [batch.column(place) for place in wanted]
        yield pa.RecordBatch.from_arrays(chosen, names=[named[place] for place in wanted])
