"""Tables are kept tidy, and removed with the services that they belong to."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from pathlib import Path

from deltalake.exceptions import DeltaError

from inference_logger.domain.destinations import LOG_FOLDER
from inference_logger.domain.tables import KINDS, TableKey, plain_path
from inference_logger.store import catalogue, positions
from inference_logger.store.delta import CommitResult, PayloadTables, open_table, version_and_rows
from inference_logger.store.derived import blocked as blocked_derivations
from inference_logger.store.derived.signatures import delete_signatures
from inference_logger.store.removal import remove_table
from inference_logger.store.tables import TableRow
from shared.database import Database
from shared.errors import NotFound

log = logging.getLogger(__name__)


async def compact_tables(tables: PayloadTables, database: Database, kept: timedelta) -> None:
    """Compact every table and set its entry to what it says of itself; one that cannot be is left for the next time."""
    async with database.read() as session:
        found = [row.location for row in await catalogue.find_tables(session)]
    for location in found:
        async with tables.compact_lock:
            try:
                await _compact_table(tables, database, location, kept)
            except (DeltaError, OSError) as error:
                log.warning("table at %s was not compacted this time: %s", location, error)


async def _compact_table(tables: PayloadTables, database: Database, location: str, kept: timedelta) -> None:
    async with database.read() as session:
        if not await catalogue.is_listed(session, location):
            return
    try:
        await asyncio.to_thread(tables.compact, location, kept)
        version, rows = await asyncio.to_thread(version_and_rows, location)
    except NotFound:
        version, rows = -1, 0
    async with database.unit_of_work() as session:
        await catalogue.set_version_and_rows(session, location, version, rows)


async def adopt_moved_tables(tables: PayloadTables, database: Database, at: datetime) -> None:
    """Entries below a default root of before, which is gone with its home, become those of where the home is now."""
    async with tables.append_lock:
        async with database.read() as session:
            rows = await catalogue.find_tables(session)
        listed = {plain_path(row.location) for row in rows}
        for row in rows:
            here = tables.location(TableKey(row.service, kind=row.kind))
            if await asyncio.to_thread(_has_moved, row, here):
                found = None if here in listed else await asyncio.to_thread(_read_table, here)
                await _replace(database, row, found, at)


def _read_table(location: str) -> CommitResult:
    version, rows = version_and_rows(location)
    return CommitResult(open_table(location).table_uri, version, rows, is_new=True)


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


async def remove_purged_tables(tables: PayloadTables, database: Database) -> int:
    """Remove the tables of services that were deleted with them; returns how many services these were."""
    async with database.read() as session:
        waiting = await catalogue.find_purges(session, only_open=True)
    for service, upto in waiting.items():
        async with tables.compact_lock, tables.service_lock(service), tables.append_lock:
            await _remove_tables(tables, database, service, upto)
    return len(waiting)


async def _remove_tables(tables: PayloadTables, database: Database, service: str, upto: datetime) -> None:
    """Those in the catalogue, those that wait, and those under the default root, which a lost catalogue forgot."""
    async with database.read() as session:
        listed = [row.location for row in await catalogue.find_tables(session, service=service)]
        blocked = await positions.find_waiting_tables(session, service)
        derived = await blocked_derivations.find_blocked(session, service)
    own = (tables.location(TableKey(service, kind=kind)) for kind in KINDS)
    places = dict.fromkeys((*listed, *blocked, *derived, *own))
    removed = [place for place in places if await asyncio.to_thread(remove_table, place, service, upto)]
    async with database.unit_of_work() as session:
        await catalogue.finish_purge(session, service, upto, removed)
        await delete_signatures(session, service)
        for place in removed:
            await blocked_derivations.delete_blocked(session, place)
