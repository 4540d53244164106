"""Columns of the tables: payload's are Databricks' for its inference tables, `request_id` in place of
`databricks_request_id`, plus where the request went. An inferences table has, beside those here, columns of its
features and predictions.
"""

from __future__ import annotations

import pyarrow as pa

PAYLOAD_SCHEMA = pa.schema(
    [
        pa.field("request_date", pa.date32()),
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("client_request_id", pa.string()),
        pa.field("request_time", pa.timestamp("us", "UTC")),
        pa.field("status_code", pa.int32()),
        pa.field("sampling_fraction", pa.float64()),
        pa.field("execution_duration_ms", pa.int64()),
        pa.field("request", pa.string()),
        pa.field("response", pa.string()),
        pa.field("served_entity_id", pa.string()),
        pa.field("requester", pa.string()),
        pa.field("logging_error_codes", pa.list_(pa.string())),
        pa.field("service", pa.string()),
        pa.field("version", pa.string()),
        pa.field("version_id", pa.string()),
        pa.field("generation", pa.int64()),
        pa.field("pod", pa.string()),
        pa.field("route_reason", pa.string()),
        pa.field("trace_id", pa.string()),
        pa.field("record_id", pa.string()),
    ]
)

INFERENCES_SCHEMA = pa.schema(
    [
        pa.field("request_date", pa.date32()),
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("row_index", pa.int32(), nullable=False),
        pa.field("client_request_id", pa.string()),
        pa.field("request_time", pa.timestamp("us", "UTC")),
        pa.field("status_code", pa.int32()),
        pa.field("version", pa.string()),
        pa.field("version_id", pa.string()),
        pa.field("generation", pa.int64()),
        pa.field("served_entity_id", pa.string()),
        pa.field("pod", pa.string()),
        pa.field("sampling_fraction", pa.float64()),
        pa.field("execution_duration_ms", pa.int64()),
        pa.field("error", pa.string()),
        pa.field("features_json", pa.string()),
        pa.field("prediction_json", pa.string()),
        pa.field("record_id", pa.string()),
    ]
)
"""What every inferences table has."""
SYSTEM_COLUMNS = frozenset((*PAYLOAD_SCHEMA.names, *INFERENCES_SCHEMA.names))
"""Columns that say something of a request; all others hold features and predictions."""
FROM_PAYLOAD = tuple(name for name in INFERENCES_SCHEMA.names if name in PAYLOAD_SCHEMA.names)
"""Columns that an inference has of its request."""
NEEDED_OF_PAYLOAD = (
    *(name for name in FROM_PAYLOAD if name != "request_date"),
    *("request", "response", "logging_error_codes"),
)
"""Columns that the step to inferences reads, beside the day."""

PARTITION_BY = ("request_date",)

ENGINE_PROPERTY, SPARK = "penstock.engine", "spark"
"""Says of a table that Spark's job has made it. One engine writes a table."""
TABLE_PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    "delta.enableChangeDataFeed": "false",
}
"""Said when a table is made, so that no default of another engine turns on what some reader or writer lacks: delta-rs
writes no clustered tables, row tracking or v2 checkpoints, and older readers open no deletion vectors."""
