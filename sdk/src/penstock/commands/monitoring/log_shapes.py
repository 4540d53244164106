"""A record of the request log in the shapes of other platforms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

Record = Mapping[str, Any]


def as_it_is(record: Record) -> Record:
    """Penstock's own: the fields of `RequestRecord`."""
    return record


def sagemaker(record: Record) -> Record:
    """A line of SageMaker's data capture: matched with ground truth by `inferenceId`, else by `eventId`."""
    metadata = {"eventId": record.get("record_id") or record["request_id"], "inferenceTime": _second(record)}
    if (client_id := record.get("client_request_id")) is not None:
        metadata["inferenceId"] = client_id
    return {
        "captureData": {
            "endpointInput": _captured("INPUT", record.get("request")),
            "endpointOutput": _captured("OUTPUT", record.get("response")),
        },
        "eventMetadata": metadata,
        "eventVersion": "0",
    }


def _captured(mode: str, body: str | None) -> Record:
    return {"observedContentType": "application/json", "mode": mode, "data": body or "", "encoding": "JSON"}


def _second(record: Record) -> str:
    return _time(record).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(record: Record) -> datetime:
    return datetime.fromisoformat(record["received_at"]).astimezone(timezone.utc)  # noqa: UP017 - as the columns say


def databricks(record: Record) -> Record:
    """A row of Databricks' payload tables for served models."""
    return {
        "request_date": _time(record).date().isoformat(),
        "databricks_request_id": record["request_id"],
        "client_request_id": record.get("client_request_id"),
        "request_time": _time(record).isoformat(),
        "status_code": record["status_code"],
        "sampling_fraction": record.get("sampling_fraction", 1.0),
        "execution_duration_ms": math.floor(record["duration_ms"] + 0.5),
        "request": record.get("request"),
        "response": record.get("response"),
        "served_entity_id": record.get("model"),
        "logging_error_codes": record.get("logging_error_codes", []),
        "requester": record.get("api_key_id"),
    }


SHAPES: Mapping[str, Callable[[Record], Record]] = {
    "records": as_it_is,
    "sagemaker": sagemaker,
    "databricks": databricks,
}
