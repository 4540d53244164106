"""The payload table's columns: Databricks' for its inference tables, `request_id` in place of `databricks_request_id`,
plus where the request went.
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
PARTITION_BY = ("request_date",)
