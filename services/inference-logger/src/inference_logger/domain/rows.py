"""From records to rows, column by column. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from inference_logger.domain.records import RawRecord, record_identity
from inference_logger.domain.schema import PAYLOAD_SCHEMA

LONGEST_CLIENT_REQUEST_ID = 256
CLIENT_REQUEST_ID_REFUSED = "CLIENT_REQUEST_ID_REFUSED"
"""Error code of a row whose caller's id is not one that a model server accepts: it is stored as null."""


def to_payload(records: Sequence[RawRecord]) -> pa.Table:
    """Records → rows of the payload table, column by column."""
    times = [datetime.fromisoformat(record["received_at"]) for record in records]
    columns: dict[str, list[Any]] = {
        "request_date": [time.date() for time in times],
        "request_id": [record["request_id"] for record in records],
        "client_request_id": [client_request_id(record) for record in records],
        "request_time": times,
        "status_code": [record["status_code"] for record in records],
        "sampling_fraction": [float(record.get("sampling_fraction") or 1.0) for record in records],
        "execution_duration_ms": [round(record["duration_ms"]) for record in records],
        "served_entity_id": [record.get("model") for record in records],
        "requester": [record.get("api_key_id") for record in records],
        "logging_error_codes": [error_codes(record) for record in records],
        "record_id": [record_identity(record) for record in records],
    }
    for name in (
        "request",
        "response",
        "service",
        "version",
        "version_id",
        "generation",
        "pod",
        "route_reason",
        "trace_id",
    ):
        columns[name] = [record.get(name) for record in records]
    return pa.Table.from_pydict(columns, schema=PAYLOAD_SCHEMA)


def client_request_id(record: RawRecord) -> str | None:
    """The caller's own id: as the pod handed it back, or out of the body where no pod did; else the request's id,
    which the caller was told as well. One that a model server refuses is None: it may hold line breaks or escapes.
    """
    given = _given_id(record)
    if given is None:
        return record.get("request_id")
    return given if is_accepted_id(given) else None


def is_accepted_id(value: str) -> bool:
    """Whether a model server takes it: printable, and not too long."""
    return len(value) <= LONGEST_CLIENT_REQUEST_ID and value.isprintable()


def error_codes(record: RawRecord) -> list[str]:
    """What of the request could not be recorded."""
    codes = list(record.get("logging_error_codes") or ())
    given = _given_id(record)
    return codes if given is None or is_accepted_id(given) else [*codes, CLIENT_REQUEST_ID_REFUSED]


def _given_id(record: RawRecord) -> str | None:
    known = record.get("client_request_id")
    return str(known) if known is not None else _id_in_body(record.get("request"))


def _id_in_body(body: str | None) -> str | None:
    if not body or '"client_request_id"' not in body:
        return None
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    value = found.get("client_request_id") if isinstance(found, dict) else None
    return value if isinstance(value, str) and value else None
