"""One request from admission to its last byte: admitted, given to a version and a pod, answered, recorded.

Callbacks only, so that nothing is scheduled per request. The order at the end is what the ledger rests on: the record
is in the spool before the last piece of the answer is handed to the caller's transport.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol
from uuid import UUID

import uuid_utils

from router.dataplane import answers
from router.dataplane.answers import Refusal
from router.dataplane.core import Core
from router.dataplane.pod import PodConnection
from router.dataplane.request import Request
from router.dataplane.response import Response
from router.domain.outcome import (
    CLIENT_CLOSED_REQUEST,
    MAX_LOGGED_BYTES,
    Outcome,
    is_sampled,
    is_valid_request_id,
    trace_id_of,
)
from router.domain.split import choose_pod, choose_version
from router.domain.table import Pod, Target, Version

NOT_SAMPLED = "not_sampled"
LOGGING_OFF = "logging_disabled"
MAX_PODS_TRIED = 3


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

    def exchange_finished(self, exchange: Exchange) -> None:
        """The answer is complete; the next one may follow."""
        ...


class Exchange:
    """A request and its answer."""

    __slots__ = (
        "api_key_id",
        "caller",
        "closes",
        "connection",
        "core",
        "held",
        "is_at_pod",
        "is_finished",
        "is_head",
        "is_http_1_0",
        "is_resent",
        "logged",
        "logged_bytes",
        "pod",
        "reason",
        "received_ns",
        "record_id",
        "refusal",
        "request",
        "request_id",
        "response",
        "sent_bytes",
        "started",
        "target",
        "trace_id",
        "traceparent",
        "tried",
        "version",
    )

    def __init__(self, core: Core, caller: Caller, request: Request, *, is_http_1_0: bool, closes: bool) -> None:
        self.core = core
        self.caller = caller
        self.request = request
        self.is_http_1_0 = is_http_1_0
        self.closes = closes
        self.is_head = False
        self.received_ns = time.time_ns()
        self.started = time.monotonic()
        identity = uuid_utils.uuid7()
        self.record_id: bytes = identity.bytes
        given = request.request_id
        self.request_id = given if given and is_valid_request_id(given) else str(identity).encode()
        self.trace_id = b""
        self.traceparent = b""
        self.target: Target | None = None
        self.api_key_id: UUID | None = None
        self.refusal: Refusal | None = None
        self.version: Version | None = None
        self.pod: Pod | None = None
        self.reason = b""
        self.connection: PodConnection | None = None
        self.tried: list[Pod] = []
        self.is_resent = False
        self.response: Response | None = None
        self.held: bytes | None = None
        self.logged: list[bytes] | None = None
        self.logged_bytes = 0
        self.sent_bytes = 0
        self.is_at_pod = False
        self.is_finished = False

    # The way to a pod

    def begin(self) -> None:
        """The request is complete and it is its turn: answer it."""
        if self.refusal is not None or self.target is None:
            self.answer(self.refusal or answers.not_found("No such path."))
            return
        self._trace()
        version = self._choose_version(self.target)
        if version is None or not version.pods:
            self.answer(answers.unavailable(f"Service {self.target.service.name!r} has no ready pod."))
            return
        self.version = version
        if version.is_logged and is_sampled(self.request_id, version.sample_rate):
            self.logged = []
        now = asyncio.get_running_loop().time()
        self.caller.deadline = now + version.timeout_s
        pod = choose_pod(version.pods, now, self.core.draw())
        assert pod is not None
        self._try(pod)

    def connected(self, connection: PodConnection) -> None:
        """A new connection to the pod is there."""
        if self.is_finished or self.pod is not connection.pod:
            connection.rest()
        else:
            self._send(connection)

    def connect_failed(self, pod: Pod) -> None:
        """The pod takes no connections: nothing was sent, so that any other may be asked, or the only one again."""
        if self.is_finished or self.pod is not pod:
            return
        self._leave_pod()
        other = self._another_pod() or (pod if self.tried.count(pod) == 1 and not pod.is_retired else None)
        if other is not None and len(self.tried) < MAX_PODS_TRIED:
            self._try(other)
        else:
            self.answer(answers.NOTHING_CONNECTS)

    def pod_gone(self, *, before_first_byte: bool) -> None:
        """The connection broke while we waited: asked once more if no byte of an answer had come."""
        pod = self.pod
        self._leave_pod()
        if pod is not None and before_first_byte and not self.is_resent:
            self.is_resent = True
            other = self._another_pod()
            self._try(other or pod, is_fresh=True)
        else:
            self._fail(answers.UPSTREAM_FAILED)

    def pod_failed(self) -> None:
        """The pod does not speak HTTP."""
        self._leave_pod()
        self._fail(answers.UPSTREAM_INVALID)

    # The way back

    def response_arrived(self, response: Response, chunks: list[bytes], *, is_last: bool) -> None:
        """Pass on what has come; the last piece only after the record is safe."""
        out = [] if self.response is response else [self._start_answer(response)]
        for chunk in chunks:
            self._keep(chunk)
        pieces = self._framed(response, chunks, is_last=is_last)
        if is_last:
            self._leave_pod()
            self._record(response.status)
        out.extend(pieces)
        if out:
            self.caller.write(b"".join(out))
        if is_last:
            self._finish()

    def answer(self, refusal: Refusal) -> None:
        """Give the router's own answer."""
        body = b"" if refusal.status < 300 else refusal.body(self.request_id)
        if self.version is not None:
            self._keep(body)
            self._record(refusal.status)
        else:
            self._count(refusal.status, len(body))
        self.closes = self.closes or refusal.closes or self.core.is_draining
        self.caller.write(
            answers.render(refusal, body, self._identity(), with_body=not self.is_head, closes=self.closes)
        )
        self._finish()

    def caller_gone(self) -> None:
        """Nobody waits for the answer any more."""
        if self.is_finished:
            return
        self._cancel_pod()
        if self.version is not None:
            self._record(CLIENT_CLOSED_REQUEST, is_aborted=self.response is not None)
        else:
            self._count(CLIENT_CLOSED_REQUEST, 0)
        self._close_books()

    def expire(self) -> None:
        """The request timeout has passed."""
        if not self.is_finished:
            self._cancel_pod()
            self._fail(answers.DEADLINE_EXCEEDED)

    # Parts

    def _trace(self) -> None:
        given = self.request.traceparent
        trace_id = trace_id_of(given) if given else None
        if given and trace_id:
            self.trace_id, self.traceparent = trace_id, given
            return
        # A UUIDv7 is 16 bytes, never all zero, and unique: as good a trace id as any, at no cost.
        self.trace_id = self.record_id.hex().encode()
        self.traceparent = b"00-%b-%b-00" % (self.trace_id, self.trace_id[16:])

    def _choose_version(self, target: Target) -> Version | None:
        if target.version is not None:
            self.reason = b"version"
            return self.core.current(target.version)
        # The table may have changed while the body arrived: the split is taken from what holds now.
        service = self.core.table.services.get(target.service.name)
        candidates = service.candidates if service else ()
        if len(candidates) > 1:
            self.reason = b"weighted"
            return choose_version(candidates)
        self.reason = b"only"
        return candidates[0] if candidates else None

    def _try(self, pod: Pod, *, is_fresh: bool = False) -> None:
        self.pod = pod
        self.tried.append(pod)
        self.is_at_pod = True
        pod.outstanding += 1
        pod.tally.in_flight += 1
        self.core.in_flight += 1
        if pod.idle and not is_fresh:
            connection = pod.idle.pop()
            assert isinstance(connection, PodConnection)
            self._send(connection)
        else:
            self.core.connect(pod, self)

    def _send(self, connection: PodConnection) -> None:
        self.connection = connection
        if self.caller.is_write_paused:
            connection.pause()
        request = self.request
        connection.send(
            self,
            b"".join(
                (
                    b"POST %b HTTP/1.1\r\nHost: %b\r\n" % (_pod_path(request.url), connection.pod.address.encode()),
                    *request.forward,
                    b"X-Request-Id: %b\r\ntraceparent: %b\r\nContent-Length: %d\r\n\r\n"
                    % (self.request_id, self.traceparent, request.body_size),
                    *request.body,
                )
            ),
        )

    def _another_pod(self) -> Pod | None:
        assert self.version is not None
        now = asyncio.get_running_loop().time()
        pods = [pod for pod in self.core.current(self.version).pods if pod not in self.tried]
        return choose_pod(pods, now, self.core.draw())

    def _leave_pod(self) -> None:
        self.connection = None
        if self.pod is None or not self.is_at_pod:
            return
        self.is_at_pod = False
        self.pod.outstanding -= 1
        self.pod.tally.in_flight -= 1
        self.core.in_flight -= 1

    def _cancel_pod(self) -> None:
        connection = self.connection
        self._leave_pod()
        if connection is not None:
            connection.cancel()

    def _fail(self, refusal: Refusal) -> None:
        if self.response is None:
            self.answer(refusal)
            return
        # The answer has begun: the only honest end is a connection that breaks off.
        self._record(refusal.status, is_aborted=True)
        self._close_books()
        self.caller.abort()

    def _identity(self) -> bytes:
        if self.version is None:
            return b"X-Request-Id: %b\r\n" % self.request_id
        pod = b"X-Penstock-Pod: %b\r\n" % self.pod.name.encode() if self.pod else b""
        return b"X-Request-Id: %b\r\n%b%b" % (self.request_id, self.version.header, pod)

    def _start_answer(self, response: Response) -> bytes:
        self.response = response
        chunks = not self.is_http_1_0
        self.closes = self.closes or self.core.is_draining or (response.has_unknown_length and not chunks)
        return response.head(self._identity(), chunks=chunks, closes=self.closes)

    def _framed(self, response: Response, chunks: list[bytes], *, is_last: bool) -> list[bytes]:
        if not response.has_unknown_length:
            return chunks
        if self.is_http_1_0:
            return self._hold_back_last(chunks, is_last=is_last)
        framed = [part for chunk in chunks for part in (b"%x\r\n" % len(chunk), chunk, b"\r\n")]
        if is_last:
            framed.append(b"0\r\n\r\n")
        return framed

    def _hold_back_last(self, chunks: list[bytes], *, is_last: bool) -> list[bytes]:
        # No length and no chunks: the caller cannot tell the last piece from others, so it waits for the record.
        pieces = [self.held, *chunks] if self.held is not None else list(chunks)
        self.held = None if is_last or not pieces else pieces.pop()
        return pieces

    def _keep(self, chunk: bytes) -> None:
        self.sent_bytes += len(chunk)
        if self.logged is not None:
            self.logged_bytes += len(chunk)
            if self.logged_bytes <= MAX_LOGGED_BYTES:
                self.logged.append(chunk)
            else:
                self.logged.clear()

    def _count(self, status: int, sent: int) -> None:
        traffic = self.core.table.traffic
        tally = self.target.service.tally if self.target is not None else traffic.of_service("-")
        tally.answered(status, time.monotonic() - self.started, self.request.body_size, sent)

    def _record(self, status: int, *, is_aborted: bool = False) -> None:
        version = self.version
        assert version is not None
        tally = self.pod.tally if self.pod is not None else version.tally
        duration = time.monotonic() - self.started
        tally.answered(status, duration, self.request.body_size, self.sent_bytes)
        if self.logged is None:
            tally.recorded(NOT_SAMPLED if version.is_logged else LOGGING_OFF)
        else:
            tally.recorded(self.core.record(self._outcome(version, status, duration, is_aborted=is_aborted)))

    def _outcome(self, version: Version, status: int, duration_s: float, *, is_aborted: bool) -> Outcome:
        request, logged = self.request, self.logged or []
        return Outcome(
            service=version.service,
            route=version.route,
            record_id=self.record_id,
            request_id=self.request_id,
            client_request_id=self.response.client_request_id if self.response else b"",
            pod=self.pod.name.encode() if self.pod else b"",
            reason=self.reason,
            trace_id=self.trace_id,
            api_key_id=self.api_key_id,
            received_ns=self.received_ns,
            duration_us=int(duration_s * 1_000_000),
            status=status,
            request=b"".join(request.body) if request.body_size <= MAX_LOGGED_BYTES else None,
            response=b"".join(logged) if self.logged_bytes <= MAX_LOGGED_BYTES else None,
            aborted=is_aborted,
        )

    def _finish(self) -> None:
        self._close_books()
        self.caller.exchange_finished(self)

    def _close_books(self) -> None:
        self.is_finished = True
        self.core.buffered -= self.request.body_size
        self.request.body = []
        self.request.body_size = 0


def _pod_path(url: bytes) -> bytes:
    """The path on the pod: what follows the service and version, with its query."""
    path, mark, query = url.partition(b"?")
    return b"/" + path.rsplit(b"/", 1)[1] + mark + query
