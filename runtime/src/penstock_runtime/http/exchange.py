"""One HTTP request and its response."""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

from penstock_runtime.errors import RequestRefused
from penstock_runtime.v2.protocol import PREFIX, error_body

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
ROUTER = b"x-penstock-router"
"""A router says with it that it keeps the request's ids itself."""
TIMINGS = b"x-penstock-timings"
"""A router asks with it where the time goes: of a debug request."""


class Responder(Protocol):
    """The connection that an exchange came by."""

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        ...

    def flush(self) -> None:
        """Send the responses that are ready, in the order of their requests."""
        ...


class HttpExchange:
    """One request and its answer."""

    __slots__ = (
        "answer",
        "body",
        "client_request_id",
        "connection",
        "header_bytes",
        "header_count",
        "headers",
        "method",
        "must_close",
        "request_id",
        "size",
        "url",
    )

    def __init__(self, connection: Responder) -> None:
        self.connection = connection
        self.method = b""
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.header_count = 0
        self.header_bytes = 0
        self.body: list[bytes] = []
        self.size = 0
        self.must_close = False
        self.request_id = ""
        self.client_request_id: str | None = None
        self.answer: bytes | None = None

    @property
    def is_from_router(self) -> bool:
        """Whether the caller is a router, which gives and keeps ids."""
        return ROUTER in self.headers

    @property
    def is_disconnected(self) -> bool:
        """Whether the client has disconnected."""
        return self.connection.is_lost

    def respond(self, status: int, body: bytes, extra: bytes = b"") -> None:
        """Answer, when the answers before it have left."""
        if self.client_request_id is not None:
            extra += b"X-Penstock-Client-Request-Id: %b\r\n" % quote(self.client_request_id, safe="").encode()
        if self.must_close:
            extra += b"Connection: close\r\n"
        if not self.is_from_router:  # which knows the id, and knows a head by heart that it has seen before
            extra += b"X-Request-Id: %b\r\n" % self.request_id.encode()
        head = b"%bContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n" % (_LINES[status], len(body), extra)
        self.answer = head if self.method == b"HEAD" else head + body
        self.connection.flush()

    def refuse(self, refused: RequestRefused, extra: bytes = b"") -> None:
        """Answer with an error."""
        if refused.status == 503:
            extra += b"Retry-After: 1\r\n"
        write = error_body if self.url.startswith(PREFIX) else RequestRefused.body
        self.respond(refused.status, write(refused, self.request_id), extra)
