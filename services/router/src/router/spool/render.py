"""From records to the body of a `RequestLogged` message. The same record always gives the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import orjson

from router.spool.format import Record

MAX_RECORD_BYTES = 7 * 1024 * 1024
"""One record alone must fit the bus' 8 MiB: escaping can make six bytes of one."""

REQUEST_TOO_LARGE = "MAX_REQUEST_SIZE_EXCEEDED"
RESPONSE_TOO_LARGE = "MAX_RESPONSE_SIZE_EXCEEDED"
ENCODED_TOO_LARGE = "MAX_ENCODED_SIZE_EXCEEDED"
NOT_TEXT = "ENCODING_ERROR"
ABORTED = "RESPONSE_ABORTED"


def render(record: Record) -> bytes:
    """One record as JSON (`shared.events.request.RequestRecord`)."""
    codes: list[str] = []
    fields = {
        "request_id": record.request_id,
        "record_id": str(record.record_id),
        "client_request_id": _client_request_id(record.client_request_id),
        **_route(record.route),
        "pod": record.pod or None,
        "received_at": _timestamp(record.received_ns),
        "duration_ms": record.duration_us / 1000,
        "status_code": record.status,
        "route_reason": record.reason,
        "api_key_id": str(record.api_key_id) if record.api_key_id else None,
        "request": _text(record.request, REQUEST_TOO_LARGE, codes),
        "response": _text(record.response, RESPONSE_TOO_LARGE, codes),
        "logging_error_codes": codes,
        "trace_id": record.trace_id or None,
    }
    if record.aborted:
        codes.append(ABORTED)
    return _bounded(fields, codes)


def message(rendered: list[bytes]) -> bytes:
    """The message's body: `{"records": [...]}`."""
    return b'{"records":[' + b",".join(rendered) + b"]}"


def _bounded(fields: dict[str, Any], codes: list[str]) -> bytes:
    encoded = orjson.dumps(fields)
    for name in ("response", "request"):
        if len(encoded) <= MAX_RECORD_BYTES:
            break
        fields[name] = None
        if ENCODED_TOO_LARGE not in codes:
            codes.append(ENCODED_TOO_LARGE)
        encoded = orjson.dumps(fields)
    return encoded


def _text(body: bytes | None, too_large: str, codes: list[str]) -> str | None:
    if body is None:
        codes.append(too_large)
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        if NOT_TEXT not in codes:
            codes.append(NOT_TEXT)
        return None


def _timestamp(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _client_request_id(raw: bytes) -> str | None:
    return unquote(raw.decode("latin-1"), errors="replace") if raw else None


@lru_cache(maxsize=1024)
def _route(raw: bytes) -> dict[str, Any]:
    route: dict[str, Any] = orjson.loads(raw)
    return route
