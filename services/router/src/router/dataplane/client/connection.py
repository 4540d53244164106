"""A client's connection: requests parsed by llhttp, each limit of time and size kept."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

import httptools

from router.dataplane.client.phase import Phase
from router.dataplane.client.pipeline import RequestPipeline
from router.dataplane.exchange.admission import admit, expects_continue
from router.dataplane.exchange.context import Core
from router.dataplane.exchange.exchange import Exchange
from router.dataplane.http import refusals as answers
from router.dataplane.http.body import append_piece
from router.dataplane.http.refusals import Refusal
from router.dataplane.http.request_head import RequestHead
from router.dataplane.pods.connection import set_nodelay


class Registry(Protocol):
    """Knows every connection there is."""

    def opened(self, caller: Caller) -> None:
        """A caller has connected."""
        ...

    def closed(self, caller: Caller) -> None:
        """It has gone."""
        ...


class Caller(RequestPipeline):
    """One connection: reads requests, refuses what is over a limit."""

    __slots__ = (
        "body_mark",
        "fresh",
        "has_progressed",
        "head_offered",
        "offered",
        "parser",
        "registry",
        "unparsed",
    )

    def __init__(self, core: Core, registry: Registry) -> None:
        super().__init__(core)
        self.registry = registry
        self.parser = httptools.HttpRequestParser(self)
        self.offered: RequestHead | None = None
        self.head_offered: RequestHead | None = None
        self.unparsed = 0
        self.body_mark = 0
        self.has_progressed = False
        self.fresh: RequestHead | None = None
        """A head that llhttp has read, and that may be kept as seen once its message is whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has connected."""
        self.transport = cast(asyncio.Transport, transport)
        set_nodelay(transport)
        self.registry.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller has gone; what it waited for is cancelled."""
        self.transport = None
        self.phase = Phase.CLOSING
        self.registry.closed(self)
        self._count_unsent(0)
        abandoned = [self.answering, *self.waiting, self.exchange]
        self.answering = self.exchange = self.head = None
        self.waiting.clear()
        for exchange in abandoned:
            if exchange is not None:
                exchange.caller_gone()

    def data_received(self, data: bytes) -> None:
        """Bytes from the caller."""
        phase = self.phase
        if phase is Phase.CLOSING:
            return
        if self.is_between:
            if (known := self.core.heads.find(data)) is not None:
                self._take_whole(known[0], data[known[1] :])
                return
            self.fresh = None
        if phase is Phase.IDLE:
            self._enter(Phase.HEAD, self.core.limits.header_timeout_s)
        try:
            was_between, self.is_between = self.is_between, False
            self._feed(data)
            if was_between and self.is_between and self.fresh is not None:
                self.core.heads.keep(data, self.fresh)
        except httptools.HttpParserError as error:
            if not self.is_closing and not self._will_close():
                self._refuse_now(answers.bad_request(f"Not a valid HTTP request: {_reason(error)}."))

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.head = self.offered or RequestHead(self.core.limits)
        self.exchange = None
        self.is_between = False
        self.fresh = None

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        if self.head is not None and self.offered is None:
            self.head.add_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self.head is not None and self.offered is None:
            self.head.add_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: decide whether the body is wanted."""
        head = self.head
        if head is None or self.is_closing:
            return
        self.has_progressed = True
        method = self.parser.get_method()
        if self.parser.should_upgrade() and method != b"CONNECT":
            head.method, head.is_complete = method, True
            self.head_offered = head
            return
        self.unparsed = 0
        self.body_mark = 0
        head.complete(method, self.parser.get_http_version())
        exchange = Exchange(self.core, self, head)
        exchange.closes = not self.parser.should_keep_alive()
        self.exchange = exchange
        refusal = admit(self.core, exchange)
        if refusal is not None:
            self._refuse(exchange, refusal)
        elif head.expect is not None and self.answering is None:
            self.write(expects_continue(head))
        if self.answering is None and not self.is_closing:
            self._enter(Phase.BODY, self.core.limits.body_timeout_s)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        exchange = self.exchange
        if exchange is None or exchange.refusal is not None or (exchange.target is None and exchange.unknown is None):
            return
        self.has_progressed = True
        append_piece(exchange.body, body)
        exchange.body_size += len(body)
        self.core.buffered += len(body)
        if exchange.target is not None and exchange.body_size > exchange.target.service.max_body_bytes:
            self._refuse(exchange, answers.too_large(exchange.target.service.max_body_bytes))
        elif self.core.buffered > self.core.limits.buffered_bytes:
            self._refuse(exchange, answers.OVERLOADED)

    def on_message_complete(self) -> None:
        """The request is complete: answer it, or let it wait its turn."""
        exchange, self.exchange, self.head = self.exchange, None, None
        if exchange is None or self.phase is Phase.CLOSING:
            return
        if exchange.head.has_trailer_fault and exchange.refusal is None:
            self._refuse(exchange, answers.TRAILERS_TOO_LARGE)
            return
        self.is_between = not exchange.closes
        if exchange.refusal is None and exchange.unknown is None and exchange.head.is_plain:
            self.fresh = exchange.head
        self._take_turn(exchange)

    def expire(self, now: float) -> None:
        """The deadline has passed."""
        match self.phase:
            case Phase.ANSWER if self.answering is not None:
                self.answering.expire()
            case Phase.BODY if self._body_flows():
                self.deadline = now + self.core.limits.body_timeout_s
            case Phase.BODY:
                self._refuse_now(answers.BODY_TIMEOUT)
            case Phase.HEAD:
                self._refuse_now(answers.HEADER_TIMEOUT)
            case _:
                self.abort()

    def _take_whole(self, head: RequestHead, body: bytes) -> None:
        """A request whose head is known by heart, and the whole of its body with it."""
        exchange = Exchange(self.core, self, head)
        exchange.refusal = admit(self.core, exchange)
        size = len(body)
        if exchange.refusal is None:
            exchange.body = [body]
            exchange.body_size = size
            self.core.buffered += size
        elif exchange.refusal.closes:
            exchange.closes = True
        self._take_turn(exchange)

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
        """llhttp knows no limits: what has become neither a whole head nor a piece of a body yet is counted here."""
        self.unparsed = 0 if self.has_progressed else self.unparsed + more
        head = self.head
        if head is not None and head.fault is not None and (not head.is_complete or head.has_trailer_fault):
            self._refuse_now(head.fault)
        elif self.unparsed > self.core.limits.header_bytes + self.core.limits.url_bytes:
            is_body = head is not None and head.is_complete
            self._refuse_now(answers.TRAILERS_TOO_LARGE if is_body else answers.HEADERS_TOO_LARGE)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Answer a request that offers another protocol (`Upgrade: h2c`) as the plain one that it also is.

        llhttp ends a message at its head when it sees the offer, so that a fresh parser is given the head's framing
        alone, then the body; everything else of the head was read the first time.
        """
        offered = self.offered = self.head_offered
        if offered is None or self.is_closing or self._will_close():
            return
        offered.is_complete = False
        self.parser = httptools.HttpRequestParser(self)
        self._feed(offered.framing())
        self.offered = self.head_offered = None
        self._feed(rest)

    def _will_close(self) -> bool:
        """Whether what is being answered ends the connection: bytes after it are nobody's."""
        last = self.waiting[-1] if self.waiting else self.answering
        return last is not None and last.closes

    def _body_flows(self) -> bool:
        size = self.exchange.body_size if self.exchange is not None else 0
        is_fast = size - self.body_mark >= self.core.limits.body_timeout_s * self.core.limits.body_min_bytes_per_s
        self.body_mark = size
        return is_fast

    def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        exchange.refusal = refusal
        head = exchange.head
        is_short = not head.is_chunked and head.content_length <= self.core.limits.discarded_body_bytes
        if refusal.closes or (head.has_body and (head.expect is not None or not is_short)):
            exchange.closes = True
            self.exchange = self.head = None
            self._take_turn(exchange)

    def _refuse_now(self, refusal: Refusal) -> None:
        """Something is wrong with the connection itself: the last answer on it."""
        exchange = self.exchange or Exchange(self.core, self, self.head or RequestHead(self.core.limits))
        exchange.refusal = refusal
        exchange.closes = True
        self.exchange = self.head = None
        self._take_turn(exchange)


def _reason(error: httptools.HttpParserError) -> str:
    return str(error).replace("`", "'") if not isinstance(error, httptools.HttpParserCallbackError) else "malformed"
