"""Columns of the labels table, and those that a labelled table has beside an inferences table's. No I/O."""

from __future__ import annotations

import pyarrow as pa

_TIME = pa.timestamp("us", "UTC")

LABELS_SCHEMA = pa.schema(
    [
        pa.field("received_date", pa.date32()),
        pa.field("key_name", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("row_index", pa.int32()),
        pa.field("name", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("value_double", pa.float64()),
        pa.field("value_string", pa.string()),
        pa.field("predicted_at", _TIME),
        pa.field("labelled_at", _TIME, nullable=False),
        pa.field("received_at", _TIME, nullable=False),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("source", pa.string()),
    ]
)
LABELS_PARTITION_BY = ("received_date",)

LABEL_SYSTEM_FIELDS = (
    pa.field("labelled_at", _TIME),
    pa.field("label_received_at", _TIME),
    pa.field("label_revision", pa.int32()),
)
"""What each labelled row has, whatever its labels are called."""
LABEL_SYSTEM_NAMES = tuple(field.name for field in LABEL_SYSTEM_FIELDS)
