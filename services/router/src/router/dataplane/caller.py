"""A caller's connection: requests parsed by llhttp, answered one after the other, each limit of time and size kept."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import Protocol, cast

import httptools

from router.dataplane import answers
from router.dataplane.admission import admit, expects_continue
from router.dataplane.answering import Answering
from router.dataplane.answers import Refusal
from router.dataplane.core import Core
from router.dataplane.exchange import Exchange
from router.dataplane.phase import Phase
from router.dataplane.pieces import append_piece
from router.dataplane.pod import set_nodelay
from router.dataplane.request import RequestHead


class Registry(Protocol):
    """Knows every connection there is."""

    def opened(self, caller: Caller) -> None:
        """A caller has connected."""
        ...

    def closed(self, caller: Caller) -> None:
        """It has gone."""
        ...


class Caller(asyncio.Protocol):
    """One connection. At most one exchange is being answered; pipelined ones wait in order."""

    __slots__ = (
        "answering", "body_mark", "buffered", "core", "deadline", "exchange", "fresh", "has_progressed",
        "head", "head_offered", "is_between", "is_pumping", "is_read_paused", "is_write_paused", "offered",
        "parser", "phase", "registry", "transport", "unparsed", "waiting",
    )  # fmt: skip

    def __init__(self, core: Core, registry: Registry) -> None:
        self.core = core
        self.registry = registry
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpRequestParser(self)
        self.head: RequestHead | None = None
        self.offered: RequestHead | None = None
        self.head_offered: RequestHead | None = None
        self.exchange: Exchange | None = None
        self.answering: Exchange | None = None
        self.waiting: deque[Exchange] = deque()
        self.phase = Phase.IDLE
        self.deadline = monotonic() + core.limits.header_timeout_s
        self.unparsed = 0
        self.body_mark = 0
        self.buffered = 0
        self.is_read_paused = False
        self.is_write_paused = False
        self.is_pumping = False
        self.has_progressed = False
        self.is_between = True
        """Whatever was read so far ended with the end of a message."""
        self.fresh: RequestHead | None = None
        """A head that llhttp has read, and that may be kept as seen once its message is whole."""

    # asyncio.Protocol

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

    def pause_writing(self) -> None:
        """The caller reads slower than its answer comes."""
        self.is_write_paused = True
        if self.transport is not None:
            self._count_unsent(self.transport.get_write_buffer_size())
        if self.answering is not None and self.answering.connection is not None:
            self.answering.connection.pause()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.is_write_paused = False
        self._count_unsent(0)
        if self.answering is None:
            if self.waiting and not self.is_pumping:
                self._pump()
        elif self.answering.connection is not None:
            self.answering.connection.resume()

    # httptools

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

    # For the exchange

    def write(self, data: bytes) -> None:
        """Send to the caller."""
        if self.transport is not None and data:
            self.transport.write(data)

    def abort(self) -> None:
        """Break the connection off."""
        self.phase = Phase.CLOSING
        if self.transport is not None:
            self.transport.abort()

    def exchange_finished(self, exchange: Answering) -> None:
        """Its last byte is on its way: next, or close."""
        if self.answering is not exchange:
            return
        self.answering = None
        if exchange.closes:
            self._close_gently()
        elif self.is_between and not self.is_read_paused and not self.waiting:
            self.phase = Phase.IDLE
            self.deadline = monotonic() + self.core.limits.idle_timeout_s
        elif not self.is_pumping:
            self._pump()

    # For the sweep

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

    @property
    def is_closing(self) -> bool:
        """Nothing that arrives matters any more."""
        return self.phase is Phase.CLOSING

    @property
    def is_idle(self) -> bool:
        """Nothing was asked that is not yet answered."""
        return self.phase is Phase.IDLE

    # Parts

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

    def _take_turn(self, exchange: Exchange) -> None:
        if self.answering is None and not self.is_write_paused:
            self._answer(exchange)
            return
        self.waiting.append(exchange)
        if self.answering is None:  # it does not read what it was answered: for as long as an idle connection lives
            self._enter(Phase.IDLE, self.core.limits.idle_timeout_s)
        if self.transport is not None:
            self.is_read_paused = True
            self.transport.pause_reading()

    def _answer(self, exchange: Exchange) -> None:
        self.answering = exchange
        self.phase = Phase.ANSWER
        exchange.begin()

    def _pump(self) -> None:
        # A loop, not a recursion: thousands of pipelined requests may be answered without a wait in between.
        self.is_pumping = True
        while self.waiting and self.answering is None and not self.is_closing and not self.is_write_paused:
            self._answer(self.waiting.popleft())
        self.is_pumping = False
        if self.waiting and self.answering is None and not self.is_closing:
            self._enter(Phase.IDLE, self.core.limits.idle_timeout_s)
        elif self.answering is None and not self.is_closing:
            self._resume_reading()
            self._await_request()

    def _await_request(self) -> None:
        limits = self.core.limits
        if self.exchange is not None:
            self._enter(Phase.BODY, limits.body_timeout_s)
        elif self.head is not None:
            self._enter(Phase.HEAD, limits.header_timeout_s)
        else:
            self._enter(Phase.IDLE, limits.idle_timeout_s)

    def _body_flows(self) -> bool:
        size = self.exchange.body_size if self.exchange is not None else 0
        is_fast = size - self.body_mark >= self.core.limits.body_timeout_s * self.core.limits.body_min_bytes_per_s
        self.body_mark = size
        return is_fast

    def _enter(self, phase: Phase, seconds: float) -> None:
        self.phase = phase
        self.deadline = monotonic() + seconds

    def _count_unsent(self, size: int) -> None:
        """What waits in the transport for a caller that is slow to read is held in memory like a body."""
        self.core.buffered += size - self.buffered
        self.buffered = size

    def _resume_reading(self) -> None:
        self.is_read_paused = False
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _close_gently(self) -> None:
        """Half-close, then wait a little for the caller: a reset could overtake the answer."""
        self._enter(Phase.CLOSING, self.core.limits.linger_s)
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        transport.resume_reading()
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()


def _reason(error: httptools.HttpParserError) -> str:
    return str(error).replace("`", "'") if not isinstance(error, httptools.HttpParserCallbackError) else "malformed"
