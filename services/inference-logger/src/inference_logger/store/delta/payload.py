"""Payload tables: appended to exactly once, kept tidy. Blocking; callers run it in a thread.

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
from dataclasses import replace
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError

from inference_logger.domain.erasures import Tombstones
from inference_logger.domain.records import RawRecord, record_identity
from inference_logger.domain.rows import to_payload
from inference_logger.domain.tables import TableKey, TableShare, plain_path, table_location
from inference_logger.store.delta.commits import CommitResult, append, retry_conflicts
from inference_logger.store.delta.compaction import merge_files, merge_small_files, say_how_long_files_are_kept
from inference_logger.store.delta.open_tables import OpenTables, catalogue_location, open_table
from inference_logger.store.delta.rows import aligned, find_rows, schema_of
from inference_logger.store.destinations.fence import WriterFence
from inference_logger.store.destinations.placement import check_place
from inference_logger.store.storage import LOCAL, Storage
from shared.errors import NotFound

NO_TOMBSTONES = Tombstones()


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

        def commit() -> CommitResult:
            table, is_new = self._open.take(location, storage)
            turn = self.fence.transactions(location, table, is_single_writer=storage.is_single_writer)
            done = _append_once(table, share, app_id, upto, turn, tombstones=self.tombstones)
            self._open.give_back(location, table)
            return replace(done, is_new=is_new, location=catalogue_location(location, table))

        with self.fence.alone(location, is_single_writer=storage.is_single_writer):
            return retry_conflicts(commit)

    def position(self, key: TableKey, app_id: str, storage: Storage = LOCAL) -> int:
        """Up to where the table says it has everything; 0 where it cannot say."""
        try:
            return open_table(self.location(key), storage).transaction_version(app_id) or 0
        except (DeltaError, OSError, NotFound):
            return 0

    def expire(self, location: str, before: date, storage: Storage = LOCAL) -> None:
        """Remove the rows of the days before `before`: whole files, since each holds one day. A writer in between wins.

        What is derived from a table sees no difference: commits that remove rows have no new ones.
        """
        with self.fence.lock(location):
            table = open_table(location, storage)
            (day,) = table.metadata().partition_columns
            added = pa.table(table.get_add_actions(flatten=True)).column(f"partition.{day}")
            if not pc.any(pc.less(added, pa.scalar(before, added.type))).as_py():
                return
            turn = self.fence.transactions(location, table, is_single_writer=storage.is_single_writer)
            properties = CommitProperties(app_transactions=turn)
            with contextlib.suppress(CommitFailedError):
                table.delete(f"{day} < CAST('{before.isoformat()}' AS DATE)", commit_properties=properties)

    def merge(self, location: str, storage: Storage = LOCAL) -> None:
        """Merge the files of the latest commits. A writer in between wins."""
        with self.fence.lock(location):
            table = open_table(location, storage)
            self.fence.transactions(location, table, is_single_writer=storage.is_single_writer)
            with contextlib.suppress(CommitFailedError):
                merge_small_files(table)

    def compact(self, location: str, kept: timedelta, storage: Storage = LOCAL, *, today: date = date.max) -> None:
        """Merge small files, drop what no kept version needs, write a checkpoint. A writer in between wins.

        Days before `today` are over: their files are merged as far as it goes.
        """
        with self.fence.lock(location):
            table = open_table(location, storage)
            self.fence.transactions(location, table, is_single_writer=storage.is_single_writer)
            with contextlib.suppress(CommitFailedError):
                say_how_long_files_are_kept(table, kept)
                merge_files(table, today)
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
    append(table, rows, [Transaction(app_id, max(upto, done)), *turn], is_wider=is_wider)
    return CommitResult(table.table_uri, table.version(), len(fresh), erased=erased)


def _by_name(rows: pa.Table, table: DeltaTable) -> tuple[pa.Table, bool]:
    """The rows with the table's columns and types; whether it has to take columns of ours that it lacks."""
    schema = schema_of(table)
    lacking = [field for field in rows.schema if field.name not in schema.names]
    for field in lacking:
        schema = schema.append(field.with_nullable(True))
    return aligned(rows, schema), bool(lacking)


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
