"""Rows of a table by the keys of labels. Blocking.

A key says nothing of where its row lies, so that the key columns of all files are read, and nothing else of rows that
do not match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from inference_logger.domain.labels.history import NEEDED, Revision, histories
from inference_logger.domain.labels.join import is_join_column, key_columns, key_texts
from inference_logger.domain.labels.values import LabelKey
from inference_logger.store.delta.rows import aligned, find_any_rows, find_rows, schema_of

_NEVER_SHORTENED = 32
"""Characters of a text that statistics have whole."""
KeyValue = tuple[str, str]
"""Name of the key, value."""


def as_schema(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with the columns of `schema`, as they are there; those that the rows lack are null."""
    return aligned(rows, pa.schema([each.with_nullable(True) for each in schema]))


def rows_with_keys(table: DeltaTable, keys: Iterable[KeyValue], columns: Sequence[str] | None = None) -> pa.Table:
    """Rows of an inferences table that have one of the keys, whatever their place in a batch; all columns for None."""
    schema = schema_of(table)
    names = schema.names if columns is None else [name for name in columns if name in schema.names]
    by_name: dict[str, list[str]] = {}
    for name, value in keys:
        by_name.setdefault(name, []).append(value)
    wanted = list(_wanted(schema, by_name))
    shown = pa.schema([schema.field(name) for name in names])
    if not wanted:
        return as_schema(shown.empty_table(), shown)
    return as_schema(find_any_rows(table, wanted, pc.scalar(True), names), shown)


def _wanted(schema: pa.Schema, by_name: dict[str, list[str]]) -> Iterable[tuple[str, pa.Array]]:
    for name, values in by_name.items():
        for column in key_columns(schema, name):
            kind = schema.field(column).type
            if is_join_column(kind):
                yield column, pa.array(_typed(values, kind), kind)


def _typed(values: Iterable[str], kind: pa.DataType) -> list[Any]:
    if pa.types.is_boolean(kind):
        return [value == "true" for value in values if value in {"true", "false"}]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = [int(value) for value in values if value.removeprefix("-").isdecimal() and len(value) < 20]
        return [float(number) for number in numbers] if pa.types.is_floating(kind) else _in_64_bits(numbers)
    return list(values)


def _in_64_bits(numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if -(2**63) <= number < 2**63]


def labels_with_keys(labels: DeltaTable, values: Iterable[str]) -> dict[LabelKey, list[Revision]]:
    """The history of every label whose key is one of `values`."""
    wanted = pa.array(sorted(set(values)), pa.string())
    found = find_rows(labels, "key", wanted, pc.scalar(True), NEEDED)
    return histories(as_schema(found, pa.schema([schema_of(labels).field(name) for name in NEEDED])))


def key_names(labels: DeltaTable) -> set[str]:
    """The names of all keys. Files are opened only where the log does not say: an upload has one name, as a rule."""
    files = pa.table(labels.get_add_actions(flatten=True))
    if {"min.key_name", "max.key_name"} <= set(files.schema.names):
        least, most = [files.column(f"{end}.key_name").to_pylist() for end in ("min", "max")]
        if all(a is not None and a == b and len(a) <= _NEVER_SHORTENED for a, b in zip(least, most, strict=True)):
            return set(least)
    batches = labels.to_pyarrow_dataset().to_batches(columns=["key_name"])
    return {name for batch in batches for name in pc.unique(batch.column(0)).to_pylist() if name is not None}


def labels_of_rows(labels: DeltaTable, rows: pa.Table, names: Iterable[str]) -> dict[LabelKey, list[Revision]]:
    """The history of every label that may belong to rows of inferences."""
    columns = {column for name in names for column in key_columns(rows.schema, name)}
    values: set[str] = set()
    for column in columns:
        if is_join_column(rows.schema.field(column).type):
            values |= {text for text in key_texts(pc.unique(rows.column(column))) if text is not None}
    return labels_with_keys(labels, values) if values else {}
