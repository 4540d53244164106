"""What a Delta table has got since a version of it: the files of its append commits. Blocking.

Only commits that add files and remove none count, and only files that say they change data: compactions and deletions
rewrite rows that were there before. A commit whose log file, or a file of data, is gone by now is `LogTruncated`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from inference_logger.domain.schema import PARTITION_BY

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

PIECE_BYTES = 64 * 1024 * 1024
"""Rows of so many bytes together are derived in one commit; a single commit of the source may have more. Bytes of the
rows, not of their files: bodies that are alike take next to nothing there."""
BATCH_ROWS, BATCH_BYTES = 4000, 16 * 1024 * 1024
"""Rows of the source, or bytes of them, that are in memory with their bodies at a time."""
READ_ROWS = 64
"""Bodies have up to 1 MiB each."""


class LogTruncated(Exception):
    """The source does not have every commit behind the position any more."""


@dataclass(frozen=True)
class DataFile:
    """A file of data, relative to its table."""

    path: str
    size: int
    partition: date | None
    rows: int = 0

    @property
    def order(self) -> tuple[str, str]:
        """Files are read by day."""
        return str(self.partition or ""), self.path


@dataclass
class SourcePiece:
    """The commits behind version `upto`, as many as make a piece; once they are read `upto` is the last one's."""

    files: FileSystem
    upto: int
    newest: int
    is_full: bool = False
    """Set by whoever reads it: no further commit is taken up."""

    def rows(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows that they have added. Raises `LogTruncated`."""
        size = 0
        while self.upto < self.newest and size < PIECE_BYTES and not self.is_full:
            for rows in read_rows(self.files, read_commit(self.files, self.upto + 1), columns):
                size += rows.nbytes
                yield rows
            self.upto += 1


def read_commit(files: FileSystem, version: int) -> list[DataFile]:
    """The files that one commit appended."""
    try:
        with files.open_input_stream(f"_delta_log/{version:020d}.json") as stream:
            actions = [orjson.loads(line) for line in stream.read().splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise LogTruncated(f"the log has no version {version} any more") from error
    if any(action["remove"].get("dataChange", True) for action in actions if "remove" in action):
        return []
    added = [action["add"] for action in actions if "add" in action]
    return [_data_file(add) for add in added if add.get("dataChange", True)]


def _data_file(add: dict[str, Any]) -> DataFile:
    value = (add.get("partitionValues") or {}).get(PARTITION_BY[0])
    stats = orjson.loads(add["stats"]) if add.get("stats") else {}
    rows = stats.get("numRecords") or 0
    return DataFile(unquote(add["path"]), add.get("size") or 0, date.fromisoformat(value) if value else None, rows)


def all_files(table: DeltaTable) -> list[DataFile]:
    """Those of the newest version, by day."""
    added = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    name = f"partition.{PARTITION_BY[0]}"
    files = [
        DataFile(unquote(add["path"]), add["size_bytes"] or 0, _day(add.get(name)), add["num_records"] or 0)
        for add in added
    ]
    return sorted(files, key=lambda file: file.order)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def read_rows(files: FileSystem, found: Sequence[DataFile], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Their rows, up to a few thousand at a time; columns that a file lacks are left out. Raises `LogTruncated`."""
    for file in found:
        try:
            with files.open_input_file(file.path) as stream, pq.ParquetFile(stream) as parquet:
                there = [name for name in columns if name in parquet.schema_arrow.names]
                for rows in _gathered(parquet.iter_batches(min(READ_ROWS, BATCH_ROWS), columns=there)):
                    yield _with_partition(rows, file)
        except FileNotFoundError as error:
            raise LogTruncated(f"the file {file.path} is gone") from error


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    found: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        found.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= BATCH_ROWS or size >= BATCH_BYTES:
            yield pa.Table.from_batches(found).combine_chunks()
            found, rows, size = [], 0, 0
    if found:
        yield pa.Table.from_batches(found).combine_chunks()


def _with_partition(rows: pa.Table, file: DataFile) -> pa.Table:
    # Files that DataFusion has rewritten are read as views, which few functions of Arrow take.
    rows = rows.cast(pa.schema([field.with_type(_without_views(field.type)) for field in rows.schema]))
    day = pa.repeat(pa.scalar(file.partition, pa.date32()), rows.num_rows)
    return rows.append_column(PARTITION_BY[0], day)


def _without_views(found: pa.DataType) -> pa.DataType:
    if pa.types.is_list(found) or pa.types.is_large_list(found):
        return pa.list_(_without_views(found.value_type))
    return pa.string() if pa.types.is_string_view(found) or pa.types.is_large_string(found) else found
