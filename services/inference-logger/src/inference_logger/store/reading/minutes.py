"""How many rows a table has of each minute of its requests' arrival."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pyarrow.compute as pc

from inference_logger.domain.reading.queries import Question, select
from inference_logger.store.reading.limits import WorkingTime
from inference_logger.store.reading.scan import scan_file
from inference_logger.store.reading.snapshot import Snapshot
from shared.filters.conditions import may_match

COLUMN = "request_time"


def rows_by_minute(snapshot: Snapshot, since: datetime, until: datetime, time: WorkingTime) -> Counter[datetime]:
    """Minute → rows, of the minutes in since..until. Raises `LimitExceeded`, `Conflict`."""
    found: Counter[datetime] = Counter()
    selection = select(snapshot.schema, Question((COLUMN,), from_time=since, to_time=until))
    columns = tuple(dict.fromkeys((COLUMN, *selection.read_columns)))
    assert selection.condition is not None
    for file in snapshot.files:
        if not may_match(selection.condition, file.bounds_of):
            continue
        for piece in scan_file(snapshot, file, columns, selection.condition, time):
            minutes = pc.floor_temporal(piece.rows.column(COLUMN), unit="minute")
            for each in pc.value_counts(minutes).to_pylist():
                found[each["values"].astimezone(UTC)] += each["counts"]
    return found
