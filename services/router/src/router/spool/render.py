"""From records to the body of a `RequestLogged` message. The same record always gives the same bytes.

Every record is rendered on the router's machine, so that the JSON is put together from pieces that are JSON
already; only the two bodies are escaped (a dictionary of 16 values, encoded as a whole, took six times as long).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import unquote

import orjson

from router.spool.compressed import decompressed
from router.spool.format import (
    FLAG_ABORTED,
    FLAG_KEYED,
    FLAG_OWN_REQUEST_ID,
    OMITTED,
    RECORD,
    SEALED_LAYOUT,
    split_bodies,
)
from router.spool.masked import MaskedBodies
from router.spool.sealing import BodyOpener

MAX_RECORD_BYTES = 7 * 1024 * 1024
"""One record alone must fit the bus' 8 MiB: escaping can make six bytes of one."""

REQUEST_TOO_LARGE = b'"MAX_REQUEST_SIZE_EXCEEDED"'
RESPONSE_TOO_LARGE = b'"MAX_RESPONSE_SIZE_EXCEEDED"'
ENCODED_TOO_LARGE = b'"MAX_ENCODED_SIZE_EXCEEDED"'
NOT_TEXT = b'"ENCODING_ERROR"'
ABORTED = b'"RESPONSE_ABORTED"'
_NULL = b"null"
NO_KEYS = MaskedBodies(BodyOpener(()))
"""Opens nothing: sealed records come out without their bodies."""


def render_record(body: bytes, masked: MaskedBodies = NO_KEYS) -> bytes:
    """A record's body (`format.RECORD` and what follows) as JSON (`shared.events.request.RequestRecord`).

    `masked` opens and masks what is sealed; raises `KeyAwaited`.
    """
    # fmt: off
    (layout, flags, status, received_ns, duration_us, record_id, key_id,
     id_size, client_size, pod_size, reason_size, trace_size, route_size,
     request_size, response_size) = RECORD.unpack_from(body)
    # fmt: on
    client_at = RECORD.size + id_size
    pod_at = client_at + client_size
    reason_at = pod_at + pod_size
    trace_at = reason_at + reason_size
    route_at = trace_at + trace_size
    request_at = route_at + route_size
    identity = uuid_text(record_id)
    seconds, rest = divmod(received_ns, 1_000_000_000)
    # Every piece that is not escaped here is a name or an id without a character that JSON would escape.
    front = (
        b'{"request_id":"%b","record_id":"%b","client_request_id":%b,%b,"pod":%b,"received_at":"%b.%06dZ",'
        b'"duration_ms":%d.%03d,"status_code":%d,"route_reason":"%b","api_key_id":%b,"trace_id":%b,'
        % (
            identity if flags & FLAG_OWN_REQUEST_ID else body[RECORD.size : client_at],
            identity,
            _client_request_id(body[client_at:pod_at]) if client_size else _NULL,
            body[route_at + 1 : request_at - 1],
            _string(body[pod_at:reason_at]) if pod_size else _NULL,
            _second(seconds),
            rest // 1000,
            duration_us // 1000,
            duration_us % 1000,
            status,
            body[reason_at:trace_at],
            b'"%b"' % uuid_text(key_id) if flags & FLAG_KEYED else _NULL,
            b'"%b"' % body[trace_at:route_at] if trace_size else _NULL,
        )
    )
    codes: list[bytes] = []
    bodies: tuple[bytes | None, bytes | None] = split_bodies(body, request_at, request_size)
    if layout == SEALED_LAYOUT:
        bodies = masked.read(body, request_at, (request_size, response_size), status, codes)
    request = _text(bodies[0], request_size, REQUEST_TOO_LARGE, codes)
    response = _text(bodies[1], response_size, RESPONSE_TOO_LARGE, codes)
    if flags & FLAG_ABORTED:
        codes.append(ABORTED)
    return _bounded(front, request, response, codes)


def render_message(rendered: list[bytes]) -> bytes:
    """The message's body: `{"records": [...]}`."""
    return b'{"records":[' + b",".join(rendered) + b"]}"


def uuid_text(raw: bytes) -> bytes:
    """Sixteen bytes in the canonical form of a UUID."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode()


def _bounded(front: bytes, request: bytes, response: bytes, codes: list[bytes]) -> bytes:
    if len(front) + len(request) + len(response) > MAX_RECORD_BYTES:
        response = _NULL
        codes.append(ENCODED_TOO_LARGE)
        if len(front) + len(request) > MAX_RECORD_BYTES:
            request = _NULL
    return b'%b"request":%b,"response":%b,"logging_error_codes":[%b]}' % (front, request, response, b",".join(codes))


def _text(body: bytes | None, size: int, too_large: bytes, codes: list[bytes]) -> bytes:
    if size == OMITTED:
        codes.append(too_large)
        return _NULL
    if body is None:
        return _NULL
    try:
        return orjson.dumps(body.decode())
    except UnicodeDecodeError:
        if (text := decompressed(body)) is not None:
            return orjson.dumps(text)
        if NOT_TEXT not in codes:
            codes.append(NOT_TEXT)
        return _NULL


@lru_cache(maxsize=4)
def _second(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


@lru_cache(maxsize=1024)
def _string(raw: bytes) -> bytes:
    return orjson.dumps(raw.decode("latin-1"))


def _client_request_id(raw: bytes) -> bytes:
    text = raw.decode("latin-1")
    return orjson.dumps(unquote(text, errors="replace") if b"%" in raw else text)
