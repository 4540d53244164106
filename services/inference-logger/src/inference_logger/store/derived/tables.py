"""A table that is derived from another one's commits, exactly once. Blocking; callers run it in a thread.

Each append carries, as an application transaction named after the source's own id, the version of the source up to
which the derived table has everything. It is read from and written with the same table object, so that a writer in
between makes the commit fail. Where the source lacks commits behind that version (its log was cleaned, its files were
vacuumed, or there is no such transaction) all of it is read, and rows of records that are there already are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from inference_logger.domain.schema import INFERENCES_SCHEMA
from inference_logger.store.delta import CommitResult, aligned, open_or_create, open_table
from inference_logger.store.derived.source import (
    PIECE_BYTES,
    DataFile,
    LogTruncated,
    SourcePiece,
    all_files,
    read_commit,
    read_rows,
)
from inference_logger.store.destinations.fence import WriterFence
from inference_logger.store.storage import LOCAL, Storage, is_remote
from shared.errors import NotFound

ATTEMPTS = 20
BACKFILL_ROWS = 20_000
"""Rows of one append where the source is read whole; fewer where their bodies are `PIECE_BYTES` long."""
Step = Callable[[pa.Table, Sequence[pa.Field]], pa.Table]
"""Rows of the source, and the columns that the derived table has → its rows."""


@dataclass(frozen=True)
class Backfill:
    """How far one version of the source was read that is read whole: the file, and how many of its rows."""

    version: int
    order: tuple[str, str] = ("", "")
    rows: int = 0


@dataclass(frozen=True)
class Derivation:
    """Which table is made of which, and how."""

    source: str
    target: str
    step: Step
    columns: Sequence[str]
    """Of the source, that the step reads."""
    not_before: datetime | None = None
    """Rows of requests up to this time are left out: their service's tables were removed then."""
    storage: Storage = LOCAL
    fence: WriterFence = field(default_factory=WriterFence)
    backfill: Backfill | None = None
    """What the last call returned. Without it nothing is doubled: rows that are there are found again."""


@dataclass(frozen=True)
class DerivedCommit:
    """One append to a derived table, or none; `is_behind`: the source has more."""

    committed: CommitResult | None
    is_behind: bool = False
    backfill: Backfill | None = None


@dataclass
class _Target:
    """The derived table as it is opened for one append."""

    location: str
    table: DeltaTable
    is_new: bool
    app_id: str
    turn: Sequence[Transaction] = ()
    fields: Sequence[pa.Field] = field(default_factory=tuple)

    @property
    def done(self) -> int | None:
        return self.table.transaction_version(self.app_id)


def derive_next(derivation: Derivation) -> DerivedCommit:
    """Append what the next commits of the source give. Raises `NotFound` for the source, and whatever the storage does.

    May be repeated, and killed anywhere.
    """
    is_single_writer = derivation.storage.is_single_writer
    with derivation.fence.lock(derivation.target) if is_single_writer else nullcontext():
        for attempt in range(ATTEMPTS):
            try:
                return _derive_once(derivation)
            except CommitFailedError:
                if attempt == ATTEMPTS - 1:
                    raise
    raise AssertionError("unreachable")


def _derive_once(derivation: Derivation) -> DerivedCommit:
    source = open_table(derivation.source, derivation.storage)
    target = _open_target(derivation, source)
    done = target.done
    if done == source.version():
        return DerivedCommit(None)
    if done is None or done > source.version() or derivation.backfill is not None:
        return _derive_all(derivation, source, target)
    try:
        return _derive_piece(derivation, source, target, done)
    except LogTruncated:
        return _derive_all(derivation, source, target)


def _open_target(derivation: Derivation, source: DeltaTable) -> _Target:
    table, is_new = open_or_create(derivation.target, derivation.storage, INFERENCES_SCHEMA)
    app_id = f"penstock:derive:{source.metadata().id}"
    turn = [derivation.fence.turn(derivation.target, table)] if derivation.storage.is_single_writer else []
    return _Target(derivation.target, table, is_new, app_id, turn, tuple(pa.schema(table.schema().to_arrow())))


def _derive_piece(derivation: Derivation, source: DeltaTable, target: _Target, done: int) -> DerivedCommit:
    files = derivation.storage.filesystem(derivation.source)
    piece = SourcePiece(files, done, source.version())
    rows = _derived(derivation, piece.rows(derivation.columns), target)
    if rows is None:
        return DerivedCommit(None)  # compactions: the position stays, and moves with the next rows
    return DerivedCommit(_append(target, rows, piece.upto), is_behind=piece.upto < source.version())


def _derive_all(derivation: Derivation, source: DeltaTable, target: _Target) -> DerivedCommit:
    """Of the next rows of one version of the source those that are missing; with the last ones the position moves."""
    at = derivation.backfill or Backfill(source.version())
    pinned = DeltaTable(derivation.source, version=at.version, storage_options=derivation.storage.delta_options)
    found = _next_rows(derivation, [file for file in all_files(pinned) if file.order >= at.order], at)
    parts, after = [_missing(rows, target) for rows in found.rows], found.after
    rows = _derived(derivation, iter([part for part in parts if part.num_rows]), target)
    if after is not None and (rows is None or not rows.num_rows):
        return DerivedCommit(None, is_behind=True, backfill=after)
    committed = _append(target, rows, at.version if after is None else None)
    return DerivedCommit(committed, after is not None or at.version < source.version(), after)


@dataclass
class _NextRows:
    """Rows of one append, and where the next begin; None: these were the last."""

    rows: list[pa.Table]
    after: Backfill | None


def _next_rows(derivation: Derivation, files: Sequence[DataFile], at: Backfill) -> _NextRows:
    found: list[pa.Table] = []
    for file in files:
        seen = 0
        skip = at.rows if file.order == at.order else 0
        for rows in read_rows(derivation.storage.filesystem(derivation.source), [file], derivation.columns):
            seen += rows.num_rows
            if seen <= skip:
                continue
            gathered, size = sum(part.num_rows for part in found), sum(part.nbytes for part in found)
            if gathered >= BACKFILL_ROWS or size >= PIECE_BYTES:
                return _NextRows(found, Backfill(at.version, file.order, seen - rows.num_rows))
            found.append(rows)
    return _NextRows(found, None)


def _missing(found: pa.Table, target: _Target) -> pa.Table:
    """Rows of requests that the derived table has nothing of. They are of one day."""
    if not target.table.version() or not found.num_rows:
        return found
    wanted = pc.field("request_date") == found.column("request_date")[0]
    known = target.table.to_pyarrow_dataset().to_table(columns=["record_id"], filter=wanted).column("record_id")
    has_own = "record_id" in found.schema.names
    ids = pc.coalesce(found.column("record_id"), found.column("request_id")) if has_own else found.column("request_id")
    return found.filter(pc.invert(pc.is_in(ids, pc.unique(known).cast(ids.type))))


def _derived(derivation: Derivation, found: Iterator[pa.Table], target: _Target) -> pa.Table | None:
    """The rows of the derived table, batch by batch: only these stay in memory. None: there are none."""
    parts: list[pa.Table] = []
    fields = list(target.fields)
    for rows in found:
        kept = rows
        if derivation.not_before is not None:
            kept = rows.filter(pc.field("request_time") > pa.scalar(derivation.not_before, pa.timestamp("us", "UTC")))
        part = derivation.step(kept, fields)
        known = {each.name for each in fields}
        fields += [each for each in part.schema if each.name not in known]
        parts.append(part)
    if not parts:
        return None
    names = {each.name for each in target.fields}
    schema = pa.schema([*target.fields, *(each.with_nullable(True) for each in fields if each.name not in names)])
    return pa.concat_tables([aligned(part, schema) for part in parts])


def _append(target: _Target, rows: pa.Table | None, upto: int | None) -> CommitResult:
    """`upto` None: the position does not move."""
    rows = pa.schema(target.fields).empty_table() if rows is None else rows
    is_wider = len(rows.schema) > len(target.fields)
    transactions = [*target.turn, *([] if upto is None else [Transaction(target.app_id, upto)])]
    write_deltalake(
        target.table,
        rows,
        mode="append",
        schema_mode="merge" if is_wider else None,
        commit_properties=CommitProperties(max_commit_retries=0, app_transactions=transactions),
        post_commithook_properties=PostCommitHookProperties(create_checkpoint=True),
    )
    target.table.update_incremental()
    location = target.location if is_remote(target.location) else target.table.table_uri
    return CommitResult(location, target.table.version(), rows.num_rows, target.is_new)


def catalogue_location(location: str, storage: Storage) -> str:
    """What the catalogue calls the place of a table. Raises `NotFound`."""
    return location if is_remote(location) else open_table(location, storage).table_uri


def rows_behind(derivation: Derivation) -> int:
    """Rows of the source that the derived table lacks, as far as it can be told: 0 where it cannot."""
    try:
        source = open_table(derivation.source, derivation.storage)
        app_id = f"penstock:derive:{source.metadata().id}"
        done = open_table(derivation.target, derivation.storage).transaction_version(app_id)
        files = derivation.storage.filesystem(derivation.source)
        if done is None:
            return sum(file.rows for file in all_files(source))
        versions = range(done + 1, source.version() + 1)
        return sum(file.rows for version in versions for file in read_commit(files, version))
    except (LogTruncated, NotFound, OSError, DeltaError):
        return 0
