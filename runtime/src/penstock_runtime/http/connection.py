"""HTTP/1.1 on one connection: llhttp parses, answers leave in the order of their requests.

Several requests may be in flight on a connection (pipelining); no more than `MAX_PIPELINED`, then reading stops until
answers have left. What is refused in the middle of a request is answered, and the connection closed.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from hmac import compare_digest
from typing import Any, Protocol, cast

import httptools

from penstock_runtime.errors import RequestRefused, bad_request, too_large
from penstock_runtime.http.exchange import ROUTER, TIMINGS, HttpExchange
from penstock_runtime.http.request_ids import request_id_of

MAX_PIPELINED = 16
MAX_URL = 8192
MAX_HEADERS = 100
MAX_HEADER_BYTES = 16_384
LINGER_SECONDS = 2.0
TOKEN = b"x-penstock-pod-token"
"""What a pod that has a token is asked with; without it there is nothing to be had here."""
_KEPT = frozenset(
    (b"content-type", b"content-length", b"content-encoding", b"x-request-id", b"expect", ROUTER, TIMINGS, TOKEN)
)


class RequestHandler(Protocol):
    """What a connection needs from the server that it belongs to."""

    connections: set[HttpConnection]
    is_draining: bool
    max_body_bytes: int
    token: bytes | None

    def handle(self, exchange: HttpExchange) -> None:
        """Answer a complete request, now or later."""
        ...

    def connection_closed(self, connection: HttpConnection) -> None:
        """A connection is gone."""
        ...


class HttpConnection(asyncio.Protocol):
    """One caller's connection."""

    def __init__(self, handler: RequestHandler) -> None:
        self.handler = handler
        self.transport: asyncio.Transport | None = None
        self.parser: Any = httptools.HttpRequestParser(self)
        self.current: HttpExchange | None = None
        self.pending: deque[HttpExchange] = deque()
        self.idle_sweeps = 0
        self.ignores_input = False
        self.closes_when_idle = False
        self.is_lingering = False
        self.is_read_paused = False
        self.is_write_paused = False

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self.transport is None or self.transport.is_closing()

    @property
    def socket(self) -> Any:
        """The connection's socket, or `None` when it is gone."""
        return self.transport.get_extra_info("socket") if self.transport is not None else None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being read or answered."""
        return not self.pending and self.current is None

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller is there."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's has the methods, not the base class
        if (sock := transport.get_extra_info("socket")) is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.handler.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected: pending responses are dropped."""
        self.transport = None
        self.pending.clear()
        self.current = None
        self.handler.connection_closed(self)

    def eof_received(self) -> bool:
        """The caller sends no more, and may still read."""
        self.ignores_input = self.closes_when_idle = True
        self.current = None
        return bool(self.pending)

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        if self.ignores_input:
            return
        self.idle_sweeps = 0
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.ignores_input = True
        except httptools.HttpParserError:
            if self.ignores_input:  # an answer that closes the connection is on its way: there is never a second one
                return
            self._refuse(bad_request("The request is not valid HTTP/1.1."))

    def pause_writing(self) -> None:
        """The caller reads slowly: take nothing more from it."""
        self.is_write_paused = True
        self._apply_backpressure()

    def resume_writing(self) -> None:
        """The caller has caught up."""
        self.is_write_paused = False
        self._apply_backpressure()

    # httptools

    def on_message_begin(self) -> None:
        """A request starts."""
        if not self.ignores_input:
            self.current = HttpExchange(self)

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        if (exchange := self.current) is None:
            return
        exchange.url += url
        if len(exchange.url) > MAX_URL:
            self._refuse(RequestRefused(414, "URI_TOO_LONG", f"The URL is longer than the limit of {MAX_URL} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or trailer."""
        if (exchange := self.current) is None:
            return
        exchange.header_count += 1
        exchange.header_bytes += len(name) + len(value)
        if exchange.header_count > MAX_HEADERS or exchange.header_bytes > MAX_HEADER_BYTES:
            message = f"The headers are more than {MAX_HEADERS} or larger than {MAX_HEADER_BYTES} bytes."
            self._refuse(RequestRefused(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", message))
            return
        name = name.lower()
        if name in _KEPT:
            if name in exchange.headers and name == b"content-type":
                self._refuse(bad_request("Content-Type was sent twice."))
                return
            exchange.headers[name] = value

    def on_headers_complete(self) -> None:
        """The head is complete: refuse what need not be read."""
        if (exchange := self.current) is None:
            return
        exchange.method = self.parser.get_method()
        exchange.must_close = (
            not self.parser.should_keep_alive() or self.parser.should_upgrade() or self.handler.is_draining
        )
        exchange.request_id = request_id_of(exchange.headers.get(b"x-request-id"))
        if self.handler.token is not None and not compare_digest(exchange.headers.get(TOKEN, b""), self.handler.token):
            self._refuse(RequestRefused(401, "UNAUTHENTICATED", "Pods answer only to the platform: call its router."))
        elif int(exchange.headers.get(b"content-length", b"0")) > self.handler.max_body_bytes:
            self._refuse(self._too_large())
        elif (expected := exchange.headers.get(b"expect")) is not None:
            self._expect(expected)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if (exchange := self.current) is None:
            return
        exchange.size += len(body)
        exchange.body.append(body)
        if exchange.size > self.handler.max_body_bytes:
            self._refuse(self._too_large())

    def on_message_complete(self) -> None:
        """The request is complete."""
        exchange, self.current = self.current, None
        if exchange is None:
            return
        self.pending.append(exchange)
        if exchange.must_close:
            self.ignores_input = True
        self._apply_backpressure()
        self.handler.handle(exchange)

    # ours

    def flush(self) -> None:
        """Send the responses that are ready, in the order of their requests."""
        self.idle_sweeps = 0
        while self.pending and (answer := self.pending[0].answer) is not None and self.transport is not None:
            exchange = self.pending.popleft()
            self.transport.write(answer)
            if exchange.must_close:
                self.closes_when_idle = True
                self.pending.clear()
        self._apply_backpressure()
        if self.is_idle and (self.closes_when_idle or self.handler.is_draining) and not self.is_lingering:
            self.close()

    def close_if_idle(self, limit: int) -> None:
        """Close when nothing was received for `limit` sweeps and no response is pending."""
        self.idle_sweeps += 1
        if self.idle_sweeps > limit and not self.pending and self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Close; what was written is still sent."""
        if self.transport is not None:
            self.transport.close()

    def _apply_backpressure(self) -> None:
        """Read only while the caller reads too, and has not too much in flight."""
        wanted = self.is_write_paused or len(self.pending) >= MAX_PIPELINED
        if wanted == self.is_read_paused or self.transport is None or self.transport.is_closing():
            return
        self.is_read_paused = wanted
        if wanted:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _too_large(self) -> RequestRefused:
        return too_large(f"The body is larger than the limit of {self.handler.max_body_bytes} bytes.")

    def _expect(self, expected: bytes) -> None:
        if expected.lower() != b"100-continue":
            self._refuse(RequestRefused(417, "EXPECTATION_FAILED", "Only Expect: 100-continue is understood."))
        elif self.transport is not None and not self.pending:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, refused: RequestRefused) -> None:
        """Answer in the middle of a request, and listen no more.

        The connection stays open a little: closing it with unread bytes would reset it before the answer is read.
        """
        exchange, self.current = self.current or HttpExchange(self), None
        exchange.request_id = exchange.request_id or request_id_of(exchange.headers.get(b"x-request-id"))
        exchange.must_close = self.ignores_input = self.is_lingering = True
        self.pending.append(exchange)
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self.close)
        exchange.refuse(refused)
