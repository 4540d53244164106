"""Rows are taken out of a Delta table, and the files that held them out of its folder. Blocking; run in a thread."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, QueryBuilder
from pyarrow.fs import FileSystem, FileType

from inference_logger.domain.erasures import holds_value, label_predicates, predicate_of
from inference_logger.domain.inferences.kinds import is_kind
from inference_logger.domain.inferences.names import NAME
from inference_logger.domain.schema import SYSTEM_COLUMNS
from inference_logger.store.delta.open_tables import open_table
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.delta.rows import find_rows
from inference_logger.store.storage import Storage
from shared.contracts.erasures import ErasureOrder

MARK = "penstock.erasure"
"""Stands in the commit, with the order's id: what is derived from commits has nothing new in it."""
COUNTS = "penstock.erased"
"""Stands there too: rows by the minute of their requests."""
IDS_AT_ONCE = 5000
JSON_COLUMNS = ("features_json", "prediction_json")
"""Hold what fits no column of its own."""
JSON_ROWS = 1000
"""Of these at a time: each may have as much as a body."""
_LOG = re.compile(r"_delta_log/(\d{20})\.(json|crc|checkpoint(\.\d+\.\d+)?\.parquet)\Z")


@dataclass
class Erased:
    """What an order did to a table: rows that went, by the minute of their requests, and the files that held them."""

    rows: Counter[datetime | None] = field(default_factory=Counter)
    """None: of a table that has no times."""
    files: list[str] = field(default_factory=list)


def find_record_ids(location: str, order: ErasureOrder, storage: Storage) -> set[str]:
    """Ids of the records that have one of the order's values in its column, under whatever name the table has it."""
    table = open_table(location, storage)
    schema = pa.schema(table.schema().to_arrow())
    id_name = next((name for name in ("record_id", "request_id") if name in schema.names), None)
    if order.column is None or id_name is None:
        return set()
    found: set[str] = set()
    bound = _until(order, schema)
    for column in schema:
        values = _values_of(column, order) if _is_named(column, order.column) else None
        if values is None:
            continue
        rows = find_rows(table, column.name, values, bound, [id_name])
        found.update(each for each in rows.column(id_name).to_pylist() if each is not None)
    for name in [each for each in JSON_COLUMNS if each in schema.names]:
        found.update(_ids_by_json(table, name, _names_in_json(name, order.column, schema), order, id_name))
    return found


def _names_in_json(column: str, wanted: str, schema: pa.Schema) -> set[str]:
    """What the order's column may be called there: as the model names it, whatever the table calls it."""
    names = {wanted} | {_original(each) for each in schema if _is_named(each, wanted)}
    if column == "prediction_json":
        names |= {"" if each == "prediction" else each.removeprefix("prediction_") for each in names}
    return names


def _ids_by_json(
    table: DeltaTable, column: str, names: Collection[str], order: ErasureOrder, id_name: str
) -> Iterator[str]:
    """Ids of rows that say one of the values in what found no column of its own."""
    text = pc.field(column).cast(pa.large_string())
    said = pc.scalar(False)
    for name in names:
        said |= pc.match_substring(text, orjson.dumps(name).decode()) if name else text.is_valid()
    wanted = _until(order, pa.schema(table.schema().to_arrow())) & said
    scanner = table.to_pyarrow_dataset().scanner(columns=[id_name, column], filter=wanted, batch_size=JSON_ROWS)
    for batch in scanner.to_batches():
        for identity, value in zip(batch.column(id_name).to_pylist(), batch.column(column).to_pylist(), strict=True):
            if identity is not None and value is not None and holds_value(value, names, order.values):
                yield identity


def find_label_keys(
    location: str, order: ErasureOrder, record_ids: Sequence[str], storage: Storage
) -> set[tuple[str, str]]:
    """Keys by which labels may belong to an order's rows of this table: names and values."""
    table = open_table(location, storage)
    schema = pa.schema(table.schema().to_arrow())
    keys: set[tuple[str, str]] = set()
    for column in schema:
        if order.column is not None and _is_named(column, order.column):
            keys |= {(name, value) for name in (column.name, _original(column)) for value in order.values}
    bound = _until(order, schema)
    wanted = (
        ("client_request_id", order.client_request_ids),
        ("request_id", order.request_ids),
        ("record_id" if "record_id" in schema.names else "request_id", record_ids),
    )
    ids = [name for name in ("client_request_id", "request_id") if name in schema.names]
    for name, values in wanted:
        if ids and values and name in schema.names:
            rows = find_rows(table, name, pa.array(values, pa.string()), bound, ids)
            keys |= {(each, value) for each in ids for value in rows.column(each).to_pylist() if value is not None}
    return keys


def _until(order: ErasureOrder, schema: pa.Schema) -> pc.Expression:
    """Rows that were there when it was ordered."""
    if "request_time" not in schema.names:
        return pc.scalar(True)
    return pc.field("request_time") <= pa.scalar(order.ordered_at, schema.field("request_time").type)


def _is_named(column: pa.Field, name: str) -> bool:
    """Whether this is the model's column: what the table itself says of requests never is, whatever it is called."""
    if column.name in SYSTEM_COLUMNS:
        return False
    if NAME in (column.metadata or {}):
        return name in (column.name, _original(column))
    base, _, kind = column.name.rpartition("__")
    return name == column.name or (name == base and is_kind(kind))


def _original(column: pa.Field) -> str:
    return str((column.metadata or {}).get(NAME, b"").decode() or column.name)


def _values_of(column: pa.Field, order: ErasureOrder) -> pa.Array | None:
    found = [each for value in order.values if (each := _as_value(value, column.type)) is not None]
    return pa.array(found, column.type) if found else None


def _as_value(text: str, kind: pa.DataType) -> Any:
    """None: a column of that type has no such value."""
    try:
        return pc.cast(pa.scalar(text), kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # "x" is no number; no text is a list
        return None


def newest_version(location: str, storage: Storage) -> int:
    """Of a table; `erased_since` finds what is done to it from now on."""
    return open_table(location, storage).version()


def erase_rows(
    tables: PayloadTables, location: str, order: ErasureOrder, record_ids: Sequence[str], storage: Storage
) -> None:
    """Remove an order's rows from a table. May be repeated, and killed anywhere: commits say what they did."""
    pieces = [record_ids[at : at + IDS_AT_ONCE] for at in range(0, len(record_ids), IDS_AT_ONCE)] or [()]
    columns = pa.schema(open_table(location, storage).schema().to_arrow()).names
    predicates = [predicate_of(order, columns, piece) for piece in pieces]
    _erase(tables, location, order, [each for each in predicates if each is not None], storage)


def erase_labels(
    tables: PayloadTables, location: str, order: ErasureOrder, keys: Collection[tuple[str, str]], storage: Storage
) -> None:
    """Remove the labels that belong to an order's rows. As `erase_rows`."""
    _erase(tables, location, order, label_predicates(order, keys, IDS_AT_ONCE), storage)


def _erase(
    tables: PayloadTables, location: str, order: ErasureOrder, predicates: Iterable[str], storage: Storage
) -> None:
    with tables.fence.lock(location):
        for predicate in predicates:
            table = open_table(location, storage)
            counts = _count_rows(table, predicate, pa.schema(table.schema().to_arrow()).names)
            if not counts:
                continue
            # Of several replicas no epoch is carried: an append of this very process would make the commit fail.
            is_alone = tables.fence.check(location, table, is_single_writer=storage.is_single_writer) is None
            turn = [tables.fence.turn(location, table)] if is_alone and storage.is_single_writer else []
            said = {MARK: str(order.id), COUNTS: orjson.dumps(counts).decode()}
            properties = CommitProperties(custom_metadata=said, app_transactions=turn)
            table.delete(predicate, commit_properties=properties)


def _count_rows(table: DeltaTable, predicate: str, columns: Sequence[str]) -> list[tuple[str | None, int]]:
    """Rows by minute."""
    minute = "date_trunc('minute', request_time)" if "request_time" in columns else "CAST(NULL AS TIMESTAMP)"
    query = f"SELECT {minute} AS minute, count(*) AS rows FROM erased_from WHERE {predicate} GROUP BY 1"  # noqa: S608
    found = pa.table(QueryBuilder().register("erased_from", table).execute(query).read_all()).to_pylist()
    return [(row["minute"] and row["minute"].isoformat(), row["rows"]) for row in found if row["rows"]]


def erased_since(location: str, order: ErasureOrder, after: int, storage: Storage) -> Erased:
    """What commits of the order behind version `after` have done."""
    files, done = storage.filesystem(location), Erased()
    for version in range(after + 1, open_table(location, storage).version() + 1):
        with suppress(FileNotFoundError), files.open_input_stream(f"_delta_log/{version:020d}.json") as stream:
            actions = [orjson.loads(line) for line in stream.read().splitlines() if line.strip()]
            for said in (action["commitInfo"] for action in actions if "commitInfo" in action):
                if said.get(MARK) == str(order.id):
                    counts = orjson.loads(said[COUNTS])
                    done.rows.update({minute and datetime.fromisoformat(minute): rows for minute, rows in counts})
                    done.files += [unquote(action["remove"]["path"]) for action in actions if "remove" in action]
    return done


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
