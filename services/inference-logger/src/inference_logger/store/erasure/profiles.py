"""Values that the monitor's profiles keep of erased rows are taken out of its table. Blocking; run in a thread.

A profile does not say which rows its values are of: those of every window that held an erased row go, and counts, means
and shares stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import orjson
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder

from inference_logger.store.delta.open_tables import open_table
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.delta.rows import schema_of
from inference_logger.store.erasure.rows import COUNTS, MARK
from inference_logger.store.storage import Storage
from shared.contracts.inference_tables.erasures import ErasureOrder

VALUES = ("frequent_items", "quantiles", "min", "max", "median")
"""Columns of `profile_metrics` in which values of rows stand as they were."""
SPANS_AT_ONCE = 200
MINUTE = timedelta(minutes=1)


def erase_profile_values(
    tables: PayloadTables, location: str, order: ErasureOrder, minutes: Collection[datetime], storage: Storage
) -> None:
    """Empty the values of windows that overlap one of `minutes`. May be repeated, and killed anywhere."""
    spans = list(_spans(minutes))
    with tables.fence.lock(location):
        for at in range(0, len(spans), SPANS_AT_ONCE):
            _empty(open_table(location, storage), order, spans[at : at + SPANS_AT_ONCE])


def _empty(table: DeltaTable, order: ErasureOrder, spans: Collection[tuple[datetime, datetime]]) -> None:
    known = [name for name in VALUES if name in schema_of(table).names]
    touched = " OR ".join(
        f"(\"window\"['start'] < {_time(end)} AND \"window\"['end'] > {_time(start)})" for start, end in spans
    )
    filled = " OR ".join(f'"{name}" IS NOT NULL' for name in known)
    query = f"SELECT count(*) AS rows FROM profiles WHERE ({touched}) AND ({filled})"  # noqa: S608 - no word of others
    found = pa.table(QueryBuilder().register("profiles", table).execute(query).read_all())
    if rows := found.column("rows")[0].as_py():
        said = {MARK: str(order.id), COUNTS: orjson.dumps([(None, rows)]).decode()}
        properties = CommitProperties(custom_metadata=said)
        # `filled` is not said here: files have no statistics of lists, and the predicate would be refused.
        table.update(dict.fromkeys(known, "NULL"), predicate=touched, commit_properties=properties)


def _spans(minutes: Collection[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Minutes that follow each other are one span."""
    start: datetime | None = None
    end: datetime | None = None
    for minute in sorted(minutes):
        if start is not None and end is not None and minute > end:
            yield start, end
            start = None
        start, end = start or minute, minute + MINUTE
    if start is not None and end is not None:
        yield start, end


def _time(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return f"arrow_cast('{text}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
