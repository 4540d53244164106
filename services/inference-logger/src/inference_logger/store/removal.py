"""Removing what a deleted service has logged, and nothing else. Blocking; callers run it in a thread."""

from __future__ import annotations

import shutil
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from inference_logger.domain.tables import plain_path
from inference_logger.store.storage import Storage


def remove_table(location: str, service: str, upto: datetime) -> bool:
    """Remove the rows up to `upto`, and the whole table where it has no others; whether it is gone now.

    A place that is not `<root>/<service>/<kind>`, or that a link leads away from, is left as it is. May be repeated,
    and killed anywhere.
    """
    folder = Path(plain_path(location))
    if not _is_a_table_of(folder, service):
        return False
    aside = folder.with_name(f".{folder.name}.removed")
    _remove(aside)  # of a removal that was killed
    if DeltaTable.is_deltatable(str(folder)) and _has_newer(DeltaTable(str(folder)), upto):
        _remove_older(DeltaTable(str(folder)), upto)
        return False
    with suppress(FileNotFoundError):
        folder.rename(aside)  # at once: half a table could not be told from a broken one
    _remove(aside)
    with suppress(OSError):  # other tables of the service may be there
        folder.parent.rmdir()
    return True


MARK = "_penstock_removed"
"""An object of a table that is being removed: half a table could not be told from a broken one."""
AT_ONCE = 8


def remove_remote_table(location: str, service: str, upto: datetime, storage: Storage) -> bool:
    """The same in an object store: all objects under the table's prefix."""
    client = storage.client
    assert client is not None
    prefix = client.folder.key(location)
    if prefix.split("/")[-2:-1] != [service]:
        return False
    mark = f"{prefix}/{MARK}"
    if client.get(mark) is None:
        table = _remote_table(location, storage)
        if table is not None and _has_newer(table, upto):
            _remove_older(table, upto)
            return False
        client.put(mark, b"")
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="remove") as pool:
        deque(pool.map(client.delete, (key for key in client.keys(f"{prefix}/") if key != mark)), maxlen=0)
    client.delete(mark)
    return True


def _remote_table(location: str, storage: Storage) -> DeltaTable | None:
    try:
        return DeltaTable(location, storage_options=storage.delta_options)
    except TableNotFoundError:
        return None


def _remove(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _is_a_table_of(folder: Path, service: str) -> bool:
    is_named_so = folder.is_absolute() and ".." not in folder.parts and folder.parent.name == service
    return is_named_so and not folder.is_symlink() and not folder.parent.is_symlink()


def _time_of(table: DeltaTable) -> tuple[pc.Expression, str]:
    """When a row came, for Arrow and in SQL. Labels have no request of their own, profiles the end of their window."""
    names = {field.name for field in table.schema().fields}
    if "window" in names:
        return pc.field(("window", "end")), "window['end']"
    name = "request_time" if "request_time" in names else "received_at"
    return pc.field(name), name


def _has_newer(table: DeltaTable, upto: datetime) -> bool:
    return bool(table.to_pyarrow_dataset().count_rows(filter=_time_of(table)[0] > upto))


def _remove_older(table: DeltaTable, upto: datetime) -> None:
    table.delete(f"{_time_of(table)[1]} <= '{upto.isoformat()}'")
    table.update_incremental()
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
