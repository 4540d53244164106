"""Tables are kept tidy, and follow a home that was moved."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from deltalake.exceptions import DeltaError

from inference_logger.domain.destinations import LOG_FOLDER
from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import KINDS, TableKey, is_remote, plain_path, running_day
from inference_logger.handlers.stores import Stores
from inference_logger.store import catalogue
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.log_entries import trim_log
from inference_logger.store.delta.open_tables import open_table
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.delta.rows import as_one_commit
from inference_logger.store.storage import Storage
from inference_logger.store.tables import TableRow
from shared.database import Database
from shared.errors import Conflict, NotFound, Unavailable
from shared.storage.objects import bucket_of

log = logging.getLogger(__name__)

MANY = 32
"""Commits after which the files of a table are merged: fewer are not worth a commit of their own."""


@dataclass(frozen=True)
class Keeping:
    """How long what is kept: `files` that no version needs any more; `rows`, None: for ever.

    So many newest commits of a table in the local file system, and in an object store, can be read by version.
    """

    files: timedelta
    rows: timedelta | None = None
    local_commits: int = sys.maxsize
    remote_commits: int = sys.maxsize

    def commits(self, location: str) -> int:
        """Of the table there."""
        return self.remote_commits if is_remote(location) else self.local_commits


@dataclass(frozen=True)
class TidiedTable:
    """A table that the catalogue names."""

    storage: Storage
    is_own: bool
    """Of the kinds that the logger writes; else the monitor does."""


async def compact_tables(stores: Stores, kept: Keeping) -> None:
    """Remove old rows, compact every table and set its entry to what it says of itself: those of the monitor too, which
    has a commit for each window. Rows of profiles stay.

    One that cannot be is left for the next time.
    """
    async with stores.database.read() as session:
        rows = await catalogue.find_tables(session)
    await _at_each(stores, [row.location for row in _owned(stores, rows)], partial(_compact_table, kept=kept))


@dataclass
class SmallFiles:
    """Merges the files of tables that have had many commits since the last time."""

    stores: Stores
    _versions: dict[str, int] = field(default_factory=dict)
    """Location → its version then."""

    async def merge_once(self) -> None:
        """Look at every table. One that cannot be merged is left for the next time."""
        async with self.stores.database.read() as session:
            rows = await catalogue.find_tables(session)
        versions = {row.location: row.version for row in _owned(self.stores, rows)}
        self._versions = {location: self._versions.get(location, version) for location, version in versions.items()}
        grown = [location for location, version in versions.items() if version - self._versions[location] >= MANY]
        self._versions.update({location: versions[location] for location in grown})
        await _at_each(self.stores, grown, _merge_table)


def _owned(stores: Stores, rows: Sequence[TableRow]) -> list[TableRow]:
    return [row for row in rows if stores.ownership.owns(row.service)]


async def _at_each(stores: Stores, locations: Sequence[str], work: Callable[[Stores, str], Awaitable[None]]) -> None:
    """Each bucket goes its own way: one that hangs holds up no other."""
    by_place: dict[str, list[str]] = defaultdict(list)
    for location in locations:
        by_place[bucket_of(location)].append(location)
    async with asyncio.TaskGroup() as places:
        for at_place in by_place.values():
            places.create_task(_one_by_one(stores, at_place, work))


async def _one_by_one(stores: Stores, locations: Sequence[str], work: Callable[[Stores, str], Awaitable[None]]) -> None:
    for location in locations:
        if stores.storages.refusal(location) is not None:
            continue
        async with nullcontext() if is_remote(location) else stores.tables.compact_lock:
            try:
                await work(stores, location)
            except (DeltaError, OSError, Unavailable, Conflict) as error:
                log.warning("table at %s was not compacted this time: %s", location, storage_reason(location, error))


async def _merge_table(stores: Stores, location: str) -> None:
    found = await _to_tidy(stores, location)
    if found is not None:
        with suppress(NotFound):  # a pass over all tables says so in the catalogue
            await found.storage.run(stores.tables.merge, location, found.storage)


async def _to_tidy(stores: Stores, location: str) -> TidiedTable | None:
    """None for what is named no more, and for the monitor's in a store that does not keep two writers apart."""
    async with stores.database.read() as session:
        entry = await catalogue.find_entry(session, location)
    if entry is None:
        return None
    found = TidiedTable(await stores.storages.of(location), entry.kind in KINDS)
    return None if found.storage.is_single_writer and not found.is_own else found


async def _compact_table(stores: Stores, location: str, *, kept: Keeping) -> None:
    found = await _to_tidy(stores, location)
    if found is None:
        return
    storage = found.storage
    try:
        if kept.rows is not None and found.is_own:
            await storage.run(stores.tables.expire, location, (stores.clock.now() - kept.rows).date(), storage)
        today = running_day(stores.clock.now())
        await storage.run(partial(stores.tables.compact, today=today), location, kept.files, storage)
        await storage.run(trim_log, location, kept.commits(location), storage)
        whole = await storage.run(as_one_commit, location, storage)
        version, rows = whole.version, whole.rows
    except NotFound:
        version, rows = -1, 0
    async with stores.database.unit_of_work() as session:
        await catalogue.set_version_and_rows(session, location, version, rows)


async def adopt_moved_tables(tables: PayloadTables, database: Database, at: datetime) -> None:
    """Entries below a default root of before, which is gone with its home, become those of where the home is now."""
    async with tables.append_lock:
        async with database.read() as session:
            rows = await catalogue.own_tables(session)
        listed = {plain_path(row.location) for row in rows}
        for row in rows:
            if is_remote(row.location) or is_remote(tables.default_root):
                continue
            here = tables.location(TableKey(row.service, kind=row.kind))
            if await asyncio.to_thread(_has_moved, row, here):
                found = None if here in listed else await asyncio.to_thread(as_one_commit, here)
                await _replace(database, row, found, at)


async def _replace(database: Database, row: TableRow, found: CommitResult | None, at: datetime) -> None:
    async with database.unit_of_work() as session:
        await catalogue.delete_entry(session, row.location)
        if found is not None:
            await catalogue.note_commit(session, TableKey(row.service, kind=row.kind), found, at)


def _has_moved(row: TableRow, here: str) -> bool:
    """Whether the table was `<root>/<service>/<kind>`, and is here now: that root is gone, or was copied."""
    old, new = Path(plain_path(row.location)), Path(here)
    is_alike = old != new and old.parts[-3:] == new.parts[-3:]
    if not is_alike or not (new / LOG_FOLDER).is_dir():
        return False
    return not old.parents[1].exists() or _is_copy(str(old), str(new))


def _is_copy(old: str, new: str) -> bool:
    """Whether both are one table by the id that Delta gives each when it is made."""
    try:
        return bool(open_table(old).metadata().id == open_table(new).metadata().id)
    except NotFound:
        return False
