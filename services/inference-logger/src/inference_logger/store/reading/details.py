"""What a table says of itself: columns with their names and descriptions, files, times, its last commit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from inference_logger.domain.inferences.names import NAME
from inference_logger.store.reading.snapshot import Snapshot
from shared.contracts.rpc.inference_logger.tables import TableColumn, TableCommit, TableDetails, TableView
from shared.filters.types import kind_of, time_column

DESCRIPTION = "comment"
"""Metadata of a column: what Spark and Databricks show as its comment."""


def table_details(view: TableView, snapshot: Snapshot) -> TableDetails:
    """The view with what the table's own log says."""
    partitions = set(snapshot.table.metadata().partition_columns)
    time = time_column(snapshot.schema)
    known = [bounds for file in snapshot.files if time and (bounds := file.bounds_of(time)) is not None]
    oldest = [bounds.least for bounds in known if bounds.least is not None]
    newest = [bounds.most for bounds in known if bounds.most is not None]
    stored = view.model_dump() | {"rows": sum(file.rows for file in snapshot.files), "version": snapshot.version}
    return TableDetails(
        **stored,
        columns=tuple(_column(field, partitions) for field in snapshot.schema),
        time_column=time,
        bytes=sum(file.size for file in snapshot.files),
        files=len(snapshot.files),
        from_time=_time(min(oldest, default=None)),
        to_time=_time(max(newest, default=None)),
        last_commit=_last_commit(snapshot),
    )


def _column(field: pa.Field, partitions: set[str]) -> TableColumn:
    metadata = {name.decode(): value.decode() for name, value in (field.metadata or {}).items()}
    original = metadata.get(NAME.decode()) or field.name
    return TableColumn(
        name=field.name,
        type=kind_of(field.type),
        nullable=field.nullable,
        is_partition=field.name in partitions,
        original_name=original if original != field.name else None,
        description=metadata.get(DESCRIPTION),
    )


def _time(value: Any) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _last_commit(snapshot: Snapshot) -> TableCommit:
    found = snapshot.table.history(1)
    if not found:
        return TableCommit(version=snapshot.version)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[0].get("timestamp", 0)))
    return TableCommit(version=snapshot.version, at=at, operation=found[0].get("operation"))
