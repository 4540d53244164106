"""Rows of Delta tables: counted, found by values of their columns, and given a table's columns. Blocking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from pyarrow.dataset import FileSystemDataset

from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.open_tables import OpenTables, catalogue_location
from inference_logger.store.storage import LOCAL, Storage
from shared.errors import Conflict

_TEXT_KEYS = frozenset({"record_id", "request_id", "client_request_id", "key"})
"""Columns of our own tables by which rows are looked for. Others are callers', of any type and name."""


def schema_of(table: DeltaTable) -> pa.Schema:
    """Its columns, with their metadata."""
    return pa.schema(table.schema().to_arrow())


def aligned(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with all columns of a table; those that they have nothing for are null. Raises `Conflict`."""
    return pa.Table.from_arrays([_column(rows, field) for field in schema], schema=schema)


def _column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name in rows.schema.names:
        return rows.column(field.name).cast(field.type)
    if not field.nullable:
        raise Conflict(f"column {field.name} of another writer takes no nulls")
    return pa.nulls(rows.num_rows, field.type)


def find_rows(
    table: DeltaTable, column: str, values: pa.Array, also: pc.Expression, columns: Sequence[str]
) -> pa.Table:
    """Rows whose `column` has one of the values, and that meet `also`."""
    return find_any_rows(table, [(column, values)], also, columns)


def find_any_rows(
    table: DeltaTable, wanted: Sequence[tuple[str, pa.Array]], also: pc.Expression, columns: Sequence[str]
) -> pa.Table:
    """Rows that have in one of these columns one of its values, and that meet `also`.

    Files are ruled out by what the table's log says of them, but not their row groups where texts are looked for:
    files that a `DELETE` of delta-rs wrote say `string_view` there, and Arrow raises when it compares that with
    `string`. A cast keeps it from trying.
    """
    dataset = table.to_pyarrow_dataset(file_pruning_predicate=_ranges(wanted))
    by_log = reduce(or_, (pc.field(name).isin(values) for name, values in wanted))
    files = [*dataset.get_fragments(filter=by_log & also)]
    found = FileSystemDataset(files, dataset.schema, dataset.format, dataset.filesystem)
    by_row = reduce(or_, (_is_one_of(name, values) for name, values in wanted))
    return found.to_table(columns=list(columns), filter=by_row & also)


def _ranges(wanted: Sequence[tuple[str, pa.Array]]) -> list[list[tuple[str, str, str]]] | None:
    """What rules files out before there is an expression for each and each of its columns; None: nothing does."""
    if not all(name in _TEXT_KEYS and len(values) for name, values in wanted):
        return None
    return [[*_range(name, values)] for name, values in wanted]


def _range(name: str, values: pa.Array) -> Iterator[tuple[str, str, str]]:
    ends = pc.min_max(values.cast(pa.string())).as_py()
    yield name, "<=", ends["max"]
    if ends["min"]:  # an empty text would stand for null
        yield name, ">=", ends["min"]


def _is_one_of(name: str, values: pa.Array) -> pc.Expression:
    if pa.types.is_string(values.type):
        return pc.field(name).cast(pa.large_string()).isin(values.cast(pa.large_string()))
    return pc.field(name).isin(values)


def as_one_commit(location: str, storage: Storage = LOCAL, opened: OpenTables | None = None) -> CommitResult:
    """All of a table, as what the catalogue hears of one that it does not list. Raises `NotFound`."""
    opened = opened or OpenTables()
    table = opened.take_existing(location, storage)
    added = pa.table(table.get_add_actions(flatten=True))
    rows = pc.sum(added.column("num_records")).as_py() or 0
    found = CommitResult(catalogue_location(location, table), table.version(), rows, is_new=True)
    opened.give_back(location, table)
    return found
