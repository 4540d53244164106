"""The way back of one request: the answer to its caller, framed, and recorded before its last byte.

The order at the end is what the ledger rests on: the record is in the spool before the last piece of the answer is
handed to the caller's transport.
"""

from __future__ import annotations

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


class ClientConnection(Protocol):
    """What an exchange asks of the connection that its answer goes to."""

    deadline: float
    is_write_paused: bool

    def write(self, data: bytes) -> None:
        """Send a piece of the answer."""
        ...

    def abort(self) -> None:
        """Close at once: the answer cannot be completed."""
        ...

    def exchange_finished(self, exchange: ExchangeResponder) -> None:
        """The answer is complete; the next one may follow."""
        ...


class ExchangeResponder(ExchangeState):
    """What is written to the caller, by a pod or by the router itself."""

    def __init__(self, context: DataPlaneContext, client: ClientConnection, head: RequestHead) -> None:
        super().__init__(context, head)
        self.client = client

    def response_received(self, head: ResponseHead, body: bytes) -> None:
        """The whole answer came at once, with a length: the usual case."""
        version, pod = self.version, self.pod
        assert version is not None
        assert pod is not None
        self.response = head
        self._pod_answered(pod)
        self.sent_bytes = len(body)
        if self.logged is not None and self.sent_bytes <= MAX_LOGGED_BYTES:
            self.logged = [body]
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
                self._cors_headers() if self.head.origin is not None else b"",
                self.sent_bytes,
                refusals.CONNECTION_CLOSE if self.closes else b"",
                body,
            )
        )
        self._finish()

    def response_piece_received(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> None:
        """Pass on what has come; the last piece only after the record is safe."""
        out = [] if self.response is not None else [self._start_answer(head)]
        if piece:
            self._keep_for_record(piece)
        pieces = self._frame(head, piece, is_last=is_last)
        if is_last:
            assert self.version is not None
            assert self.pod is not None
            self._pod_answered(self.pod)
            recording.record(self, self.version, head.status)
        out.extend(pieces)
        if out:
            self.client.write(b"".join(out))
        if is_last:
            self._finish()

    def answer(self, refusal: Refusal) -> None:
        """Give the router's own answer."""
        kind = self.target.kind if self.target is not None else None
        body = b"" if refusal.status < 300 else refusal.body(self.request_id, kind)
        if self.version is not None:
            self._keep_for_record(body)
            recording.record(self, self.version, refusal.status)
        else:
            recording.count(self, refusal.status, len(body))
        self._write_refusal(refusal, body)

    def _fail(self, refusal: Refusal) -> None:
        if self.response is None:
            self.answer(refusal)
            return
        # The answer has begun: the only honest end is a connection that breaks off.
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
        cors = self._cors_headers() if self.head.origin is not None else b""
        return b"X-Request-Id: %b\r\n%b%b%b" % (self.request_id, version, pod, cors)

    def _cors_headers(self) -> bytes:
        """Lines for a page of another origin."""
        policy = self.target.service.cors if self.target is not None else None
        return policy.answer(self.head.origin) if policy is not None and self.head.origin is not None else b""

    def _start_answer(self, head: ResponseHead) -> bytes:
        self.response = head
        chunks = not self.head.is_http_1_0
        self.closes = self.closes or self.context.is_draining or (head.has_unknown_length and not chunks)
        return head.head(self._identity_headers(), chunks=chunks, closes=self.closes)

    def _frame(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> list[bytes]:
        if not head.has_unknown_length:
            return [piece]
        if self.head.is_http_1_0:
            return self._hold_back_last(piece, is_last=is_last)
        framed = [b"%x\r\n" % len(piece), piece, b"\r\n"] if piece else []
        if is_last:
            framed.append(b"0\r\n\r\n")
        return framed

    def _hold_back_last(self, piece: bytes, *, is_last: bool) -> list[bytes]:
        # No length and no chunks: the caller cannot tell the last piece from others, so it waits for the record.
        pieces = [each for each in (self.held_back, piece) if each]
        self.held_back = None if is_last or not pieces else pieces.pop()
        return pieces

    def _keep_for_record(self, piece: bytes) -> None:
        """Keep a piece of the answer for the record: up to a bound of its own, and to that of all bodies together."""
        self.sent_bytes += len(piece)
        if self.logged is None or self.is_answer_omitted:
            return
        context = self.context
        if self.sent_bytes <= MAX_LOGGED_BYTES and context.buffered + len(piece) <= context.limits.buffered_bytes:
            append_body_piece(self.logged, piece)
            self.logged_bytes += len(piece)
            context.buffered += len(piece)
        else:
            self.is_answer_omitted = True
            context.buffered -= self.logged_bytes
            self.logged_bytes = 0
            self.logged = []

    def _finish(self) -> None:
        self._release()
        self.client.exchange_finished(self)

    def _pod_answered(self, pod: RoutedPod) -> None:
        if pod.failures or pod.ejections:
            record_success(pod)
        self._leave_pod()

    def _leave_pod(self) -> None:
        """Nothing is in flight at the pod any more."""
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
            self.context.hold_queue.release(self.hold_key)  # nothing is kept of a key or a name that nobody knows
        self.context.buffered -= self.body_size + self.logged_bytes
        self.body = []
        self.body_size = self.logged_bytes = 0

    def _clear_unknown(self) -> None:
        if self.unknown is not None:
            self.context.unknown[self.unknown] -= 1
            self.unknown = None
