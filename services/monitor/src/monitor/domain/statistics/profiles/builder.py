"""Makes a profile of record batches, one at a time."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import values
from monitor.domain.statistics.profiles.accumulator import ColumnAccumulator
from monitor.domain.statistics.profiles.bins import ColumnBins
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile


class ProfileBuilder:
    """Adds up batches; memory is bounded by the number of columns, not of rows."""

    def __init__(
        self, kinds: Mapping[str, ColumnKind] | None = None, frozen: Mapping[str, ColumnBins] | None = None
    ) -> None:
        """`kinds`: columns to profile and how (None: all, as their types say). `frozen`: `Baseline.frozen()`."""
        self._kinds = kinds
        self._frozen = frozen or {}
        self._rows = 0
        self._columns: dict[str, ColumnAccumulator] = {}
        self._empty: dict[str, None] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Batches may lack columns, or have more of them than those before: where one is not there it is null.

        ValueError where a column has another type than before that is summed up differently.
        """
        self._rows += batch.num_rows
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            if self._kinds is not None and name not in self._kinds:
                continue
            if pa.types.is_null(array.type):
                self._empty[name] = None
                continue
            whole = values.plain(array)
            self._column(name, whole).add(whole)

    def _column(self, name: str, array: pa.Array) -> ColumnAccumulator:
        kind = values.kind_of_array(array, self._kinds.get(name) if self._kinds else None)
        known = self._columns.get(name)
        if known is None:
            known = ColumnAccumulator(name, kind, str(array.type), self._frozen.get(name))
            self._columns[name] = known
        elif known.kind != kind:
            raise ValueError(f"column {name!r} was {known.data_type} and is {array.type}")
        return known

    def finish(self) -> TableProfile:
        """Of all that was added; more may be added afterwards."""
        empty = {
            name: ColumnProfile(name, ColumnKind.OTHER, "null", count=self._rows, nulls=self._rows)
            for name in self._empty
            if name not in self._columns
        }
        columns = {name: column.finish(self._rows) for name, column in self._columns.items()}
        return TableProfile(self._rows, {**columns, **empty})
