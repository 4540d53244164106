"""A table that is derived from another one's commits, exactly once. Blocking; callers run it in a thread.

Each append carries, as an application transaction named after the source's own id, the version of the source up to
which the derived table has everything. It is read from and written with the same table object, so that a writer in
between makes the commit fail. Where the source lacks commits behind that version (its log was cleaned, its files were
vacuumed, or there is no such transaction) all of it is read, and rows of records that are there already are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, Transaction
from deltalake.exceptions import DeltaError

from inference_logger.domain.schema import INFERENCES_SCHEMA
from inference_logger.store.delta.commits import CommitResult, append, retry_conflicts
from inference_logger.store.delta.open_tables import OpenTables, catalogue_location, open_table
from inference_logger.store.delta.rows import schema_of
from inference_logger.store.derived.engine import check_engine
from inference_logger.store.derived.parts import Parts
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
from inference_logger.store.storage import LOCAL, Storage
from shared.errors import NotFound

BACKFILL_ROWS = 20_000
"""Rows of one append where the source is read whole; fewer where their bodies are `PIECE_BYTES` long."""
MOST_ROWS = 200_000
"""Rows after which no further commit of the source is taken up: a body of a MiB may give half a million."""
Step = Callable[[pa.Table, Sequence[pa.Field]], Iterable[pa.Table]]
"""Rows of the source, and the columns that the derived table has → its rows, a part at a time."""


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
    opened: OpenTables = field(default_factory=OpenTables)
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
    with derivation.fence.alone(derivation.target, is_single_writer=derivation.storage.is_single_writer):
        return retry_conflicts(lambda: _derive_once(derivation))


def _derive_once(derivation: Derivation) -> DerivedCommit:
    source = derivation.opened.take_existing(derivation.source, derivation.storage)
    target = _open_target(derivation, source)
    commit = _derive_from(derivation, source, target)
    derivation.opened.give_back(derivation.source, source)
    derivation.opened.give_back(derivation.target, target.table)
    return commit


def _derive_from(derivation: Derivation, source: DeltaTable, target: _Target) -> DerivedCommit:
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
    table, is_new = derivation.opened.take(derivation.target, derivation.storage, INFERENCES_SCHEMA)
    check_engine(table)
    app_id = f"penstock:derive:{source.metadata().id}"
    is_single_writer = derivation.storage.is_single_writer
    turn = derivation.fence.transactions(derivation.target, table, is_single_writer=is_single_writer)
    return _Target(derivation.target, table, is_new, app_id, turn, tuple(schema_of(table)))


def _derive_piece(derivation: Derivation, source: DeltaTable, target: _Target, done: int) -> DerivedCommit:
    files = derivation.storage.filesystem(derivation.source)
    piece = SourcePiece(files, done, source.version())
    parts, is_any = Parts(target.fields), False
    for rows in piece.rows(derivation.columns):
        is_any = True
        _derive(derivation, rows, parts)
        piece.is_full = parts.rows >= MOST_ROWS
    if not is_any:
        return DerivedCommit(None)  # compactions: the position stays, and moves with the next rows
    return DerivedCommit(_append(target, parts, piece.upto), is_behind=piece.upto < source.version())


def _derive_all(derivation: Derivation, source: DeltaTable, target: _Target) -> DerivedCommit:
    """Of the next rows of one version of the source those that are missing; with the last ones the position moves."""
    at = derivation.backfill or Backfill(source.version())
    try:
        pinned = DeltaTable(derivation.source, version=at.version, storage_options=derivation.storage.delta_options)
    except DeltaError:  # its log does not have that version any more: what is there already is found again
        if at.version == source.version():
            raise
        at, pinned = Backfill(source.version()), source
    parts, after = Parts(target.fields), None
    count = size = 0
    for rows, place in _rows_from(derivation, [file for file in all_files(pinned) if file.order >= at.order], at):
        if count >= BACKFILL_ROWS or size >= PIECE_BYTES or parts.rows >= MOST_ROWS:
            after = place
            break
        count, size = count + rows.num_rows, size + rows.nbytes
        if (missing := _missing(rows, target)).num_rows:
            _derive(derivation, missing, parts)
    if after is not None and not parts.rows:
        return DerivedCommit(None, is_behind=True, backfill=after)
    committed = _append(target, parts, at.version if after is None else None)
    return DerivedCommit(committed, after is not None or at.version < source.version(), after)


def _rows_from(derivation: Derivation, files: Sequence[DataFile], at: Backfill) -> Iterator[tuple[pa.Table, Backfill]]:
    """Rows behind that place, each table with the place that it begins at."""
    for file in files:
        seen = 0
        skip = at.rows if file.order == at.order else 0
        for rows in read_rows(derivation.storage.filesystem(derivation.source), [file], derivation.columns):
            if seen >= skip:
                yield rows, Backfill(at.version, file.order, seen)
            seen += rows.num_rows


def _missing(found: pa.Table, target: _Target) -> pa.Table:
    """Rows of requests that the derived table has nothing of. They are of one day."""
    if not target.table.version() or not found.num_rows:
        return found
    wanted = pc.field("request_date") == found.column("request_date")[0]
    known = target.table.to_pyarrow_dataset().to_table(columns=["record_id"], filter=wanted).column("record_id")
    has_own = "record_id" in found.schema.names
    ids = pc.coalesce(found.column("record_id"), found.column("request_id")) if has_own else found.column("request_id")
    return found.filter(pc.invert(pc.is_in(ids, pc.unique(known).cast(ids.type))))


def _derive(derivation: Derivation, rows: pa.Table, parts: Parts) -> None:
    """Add the rows of the derived table: what they are made of does not stay in memory."""
    if derivation.not_before is not None:
        rows = rows.filter(pc.field("request_time") > pa.scalar(derivation.not_before, pa.timestamp("us", "UTC")))
    for part in derivation.step(rows, tuple(parts.fields)):
        parts.add(part)


def _append(target: _Target, parts: Parts, upto: int | None) -> CommitResult:
    """`upto` None: the position does not move."""
    transactions = [*target.turn, *([] if upto is None else [Transaction(target.app_id, upto)])]
    rows = parts.reader() if parts.rows else pa.schema(parts.fields).empty_table()
    append(target.table, rows, transactions, is_wider=parts.is_wider)
    location = catalogue_location(target.location, target.table)
    return CommitResult(location, target.table.version(), parts.rows, target.is_new)


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
