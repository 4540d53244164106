"""Rows are taken out of a Delta table, and the files that held them out of its folder. Blocking; run in a thread."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from typing import Any
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable
from pyarrow.fs import FileSystem, FileType

from inference_logger.domain.erasures import label_predicates, predicate_of
from inference_logger.domain.inferences.names import NAME
from inference_logger.store.delta import PayloadTables, open_table
from inference_logger.store.storage import Storage
from shared.contracts.erasures import ErasureOrder

MARK = "penstock.erasure"
"""Stands in the commit: what is derived from commits has nothing new in it."""
IDS_AT_ONCE = 5000
_LOG = re.compile(r"_delta_log/(\d{20})\.(json|crc|checkpoint(\.\d+\.\d+)?\.parquet)\Z")


@dataclass(frozen=True)
class Erased:
    """What one pass did to a table: rows that went, and the files that held them."""

    rows: int = 0
    files: tuple[str, ...] = ()


def find_record_ids(location: str, order: ErasureOrder, storage: Storage) -> set[str]:
    """Ids of the records that have one of the order's values in its column, under whatever name the table has it."""
    table = open_table(location, storage)
    schema = pa.schema(table.schema().to_arrow())
    id_name = next((name for name in ("record_id", "request_id") if name in schema.names), None)
    if order.column is None or id_name is None:
        return set()
    found: set[str] = set()
    dataset = table.to_pyarrow_dataset()
    bound = None
    if "request_time" in schema.names:
        bound = pc.field("request_time") <= pa.scalar(order.ordered_at, schema.field("request_time").type)
    for field in schema:
        values = _values_of(field, order) if _is_named(field, order.column) else None
        if values is None:
            continue
        condition = pc.field(field.name).isin(values)
        rows = dataset.to_table(columns=[id_name], filter=condition if bound is None else condition & bound)
        found.update(each for each in rows.column(id_name).to_pylist() if each is not None)
    return found


def find_label_keys(
    location: str, order: ErasureOrder, record_ids: Sequence[str], storage: Storage
) -> set[tuple[str, str]]:
    """Keys by which labels may belong to an order's rows of this table: names and values."""
    table = open_table(location, storage)
    schema = pa.schema(table.schema().to_arrow())
    keys: set[tuple[str, str]] = set()
    for field in schema:
        if order.column is not None and _is_named(field, order.column):
            keys |= {(name, value) for name in (field.name, _original(field)) for value in order.values}
    wanted = (
        ("client_request_id", order.client_request_ids),
        ("request_id", order.request_ids),
        ("record_id" if "record_id" in schema.names else "request_id", record_ids),
    )
    conditions = [
        pc.field(name).isin(pa.array(values, pa.string())) for name, values in wanted if values and name in schema.names
    ]
    ids = [name for name in ("client_request_id", "request_id") if name in schema.names]
    if conditions and ids:
        chosen = reduce(lambda one, other: one | other, conditions)
        if "request_time" in schema.names:
            moment = pa.scalar(order.ordered_at, schema.field("request_time").type)
            chosen &= pc.field("request_time") <= moment
        rows = table.to_pyarrow_dataset().to_table(columns=ids, filter=chosen)
        for name in ids:
            keys |= {(name, value) for value in rows.column(name).to_pylist() if value is not None}
    return keys


def _is_named(field: pa.Field, column: str) -> bool:
    original = _original(field)
    return column in (field.name, original, original.rpartition("__")[0], field.name.rpartition("__")[0])


def _original(field: pa.Field) -> str:
    return str((field.metadata or {}).get(NAME, b"").decode() or field.name)


def _values_of(field: pa.Field, order: ErasureOrder) -> pa.Array | None:
    found = []
    for value in order.values:
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            found.append(pc.cast(pa.scalar(value), field.type))
    return pa.array([each.as_py() for each in found], field.type) if found else None


def erase_rows(
    tables: PayloadTables, location: str, order: ErasureOrder, record_ids: Sequence[str], storage: Storage
) -> Erased:
    """Remove an order's rows from a table. May be repeated, and killed anywhere."""
    pieces = [record_ids[at : at + IDS_AT_ONCE] for at in range(0, len(record_ids), IDS_AT_ONCE)] or [()]
    columns = pa.schema(open_table(location, storage).schema().to_arrow()).names
    predicates = [predicate_of(order, columns, piece) for piece in pieces]
    return _erase(tables, location, order, [each for each in predicates if each is not None], storage)


def erase_labels(
    tables: PayloadTables, location: str, order: ErasureOrder, keys: Collection[tuple[str, str]], storage: Storage
) -> Erased:
    """Remove the labels that belong to an order's rows. May be repeated, and killed anywhere."""
    return _erase(tables, location, order, label_predicates(order, keys, IDS_AT_ONCE), storage)


def _erase(
    tables: PayloadTables, location: str, order: ErasureOrder, predicates: Iterable[str], storage: Storage
) -> Erased:
    rows, files = 0, []
    with tables.fence.lock(location):
        for predicate in predicates:
            table = open_table(location, storage)
            turn = [tables.fence.turn(location, table)] if storage.is_single_writer else []
            before = table.version()
            done = table.delete(
                predicate,
                commit_properties=CommitProperties(custom_metadata={MARK: str(order.id)}, app_transactions=turn),
            )
            rows += int(done.get("num_deleted_rows") or 0)
            table.update_incremental()
            files += _removed_by(storage.filesystem(location), order, before + 1, table.version())
    return Erased(rows, tuple(files))


def _removed_by(files: FileSystem, order: ErasureOrder, first: int, last: int) -> list[str]:
    """Files that commits of this order took out of the table."""
    found: list[str] = []
    for version in range(first, last + 1):
        with suppress(FileNotFoundError), files.open_input_stream(f"_delta_log/{version:020d}.json") as stream:
            actions = [orjson.loads(line) for line in stream.read().splitlines() if line.strip()]
            if any(_is_mark(action, order) for action in actions):
                found += [unquote(action["remove"]["path"]) for action in actions if "remove" in action]
    return found


def _is_mark(action: dict[str, Any], order: ErasureOrder) -> bool:
    return bool(action.get("commitInfo", {}).get(MARK) == str(order.id))


def clear_log(location: str, storage: Storage) -> None:
    """Remove what the log says of the files of before: it names their least and greatest values.

    A checkpoint of the newest version stands in their place.
    """
    table: DeltaTable = open_table(location, storage)
    table.create_checkpoint()
    files, newest = storage.filesystem(location), table.version()
    for name in _log_files(files):
        if (found := _LOG.search(name)) and int(found[1]) < newest:
            files.delete_file(name)


def _log_files(files: FileSystem) -> list[str]:
    from pyarrow.fs import FileSelector  # noqa: PLC0415 - its file systems are few readers' need

    return [found.path.lstrip("/") for found in files.get_file_info(FileSelector("_delta_log")) if found.is_file]


def gone(location: str, paths: Sequence[str], storage: Storage) -> int:
    """How many of these files do not exist any more."""
    if not paths:
        return 0
    found = storage.filesystem(location).get_file_info(list(paths))
    return sum(info.type is FileType.NotFound for info in found)
