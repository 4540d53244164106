"""Delta tables: appended to exactly once, read, kept tidy. Blocking; callers run it in a thread.

Exactly once: each commit carries, as an application transaction, the stream position up to which the table has
everything. It is read from, and written with, the same table object: a writer in between makes the commit fail, and the
next try sees what that writer did. `app_id` holds the stream's name and when it was made, so that a stream made anew,
which counts from 1 again, is another application.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from inference_logger.domain import PARTITION_BY, PAYLOAD_SCHEMA, Record, Share, TableKey, identity, to_payload

ATTEMPTS = 20
LOOK_BACK = timedelta(days=3)
"""How far a retried record's first copy may lie back; a spool that was cut off for longer is not expected."""


@dataclass(frozen=True)
class Committed:
    """One append. `rows` 0: the table had everything already."""

    location: str
    version: int
    rows: int


class PayloadTables:
    """The payload tables under their roots."""

    def __init__(self, default_root: str) -> None:
        self.default_root = default_root
        self.appending = asyncio.Lock()
        """Held while rows are appended, and while what a deleted service has logged is removed."""
        self.tidying = asyncio.Lock()
        """Held while tables are compacted, and for a removal too."""

    def location(self, key: TableKey) -> str:
        """Where a table lies."""
        root = local_path(key.destination or self.default_root)
        return str(Path(root) / key.service / "payload")

    def append(self, key: TableKey, share: Share, app_id: str, upto: int) -> Committed:
        """Append what the table lacks of `share`; afterwards it has everything up to stream position `upto`."""
        location = self.location(key)
        for attempt in range(ATTEMPTS):
            table = open_or_create(location)
            try:
                return _append_once(table, share, app_id, upto)
            except CommitFailedError:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def compact(self, location: str, kept: timedelta) -> None:
        """Merge small files, drop what no kept version needs, write a checkpoint. A writer in between wins."""
        table = DeltaTable(location)
        with contextlib.suppress(CommitFailedError):
            table.optimize.compact()
        table.update_incremental()
        table.vacuum(
            retention_hours=int(kept.total_seconds() // 3600),
            dry_run=False,
            enforce_retention_duration=False,
            full=True,  # what a killed writer left behind is in no commit
        )
        table.create_checkpoint()


def _append_once(table: DeltaTable, share: Share, app_id: str, upto: int) -> Committed:
    done = table.transaction_version(app_id) or 0
    fresh = [record for position, record in share.records if position > done]
    fresh += _absent(table, [record for position, record in share.retried if position > done])
    if done >= upto or not fresh:
        # Nothing to write and so nothing to note: the position only ever saves work, the catalogue's does as well.
        return Committed(table.table_uri, table.version(), 0)
    write_deltalake(
        table,
        to_payload(fresh),
        mode="append",
        commit_properties=CommitProperties(max_commit_retries=0, app_transactions=[Transaction(app_id, upto)]),
        post_commithook_properties=PostCommitHookProperties(create_checkpoint=True),
    )
    table.update_incremental()
    return Committed(table.table_uri, table.version(), len(fresh))


def _absent(table: DeltaTable, records: Sequence[Record]) -> list[Record]:
    """Those records that the table does not have, each once."""
    if not records:
        return []
    earliest = min(datetime.fromisoformat(record["received_at"]) for record in records).date()
    known = _known_ids(table, {identity(record) for record in records}, earliest)
    found = {identity(record): record for record in records}
    return [record for name, record in found.items() if name not in known]


def _known_ids(table: DeltaTable, ids: set[str], since: date) -> set[str]:
    dataset = table.to_pyarrow_dataset()
    wanted = ds.field("record_id").isin(sorted(ids)) & (ds.field("request_date") >= since - timedelta(days=1))
    return set(dataset.to_table(columns=["record_id"], filter=wanted).column("record_id").to_pylist())


def open_or_create(location: str) -> DeltaTable:
    """The payload table at `location`, made when it is not there; two at once make one."""
    try:
        return DeltaTable(location)
    except TableNotFoundError:
        pass
    Path(location).mkdir(parents=True, exist_ok=True)
    return DeltaTable.create(location, PAYLOAD_SCHEMA, mode="ignore", partition_by=list(PARTITION_BY))


def local_path(root: str) -> str:
    """A folder from a path or a `file://` URL."""
    parts = urlsplit(root)
    return unquote(parts.path) if parts.scheme == "file" else root


def read_rows(location: str, limit: int, equal: dict[str, str]) -> list[dict[str, Any]]:
    """Rows of a table, newest first, that have the given values; days without enough rows are not read whole."""
    table = DeltaTable(location)
    dataset = table.to_pyarrow_dataset()
    found: list[dict[str, Any]] = []
    for day in sorted({part["request_date"] for part in table.partitions()}, reverse=True):
        wanted = ds.field("request_date") == date.fromisoformat(str(day))
        for name, value in equal.items():
            wanted &= ds.field(name) == value
        found += _newest(dataset, wanted, limit - len(found))
        if len(found) >= limit:
            break
    return [_plain(row) for row in found]


def _newest(dataset: ds.Dataset, wanted: ds.Expression, limit: int) -> list[dict[str, Any]]:
    # The times alone first: a day's bodies may be far larger than memory.
    times = dataset.to_table(columns=["request_time"], filter=wanted).column("request_time")
    if len(times) > limit:
        wanted &= ds.field("request_time") >= times.take(pc.array_sort_indices(times, order="descending"))[limit - 1]
    rows = dataset.to_table(filter=wanted)
    order = pc.sort_indices(rows, sort_keys=[("request_time", "descending")])
    newest: list[dict[str, Any]] = rows.take(order[:limit]).to_pylist()
    return newest


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def version_and_rows(location: str) -> tuple[int, int, datetime]:
    """Delta version, number of rows, time of the last commit."""
    table = DeltaTable(location)
    added = pa.table(table.get_add_actions(flatten=True))
    rows = pc.sum(added.column("num_records")).as_py() or 0
    at = datetime.fromtimestamp(table.history(1)[0]["timestamp"] / 1000, UTC)
    return table.version(), rows, at
