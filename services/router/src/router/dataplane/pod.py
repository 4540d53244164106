"""Connections to pods: raw HTTP/1.1 keep-alive, one request at a time on each, answers parsed by llhttp."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol, cast

import httptools

from router.dataplane.response import Response
from router.domain.table import Pod


class Waiter(Protocol):
    """Who waits for the answer."""

    def response_arrived(self, response: Response, chunks: list[bytes], *, is_last: bool) -> None:
        """Head and next pieces of the body; with `is_last` the answer is complete."""
        ...

    def pod_failed(self) -> None:
        """The pod's bytes are not an HTTP answer."""
        ...

    def pod_gone(self, *, before_first_byte: bool) -> None:
        """The connection ended before the answer did."""
        ...


class PodConnection(asyncio.Protocol):
    """One connection; in the pod's `idle` list whenever nothing is in flight on it."""

    __slots__ = (
        "chunks",
        "has_extra",
        "has_started",
        "idle_since",
        "is_complete",
        "is_reusable",
        "parser",
        "pod",
        "response",
        "transport",
        "waiter",
    )

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpResponseParser(self)
        self.waiter: Waiter | None = None
        self.response = Response()
        self.chunks: list[bytes] = []
        self.is_complete = False
        self.is_reusable = False
        self.has_started = False
        self.has_extra = False
        self.idle_since = 0.0

    def send(self, waiter: Waiter, request: bytes) -> None:
        """Send one whole request; `waiter` hears of its answer."""
        self.waiter = waiter
        self.response = Response()
        self.is_complete = self.is_reusable = self.has_started = False
        assert self.transport is not None
        self.transport.write(request)

    def cancel(self) -> None:
        """Nobody waits any more: HTTP/1.1 can say so only by closing."""
        self.waiter = None
        self.close()

    def close(self) -> None:
        """Close at once; what was not sent is dropped."""
        if self.transport is not None:
            self.transport.abort()

    def rest(self) -> None:
        """Nothing is in flight: wait in the pod's pool, if the pod is still one of ours."""
        if self.pod.is_retired or self.transport is None or self.transport.is_closing():
            self.close()
            return
        self.idle_since = asyncio.get_running_loop().time()
        self.pod.idle.append(self)

    def pause(self) -> None:
        """The caller reads slower than the pod writes."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume(self) -> None:
        """The caller has caught up."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast(asyncio.Transport, transport)
        set_nodelay(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes from the pod."""
        waiter = self.waiter
        if waiter is None:  # Nothing was asked: whatever this is, it must not become somebody's answer.
            self.close()
            return
        self.has_started = True
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_reusable = False
            if not self.is_complete:
                self.cancel()
                waiter.pod_failed()
                return
        self._pass_on(waiter)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by the pod, by us, or by the network."""
        self.transport = None
        if self in self.pod.idle:
            self.pod.idle.remove(self)
        waiter, self.waiter = self.waiter, None
        if waiter is None:
            return
        if exc is None and self.response.ends_with_connection:
            waiter.response_arrived(self.response, [], is_last=True)
        else:
            waiter.pod_gone(before_first_byte=not self.has_started)

    # httptools

    def on_message_begin(self) -> None:
        """A second answer on one request makes the connection useless."""
        if self.is_complete:
            self.has_extra = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self.response.add_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self.response.status = self.parser.get_status_code()
        self.response.has_head = not self.response.is_informational
        self.is_reusable = self.parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        """The answer is complete, or a 1xx that goes before it is."""
        if self.response.is_informational:
            self.response = Response()
        else:
            self.is_complete = True

    def _pass_on(self, waiter: Waiter) -> None:
        chunks, self.chunks = self.chunks, []
        if not self.is_complete:
            if self.response.has_head:
                waiter.response_arrived(self.response, chunks, is_last=False)
            return
        self.waiter = None
        if self.is_reusable and not self.has_extra:
            self.rest()
        else:
            self.close()
        waiter.response_arrived(self.response, chunks, is_last=True)


def set_nodelay(transport: asyncio.BaseTransport) -> None:
    """Send small writes at once.

    Said for every connection because asyncio says it only for sockets made with IPPROTO_TCP, and inherited ones are
    not: Nagle's algorithm then costs 44 ms a request.
    """
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
