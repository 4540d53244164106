"""The response to the client: framed, and recorded before its last byte.

The record is in the spool before the last piece of the response is written to the client's transport: so every
response that a client has is logged, or counted as dropped with a reason.
"""

from __future__ import annotations

from time import monotonic
from typing import Protocol

from router.dataplane.exchange import recording
from router.dataplane.exchange.context import DataPlaneContext
from router.dataplane.exchange.state import ExchangeState
from router.dataplane.http import refusals
from router.dataplane.http.body import append_body_piece
from router.dataplane.http.refusals import Refusal
from router.dataplane.http.request_head import RequestHead
from router.dataplane.http.response_head import ResponseHead
from router.domain.load_balancing import record_success
from router.domain.outcome import MAX_LOGGED_BYTES
from router.domain.routes.entities import RoutedPod


class ClientPort(Protocol):
    """The connection that a response is written to."""

    deadline: float
    is_write_paused: bool

    def write(self, data: bytes) -> None:
        """Send a piece of the response."""
        ...

    def abort(self) -> None:
        """Close at once: the response cannot be completed."""
        ...

    def exchange_finished(self, exchange: ExchangeResponder) -> None:
        """The response is complete; the next request may start."""
        ...


class ExchangeResponder(ExchangeState):
    """Writes the response of a pod, or the router's own."""

    def __init__(self, context: DataPlaneContext, client: ClientPort, head: RequestHead) -> None:
        super().__init__(context, head)
        self.client = client

    def response_received(self, head: ResponseHead, body: bytes) -> None:
        """The whole response came in one read, with a length: the usual case."""
        version, pod = self.version, self.pod
        assert version is not None
        assert pod is not None
        self.response = head
        self._response_complete(pod)
        self.sent_bytes = len(body)
        if self.recorded_response is not None and self.sent_bytes <= MAX_LOGGED_BYTES:
            self.recorded_response = [body]
        recording.record(self, version, head.status)
        if self.context.is_draining:
            self.closes = True
        self.client.write(
            b"%bX-Request-Id: %b\r\n%b%b%bContent-Length: %d\r\n%b\r\n%b"
            % (
                head.forward,
                self.request_id,
                version.header,
                pod.header,
                self._further_headers() if self.head.origin is not None or self.is_debug else b"",
                self.sent_bytes,
                refusals.CONNECTION_CLOSE if self.closes else b"",
                body,
            )
        )
        self._finish()

    def response_piece_received(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> None:
        """Write a piece; the last one only after the record is in the spool."""
        out = [] if self.response is not None else [self._start_response(head)]
        if piece:
            self._keep_for_record(piece)
        pieces = self._frame(head, piece, is_last=is_last)
        if is_last:
            assert self.version is not None
            assert self.pod is not None
            self._response_complete(self.pod)
            recording.record(self, self.version, head.status)
        out.extend(pieces)
        if out:
            self.client.write(b"".join(out))
        if is_last:
            self._finish()

    def respond(self, refusal: Refusal) -> None:
        """Write the router's own response."""
        kind = self.target.kind if self.target is not None else None
        body = b"" if refusal.status < 300 else refusal.body(self.request_id, kind)
        if self.version is not None:
            self._keep_for_record(body)
            recording.record(self, self.version, refusal.status)
        else:
            recording.count(self, refusal.status, len(body))
        self._write_refusal(refusal, body)

    def _fail_response(self, refusal: Refusal) -> None:
        if self.response is None:
            self.respond(refusal)
            return
        # The response has begun: closing the connection is the only way to tell the client that it is incomplete.
        assert self.version is not None
        recording.record(self, self.version, refusal.status, is_aborted=True)
        self._release()
        self.client.abort()

    def _write_refusal(self, refusal: Refusal, body: bytes) -> None:
        self.closes = self.closes or refusal.closes or self.context.is_draining
        with_body = self.head.method != b"HEAD"
        self.client.write(
            refusals.render(refusal, body, self._identity_headers(), with_body=with_body, closes=self.closes)
        )
        self._finish()

    def _identity_headers(self) -> bytes:
        version = self.version.header if self.version is not None else b""
        pod = self.pod.header if self.pod is not None else b""
        return b"X-Request-Id: %b\r\n%b%b%b" % (self.request_id, version, pod, self._further_headers())

    def _further_headers(self) -> bytes:
        """Header lines that few responses have."""
        return self._cors_headers() + self._timings_header() if self.is_debug else self._cors_headers()

    def _timings_header(self) -> bytes:
        """Where the time of a debug request went: the router's own milliseconds, and what the pod said of its own."""
        now = monotonic()
        at_pod = now - self.sent_at if self.sent_at else 0.0
        of_pod = b", " + self.response.timings if self.response is not None and self.response.timings else b""
        return b"X-Penstock-Timings: router;dur=%.3f%b\r\n" % ((now - self.started - at_pod) * 1000, of_pod)

    def _cors_headers(self) -> bytes:
        """Cross-origin header lines."""
        policy = self.target.service.cors if self.target is not None else None
        return policy.response_lines(self.head.origin) if policy is not None and self.head.origin is not None else b""

    def _start_response(self, head: ResponseHead) -> bytes:
        self.response = head
        chunks = not self.head.is_http_1_0
        self.closes = self.closes or self.context.is_draining or (head.has_unknown_length and not chunks)
        return head.head(self._identity_headers(), chunks=chunks, closes=self.closes)

    def _frame(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> list[bytes]:
        if not head.has_unknown_length:
            return [piece]
        if self.head.is_http_1_0:
            return self._delay_last_piece(piece, is_last=is_last)
        framed = [b"%x\r\n" % len(piece), piece, b"\r\n"] if piece else []
        if is_last:
            framed.append(b"0\r\n\r\n")
        return framed

    def _delay_last_piece(self, piece: bytes, *, is_last: bool) -> list[bytes]:
        # No length and no chunks: each piece may be the last, so one is kept back until the record is written.
        pieces = [each for each in (self.delayed_piece, piece) if each]
        self.delayed_piece = None if is_last or not pieces else pieces.pop()
        return pieces

    def _keep_for_record(self, piece: bytes) -> None:
        """Keep a piece of the response for the record, within `MAX_LOGGED_BYTES` and `buffered_bytes` of all bodies."""
        self.sent_bytes += len(piece)
        if self.recorded_response is None or self.is_response_omitted:
            return
        context = self.context
        if self.sent_bytes <= MAX_LOGGED_BYTES and context.buffered + len(piece) <= context.limits.buffered_bytes:
            append_body_piece(self.recorded_response, piece)
            self.recorded_bytes += len(piece)
            context.buffered += len(piece)
        else:
            self.is_response_omitted = True
            context.buffered -= self.recorded_bytes
            self.recorded_bytes = 0
            self.recorded_response = []

    def _finish(self) -> None:
        self._release()
        self.client.exchange_finished(self)

    def _response_complete(self, pod: RoutedPod) -> None:
        if pod.failures or pod.ejections:
            record_success(pod)
        self._leave_pod()

    def _leave_pod(self) -> None:
        """The request is not in flight at the pod any more: others that are held may use its place."""
        self.connection = None
        pod = self.pod
        if pod is None or not self.is_at_pod:
            return
        self.is_at_pod = False
        pod.outstanding -= 1
        pod.tally.in_flight -= 1
        self.context.in_flight -= 1
        if self.context.hold_queue and self.version is not None:
            self.context.hold_queue.release(self.version.id)

    def _release(self) -> None:
        self.is_finished = True
        if self.unknown is not None:
            self._clear_unknown()
            self.context.hold_queue.release(self.hold_key)  # an empty queue of an unknown name is removed
        self.context.buffered -= self.body_size + self.recorded_bytes
        self.body = []
        self.body_size = self.recorded_bytes = 0

    def _clear_unknown(self) -> None:
        if self.unknown is not None:
            self.context.unknown[self.unknown] -= 1
            self.unknown = None
