"""Connections to pods: raw HTTP/1.1 keep-alive, one request at a time on each."""

from __future__ import annotations

import asyncio
import socket
from time import monotonic
from typing import Protocol, cast

from router.dataplane.http.head_cache import HeadCache
from router.dataplane.http.response_head import ResponseHead
from router.dataplane.pods.response_parser import InvalidResponse, ResponseParser
from router.domain.routes.entities import RoutedPod


class ResponseListener(Protocol):
    """Receives the response."""

    def response_received(self, head: ResponseHead, body: bytes) -> None:
        """The whole response, with a length, came in one read."""
        ...

    def response_piece_received(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> None:
        """Head and next piece of the body; with `is_last` the response is complete."""
        ...

    def invalid_response_received(self) -> None:
        """The pod's bytes are not a valid HTTP response."""
        ...

    def pod_connection_lost(self, *, before_first_byte: bool) -> None:
        """The connection was closed before the response was complete."""
        ...


class PodConnection(asyncio.Protocol):
    """One connection; in the pod's `idle` list whenever nothing is in flight on it."""

    __slots__ = ("has_started", "head_cache", "idle_since", "is_head", "listener", "parser", "pod", "transport")

    def __init__(self, pod: RoutedPod, head_cache: HeadCache[ResponseHead]) -> None:
        self.pod = pod
        self.head_cache = head_cache
        self.transport: asyncio.Transport | None = None
        self.parser = ResponseParser()
        self.listener: ResponseListener | None = None
        self.is_head = False
        self.has_started = False
        self.idle_since = 0.0

    def send(self, listener: ResponseListener, request: bytes, *, is_head: bool = False) -> None:
        """Send one whole request; `listener` receives its response. `is_head`: its method is HEAD."""
        self.listener = listener
        self.is_head = is_head
        self.has_started = False
        assert self.transport is not None
        self.transport.write(request)

    def cancel(self) -> None:
        """The response is not needed any more: HTTP/1.1 can say so only by closing."""
        self.listener = None
        self.close()

    def close(self) -> None:
        """Close at once; what was not sent is dropped."""
        if self.transport is not None:
            self.transport.abort()

    def return_to_pool(self) -> None:
        """Nothing is in flight: go to the pod's pool, or close where the pod has left the routes."""
        if self.pod.is_retired or self.transport is None or self.transport.is_closing():
            self.close()
            return
        self.idle_since = monotonic()
        self.pod.idle.append(self)

    def pause(self) -> None:
        """The client reads slower than the pod writes."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume(self) -> None:
        """The client has caught up."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast(asyncio.Transport, transport)
        set_nodelay(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes from the pod."""
        listener = self.listener
        if listener is None:  # No request is in flight: these bytes must not become the response to a later one.
            self.close()
            return
        is_first, self.has_started = not self.has_started, True
        if is_first:
            if not self.is_head and (cached := self.head_cache.find(data)) is not None:
                self.listener = None
                self.return_to_pool()
                listener.response_received(cached[0], data[cached[1] :])
                return
            self.parser.expect(is_head=self.is_head)
        try:
            self.parser.feed(data)
        except InvalidResponse:
            self.cancel()
            listener.invalid_response_received()
            return
        self._deliver(listener, data if is_first else None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by the pod, by the router, or by the network."""
        self.transport = None
        if self in self.pod.idle:
            self.pod.idle.remove(self)
        listener, self.listener = self.listener, None
        if listener is None:
            return
        head = self.parser.head if self.has_started else None
        if exc is None and head is not None and head.ends_with_connection:
            listener.response_piece_received(head, b"", is_last=True)
        else:
            listener.pod_connection_lost(before_first_byte=not self.has_started)

    def _deliver(self, listener: ResponseListener, whole: bytes | None) -> None:
        """Give what has come to the listener; `whole`: everything since the request was sent."""
        parser, head = self.parser, self.parser.head
        if head is None or not head.has_head:
            return
        if not parser.is_complete:
            listener.response_piece_received(head, parser.take_body(), is_last=False)
            return
        self.listener = None
        # A response to HEAD has a length without a body: llhttp waits for it, so that the connection ends here.
        if head.is_reusable and not parser.has_extra and not head.is_head_only:
            if whole is not None and head.is_plain:
                self.head_cache.add(whole, head)
            self.return_to_pool()
        else:
            self.close()
        listener.response_piece_received(head, parser.take_body(), is_last=True)


def set_nodelay(transport: asyncio.BaseTransport) -> None:
    """Send small writes at once.

    Set for every connection because asyncio sets it only for sockets made with IPPROTO_TCP, and inherited ones are
    not: Nagle's algorithm then costs 44 ms a request.
    """
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
