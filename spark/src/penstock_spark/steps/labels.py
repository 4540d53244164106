"""Labels as the executors see them: which keys rows have, and rows joined with the labels that count.

The join is the inference-logger's own; what is here cuts the work into pieces that one executor can do alone: rows, and
every label that may belong to one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from inference_logger.domain.labels.history import current, histories
from inference_logger.domain.labels.join import LabelFields, is_join_column, join_labels, key_columns, key_texts
from penstock_spark.steps.inferences import aligned

ROW_KEYS_SCHEMA = pa.schema(
    [("record_id", pa.string()), ("row_index", pa.int32()), ("key_name", pa.string()), ("key", pa.string())]
)
"""A key that a row of inferences can be found by."""
PIECE = "piece"
"""Which piece of the work a row, or a label for it, is part of."""


@dataclass(frozen=True)
class LabelledStep:
    """The step from inferences and labels to labelled rows for one micro-batch; travels to the executors."""

    inferences: Sequence[pa.Field]
    key_names: Sequence[str]
    """Of all labels."""
    fields: Sequence[pa.Field] = ()
    """Columns of the labelled table."""

    def key_columns(self) -> list[str]:
        """The columns that keys are looked up in."""
        schema = pa.schema(self.inferences)
        return sorted({column for name in self.key_names for column in key_columns(schema, name)})

    def row_keys(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Every key of every row."""
        schema = pa.schema(self.inferences)
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            for name in self.key_names:
                for column in key_columns(schema, name):
                    if is_join_column(schema.field(column).type):
                        yield from _keys(rows, name, column)

    def joined(self, rows: pa.Table, labels: pa.Table) -> pa.Table:
        """Of one piece the rows that have a label, with all columns of the labelled table."""
        named = pa.schema([each for each in self.inferences if each.name in rows.schema.names])
        found = pa.Table.from_arrays([rows.column(each.name).cast(each.type) for each in named], schema=named)
        return aligned(join_labels(found, current(histories(labels)), self.fields), self.fields)


def _keys(rows: pa.Table, name: str, column: str) -> list[pa.RecordBatch]:
    texts = pa.array(key_texts(rows.column(column)), pa.string())
    columns = [rows.column("record_id"), rows.column("row_index"), pa.repeat(name, rows.num_rows), texts]
    found = pa.table(columns, names=ROW_KEYS_SCHEMA.names).cast(ROW_KEYS_SCHEMA).drop_null()
    batches: list[pa.RecordBatch] = found.to_batches()
    return batches


def with_label_fields(known: Sequence[pa.Field], labels: Sequence[tuple[str | None, str]]) -> list[pa.Field]:
    """The labelled table's columns, and those of labels that it lacks: (name, kind), the oldest first."""
    registry = LabelFields.of_table(known)
    there = {field.name for field in known}
    made = [registry.of(name or "", kind) for name, kind in labels]
    return [*known, *{field.name: field for field in made if field.name not in there}.values()]
