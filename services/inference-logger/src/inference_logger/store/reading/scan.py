"""Rows of one file, in the order in which they lie there, a bounded piece at a time.

A file is read row group by row group, those left out whose statistics say that no row meets the condition, and each
group page by page: however large its bodies are, what is in memory is one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inference_logger.store.reading.limits import WorkingTime
from inference_logger.store.reading.snapshot import DataFile, Snapshot
from shared.errors import Conflict
from shared.filters.conditions import Bounds, mask_of, may_match
from shared.filters.syntax import Node
from shared.filters.types import is_simple, is_text

NARROW_ROWS = 16_384
WIDE_ROWS = 128
"""Rows of a batch with a column of long texts: bodies have up to 1 MiB each."""
LONG_TEXT = 256
"""Bytes a row from which a column of texts is long."""
BUFFER_BYTES = 1 << 16


@dataclass(frozen=True)
class Piece:
    """Rows of a file that meet the condition, and where each lies in the file."""

    rows: pa.RecordBatch
    places: pa.Array


def scan_file(
    snapshot: Snapshot,
    file: DataFile,
    columns: Sequence[str],
    condition: Node | None,
    time: WorkingTime,
    *,
    wanted: pa.Array | None = None,
) -> Iterator[Piece]:
    """The rows of `file` that meet `condition`, with `columns`; those that the condition reads must be among them.

    `wanted`: places in the file; batches without any of them may be left out. Raises `Conflict` for a file that is
    gone, or is not what was written.
    """
    with _as_written(file):
        schema = pa.schema([snapshot.schema.field(name) for name in columns])
        scan = _FileScan(_open(snapshot, file), file, schema, condition, time)
        first = 0
        for group in range(scan.opened.num_row_groups):
            count = scan.opened.metadata.row_group(group).num_rows
            is_wanted = wanted is None or _has_any(wanted, first, first + count)
            if is_wanted and (condition is None or may_match(condition, _GroupBounds(scan.opened, file, group))):
                end = first + count if wanted is None else min(first + count, pc.max(wanted).as_py() + 1)
                yield from scan.group(group, first, end)
            first += count


@contextmanager
def _as_written(file: DataFile) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and "corrupt" not in str(error).lower():
            raise
        raise Conflict(f"{file.path} is not the file that was written: somebody has changed it") from error


def _has_any(places: pa.Array, first: int, end: int) -> bool:
    return bool(pc.any(pc.and_(pc.greater_equal(places, first), pc.less(places, end))).as_py())


def _open(snapshot: Snapshot, file: DataFile) -> pq.ParquetFile:
    try:
        source = snapshot.filesystem.open_input_file(file.path)
    except FileNotFoundError as error:
        raise Conflict("files of this version of the table were deleted since; begin again") from error
    return pq.ParquetFile(source, pre_buffer=False, buffer_size=BUFFER_BYTES)


@dataclass(frozen=True)
class _FileScan:
    """One file that is read."""

    opened: pq.ParquetFile
    file: DataFile
    schema: pa.Schema
    condition: Node | None
    time: WorkingTime

    def group(self, group: int, first: int, end: int) -> Iterator[Piece]:
        """A group of rows, whose first one is the file's row `first`; not much further than `end`."""
        for batch in self._batches(group):
            self.time.check()
            rows = _in_schema(batch, self.schema, self.file.partition)
            piece = Piece(rows, pa.array(range(first, first + len(rows)), pa.int64()))
            first += len(rows)
            if self.condition is not None:
                meets = mask_of(self.condition, rows)
                piece = Piece(rows.filter(meets), piece.places.filter(meets))
            if len(piece.rows):
                yield piece
            if first >= end:
                return

    def _batches(self, group: int) -> Iterator[pa.RecordBatch]:
        stored = [name for name in self.schema.names if name in self.opened.schema_arrow.names]
        stored = [name for name in stored if name not in self.file.partition]
        if not stored:
            return _without_columns(self.opened.metadata.row_group(group).num_rows)
        size = _batch_rows(self.opened, group, stored)
        found: Iterator[pa.RecordBatch] = self.opened.iter_batches(
            size, row_groups=[group], columns=stored, use_threads=False
        )
        return found


def _without_columns(count: int) -> Iterator[pa.RecordBatch]:
    """Batches for columns none of which the file stores: a partition's, or those that came later."""
    while count > 0:
        size = min(count, NARROW_ROWS)
        yield pa.RecordBatch.from_arrays([pa.nulls(size)], ["nothing"])
        count -= size


def _in_schema(batch: pa.RecordBatch, schema: pa.Schema, partition: dict[str, Any]) -> pa.RecordBatch:
    """The batch with the table's columns: a column that is not in the file is its partition's value, or null."""
    columns = []
    for field in schema:
        if field.name in batch.schema.names:
            found = batch.column(field.name)
            columns.append(found if found.type == field.type else found.cast(field.type))
        elif partition.get(field.name) is not None:
            columns.append(pa.repeat(pa.scalar(partition[field.name], field.type), len(batch)))
        else:
            columns.append(pa.nulls(len(batch), field.type))
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema([field.with_nullable(True) for field in schema]))


def _batch_rows(opened: pq.ParquetFile, group: int, stored: Sequence[str]) -> int:
    found = opened.metadata.row_group(group)
    rows = max(found.num_rows, 1)
    for place in range(found.num_columns):
        column = found.column(place)
        name = column.path_in_schema.partition(".")[0]
        if name not in stored and column.path_in_schema not in stored:
            continue
        dictionary = (
            0 if column.dictionary_page_offset is None else column.data_page_offset - column.dictionary_page_offset
        )
        kind = opened.schema_arrow.field(name).type if name in opened.schema_arrow.names else None
        is_plain = kind is not None and is_simple(kind) and not is_text(kind)
        if not is_plain and (column.total_uncompressed_size / rows > LONG_TEXT or dictionary > LONG_TEXT * WIDE_ROWS):
            return WIDE_ROWS
    return NARROW_ROWS


@dataclass(frozen=True)
class _GroupBounds:
    opened: pq.ParquetFile
    file: DataFile
    group: int

    def __call__(self, column: str) -> Bounds | None:
        group = self.opened.metadata.row_group(self.group)
        if column in self.file.partition:
            return self.file.bounds_of(column)
        if column not in self.opened.schema_arrow.names:
            return Bounds(group.num_rows, nulls=group.num_rows)
        if not is_simple(self.opened.schema_arrow.field(column).type):
            return None
        for place in range(group.num_columns):
            if group.column(place).path_in_schema == column:
                return _of_statistics(group.column(place).statistics, group.num_rows)
        return None


def _of_statistics(found: Any, rows: int) -> Bounds | None:
    if found is None:
        return None
    nulls = found.null_count if found.has_null_count else None
    return Bounds(rows, found.min, found.max, nulls) if found.has_min_max else Bounds(rows, nulls=nulls)


def sort_values(rows: pa.RecordBatch, column: str) -> pa.Array:
    """A column as it is ordered by: numbers that are none count as null."""
    found = rows.column(column)
    return (
        pc.if_else(pc.is_nan(found), pa.scalar(None, found.type), found) if pa.types.is_floating(found.type) else found
    )
