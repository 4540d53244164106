"""Rows of the inferences table for bodies, in one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from inference_logger.domain.inferences.signatures import Signature, SignatureKey, parse_signature
from inference_logger.domain.inferences.step import derive_inferences
from inference_logger.domain.rows import to_payload
from inference_logger.domain.schema import INFERENCES_SCHEMA
from running_services.logged_requests import VERSION_ID, record

GENERATION = 3


def signature(inputs: Sequence[Mapping[str, Any]] = (), outputs: Sequence[Mapping[str, Any]] = ()) -> Signature:
    """Of columns as MLflow writes them."""
    return parse_signature(json.dumps(list(inputs)), json.dumps(list(outputs)))


def columns(**kinds: str) -> list[dict[str, Any]]:
    """Columns of a signature, by name."""
    return [{"type": kind, "name": name, "required": True} for name, kind in kinds.items()]


def asked(name: str, request: Any, response: Any, **fields: Any) -> dict[str, Any]:
    """A record with these bodies: texts as they are, all else as JSON."""
    texts: dict[str, Any] = {
        key: body if body is None or isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        for key, body in (("request", request), ("response", response))
    }
    return record(name, generation=GENERATION, **texts, **fields)


def table_of(*records: dict[str, Any], by: Signature | None = None, known: Sequence[pa.Field] = ()) -> pa.Table:
    """What the step makes of records."""
    signatures: dict[SignatureKey, Signature] = {} if by is None else {(VERSION_ID, GENERATION): by}
    found = derive_inferences(to_payload(records), signatures, known)
    assert set(INFERENCES_SCHEMA.names) <= set(found.schema.names)
    assert found.schema.field("request_id").nullable is False
    return found


def rows_of(
    *records: dict[str, Any], by: Signature | None = None, known: Sequence[pa.Field] = ()
) -> list[dict[str, Any]]:
    """Row by row: error, features and predictions; of those that are null only `error`."""
    system = set(INFERENCES_SCHEMA.names) - {"error", "features_json", "prediction_json"}
    return [
        {name: value for name, value in row.items() if name not in system and (value is not None or name == "error")}
        for row in table_of(*records, by=by, known=known).to_pylist()
    ]


def of(request: Any, response: Any, by: Signature | None = None, **fields: Any) -> list[dict[str, Any]]:
    """Rows of one request."""
    return rows_of(asked("r", request, response, **fields), by=by)
