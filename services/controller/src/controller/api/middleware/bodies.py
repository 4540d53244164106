"""Bodies of requests: JSON, and at most `MAX_BODY_BYTES`. A longer one is refused before it is stored.

Labels come as files too, which are passed on as they come in: CSV and Parquet of at most `MAX_FILE_BYTES`.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import error_body, request_id_of

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Twice the longest request that a service takes unless it is told otherwise: a debug request holds one."""

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Of an upload that is passed on piece by piece."""
_TAKES_FILES = re.compile(r"/api/v1/services/[^/]+/labels")
_FILES = {
    "text/csv": MAX_FILE_BYTES,
    "application/vnd.apache.parquet": MAX_FILE_BYTES,
    "application/x-ndjson": MAX_BODY_BYTES,
    "application/jsonlines": MAX_BODY_BYTES,
}
_NOT_JSON = "The body must be JSON: Content-Type: application/json"
_CODES = {413: "PAYLOAD_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE"}


class RequestBodyMiddleware:
    """ASGI middleware, behind authentication."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, count what it sends, or answer 413 or 415."""
        most = _most_bytes(scope) if scope["type"] == "http" else None
        refusal = _refusal(Headers(scope=scope), most) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, _limited(receive, most or MAX_BODY_BYTES), send)
            return
        status, message = refusal
        request_id = request_id_of(Request(scope))
        body = error_body(_CODES[status], message, request_id)
        await JSONResponse(body, status, {"x-request-id": request_id})(scope, receive, send)


def _most_bytes(scope: Scope) -> int | None:
    """What a file that this route takes may have; None: it takes JSON alone, or this is no file."""
    if scope["method"] != "POST" or _TAKES_FILES.fullmatch(scope["path"]) is None:
        return None
    return _FILES.get(_media_type(Headers(scope=scope).get("content-type", "")))


def _refusal(headers: Headers, most_of_file: int | None) -> tuple[int, str] | None:
    """Status and message for what the head of a request already says; None where nothing speaks against it."""
    length = headers.get("content-length", "0")
    most = most_of_file or MAX_BODY_BYTES
    if length.isdecimal() and int(length) > most:
        return 413, _too_long(most)
    has_body = "transfer-encoding" in headers or length != "0"
    is_wrong = most_of_file is None and not _is_json(_media_type(headers.get("content-type", "")))
    return (415, _NOT_JSON) if has_body and is_wrong else None


def _too_long(most: int) -> str:
    return f"The body is longer than {most} bytes"


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _limited(receive: Receive, most: int) -> Receive:
    """As `receive`, but a body without a length ends where it gets too long."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise HTTPException(413, _too_long(most))
        return message

    return limited
