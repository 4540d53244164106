"""The way back of one request: the answer to its caller, framed, and recorded before its last byte.

The order at the end is what the ledger rests on: the record is in the spool before the last piece of the answer is
handed to the caller's transport.
"""

from __future__ import annotations

from typing import Protocol

from router.dataplane.exchange import recording
from router.dataplane.exchange.context import Core
from router.dataplane.exchange.state import Known
from router.dataplane.http import refusals as answers
from router.dataplane.http.body import append_piece
from router.dataplane.http.refusals import Refusal
from router.dataplane.http.request_head import RequestHead
from router.dataplane.http.response_head import ResponseHead
from router.domain.load_balancing import note_success
from router.domain.outcome import MAX_LOGGED_BYTES
from router.domain.routes.entities import Pod


class Caller(Protocol):
    """What an exchange asks of the connection that its answer goes to."""

    deadline: float
    is_write_paused: bool

    def write(self, data: bytes) -> None:
        """Send a piece of the answer."""
        ...

    def abort(self) -> None:
        """Close at once: the answer cannot be completed."""
        ...

    def exchange_finished(self, exchange: Answering) -> None:
        """The answer is complete; the next one may follow."""
        ...


class Answering(Known):
    """What is written to the caller, by a pod or by the router itself."""

    def __init__(self, core: Core, caller: Caller, head: RequestHead) -> None:
        super().__init__(core, head)
        self.caller = caller

    def answered(self, head: ResponseHead, body: bytes) -> None:
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
        if self.core.is_draining:
            self.closes = True
        self.caller.write(
            b"%bX-Request-Id: %b\r\n%b%b%bContent-Length: %d\r\n%b\r\n%b"
            % (
                head.forward,
                self.request_id,
                version.header,
                pod.header,
                self._cors() if self.head.origin is not None else b"",
                self.sent_bytes,
                answers.SERVER_CLOSES if self.closes else b"",
                body,
            )
        )
        self._finish()

    def response_arrived(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> None:
        """Pass on what has come; the last piece only after the record is safe."""
        out = [] if self.response is not None else [self._start_answer(head)]
        if piece:
            self._keep(piece)
        pieces = self._framed(head, piece, is_last=is_last)
        if is_last:
            assert self.version is not None
            assert self.pod is not None
            self._pod_answered(self.pod)
            recording.record(self, self.version, head.status)
        out.extend(pieces)
        if out:
            self.caller.write(b"".join(out))
        if is_last:
            self._finish()

    def answer(self, refusal: Refusal) -> None:
        """Give the router's own answer."""
        kind = self.target.kind if self.target is not None else None
        body = b"" if refusal.status < 300 else refusal.body(self.request_id, kind)
        if self.version is not None:
            self._keep(body)
            recording.record(self, self.version, refusal.status)
        else:
            recording.count(self, refusal.status, len(body))
        self._say(refusal, body)

    def _fail(self, refusal: Refusal) -> None:
        if self.response is None:
            self.answer(refusal)
            return
        # The answer has begun: the only honest end is a connection that breaks off.
        assert self.version is not None
        recording.record(self, self.version, refusal.status, is_aborted=True)
        self._close_books()
        self.caller.abort()

    def _say(self, refusal: Refusal, body: bytes) -> None:
        self.closes = self.closes or refusal.closes or self.core.is_draining
        with_body = self.head.method != b"HEAD"
        self.caller.write(answers.render(refusal, body, self._identity(), with_body=with_body, closes=self.closes))
        self._finish()

    def _identity(self) -> bytes:
        version = self.version.header if self.version is not None else b""
        pod = self.pod.header if self.pod is not None else b""
        cors = self._cors() if self.head.origin is not None else b""
        return b"X-Request-Id: %b\r\n%b%b%b" % (self.request_id, version, pod, cors)

    def _cors(self) -> bytes:
        """Lines for a page of another origin."""
        policy = self.target.service.cors if self.target is not None else None
        return policy.answer(self.head.origin) if policy is not None and self.head.origin is not None else b""

    def _start_answer(self, head: ResponseHead) -> bytes:
        self.response = head
        chunks = not self.head.is_http_1_0
        self.closes = self.closes or self.core.is_draining or (head.has_unknown_length and not chunks)
        return head.head(self._identity(), chunks=chunks, closes=self.closes)

    def _framed(self, head: ResponseHead, piece: bytes, *, is_last: bool) -> list[bytes]:
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

    def _keep(self, piece: bytes) -> None:
        """Keep a piece of the answer for the record: up to a bound of its own, and to that of all bodies together."""
        self.sent_bytes += len(piece)
        if self.logged is None or self.is_answer_omitted:
            return
        core = self.core
        if self.sent_bytes <= MAX_LOGGED_BYTES and core.buffered + len(piece) <= core.limits.buffered_bytes:
            append_piece(self.logged, piece)
            self.logged_bytes += len(piece)
            core.buffered += len(piece)
        else:
            self.is_answer_omitted = True
            core.buffered -= self.logged_bytes
            self.logged_bytes = 0
            self.logged = []

    def _finish(self) -> None:
        self._close_books()
        self.caller.exchange_finished(self)

    def _pod_answered(self, pod: Pod) -> None:
        if pod.failures or pod.ejections:
            note_success(pod)
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
        self.core.in_flight -= 1
        if self.core.held and self.version is not None:
            self.core.held.release(self.version.id)

    def _close_books(self) -> None:
        self.is_finished = True
        if self.unknown is not None:
            self._leave_unknown()
            self.core.held.release(self.held_by)  # nothing is kept of a key or a name that nobody knows
        self.core.buffered -= self.body_size + self.logged_bytes
        self.body = []
        self.body_size = self.logged_bytes = 0

    def _leave_unknown(self) -> None:
        if self.unknown is not None:
            self.core.unknown[self.unknown] -= 1
            self.unknown = None
