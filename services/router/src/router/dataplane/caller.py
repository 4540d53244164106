"""A caller's connection: requests parsed by llhttp, answered one after the other, each limit of time and size kept."""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum
from typing import Protocol, cast

import httptools

from router.dataplane import answers
from router.dataplane.admission import admit, expects_continue
from router.dataplane.answers import Refusal
from router.dataplane.core import Core
from router.dataplane.exchange import Exchange
from router.dataplane.pod import set_nodelay
from router.dataplane.request import Request


class Phase(Enum):
    """What the connection's deadline is about."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    CLOSING = "closing"


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
        "answering",
        "body_mark",
        "core",
        "deadline",
        "exchange",
        "has_progressed",
        "is_pumping",
        "is_write_paused",
        "loop",
        "offered",
        "parser",
        "phase",
        "registry",
        "request",
        "request_offered",
        "transport",
        "unparsed",
        "waiting",
    )

    def __init__(self, core: Core, registry: Registry) -> None:
        self.core = core
        self.registry = registry
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpRequestParser(self)
        self.request: Request | None = None
        self.offered: Request | None = None
        self.request_offered: Request | None = None
        self.exchange: Exchange | None = None
        self.answering: Exchange | None = None
        self.waiting: deque[Exchange] = deque()
        self.phase = Phase.IDLE
        self.deadline = self.loop.time() + core.limits.header_timeout_s
        self.unparsed = 0
        self.body_mark = 0
        self.is_write_paused = False
        self.is_pumping = False
        self.has_progressed = False

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
        abandoned = [self.answering, *self.waiting, self.exchange]
        self.answering = self.exchange = self.request = None
        self.waiting.clear()
        for exchange in abandoned:
            if exchange is not None:
                exchange.caller_gone()

    def data_received(self, data: bytes) -> None:
        """Bytes from the caller."""
        if self.is_closing:
            return
        if self.phase is Phase.IDLE:
            self._enter(Phase.HEAD, self.core.limits.header_timeout_s)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            if not self.is_closing and not self._will_close():
                self._refuse_now(answers.bad_request(f"Not a valid HTTP request: {_reason(error)}."))

    def pause_writing(self) -> None:
        """The caller reads slower than its answer comes."""
        self.is_write_paused = True
        if self.answering is not None and self.answering.connection is not None:
            self.answering.connection.pause()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.is_write_paused = False
        if self.answering is not None and self.answering.connection is not None:
            self.answering.connection.resume()

    # httptools

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.request = self.offered or Request(self.core.limits)
        self.exchange = None

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        if self.request is not None and self.offered is None:
            self.request.add_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self.request is not None and self.offered is None:
            self.request.add_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: decide whether the body is wanted."""
        request = self.request
        if request is None or self.is_closing:
            return
        request.has_head = self.has_progressed = True
        method = self.parser.get_method()
        if self.parser.should_upgrade() and method != b"CONNECT":
            self.request_offered = request
            return
        self.unparsed = 0
        self.body_mark = 0
        version = self.parser.get_http_version()
        exchange = Exchange(
            self.core, self, request, is_http_1_0=version == "1.0", closes=not self.parser.should_keep_alive()
        )
        self.exchange = exchange
        exchange.is_head = method == b"HEAD"
        refusal = request.check_head(version) or admit(self.core, exchange, method)
        if refusal is not None:
            self._refuse(exchange, refusal)
        elif request.expect is not None and self.answering is None:
            self.write(expects_continue(request))
        if self.answering is None and not self.is_closing:
            self._enter(Phase.BODY, self.core.limits.body_timeout_s)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        exchange = self.exchange
        if exchange is None or exchange.refusal is not None or exchange.target is None:
            return
        request = exchange.request
        request.body.append(body)
        request.body_size += len(body)
        self.core.buffered += len(body)
        if request.body_size > exchange.target.service.max_body_bytes:
            self._refuse(exchange, answers.too_large(exchange.target.service.max_body_bytes))
        elif self.core.buffered > self.core.limits.buffered_bytes:
            self._refuse(exchange, answers.OVERLOADED)

    def on_message_complete(self) -> None:
        """The request is complete: answer it, or let it wait its turn."""
        exchange, self.exchange, self.request = self.exchange, None, None
        if exchange is None or self.is_closing:
            return
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

    def exchange_finished(self, exchange: Exchange) -> None:
        """Its last byte is on its way: next, or close."""
        if self.answering is not exchange:
            return
        self.answering = None
        if exchange.closes:
            self._close_gently()
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

    def _feed(self, data: bytes) -> None:
        self.has_progressed = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
            return
        if self.phase is Phase.HEAD or (self.request is not None and not self.request.has_head):
            self._check_unfinished_head(len(data))

    def _check_unfinished_head(self, more: int) -> None:
        """llhttp knows no limits; what has not become a whole head yet is counted here."""
        self.unparsed = 0 if self.has_progressed else self.unparsed + more
        if self.request is not None and self.request.fault is not None:
            self._refuse_now(self.request.fault)
        elif self.unparsed > self.core.limits.header_bytes + self.core.limits.url_bytes:
            self._refuse_now(answers.HEADERS_TOO_LARGE)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Answer a request that offers another protocol (`Upgrade: h2c`) as the plain one that it also is.

        llhttp ends a message at its head when it sees the offer, so that a fresh parser is given the head's framing
        alone, then the body; everything else of the head was read the first time.
        """
        offered = self.offered = self.request_offered
        if offered is None or self.is_closing or self._will_close():
            return
        method = self.parser.get_method()
        self.parser = httptools.HttpRequestParser(self)
        self._feed(offered.framing(method))
        self.offered = self.request_offered = None
        self._feed(rest)

    def _will_close(self) -> bool:
        """Whether what is being answered ends the connection: bytes after it are nobody's."""
        last = self.waiting[-1] if self.waiting else self.answering
        return last is not None and last.closes

    def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        exchange.refusal = refusal
        request = exchange.request
        is_short = not request.is_chunked and request.content_length <= self.core.limits.discarded_body_bytes
        if refusal.closes or (request.has_body and (request.expect is not None or not is_short)):
            exchange.closes = True
            self.exchange = self.request = None
            self._take_turn(exchange)

    def _refuse_now(self, refusal: Refusal) -> None:
        """Something is wrong with the connection itself: the last answer on it."""
        request = self.request or Request(self.core.limits)
        exchange = self.exchange or Exchange(self.core, self, request, is_http_1_0=False, closes=True)
        exchange.refusal = refusal
        exchange.closes = True
        self.exchange = self.request = None
        self._take_turn(exchange)

    def _take_turn(self, exchange: Exchange) -> None:
        if self.answering is None:
            self._answer(exchange)
            return
        self.waiting.append(exchange)
        if self.transport is not None:
            self.transport.pause_reading()

    def _answer(self, exchange: Exchange) -> None:
        self.answering = exchange
        self.phase = Phase.ANSWER
        exchange.begin()

    def _pump(self) -> None:
        # A loop, not a recursion: thousands of pipelined requests may be answered without a wait in between.
        self.is_pumping = True
        while self.waiting and self.answering is None and not self.is_closing:
            self._answer(self.waiting.popleft())
        self.is_pumping = False
        if self.answering is None and not self.is_closing:
            self._resume_reading()
            self._await_request()

    def _await_request(self) -> None:
        limits = self.core.limits
        if self.exchange is not None:
            self._enter(Phase.BODY, limits.body_timeout_s)
        elif self.request is not None:
            self._enter(Phase.HEAD, limits.header_timeout_s)
        else:
            self._enter(Phase.IDLE, limits.idle_timeout_s)

    def _body_flows(self) -> bool:
        size = self.exchange.request.body_size if self.exchange is not None else 0
        is_fast = size - self.body_mark >= self.core.limits.body_timeout_s * self.core.limits.body_min_bytes_per_s
        self.body_mark = size
        return is_fast

    def _enter(self, phase: Phase, seconds: float) -> None:
        self.phase = phase
        self.deadline = self.loop.time() + seconds

    def _resume_reading(self) -> None:
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
