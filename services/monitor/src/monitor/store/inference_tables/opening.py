"""Delta tables are opened at one version: columns, what each holds, rows of a span of time in batches.

Blocking: callers run it in a thread. Memory is one batch and what Arrow reads ahead of it, whatever the table's size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from monitor.domain import sentences
from monitor.domain.rules.timing import Window
from monitor.domain.statistics.columns import TableColumn, column_of
from monitor.store.inference_tables.places import TablePlace
from shared.errors import InvalidInput, NotFound, PenstockError, Unavailable
from shared.storage.objects import S3, bucket_of, storage_failure

BATCH_ROWS = 65_536
READ_AHEAD = 2
_MORE = timedelta(seconds=1)
UNREADABLE = frozenset({"deletionVectors", "columnMapping", "typeWidening", "variantType"})


@dataclass(frozen=True)
class DeltaRows:
    """A table at one version."""

    place: TablePlace
    table: DeltaTable = field(repr=False)

    @classmethod
    def open(cls, place: TablePlace) -> DeltaRows:
        """Raises `NotFound`, `Unavailable`; `InvalidInput` for a table that no reader of ours can read."""
        with read_errors(place.location):
            table = DeltaTable(place.location, version=place.version, storage_options=dict(place.options) or None)
            if unreadable := UNREADABLE & set(table.protocol().reader_features or ()):
                raise InvalidInput(f"the table has Delta features that are not read here: {', '.join(unreadable)}")
        return cls(place, table)

    @property
    def version(self) -> int:
        """Delta version."""
        return int(self.table.version())

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns as Arrow has them."""
        return pa.schema(self.table.schema().to_arrow())

    @cached_property
    def columns(self) -> tuple[TableColumn, ...]:
        """Every column."""
        return tuple(column_of(found) for found in self.schema)

    def batches(
        self, columns: Sequence[str], window: Window | None, condition: pc.Expression | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows whose request came within `window`, with those of `columns` that the table has."""
        known = [name for name in dict.fromkeys(columns) if name in self.schema.names]
        with read_errors(self.place.location):
            yield from self._scanner(known, window, condition).to_batches()

    def count(self, window: Window, condition: pc.Expression | None = None) -> int:
        """How many rows there are within `window`."""
        with read_errors(self.place.location):
            return int(self._scanner([], window, condition).count_rows())

    def _scanner(self, columns: Sequence[str], window: Window | None, condition: pc.Expression | None) -> ds.Scanner:
        wanted = within(window, self.schema) if window is not None else None
        if condition is not None:
            wanted = condition if wanted is None else wanted & condition
        files = None if window is None else _files_of(window, self.schema)
        return self.table.to_pyarrow_dataset(file_pruning_predicate=files).scanner(
            columns=list(columns),
            filter=wanted,
            batch_size=BATCH_ROWS,
            batch_readahead=READ_AHEAD,
            fragment_readahead=1,
            cache_metadata=False,
        )


def within(window: Window, schema: pa.Schema) -> pc.Expression:
    """Rows of a span; by the day as well, which leaves out whole files."""
    time = pc.field("request_time")
    found = (time >= pa.scalar(window.start, schema.field("request_time").type)) & (
        time < pa.scalar(window.end, schema.field("request_time").type)
    )
    if "request_date" in schema.names:
        day = pc.field("request_date")
        found &= (day >= pa.scalar(window.start.date())) & (day <= pa.scalar(window.end.date()))
    return found


def _files_of(window: Window, schema: pa.Schema) -> list[tuple[str, str, datetime]] | None:
    """What rules files out by the log alone, before there is an expression for each of them and each of its columns.

    A second more at both ends: statistics have milliseconds.
    """
    kind = schema.field("request_time").type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        return None
    ends = window.start - _MORE, window.end + _MORE
    return [("request_time", ">=", ends[0]), ("request_time", "<=", ends[1])]


@contextmanager
def read_errors(location: str) -> Iterator[None]:
    """What deltalake and Arrow raise, as what it means: nothing of an object store's answer is shown."""
    try:
        yield
    except PenstockError:
        raise
    except (TableNotFoundError, FileNotFoundError) as error:
        raise NotFound(sentences.GONE(location=location)) from error
    except (DeltaError, OSError, pa.ArrowException) as error:
        text = str(error)
        known = storage_failure(text, bucket_of(location)) if location.startswith(S3) else None
        why = known or (type(error).__name__ if location.startswith(S3) else " ".join(text.split())[:200])
        raise Unavailable(sentences.UNREADABLE(location=location, why=why)) from error
