"""Requests of one connection in their order: one is answered, pipelined ones wait (RFC 9112, 9.3.2)."""

from __future__ import annotations

from collections import deque
from time import monotonic

from router.dataplane.client.phase import Phase
from router.dataplane.client.transport import ClientTransport
from router.dataplane.exchange.answering import ExchangeResponder
from router.dataplane.exchange.context import DataPlaneContext
from router.dataplane.exchange.exchange import Exchange
from router.dataplane.http.request_head import RequestHead


class RequestPipeline(ClientTransport):
    """The exchange that is being answered, those that wait behind it, and the one that is being read."""

    __slots__ = ("answering", "exchange", "head", "is_between", "is_pumping", "waiting")

    def __init__(self, context: DataPlaneContext) -> None:
        super().__init__(context)
        self.head: RequestHead | None = None
        self.exchange: Exchange | None = None
        self.answering: Exchange | None = None
        self.waiting: deque[Exchange] = deque()
        self.is_pumping = False
        self.is_between = True
        """Whatever was read so far ended with the end of a message."""

    def pause_writing(self) -> None:
        """The caller reads slower than its answer comes."""
        self.is_write_paused = True
        if self.transport is not None:
            self._set_unsent_bytes(self.transport.get_write_buffer_size())
        if self.answering is not None and self.answering.connection is not None:
            self.answering.connection.pause()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.is_write_paused = False
        self._set_unsent_bytes(0)
        if self.answering is None:
            if self.waiting and not self.is_pumping:
                self._answer_pipelined()
        elif self.answering.connection is not None:
            self.answering.connection.resume()

    def exchange_finished(self, exchange: ExchangeResponder) -> None:
        """Its last byte is on its way: next, or close."""
        if self.answering is not exchange:
            return
        self.answering = None
        if exchange.closes:
            self._close_gracefully()
        elif self.is_between and not self.is_read_paused and not self.waiting:
            self.phase = Phase.IDLE
            self.deadline = monotonic() + self.context.limits.idle_timeout_s
        elif not self.is_pumping:
            self._answer_pipelined()

    def _enqueue(self, exchange: Exchange) -> None:
        if self.answering is None and not self.is_write_paused:
            self._answer(exchange)
            return
        self.waiting.append(exchange)
        if self.answering is None:  # it does not read what it was answered: for as long as an idle connection lives
            self._enter_phase(Phase.IDLE, self.context.limits.idle_timeout_s)
        if self.transport is not None:
            self.is_read_paused = True
            self.transport.pause_reading()

    def _answer(self, exchange: Exchange) -> None:
        self.answering = exchange
        self.phase = Phase.ANSWER
        exchange.begin()

    def _answer_pipelined(self) -> None:
        # A loop, not a recursion: thousands of pipelined requests may be answered without a wait in between.
        self.is_pumping = True
        while self.waiting and self.answering is None and not self.is_closing and not self.is_write_paused:
            self._answer(self.waiting.popleft())
        self.is_pumping = False
        if self.waiting and self.answering is None and not self.is_closing:
            self._enter_phase(Phase.IDLE, self.context.limits.idle_timeout_s)
        elif self.answering is None and not self.is_closing:
            self._resume_reading()
            self._await_request()

    def _await_request(self) -> None:
        limits = self.context.limits
        if self.exchange is not None:
            self._enter_phase(Phase.BODY, limits.body_timeout_s)
        elif self.head is not None:
            self._enter_phase(Phase.HEAD, limits.header_timeout_s)
        else:
            self._enter_phase(Phase.IDLE, limits.idle_timeout_s)
