"""Rows of a labelled table: the labels that they have, and how they are written. Blocking.

A row is named by `record_id` and `row_index`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, Transaction

from inference_logger.domain.inferences.names import ROLE
from inference_logger.domain.labels.join import LABEL_ROLE
from inference_logger.domain.labels.schema import LABEL_SYSTEM_NAMES
from inference_logger.domain.schema import PARTITION_BY
from inference_logger.store.delta.commits import CHECKPOINTS, append, carrying
from inference_logger.store.delta.rows import aligned, find_rows, schema_of
from inference_logger.store.labels.lookup import as_schema

IDENTITY = ("record_id", "row_index")
DAY = PARTITION_BY[0]
Identity = tuple[Any, Any]
"""Of a row: its `record_id` and its `row_index`."""


def identities(rows: pa.Table) -> Iterator[Identity]:
    """One for each row, in their order."""
    return zip(rows.column("record_id").to_pylist(), rows.column("row_index").to_pylist(), strict=True)


def label_cells(rows: pa.Table) -> list[dict[str, Any]]:
    """Of each row its labels, without those that it lacks: columns may be added later."""
    names = [field.name for field in rows.schema if _is_label(field)]
    columns = {name: rows.column(name).to_pylist() for name in names}
    return [
        {name: values[place] for name, values in columns.items() if values[place] is not None}
        for place in range(rows.num_rows)
    ]


def _is_label(field: pa.Field) -> bool:
    return field.name in LABEL_SYSTEM_NAMES or (field.metadata or {}).get(ROLE) == LABEL_ROLE


def known_labels(target: DeltaTable, rows: pa.Table) -> dict[Identity, dict[str, Any]]:
    """The labels that rows of the target have, of those that are among `rows`."""
    if not rows.num_rows or target.version() == 0:
        return {}
    schema = schema_of(target)
    names = [*IDENTITY, *(field.name for field in schema if _is_label(field))]
    days = pc.field(DAY).isin(pc.unique(rows.column(DAY)))
    records = pc.unique(rows.column("record_id"))
    found = as_schema(
        find_rows(target, "record_id", records, days, names), pa.schema([schema.field(name) for name in names])
    )
    return dict(zip(identities(found), label_cells(found), strict=True))


def append_rows(target: DeltaTable, rows: pa.Table, transactions: Sequence[Transaction]) -> None:
    """Add rows, none of which is there yet, and the columns that the target lacks."""
    schema = schema_of(target)
    lacking = [field for field in rows.schema if field.name not in schema.names]
    append(target, aligned(rows, pa.schema([*schema, *lacking])), transactions, is_wider=bool(lacking))


def merge_rows(target: DeltaTable, rows: pa.Table, transactions: Sequence[Transaction]) -> None:
    """Replace the rows, and add those that are new, in one commit; only files of their days are looked at."""
    schema = schema_of(target)
    lacking = [field for field in rows.schema if field.name not in schema.names]
    days = [day for day in pc.unique(rows.column(DAY)).to_pylist() if day is not None]
    (
        target.merge(
            aligned(rows, pa.schema([*schema, *lacking])),
            f"{_of_days(days)} AND t.record_id = s.record_id AND t.row_index = s.row_index",
            source_alias="s",
            target_alias="t",
            merge_schema=bool(lacking),
            commit_properties=carrying(transactions),
            post_commithook_properties=CHECKPOINTS,
        )
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )
    target.update_incremental()


def _of_days(days: list[date]) -> str:
    listed = ", ".join(f"CAST('{day.isoformat()}' AS DATE)" for day in days)
    return f"t.{DAY} IN ({listed})" if listed else "true"
