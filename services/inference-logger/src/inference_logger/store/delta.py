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
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from pyarrow.dataset import FileSystemDataset

from inference_logger.domain.erasures import Tombstones
from inference_logger.domain.records import RawRecord, record_identity
from inference_logger.domain.rows import to_payload
from inference_logger.domain.tables import TableKey, TableShare, plain_path, table_location
from inference_logger.store.destinations.fence import WriterFence
from inference_logger.store.destinations.placement import check_place
from inference_logger.store.open_tables import OpenTables, open_table
from inference_logger.store.storage import LOCAL, Storage, is_remote
from shared.errors import Conflict, NotFound

ATTEMPTS = 20
NO_TOMBSTONES = Tombstones()


@dataclass(frozen=True)
class CommitResult:
    """One append. `rows` 0: the table had everything already. `is_new`: it was made for this.

    `erased`: records that it lacked and that were kept out. One that comes again after it was erased is among them too.
    """

    location: str
    version: int
    rows: int
    is_new: bool = False
    erased: Sequence[RawRecord] = ()


class PayloadTables:
    """The payload tables under their roots."""

    def __init__(self, default_root: str) -> None:
        self.default_root = default_root
        self.append_lock = asyncio.Lock()
        """Held while rows are appended, and while what a deleted service has logged is removed."""
        self.compact_lock = asyncio.Lock()
        """Held while tables are compacted, and for a removal too."""
        self._service_locks: dict[str, asyncio.Lock] = {}
        self.fence = WriterFence()
        self._open = OpenTables()
        self.tombstones = Tombstones()
        """Records that were erased, and come again: they are not appended."""

    def location(self, key: TableKey) -> str:
        """Where a table lies, as a plain path or `s3://…`."""
        return table_location(key.destination or self.default_root, key.service, key.kind)

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
        check_place(location, known, storage)
        with self._alone(location, storage):
            for attempt in range(ATTEMPTS):
                table, is_new = self._open.take(location, storage)
                turn = self.fence.transactions(location, table, is_single_writer=storage.is_single_writer)
                try:
                    done = _append_once(table, share, app_id, upto, turn, tombstones=self.tombstones)
                except CommitFailedError:
                    if attempt == ATTEMPTS - 1:
                        raise
                else:
                    self._open.give_back(location, table)
                    return replace(done, is_new=is_new, location=location if is_remote(location) else done.location)
        raise AssertionError("unreachable")

    def _alone(self, location: str, storage: Storage) -> AbstractContextManager[object]:
        return self.fence.lock(location) if storage.is_single_writer else contextlib.nullcontext()

    def position(self, key: TableKey, app_id: str, storage: Storage = LOCAL) -> int:
        """Up to where the table says it has everything; 0 where it cannot say."""
        try:
            return open_table(self.location(key), storage).transaction_version(app_id) or 0
        except (DeltaError, OSError, NotFound):
            return 0

    def compact(self, location: str, kept: timedelta, storage: Storage = LOCAL) -> None:
        """Merge small files, drop what no kept version needs, write a checkpoint. A writer in between wins."""
        with self.fence.lock(location):
            table = open_table(location, storage)
            self.fence.transactions(location, table, is_single_writer=storage.is_single_writer)
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


def _append_once(
    table: DeltaTable,
    share: TableShare,
    app_id: str,
    upto: int,
    turn: Sequence[Transaction] = (),
    *,
    tombstones: Tombstones = NO_TOMBSTONES,
) -> CommitResult:
    done = table.transaction_version(app_id) or 0
    fresh = [record for position, record in share.records if position > done]
    fresh += _absent(table, [record for position, record in share.records if position <= done])
    fresh += _absent(table, [record for _, record in share.retried])
    fresh, erased = tombstones.split(fresh)
    if not fresh:
        # Nothing to write and so nothing to note: the position only ever saves work, the catalogue's does as well.
        return CommitResult(table.table_uri, table.version(), 0, erased=erased)
    rows, is_wider = _by_name(to_payload(fresh), table)
    write_deltalake(
        table,
        rows,
        mode="append",
        schema_mode="merge" if is_wider else None,
        commit_properties=CommitProperties(
            max_commit_retries=0, app_transactions=[Transaction(app_id, max(upto, done)), *turn]
        ),
        post_commithook_properties=PostCommitHookProperties(create_checkpoint=True),
    )
    table.update_incremental()
    return CommitResult(table.table_uri, table.version(), len(fresh), erased=erased)


def _by_name(rows: pa.Table, table: DeltaTable) -> tuple[pa.Table, bool]:
    """The rows with the table's columns and types; whether it has to take columns of ours that it lacks."""
    schema = pa.schema(table.schema().to_arrow())
    lacking = [field for field in rows.schema if field.name not in schema.names]
    for field in lacking:
        schema = schema.append(field.with_nullable(True))
    return aligned(rows, schema), bool(lacking)


def aligned(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with all columns of a table; those that they have nothing for are null. Raises `Conflict`."""
    return pa.Table.from_arrays([_column(rows, field) for field in schema], schema=schema)


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
    days = pc.field("request_date") >= since - timedelta(days=1)
    rows = find_rows(table, "record_id", pa.array(sorted(ids)), days, ["record_id"])
    return set(rows.column("record_id").to_pylist())


def find_rows(
    table: DeltaTable, column: str, values: pa.Array, also: pc.Expression, columns: Sequence[str]
) -> pa.Table:
    """Rows whose `column` has one of the values, and that meet `also`."""
    return find_any_rows(table, [(column, values)], also, columns)


def find_any_rows(
    table: DeltaTable, wanted: Sequence[tuple[str, pa.Array]], also: pc.Expression, columns: Sequence[str]
) -> pa.Table:
    """Rows that have in one of these columns one of its values, and that meet `also`.

    Files are ruled out by what the table's log says of them, but not their row groups where texts are looked for:
    files that a `DELETE` of delta-rs wrote say `string_view` there, and Arrow raises when it compares that with
    `string`. A cast keeps it from trying.
    """
    dataset = table.to_pyarrow_dataset()
    by_log = reduce(or_, (pc.field(name).isin(values) for name, values in wanted))
    files = [*dataset.get_fragments(filter=by_log & also)]
    found = FileSystemDataset(files, dataset.schema, dataset.format, dataset.filesystem)
    by_row = reduce(or_, (_is_one_of(name, values) for name, values in wanted))
    return found.to_table(columns=list(columns), filter=by_row & also)


def _is_one_of(name: str, values: pa.Array) -> pc.Expression:
    if pa.types.is_string(values.type):
        return pc.field(name).cast(pa.large_string()).isin(values.cast(pa.large_string()))
    return pc.field(name).isin(values)


def version_and_rows(location: str, storage: Storage = LOCAL) -> tuple[int, int]:
    """Delta version and number of rows."""
    table = open_table(location, storage)
    added = pa.table(table.get_add_actions(flatten=True))
    rows = pc.sum(added.column("num_records")).as_py() or 0
    return table.version(), rows
