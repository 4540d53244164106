"""Delta tables: appended to exactly once, read, kept tidy. Blocking; callers run it in a thread.

Exactly once: each commit carries, as an application transaction, the stream position up to which the table has
everything. It is read from, and written with, the same table object: a writer in between makes the commit fail, and the
next try sees what that writer did. `app_id` holds the stream's name, when it was made and its epoch, so that a stream
made anew or set back, which hands out numbers again, is another application. Records behind the position are new;
those before it are looked up by `record_id`: a logger was killed before it noted them, or the stream was set back then.

Columns are written by name: those that another writer added are null, those that the table lacks are added.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from inference_logger.domain.destinations import LOG_FOLDER, placement_refusal
from inference_logger.domain.records import RawRecord, record_identity
from inference_logger.domain.rows import to_payload
from inference_logger.domain.schema import PARTITION_BY, PAYLOAD_SCHEMA, TABLE_PROPERTIES
from inference_logger.domain.tables import TableKey, TableShare, plain_path
from inference_logger.store.storage import LOCAL, Storage, is_remote
from shared.errors import Conflict, NotFound

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset  # imports pandas, a third of the service's start; what reads a table needs it

ATTEMPTS = 20


@dataclass(frozen=True)
class CommitResult:
    """One append. `rows` 0: the table had everything already. `is_new`: it was made for this."""

    location: str
    version: int
    rows: int
    is_new: bool = False


class PayloadTables:
    """The payload tables under their roots."""

    def __init__(self, default_root: str) -> None:
        self.default_root = default_root
        self.append_lock = asyncio.Lock()
        """Held while rows are appended, and while what a deleted service has logged is removed."""
        self.compact_lock = asyncio.Lock()
        """Held while tables are compacted, and for a removal too."""
        self._service_locks: dict[str, asyncio.Lock] = {}

    def location(self, key: TableKey) -> str:
        """Where a table lies, as a plain path."""
        return str(Path(plain_path(key.destination or self.default_root)) / key.service / key.kind)

    def key_at(self, location: str, service: str, kind: str) -> TableKey:
        """The key of a table that the catalogue names."""
        root = plain_path(location).removesuffix(f"/{service}/{kind}")
        return TableKey(service, "" if root == plain_path(self.default_root) else root, kind)

    def service_lock(self, service: str) -> asyncio.Lock:
        """Held while a table of a service is derived, and while the service's tables are removed."""
        return self._service_locks.setdefault(service, asyncio.Lock())

    def append(
        self,
        key: TableKey,
        share: TableShare,
        app_id: str,
        upto: int,
        known: frozenset[str] = frozenset(),
        *,
        storage: Storage = LOCAL,
    ) -> CommitResult:
        """Append what the table lacks of `share`; afterwards it has everything up to stream position `upto`.

        `known`: where tables lie. Raises `Conflict` where this one may not be, and whatever Delta and the disk do.
        """
        location = self.location(key)
        check_place(location, known)
        for attempt in range(ATTEMPTS):
            table, is_new = open_or_create(location, storage)
            try:
                return _append_once(table, share, app_id, upto, is_new)
            except CommitFailedError:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def position(self, key: TableKey, app_id: str, storage: Storage = LOCAL) -> int:
        """Up to where the table says it has everything; 0 where it cannot say."""
        try:
            return open_table(self.location(key), storage).transaction_version(app_id) or 0
        except (DeltaError, OSError, NotFound):
            return 0

    def compact(self, location: str, kept: timedelta, storage: Storage = LOCAL) -> None:
        """Merge small files, drop what no kept version needs, write a checkpoint. A writer in between wins."""
        table = open_table(location, storage)
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


def check_place(location: str, known: frozenset[str]) -> None:
    """Raise `Conflict` where a table may not be: inside another one, whether by its path or by a link."""
    real = os.path.realpath(location)
    why = placement_refusal(real, known, is_listed=location in known or real in known)
    around = next((folder for folder in Path(real).parents if (folder / LOG_FOLDER).is_dir()), None)
    if why is None and around is not None:
        why = f"{location} lies inside the Delta table at {around}"
    if why is not None:
        raise Conflict(f"{why}: give the version another destination")


def _append_once(table: DeltaTable, share: TableShare, app_id: str, upto: int, is_new: bool) -> CommitResult:
    done = table.transaction_version(app_id) or 0
    fresh = [record for position, record in share.records if position > done]
    fresh += _absent(table, [record for position, record in share.records if position <= done])
    fresh += _absent(table, [record for _, record in share.retried])
    if not fresh:
        # Nothing to write and so nothing to note: the position only ever saves work, the catalogue's does as well.
        return CommitResult(table.table_uri, table.version(), 0, is_new)
    rows, is_wider = _by_name(to_payload(fresh), table)
    write_deltalake(
        table,
        rows,
        mode="append",
        schema_mode="merge" if is_wider else None,
        commit_properties=CommitProperties(
            max_commit_retries=0, app_transactions=[Transaction(app_id, max(upto, done))]
        ),
        post_commithook_properties=PostCommitHookProperties(create_checkpoint=True),
    )
    table.update_incremental()
    return CommitResult(table.table_uri, table.version(), len(fresh), is_new)


def _by_name(rows: pa.Table, table: DeltaTable) -> tuple[pa.Table, bool]:
    """The rows with the table's columns and types; whether it has to take columns of ours that it lacks."""
    schema = pa.schema(table.schema().to_arrow())
    lacking = [field for field in rows.schema if field.name not in schema.names]
    for field in lacking:
        schema = schema.append(field.with_nullable(True))
    return pa.Table.from_arrays([_column(rows, field) for field in schema], schema=schema), bool(lacking)


def _column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name in rows.schema.names:
        return rows.column(field.name).cast(field.type)
    if not field.nullable:
        raise Conflict(f"column {field.name} of another writer takes no nulls")
    return pa.nulls(rows.num_rows, field.type)


def _absent(table: DeltaTable, records: Sequence[RawRecord]) -> list[RawRecord]:
    """Those records that the table does not have, each once."""
    if not records:
        return []
    earliest = min(datetime.fromisoformat(record["received_at"]) for record in records).date()
    known = _known_ids(table, {record_identity(record) for record in records}, earliest)
    found = {record_identity(record): record for record in records}
    return [record for name, record in found.items() if name not in known]


def _known_ids(table: DeltaTable, ids: set[str], since: date) -> set[str]:
    dataset = table.to_pyarrow_dataset()
    wanted = pc.field("record_id").isin(sorted(ids)) & (pc.field("request_date") >= since - timedelta(days=1))
    return set(dataset.to_table(columns=["record_id"], filter=wanted).column("record_id").to_pylist())


def open_or_create(location: str, storage: Storage = LOCAL) -> tuple[DeltaTable, bool]:
    """The payload table at `location`, and whether it was made for this; two at once make one."""
    try:
        return DeltaTable(location, storage_options=storage.delta_options), False
    except TableNotFoundError:
        pass
    if not is_remote(location):
        Path(location).mkdir(parents=True, exist_ok=True)
    made = DeltaTable.create(
        location,
        PAYLOAD_SCHEMA,
        mode="ignore",
        partition_by=list(PARTITION_BY),
        configuration=TABLE_PROPERTIES,
        storage_options=storage.delta_options,
    )
    return made, True


def open_table(location: str, storage: Storage = LOCAL) -> DeltaTable:
    """The table at `location`; raises `NotFound`."""
    try:
        return DeltaTable(location, storage_options=storage.delta_options)
    except TableNotFoundError as error:
        raise NotFound(f"there is no table at {plain_path(location)} any more") from error


def read_rows(location: str, limit: int, equal: dict[str, str], storage: Storage = LOCAL) -> list[dict[str, Any]]:
    """Rows of a table, newest first, that have the given values; days without enough rows are not read whole."""
    table = open_table(location, storage)
    dataset = table.to_pyarrow_dataset()
    found: list[dict[str, Any]] = []
    for day in sorted({part["request_date"] for part in table.partitions()}, reverse=True):
        wanted = pc.field("request_date") == date.fromisoformat(str(day))
        for name, value in equal.items():
            wanted &= pc.field(name) == value
        found += _newest(dataset, wanted, limit - len(found))
        if len(found) >= limit:
            break
    return [_plain(row) for row in found]


def _newest(dataset: Dataset, wanted: pc.Expression, limit: int) -> list[dict[str, Any]]:
    # The times alone first: a day's bodies may be far larger than memory.
    times = dataset.to_table(columns=["request_time"], filter=wanted).column("request_time")
    if len(times) > limit:
        wanted &= pc.field("request_time") >= times.take(pc.array_sort_indices(times, order="descending"))[limit - 1]
    columns = [name for name in PAYLOAD_SCHEMA.names if name in dataset.schema.names]  # another writer's are its own
    rows = dataset.to_table(columns=columns, filter=wanted)
    order = pc.sort_indices(rows, sort_keys=[("request_time", "descending")])
    newest: list[dict[str, Any]] = rows.take(order[:limit]).to_pylist()
    return newest


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def version_and_rows(location: str, storage: Storage = LOCAL) -> tuple[int, int]:
    """Delta version and number of rows."""
    table = open_table(location, storage)
    added = pa.table(table.get_add_actions(flatten=True))
    rows = pc.sum(added.column("num_records")).as_py() or 0
    return table.version(), rows
