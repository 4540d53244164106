"""A client's connection: requests parsed by llhttp, each limit of time and size kept."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

import httptools

from router.dataplane.client.phase import Phase
from router.dataplane.client.pipeline import RequestPipeline
from router.dataplane.exchange.admission import admit, expects_continue
from router.dataplane.exchange.context import DataPlaneContext
from router.dataplane.exchange.exchange import Exchange
from router.dataplane.http import refusals
from router.dataplane.http.body import append_body_piece
from router.dataplane.http.refusals import Refusal
from router.dataplane.http.request_head import RequestHead
from router.dataplane.pods.connection import set_nodelay


class ConnectionRegistry(Protocol):
    """The set of open connections."""

    def connection_opened(self, client: ClientConnection) -> None:
        """A client has connected."""
        ...

    def connection_closed(self, client: ClientConnection) -> None:
        """The connection is closed."""
        ...


class ClientConnection(RequestPipeline):
    """The reading half: parses requests, refuses what is over a limit, starts exchanges."""

    __slots__ = (
        "cacheable_head",
        "has_progressed",
        "last_body_size",
        "parser",
        "pending_upgrade_head",
        "registry",
        "unparsed_bytes",
        "upgrade_head",
    )

    def __init__(self, context: DataPlaneContext, registry: ConnectionRegistry) -> None:
        super().__init__(context)
        self.registry = registry
        self.parser = httptools.HttpRequestParser(self)
        self.upgrade_head: RequestHead | None = None
        self.pending_upgrade_head: RequestHead | None = None
        self.unparsed_bytes = 0
        self.last_body_size = 0
        self.has_progressed = False
        self.cacheable_head: RequestHead | None = None
        """A head that llhttp has read: cached once its message is complete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = cast(asyncio.Transport, transport)
        set_nodelay(transport)
        self.registry.connection_opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected; its requests are cancelled."""
        self.transport = None
        self.phase = Phase.CLOSING
        self.registry.connection_closed(self)
        self._set_unsent_bytes(0)
        abandoned = [self.active, *self.pipelined, self.exchange]
        self.active = self.exchange = self.head = None
        self.pipelined.clear()
        for exchange in abandoned:
            if exchange is not None:
                exchange.client_disconnected()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        phase = self.phase
        if phase is Phase.CLOSING:
            return
        if self.is_at_message_start:
            if (cached := self.context.request_heads.find(data)) is not None:
                self._accept_whole(cached[0], data[cached[1] :])
                return
            self.cacheable_head = None
        if phase is Phase.IDLE:
            self._enter_phase(Phase.HEAD, self.context.limits.header_timeout_s)
        try:
            was_at_message_start, self.is_at_message_start = self.is_at_message_start, False
            self._feed(data)
            if was_at_message_start and self.is_at_message_start and self.cacheable_head is not None:
                self.context.request_heads.add(data, self.cacheable_head)
        except httptools.HttpParserError as error:
            if not self.is_closing and not self._is_last_request():
                self._refuse_now(refusals.bad_request(f"Not a valid HTTP request: {_parser_error(error)}."))

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.head = self.upgrade_head or RequestHead(self.context.limits)
        self.exchange = None
        self.is_at_message_start = False
        self.cacheable_head = None

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        if self.head is not None and self.upgrade_head is None:
            self.head.add_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self.head is not None and self.upgrade_head is None:
            self.head.add_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: admit the request, or refuse it before its body is read."""
        head = self.head
        if head is None or self.is_closing:
            return
        self.has_progressed = True
        method = self.parser.get_method()
        if self.parser.should_upgrade() and method != b"CONNECT":
            head.method, head.is_complete = method, True
            self.pending_upgrade_head = head
            return
        self.unparsed_bytes = 0
        self.last_body_size = 0
        head.complete(method, self.parser.get_http_version())
        exchange = Exchange(self.context, self, head)
        exchange.closes = not self.parser.should_keep_alive()
        self.exchange = exchange
        refusal = admit(self.context, exchange)
        if refusal is not None:
            self._refuse(exchange, refusal)
        elif head.expect is not None and self.active is None:
            self.write(expects_continue(head))
        if self.active is None and not self.is_closing:
            self._enter_phase(Phase.BODY, self.context.limits.body_timeout_s)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        exchange = self.exchange
        if exchange is None or exchange.refusal is not None or (exchange.target is None and exchange.unknown is None):
            return
        self.has_progressed = True
        append_body_piece(exchange.body, body)
        exchange.body_size += len(body)
        self.context.buffered += len(body)
        if exchange.target is not None and exchange.body_size > exchange.target.service.max_body_bytes:
            self._refuse(exchange, refusals.too_large(exchange.target.service.max_body_bytes))
        elif self.context.buffered > self.context.limits.buffered_bytes:
            self._refuse(exchange, refusals.OVERLOADED)

    def on_message_complete(self) -> None:
        """The request is complete: answer it, or queue it behind the one that is being answered."""
        exchange, self.exchange, self.head = self.exchange, None, None
        if exchange is None or self.phase is Phase.CLOSING:
            return
        if exchange.head.has_trailer_fault and exchange.refusal is None:
            self._refuse(exchange, refusals.TRAILERS_TOO_LARGE)
            return
        self.is_at_message_start = not exchange.closes
        if exchange.refusal is None and exchange.unknown is None and exchange.head.is_plain:
            self.cacheable_head = exchange.head
        self._enqueue(exchange)

    def expire(self, now: float) -> None:
        """The deadline has passed."""
        match self.phase:
            case Phase.ANSWER if self.active is not None:
                self.active.expire()
            case Phase.BODY if self._is_body_fast_enough():
                self.deadline = now + self.context.limits.body_timeout_s
            case Phase.BODY:
                self._refuse_now(refusals.BODY_TIMEOUT)
            case Phase.HEAD:
                self._refuse_now(refusals.HEADER_TIMEOUT)
            case _:
                self.abort()

    def _accept_whole(self, head: RequestHead, body: bytes) -> None:
        """A request whose head is in the cache and whose body is complete: llhttp is not asked."""
        exchange = Exchange(self.context, self, head)
        exchange.refusal = admit(self.context, exchange)
        size = len(body)
        if exchange.refusal is None:
            exchange.body = [body]
            exchange.body_size = size
            self.context.buffered += size
        elif exchange.refusal.closes:
            exchange.closes = True
        self._enqueue(exchange)

    def _feed(self, data: bytes) -> None:
        self.has_progressed = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
            return
        if self.phase is Phase.HEAD or self.head is not None:
            self._check_unfinished(len(data))

    def _check_unfinished(self, more: int) -> None:
        """llhttp has no limits: bytes that are neither a complete head nor a piece of a body yet are counted here."""
        self.unparsed_bytes = 0 if self.has_progressed else self.unparsed_bytes + more
        head = self.head
        if head is not None and head.fault is not None and (not head.is_complete or head.has_trailer_fault):
            self._refuse_now(head.fault)
        elif self.unparsed_bytes > self.context.limits.header_bytes + self.context.limits.url_bytes:
            is_body = head is not None and head.is_complete
            self._refuse_now(refusals.TRAILERS_TOO_LARGE if is_body else refusals.HEADERS_TOO_LARGE)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Answer a request that offers another protocol (`Upgrade: h2c`) as the plain one that it also is.

        llhttp ends a message at its head when it sees the offer, so that a fresh parser is given the head's framing
        alone, then the body; everything else of the head was read the first time.
        """
        upgrade_head = self.upgrade_head = self.pending_upgrade_head
        if upgrade_head is None or self.is_closing or self._is_last_request():
            return
        upgrade_head.is_complete = False
        self.parser = httptools.HttpRequestParser(self)
        self._feed(upgrade_head.framing())
        self.upgrade_head = self.pending_upgrade_head = None
        self._feed(rest)

    def _is_last_request(self) -> bool:
        """Whether the last request read closes the connection: bytes after it are ignored."""
        last = self.pipelined[-1] if self.pipelined else self.active
        return last is not None and last.closes

    def _is_body_fast_enough(self) -> bool:
        size = self.exchange.body_size if self.exchange is not None else 0
        is_fast = (
            size - self.last_body_size >= self.context.limits.body_timeout_s * self.context.limits.body_min_bytes_per_s
        )
        self.last_body_size = size
        return is_fast

    def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        exchange.refusal = refusal
        head = exchange.head
        is_short = not head.is_chunked and head.content_length <= self.context.limits.discarded_body_bytes
        if refusal.closes or (head.has_body and (head.expect is not None or not is_short)):
            exchange.closes = True
            self.exchange = self.head = None
            self._enqueue(exchange)

    def _refuse_now(self, refusal: Refusal) -> None:
        """Refuse, and close the connection: no byte after this can be trusted."""
        exchange = self.exchange or Exchange(self.context, self, self.head or RequestHead(self.context.limits))
        exchange.refusal = refusal
        exchange.closes = True
        self.exchange = self.head = None
        self._enqueue(exchange)


def _parser_error(error: httptools.HttpParserError) -> str:
    return str(error).replace("`", "'") if not isinstance(error, httptools.HttpParserCallbackError) else "malformed"
