"""Connections to pods: raw HTTP/1.1 keep-alive, one request at a time on each."""

from __future__ import annotations

import asyncio
import socket
from time import monotonic
from typing import Protocol, cast

from router.dataplane.http.head_cache import SeenHeads
from router.dataplane.http.response_head import ResponseHead
from router.dataplane.pods.response_parser import AnswerParser, InvalidAnswer
from router.domain.routes.entities import Pod


class Waiter(Protocol):
    """Who waits for the answer."""

    def answered(self, head: ResponseHead, body: bytes) -> None:
        """The whole answer, with a length, came at once."""
        ...

    def response_arrived(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> None:
        """Head and next piece of the body; with `is_last` the answer is complete."""
        ...

    def pod_failed(self) -> None:
        """The pod's bytes are not an HTTP answer."""
        ...

    def pod_gone(self, *, before_first_byte: bool) -> None:
        """The connection ended before the answer did."""
        ...


class PodConnection(asyncio.Protocol):
    """One connection; in the pod's `idle` list whenever nothing is in flight on it."""

    __slots__ = ("has_started", "idle_since", "is_head", "parser", "pod", "seen", "transport", "waiter")

    def __init__(self, pod: Pod, seen: SeenHeads[ResponseHead]) -> None:
        self.pod = pod
        self.seen = seen
        self.transport: asyncio.Transport | None = None
        self.parser = AnswerParser()
        self.waiter: Waiter | None = None
        self.is_head = False
        self.has_started = False
        self.idle_since = 0.0

    def send(self, waiter: Waiter, request: bytes, *, is_head: bool = False) -> None:
        """Send one whole request; `waiter` hears of its answer. `is_head`: its method is HEAD."""
        self.waiter = waiter
        self.is_head = is_head
        self.has_started = False
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
        self.idle_since = monotonic()
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
        is_first, self.has_started = not self.has_started, True
        if is_first:
            if not self.is_head and (known := self.seen.find(data)) is not None:
                self.waiter = None
                self.rest()
                waiter.answered(known[0], data[known[1] :])
                return
            self.parser.expect(is_head=self.is_head)
        try:
            self.parser.feed(data)
        except InvalidAnswer:
            self.cancel()
            waiter.pod_failed()
            return
        self._pass_on(waiter, data if is_first else None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by the pod, by us, or by the network."""
        self.transport = None
        if self in self.pod.idle:
            self.pod.idle.remove(self)
        waiter, self.waiter = self.waiter, None
        if waiter is None:
            return
        head = self.parser.head if self.has_started else None
        if exc is None and head is not None and head.ends_with_connection:
            waiter.response_arrived(head, b"", is_last=True)
        else:
            waiter.pod_gone(before_first_byte=not self.has_started)

    def _pass_on(self, waiter: Waiter, whole: bytes | None) -> None:
        """Give what has come to the waiter; `whole`: everything since the request was sent."""
        parser, head = self.parser, self.parser.head
        if head is None or not head.has_head:
            return
        if not parser.is_complete:
            waiter.response_arrived(head, parser.take(), is_last=False)
            return
        self.waiter = None
        # An answer to HEAD has a length without a body: llhttp waits for it, so that the connection ends here.
        if head.is_reusable and not parser.has_extra and not head.is_head_only:
            if whole is not None and head.is_plain:
                self.seen.keep(whole, head)
            self.rest()
        else:
            self.close()
        waiter.response_arrived(head, parser.take(), is_last=True)


def set_nodelay(transport: asyncio.BaseTransport) -> None:
    """Send small writes at once.

    Said for every connection because asyncio says it only for sockets made with IPPROTO_TCP, and inherited ones are
    not: Nagle's algorithm then costs 44 ms a request.
    """
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
