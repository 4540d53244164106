"""Which records of a table an erasure means: those that have one of its values in its column. Blocking.

A value is given as text, and looked for as whatever the column holds: values of its type, items of lists at any depth,
what stands in JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from inference_logger.domain.erasures import holds_value, values_of_type
from inference_logger.domain.inferences.kinds import JSON, is_kind
from inference_logger.domain.inferences.names import KIND, NAME
from inference_logger.domain.labels.join import key_texts
from inference_logger.domain.schema import SYSTEM_COLUMNS
from inference_logger.store.delta.open_tables import open_table
from inference_logger.store.delta.rows import find_rows, schema_of
from inference_logger.store.storage import Storage
from shared.contracts.inference_tables.erasures import ErasureOrder

JSON_COLUMNS = ("features_json", "prediction_json")
"""Hold what fits no column of its own."""
ROWS_AT_ONCE = 1000
"""Of JSON and of lists: each may have as much as a body."""


def find_record_ids(location: str, order: ErasureOrder, storage: Storage) -> set[str]:
    """Ids of the records that have one of the order's values in its column, under whatever name the table has it."""
    table = open_table(location, storage)
    schema = schema_of(table)
    id_name = next((name for name in ("record_id", "request_id") if name in schema.names), None)
    if order.column is None or id_name is None:
        return set()
    found: set[str] = set()
    for column in schema:
        if _is_json(column):
            names = _names_in_json(column, order.column, schema)
            found.update(_ids_by_json(table, column.name, names, order, id_name))
        elif _is_named(column, order.column):
            found.update(_ids_by_value(table, column, order, id_name))
    return found


def _is_json(column: pa.Field) -> bool:
    return column.name in JSON_COLUMNS or _kind_of(column) == JSON


def _kind_of(column: pa.Field) -> str:
    said = (column.metadata or {}).get(KIND)
    return str(said.decode() if said is not None else column.name.rpartition("__")[2])


def _names_in_json(column: pa.Field, wanted: str, schema: pa.Schema) -> set[str]:
    """What the order's column may be called there: as the model names it, whatever the table calls it."""
    names = {wanted} | {_original(each) for each in schema if _is_named(each, wanted)}
    if column.name == "prediction_json":
        names |= {"" if each == "prediction" else each.removeprefix("prediction_") for each in names}
    if _is_named(column, wanted):
        names.add("")  # all of it
    return names


def _ids_by_json(
    table: DeltaTable, column: str, names: Collection[str], order: ErasureOrder, id_name: str
) -> Iterator[str]:
    """Ids of rows that say one of the values there."""
    text = pc.field(column).cast(pa.large_string())
    said = pc.scalar(False)
    for name in names:
        said |= pc.match_substring(text, orjson.dumps(name).decode()) if name else text.is_valid()
    for ids, values in _batches(table, column, order, id_name, said):
        for identity, value in zip(ids.to_pylist(), values.to_pylist(), strict=True):
            if identity is not None and value is not None and holds_value(value, names, order.values):
                yield identity


def _ids_by_value(table: DeltaTable, column: pa.Field, order: ErasureOrder, id_name: str) -> Iterator[str]:
    kind, is_list = column.type, False
    while _is_list(kind):
        kind, is_list = kind.value_type, True
    wanted = values_of_type(order.values, kind)
    if wanted is None:
        return
    if is_list:
        found = _ids_by_items(table, column.name, wanted, order, id_name)
    else:
        rows = find_rows(table, column.name, wanted, _until(order, schema_of(table)), [id_name])
        found = iter(rows.column(id_name).to_pylist())
    yield from (each for each in found if each is not None)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _ids_by_items(
    table: DeltaTable, column: str, wanted: pa.Array, order: ErasureOrder, id_name: str
) -> Iterator[str | None]:
    """Ids of rows whose lists have one of the values, however deep they are nested."""
    for ids, items in _batches(table, column, order, id_name, pc.field(column).is_valid()):
        places, innermost = pa.array(range(len(ids)), pa.int64()), items
        while _is_list(innermost.type):
            places, innermost = places.take(pc.list_parent_indices(innermost)), pc.list_flatten(innermost)
        hits = places.filter(pc.is_in(innermost, value_set=wanted.cast(innermost.type)))
        yield from ids.take(hits.unique()).to_pylist()


def _batches(
    table: DeltaTable, column: str, order: ErasureOrder, id_name: str, also: pc.Expression
) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Ids, and what the column has."""
    wanted = _until(order, schema_of(table)) & also
    dataset = table.to_pyarrow_dataset()
    for batch in dataset.scanner(columns=[id_name, column], filter=wanted, batch_size=ROWS_AT_ONCE).to_batches():
        yield batch.column(id_name), batch.column(column)


def find_label_keys(
    location: str, order: ErasureOrder, record_ids: Sequence[str], storage: Storage
) -> set[tuple[str, str]]:
    """Keys by which labels may belong to an order's rows of this table: names and values."""
    table = open_table(location, storage)
    schema = schema_of(table)
    keys: set[tuple[str, str]] = set()
    for column in schema:
        if order.column is not None and _is_named(column, order.column):
            texts = {*order.values, *_as_keys(column, order)}
            keys |= {(name, text) for name in (column.name, _original(column)) for text in texts}
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


def _as_keys(column: pa.Field, order: ErasureOrder) -> set[str]:
    """The order's values as labels have them that were joined by this column."""
    values = values_of_type(order.values, column.type)
    return set() if values is None else {text for text in key_texts(values) if text is not None}


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
