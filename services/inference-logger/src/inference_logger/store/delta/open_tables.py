"""Tables are opened, made where there are none, and stay open from one append to the next.

To read a log anew costs as much as the append. They stay open in the local file system alone, where a glance tells
whether it is still the same table.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from inference_logger.domain.schema import PARTITION_BY, PAYLOAD_SCHEMA, TABLE_PROPERTIES
from inference_logger.domain.tables import plain_path
from inference_logger.store.storage import LOCAL, Storage, is_remote
from shared.errors import NotFound

MOST = 256
"""Tables that stay open; each holds the list of its files."""

Identity = tuple[int, int, int]
"""Of the newest entry of a log, which is written once: file, time, size. Made anew, a table has another one."""


@dataclass
class OpenTables:
    """Of one user: none of these objects may be used by two threads at once, so that they are taken, and given back."""

    _kept: dict[str, tuple[DeltaTable, Identity]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(
        self,
        location: str,
        storage: Storage,
        schema: pa.Schema = PAYLOAD_SCHEMA,
        partition_by: Sequence[str] = PARTITION_BY,
    ) -> tuple[DeltaTable, bool]:
        """As `open_or_create`."""
        kept = self._take_kept(location)
        return (kept, False) if kept is not None else open_or_create(location, storage, schema, partition_by)

    def take_existing(self, location: str, storage: Storage) -> DeltaTable:
        """As `open_table`."""
        kept = self._take_kept(location)
        return kept if kept is not None else open_table(location, storage)

    def give_back(self, location: str, table: DeltaTable) -> None:
        """Until the next time. A table at which something failed is not given back."""
        if is_remote(location):
            return
        identity = _identity(location, table.version())
        if identity is None:
            return
        with self._lock:
            self._kept.pop(location, None)
            self._kept[location] = table, identity
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]

    def _take_kept(self, location: str) -> DeltaTable | None:
        with self._lock:
            table, identity = self._kept.pop(location, (None, None))
        if table is None or _identity(location, table.version()) != identity:
            return None
        try:
            table.update_incremental()
        except (DeltaError, OSError):
            return None  # opened anew, it says what is wrong
        return table


def _identity(location: str, version: int) -> Identity | None:
    try:
        found = os.stat(os.path.join(location, "_delta_log", f"{version:020d}.json"))
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def open_or_create(
    location: str,
    storage: Storage = LOCAL,
    schema: pa.Schema = PAYLOAD_SCHEMA,
    partition_by: Sequence[str] = PARTITION_BY,
) -> tuple[DeltaTable, bool]:
    """The table at `location`, and whether it was made for this, with `schema`; two at once make one."""
    try:
        return DeltaTable(location, storage_options=storage.delta_options), False
    except TableNotFoundError:
        pass
    if not is_remote(location):
        Path(location).mkdir(parents=True, exist_ok=True)
    made = DeltaTable.create(
        location,
        schema,
        mode="ignore",
        partition_by=list(partition_by),
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


def catalogue_location(location: str, table: DeltaTable) -> str:
    """What the catalogue calls the place of a table."""
    return location if is_remote(location) else table.table_uri
