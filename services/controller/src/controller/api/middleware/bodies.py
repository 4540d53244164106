"""Bodies of requests: JSON, and at most `MAX_BODY_BYTES`. A longer one is refused before it is stored."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import error_body, request_id_of

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Twice the longest request that a service takes unless it is told otherwise: a debug request holds one."""

_TOO_LONG = f"The body is longer than {MAX_BODY_BYTES} bytes"
_NOT_JSON = "The body must be JSON: Content-Type: application/json"
_CODES = {413: "PAYLOAD_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE"}


class RequestBodyMiddleware:
    """ASGI middleware, behind authentication."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, count what it sends, or answer 413 or 415."""
        refusal = _refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, _limited(receive), send)
            return
        status, message = refusal
        request_id = request_id_of(Request(scope))
        body = error_body(_CODES[status], message, request_id)
        await JSONResponse(body, status, {"x-request-id": request_id})(scope, receive, send)


def _refusal(headers: Headers) -> tuple[int, str] | None:
    """Status and message for what the head of a request already says; None where nothing speaks against it."""
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        return 413, _TOO_LONG
    has_body = "transfer-encoding" in headers or length != "0"
    return (415, _NOT_JSON) if has_body and not _is_json(headers.get("content-type", "")) else None


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _limited(receive: Receive) -> Receive:
    """As `receive`, but a body without a length ends where it gets too long."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LONG)
        return message

    return limited
