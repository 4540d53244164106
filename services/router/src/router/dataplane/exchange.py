"""One request from admission to its last byte: admitted, given to a version and a pod, answered, recorded.

Callbacks only, so that nothing is scheduled per request. The order at the end is what the ledger rests on: the record
is in the spool before the last piece of the answer is handed to the caller's transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from time import monotonic
from typing import Protocol
from uuid import UUID

from router.dataplane import answers, recording
from router.dataplane.answers import Refusal
from router.dataplane.core import Core
from router.dataplane.known import Known
from router.dataplane.pod import PodConnection
from router.dataplane.request import RequestHead
from router.dataplane.response import ResponseHead
from router.domain.keys import Door
from router.domain.limiter import RateLimiter
from router.domain.outcome import (
    CLIENT_CLOSED_REQUEST,
    MAX_LOGGED_BYTES,
    is_sampled,
    trace_id_of,
)
from router.domain.split import choose_pod, choose_sticky, choose_version, note_failure, note_success
from router.domain.table import Pod, Service, Target, Version

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


class Exchange(Known):
    """A request and its answer."""

    def __init__(self, core: Core, caller: Caller, head: RequestHead) -> None:
        super().__init__(core, head)
        self.caller = caller

    # The way to a pod

    def begin(self) -> None:
        """The request is complete and it is its turn: answer it."""
        target = self.target
        if self.refusal is not None or target is None:
            self.answer(self.refusal or answers.not_found("No such path."))
            return
        if not self.is_stranger:
            self._begin_known(target)
        elif not self._find_key():
            self._wait_for_key()

    def waits_to_be_known(self) -> None:
        """Nobody knows its key: when its turn has come, it waits for the routes to be read once more."""
        self.is_stranger = True
        self.core.strangers += 1

    def _begin_known(self, target: Target) -> None:
        # The table may have changed while the body arrived: the split is taken from what holds now.
        service = self.core.table.services.get(target.service.name)
        version = self._choose_version(service, target) if service is not None else None
        if version is not None:
            self._enter(version, target)
        else:
            self._wait_for_service(service, target)

    def find_pod(self) -> bool:
        """Go to a pod, if there is one now; False: it must wait on."""
        if self.is_stranger:
            return self._find_key()
        version = self.version
        if version is None:
            return self._find_version()
        current = self.core.current(version)
        if current is None:
            self.answer(answers.unavailable(f"Version {version.name!r} has stopped."))
            return True
        self.version = current
        pod = choose_pod(current.pods, monotonic(), self.core.draw(), current.pod_cap)
        if pod is None:
            return False
        self.is_waiting = False
        self.caller.deadline = monotonic() + current.timeout_s
        self._try(pod)
        return True

    def connected(self, connection: PodConnection) -> None:
        """A new connection to the pod is there."""
        if self.is_finished or self.pod is not connection.pod or self.connection is not None:
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
        self._pod_failed()
        if pod is not None and before_first_byte and not self.is_resent:
            self.is_resent = True
            self._try(self._another_pod() or pod, is_fresh=True)
        else:
            self._fail(answers.UPSTREAM_FAILED)

    def pod_failed(self) -> None:
        """The pod does not speak HTTP."""
        self._pod_failed()
        self._fail(answers.UPSTREAM_INVALID)

    # The way back

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

    def response_arrived(self, head: ResponseHead, chunks: list[bytes], *, is_last: bool) -> None:
        """Pass on what has come; the last piece only after the record is safe."""
        out = [] if self.response is not None else [self._start_answer(head)]
        for chunk in chunks:
            self._keep(chunk)
        pieces = self._framed(head, chunks, is_last=is_last)
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

    def caller_gone(self) -> None:
        """Nobody waits for the answer any more."""
        if self.is_finished:
            return
        self._cancel_pod()
        if self.version is not None:
            recording.record(self, self.version, CLIENT_CLOSED_REQUEST, is_aborted=self.response is not None)
        else:
            recording.count(self, CLIENT_CLOSED_REQUEST, 0)
        self._close_books()

    def expire(self) -> None:
        """What was waited for has not come in time."""
        if self.is_finished:
            return
        if self.is_stranger:
            self.answer(answers.UNAUTHENTICATED)
            return
        if self.is_waiting:
            self.answer(answers.ALL_BUSY if self.version is not None else self._no_pod(self.target))
            return
        if self.pod is not None and self.is_at_pod:
            note_failure(self.pod, monotonic(), self.core.limits.ejection_s)
        self._cancel_pod()
        self._fail(answers.DEADLINE_EXCEEDED)

    # Parts: the way to a pod

    def _wait_for_key(self) -> None:
        self.is_waiting = self.core.held.add(self.head.key_digest, self)
        if self.is_waiting:
            self.caller.deadline = monotonic() + self.core.limits.new_key_s
        else:
            self.answer(answers.UNAUTHENTICATED)

    def _find_key(self) -> bool:
        target = self.target
        assert target is not None
        verdict = self.core.ask_door(target, self.head)
        if verdict is Door.UNKNOWN:
            return False
        self.is_waiting = False
        self._no_stranger()
        if isinstance(verdict, UUID):
            self.api_key_id = verdict
            self._begin_known(target)
        else:
            self.answer(answers.CLOSED[verdict])
        return True

    def _no_stranger(self) -> None:
        self.is_stranger = False
        self.core.strangers -= 1

    def _choose_version(self, service: Service, target: Target) -> Version | None:
        """The version that is to answer, if it (or, in a split, any) has a pod."""
        if target.version is not None:
            self.reason = b"debug" if self.is_debug else b"version"
            version = service.versions.get(target.version.name)
            return version if version is not None and version.pods else None
        candidates = service.candidates
        if len(candidates) < 2:
            self.reason = b"only"
            return candidates[0] if candidates else None
        sticky = self.head.sticky if service.sticky_header is None else self.head.field(service.sticky_header)
        if sticky:
            self.reason = b"sticky"
            return choose_sticky(candidates, sticky)
        self.reason = b"weighted"
        return choose_version(candidates)

    def _enter(self, version: Version, target: Target) -> None:
        """The version is chosen: its limit, then its pods."""
        self.version = version
        rate = version.sample_rate
        if version.is_logged and target.is_recorded and (rate >= 1.0 or self._is_kept(rate)):
            self.logged = []
        now = monotonic()
        self.caller.deadline = now + version.timeout_s
        limiter = version.limiter
        if limiter is not None and not self.is_debug and (wait := limiter.take(now)):
            self._over_limit(version, limiter, now, wait)
            return
        pods = version.pods
        cap = version.pod_cap
        pod = pods[0] if len(pods) == 1 and cap is None else choose_pod(pods, now, self.core.draw(), cap)
        if pod is not None:
            self._try(pod)
        else:
            self._wait(version.id, version.hold_s)

    def _is_kept(self, rate: float) -> bool:
        """Whether the sample has this request; whoever debugs and asks for a row gets it."""
        return self.is_debug or is_sampled(self.record_id, rate)

    def _over_limit(self, version: Version, limiter: RateLimiter, now: float, wait: float) -> None:
        turn = limiter.reserve(now) if limiter.queue_s and self.core.queued < self.core.limits.held_requests else None
        if turn is not None:
            self.is_waiting = True
            self.core.queued += 1
            asyncio.get_running_loop().call_later(turn, self._turn_has_come)
            return
        refusal = answers.throttled(wait)
        body = refusal.body(self.request_id, self.target.kind if self.target else None)
        recording.count_throttled(self, version, refusal.status, len(body))
        self._say(refusal, body)

    def _turn_has_come(self) -> None:
        self.core.queued -= 1
        if not self.is_finished:
            self.is_waiting = False
            self._find_or_wait()

    def _find_or_wait(self) -> None:
        assert self.version is not None
        if not self.find_pod():
            self._wait(self.version.id, self.version.hold_s)

    def _find_version(self) -> bool:
        target = self.target
        assert target is not None
        service = self.core.table.services.get(target.service.name)
        if service is None or not service.versions:
            self.answer(self._no_pod(target))
            return True
        version = self._choose_version(service, target)
        if version is None:
            return False
        self.is_waiting = False
        self._enter(version, target)
        return True

    def _wait_for_service(self, service: Service | None, target: Target) -> None:
        if target.version is not None and service is not None:
            wanted = service.versions.get(target.version.name)
            versions = [wanted] if wanted is not None else []
        else:
            versions = list(service.versions.values()) if service is not None else []
        hold_s = max((version.hold_s for version in versions), default=0.0)
        if hold_s and service is not None:
            self._wait(service.name, hold_s)
        else:
            self.answer(self._no_pod(target))

    def _wait(self, of: Hashable, hold_s: float) -> None:
        if not hold_s or not self.core.held.add(of, self):
            self.answer(answers.TOO_MANY_WAIT if hold_s else answers.ALL_BUSY)
            return
        self.is_waiting = True
        self.caller.deadline = monotonic() + hold_s
        self.core.is_wanted()

    def _no_pod(self, target: Target | None) -> Refusal:
        return answers.unavailable(f"Service {target.service.name if target else ''!r} has no ready pod.")

    def _try(self, pod: Pod, *, is_fresh: bool = False) -> None:
        self.pod = pod
        self.tried += (pod,)
        self.is_at_pod = True
        pod.outstanding += 1
        pod.tally.in_flight += 1
        self.core.in_flight += 1
        if pod.idle and not is_fresh:
            self._send(pod.idle.pop())
        else:
            self.core.connect(pod, self)

    def _send(self, connection: PodConnection) -> None:
        self.connection = connection
        if self.caller.is_write_paused:
            connection.pause()
        head, target = self.head, self.target
        assert target is not None
        if head.traceparent is not None and (trace_id := trace_id_of(head.traceparent)):
            self.trace_id, traceparent = trace_id, head.traceparent
        else:
            # A UUIDv7 is 16 bytes, never all zero, and unique: as good a trace id as any, at no cost.
            self.trace_id = trace_id = self.record_id.hex().encode()
            traceparent = b"00-%b-%b-00" % (trace_id, trace_id[16:])
        connection.send(
            self,
            b"%b %b%b HTTP/1.1\r\n%bX-Penstock-Router: 1\r\n%b"
            b"X-Request-Id: %b\r\ntraceparent: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (
                head.method,
                target.pod_path,
                _query(head.url),
                connection.pod.host_line,
                head.forward,
                self.request_id,
                traceparent,
                self.body_size,
                self.body[0] if len(self.body) == 1 else b"".join(self.body),
            ),
            is_head=head.method == b"HEAD",
        )

    def _another_pod(self) -> Pod | None:
        assert self.version is not None
        current = self.core.current(self.version)
        pods = [pod for pod in current.pods if pod not in self.tried] if current is not None else []
        return choose_pod(pods, monotonic(), self.core.draw())

    def _leave_pod(self) -> None:
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

    def _pod_answered(self, pod: Pod) -> None:
        if pod.failures or pod.ejections:
            note_success(pod)
        self._leave_pod()

    def _pod_failed(self) -> None:
        if self.pod is not None:
            note_failure(self.pod, monotonic(), self.core.limits.ejection_s)
        self._leave_pod()

    def _cancel_pod(self) -> None:
        connection = self.connection
        self._leave_pod()
        if connection is not None:
            connection.cancel()

    # Parts: the way back

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

    def _framed(self, head: ResponseHead, chunks: list[bytes], *, is_last: bool) -> list[bytes]:
        if not head.has_unknown_length:
            return chunks
        if self.head.is_http_1_0:
            return self._hold_back_last(chunks, is_last=is_last)
        framed = [part for chunk in chunks for part in (b"%x\r\n" % len(chunk), chunk, b"\r\n")]
        if is_last:
            framed.append(b"0\r\n\r\n")
        return framed

    def _hold_back_last(self, chunks: list[bytes], *, is_last: bool) -> list[bytes]:
        # No length and no chunks: the caller cannot tell the last piece from others, so it waits for the record.
        pieces = [self.held_back, *chunks] if self.held_back is not None else list(chunks)
        self.held_back = None if is_last or not pieces else pieces.pop()
        return pieces

    def _keep(self, chunk: bytes) -> None:
        self.sent_bytes += len(chunk)
        if self.logged is not None:
            if self.sent_bytes <= MAX_LOGGED_BYTES:
                self.logged.append(chunk)
            else:
                self.logged.clear()

    def _finish(self) -> None:
        self._close_books()
        self.caller.exchange_finished(self)

    def _close_books(self) -> None:
        self.is_finished = True
        if self.is_stranger:
            self._no_stranger()
            self.core.held.release(self.head.key_digest)  # nothing is kept of a key that nobody knows
        self.core.buffered -= self.body_size
        self.body = []
        self.body_size = 0


def _query(url: bytes) -> bytes:
    """The query with its mark, or nothing."""
    at = url.find(b"?")
    return url[at:] if at >= 0 else b""
