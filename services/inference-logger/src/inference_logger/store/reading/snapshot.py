"""One version of a table: its columns, its files and what is known of them without opening one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow.fs import FileSystem, LocalFileSystem, SubTreeFileSystem

from inference_logger.domain.tables import plain_path
from inference_logger.store.storage import LOCAL, Storage, is_remote
from shared.errors import Conflict, NotFound
from shared.filters.conditions import Bounds

UNREADABLE_FEATURES = frozenset({"deletionVectors", "columnMapping", "typeWidening", "variantType"})
STATISTICS_CUT = timedelta(milliseconds=1)
"""Times in the statistics of a commit are cut to milliseconds."""


@dataclass(frozen=True)
class DataFile:
    """A file of a table. `ordinal` is its place among all of the version's, by name."""

    ordinal: int
    path: str
    rows: int
    size: int
    partition: dict[str, Any]
    bounds: dict[str, Bounds]

    def bounds_of(self, column: str) -> Bounds | None:
        """What the commit says of a column; None: nothing."""
        return self.bounds.get(column)


@dataclass(frozen=True)
class Snapshot:
    """A version of a table; it stays what it is while others write."""

    table: DeltaTable
    schema: pa.Schema
    files: tuple[DataFile, ...]
    filesystem: FileSystem

    @property
    def version(self) -> int:
        """Delta version."""
        return int(self.table.version())


def open_snapshot(location: str, storage: Storage = LOCAL, version: int | None = None) -> Snapshot:
    """The table at `location`, as it is or was. Raises `NotFound`; `Conflict` for one that cannot be read here."""
    try:
        table = DeltaTable(location, version=version, storage_options=storage.delta_options)
    except DeltaError as error:  # of a version that its log has not any more, too, Delta says that there is no table
        if version is not None and DeltaTable.is_deltatable(location, storage.delta_options):
            raise Conflict("the version of the table that the cursor belongs to is gone; begin again") from error
        if isinstance(error, TableNotFoundError):
            raise NotFound(f"there is no table at {plain_path(location)} any more") from error
        raise
    features = set(table.protocol().reader_features or ())
    if features & UNREADABLE_FEATURES:
        names = ", ".join(sorted(features & UNREADABLE_FEATURES))
        raise Conflict(f"another writer gave the table Delta features that are not read here: {names}")
    return Snapshot(table, pa.schema(table.schema().to_arrow()), _files(table), _filesystem(location, storage))


def _filesystem(location: str, storage: Storage) -> FileSystem:
    """Local files without the way through Python that others take."""
    return (
        storage.filesystem(location)
        if is_remote(location)
        else SubTreeFileSystem(plain_path(location), LocalFileSystem())
    )


def _files(table: DeltaTable) -> tuple[DataFile, ...]:
    added = pa.table(table.get_add_actions(flatten=True))
    rows = sorted(added.to_pylist(), key=lambda row: str(row["path"]))
    columns = [name.removeprefix("null_count.") for name in added.column_names if name.startswith("null_count.")]
    partitions = [name.removeprefix("partition.") for name in added.column_names if name.startswith("partition.")]
    return tuple(_file(place, row, columns, partitions) for place, row in enumerate(rows))


def _file(ordinal: int, row: dict[str, Any], columns: list[str], partitions: list[str]) -> DataFile:
    count = row["num_records"]
    bounds = {}
    if count is not None:
        bounds = {name: _bounds(row, name, count) for name in columns}
    partition = {name: row[f"partition.{name}"] for name in partitions}
    for name, value in partition.items():
        bounds[name] = Bounds(count or 1, value, value, nulls=(count or 1) if value is None else 0)
    return DataFile(ordinal, unquote(row["path"]), count or 0, row["size_bytes"], partition, bounds)


def _bounds(row: dict[str, Any], name: str, count: int) -> Bounds:
    least, most = row.get(f"min.{name}"), row.get(f"max.{name}")
    if isinstance(most, datetime):
        most += STATISTICS_CUT
    return Bounds(count, least, most, row.get(f"null_count.{name}"))
