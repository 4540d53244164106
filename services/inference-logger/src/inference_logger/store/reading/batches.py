"""Every row that a selection has, batch by batch, as its files lie; for statistics and downloads."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from inference_logger.domain.reading.queries import Selection
from inference_logger.store.reading.limits import WorkingTime
from inference_logger.store.reading.scan import scan_file
from inference_logger.store.reading.snapshot import Snapshot
from shared.filters.conditions import may_match


def selected_schema(snapshot: Snapshot, selection: Selection) -> pa.Schema:
    """Columns and types of the batches."""
    return pa.schema([snapshot.schema.field(name).with_nullable(True) for name in selection.columns])


def read_batches(snapshot: Snapshot, selection: Selection, time: WorkingTime) -> Iterator[pa.RecordBatch]:
    """The oldest days first where the table is partitioned by day. Raises `LimitExceeded`, `Conflict`, `QueryEnded`."""
    condition = selection.condition
    columns = tuple(dict.fromkeys((*selection.columns, *selection.read_columns)))
    schema = selected_schema(snapshot, selection)
    for file in snapshot.files:
        if condition is None or may_match(condition, file.bounds_of):
            for piece in scan_file(snapshot, file, columns, condition, time):
                yield piece.rows.select(schema.names)
