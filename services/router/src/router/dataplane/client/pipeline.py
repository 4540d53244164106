"""Requests of one connection in their order: one is answered, pipelined ones wait (RFC 9112, 9.3.2)."""

from __future__ import annotations

from collections import deque
from time import monotonic

from router.dataplane.client.phase import Phase
from router.dataplane.client.transport import ClientTransport
from router.dataplane.exchange.context import DataPlaneContext
from router.dataplane.exchange.exchange import Exchange
from router.dataplane.exchange.responding import ExchangeResponder
from router.dataplane.http.request_head import RequestHead


class RequestPipeline(ClientTransport):
    """The exchange that is being answered, those that wait behind it, and the one that is being read."""

    __slots__ = ("active", "exchange", "head", "is_answering_pipelined", "is_at_message_start", "pipelined")

    def __init__(self, context: DataPlaneContext) -> None:
        super().__init__(context)
        self.head: RequestHead | None = None
        self.exchange: Exchange | None = None
        self.active: Exchange | None = None
        self.pipelined: deque[Exchange] = deque()
        self.is_answering_pipelined = False
        self.is_at_message_start = True
        """The bytes read so far end with a complete message."""

    def pause_writing(self) -> None:
        """The client reads slower than its response arrives: stop reading from the pod."""
        self.is_write_paused = True
        if self.transport is not None:
            self._set_unsent_bytes(self.transport.get_write_buffer_size())
        if self.active is not None and self.active.connection is not None:
            self.active.connection.pause()

    def resume_writing(self) -> None:
        """The write buffer is below its low-water mark again."""
        self.is_write_paused = False
        self._set_unsent_bytes(0)
        if self.active is None:
            if self.pipelined and not self.is_answering_pipelined:
                self._answer_pipelined()
        elif self.active.connection is not None:
            self.active.connection.resume()

    def exchange_finished(self, exchange: ExchangeResponder) -> None:
        """The response is complete: start the next request, or close."""
        if self.active is not exchange:
            return
        self.active = None
        if exchange.closes:
            self._close_gracefully()
        elif self.is_at_message_start and not self.is_read_paused and not self.pipelined:
            self.phase = Phase.IDLE
            self.deadline = monotonic() + self.context.limits.idle_timeout_s
        elif not self.is_answering_pipelined:
            self._answer_pipelined()

    def _enqueue(self, exchange: Exchange) -> None:
        if self.active is None and not self.is_write_paused:
            self._start(exchange)
            return
        self.pipelined.append(exchange)
        if self.active is None:  # the client does not read its responses: the idle timeout applies
            self._enter_phase(Phase.IDLE, self.context.limits.idle_timeout_s)
        if self.transport is not None:
            self.is_read_paused = True
            self.transport.pause_reading()

    def _start(self, exchange: Exchange) -> None:
        self.active = exchange
        self.phase = Phase.ANSWER
        exchange.begin()

    def _answer_pipelined(self) -> None:
        # A loop, not a recursion: thousands of pipelined requests may be answered without a wait in between.
        self.is_answering_pipelined = True
        while self.pipelined and self.active is None and not self.is_closing and not self.is_write_paused:
            self._start(self.pipelined.popleft())
        self.is_answering_pipelined = False
        if self.pipelined and self.active is None and not self.is_closing:
            self._enter_phase(Phase.IDLE, self.context.limits.idle_timeout_s)
        elif self.active is None and not self.is_closing:
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
