"""The way of one request to a pod: a version by the split, a pod of it, again where that is safe; or a wait.

Callbacks only, so that nothing is scheduled per request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from time import monotonic

from router.dataplane import answers, recording
from router.dataplane.answering import Answering
from router.dataplane.answers import Refusal
from router.dataplane.core import Unknown
from router.dataplane.pieces import joined
from router.dataplane.pod import PodConnection
from router.domain.explain import explain_missing, explain_no_pod, hold_s, versions_asked
from router.domain.limiter import RateLimiter
from router.domain.outcome import CLIENT_CLOSED_REQUEST, is_sampled, trace_id_of
from router.domain.split import choose_pod, choose_sticky, choose_version, note_failure
from router.domain.table import Pod, Service, Target, Version

MAX_PODS_TRIED = 3


class Exchange(Answering):
    """A request and its answer."""

    def begin(self) -> None:
        """The request is complete and it is its turn: answer it."""
        target = self.target
        if self.refusal is not None:
            self.answer(self.refusal)
        elif self.unknown is not None:
            if not self._find_unknown():
                self._wait_to_be_known()
        elif target is not None:
            self._begin_known(target)
        else:
            self.answer(answers.not_found("No such path."))

    def wait_as(self, unknown: Unknown) -> None:
        """Nobody knows its key or its service: when its turn has come, it waits for one more look at the routes."""
        self.unknown = unknown
        self.core.unknown[unknown] += 1

    def find_pod(self) -> bool:
        """Go to a pod, if there is one now; False: it must wait on."""
        if self.unknown is not None:
            return self._find_unknown()
        if self.version is None:
            return self._find_version()
        current = self.core.current(self.version)
        if current is None or not current.pods:  # by the split, another version may answer
            return self._find_version()
        self.version = current
        return self._find_pod_of(current)

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
            self._wait_until_reachable()

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
        if self.unknown is not None:
            self.answer(self._still_unknown())
            return
        if self.is_waiting:
            self.answer(self._why_no_pod())
            return
        if self.pod is not None and self.is_at_pod:
            note_failure(self.pod, monotonic(), self.core.limits.ejection_s)
        self._cancel_pod()
        self._fail(answers.DEADLINE_EXCEEDED)

    # Parts

    def _wait_to_be_known(self) -> None:
        self.held_by = self.head.key_digest if self.unknown is Unknown.KEY else (Unknown.SERVICE, self.head.url)
        self.is_waiting = self.core.held.add(self.held_by, self)
        if self.is_waiting:
            self.caller.deadline = monotonic() + self.core.limits.unknown_s
        else:
            self.answer(self._still_unknown())

    def _find_unknown(self) -> bool:
        """Admit it once more; False: what nobody knew is still unknown."""
        before = self.unknown
        self._leave_unknown()
        refusal = self.core.admit(self)
        if refusal is None and self.unknown is before:
            return False
        self.is_waiting = False
        if refusal is not None:
            self.answer(refusal)
        elif self.unknown is not None:  # the service is there now, and its key is not yet
            self._wait_to_be_known()
        else:
            assert self.target is not None
            self._begin_known(self.target)
        return True

    def _still_unknown(self) -> Refusal:
        if self.unknown is Unknown.KEY:
            return answers.UNAUTHENTICATED
        return answers.not_found(explain_missing(self.core.table, self.head.url))

    def _begin_known(self, target: Target) -> None:
        # The table may have changed while the body arrived: the split is taken from what holds now.
        service = self.core.table.services.get(target.service.name)
        version = self._choose_version(service, target) if service is not None else None
        if version is not None:
            self._enter(version, target)
        else:
            self._wait_for_service(service, target)

    def _choose_version(self, service: Service, target: Target) -> Version | None:
        """The version that is to answer, if it (or, in a split, any with a weight, or else the fallback) has a pod."""
        if target.version is not None:
            self.reason = b"debug" if self.is_debug else b"version"
            version = service.versions.get(target.version.name)
            return version if version is not None and version.pods else None
        candidates = service.candidates
        if len(candidates) < 2:
            if candidates:
                self.reason = b"only"
                return candidates[0]
            self.reason = b"fallback"
            return service.fallback if service.fallback is not None and service.fallback.pods else None
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
        service = self.core.service_of(target)
        version = self._choose_version(service, target) if service is not None else None
        if version is None:
            if service is not None and hold_s(versions_asked(service, target.version_name)):
                return False
            self.answer(self._why_no_pod())
            return True
        self.is_waiting = False
        self.logged = None
        self._enter(version, target)
        return True

    def _find_pod_of(self, version: Version) -> bool:
        now = monotonic()
        if self.is_unreachable and all(pod.ejected_until > now for pod in version.pods):
            return False
        pod = choose_pod(version.pods, now, self.core.draw(), version.pod_cap)
        if pod is None:
            return False
        self.is_waiting = False
        self.caller.deadline = now + version.timeout_s
        self._try(pod)
        return True

    def _wait_for_service(self, service: Service | None, target: Target) -> None:
        held_s = hold_s(versions_asked(service, target.version_name)) if service is not None else 0.0
        if service is None or not held_s:
            self.answer(self._why_no_pod())
        elif target.version is not None:  # by its own id: who waits for it does not wait for the others
            self._wait(service.versions[target.version.name].id, held_s)
        else:
            self._wait(service.name, held_s)

    def _wait_until_reachable(self) -> None:
        """No pod takes connections: most likely it has just ended, and the routes will say so, and have another."""
        assert self.version is not None
        version, self.tried, self.is_unreachable = self.version, (), True
        if not version.hold_s or (self.hold_until and self.hold_until <= monotonic()):
            self.answer(answers.NOTHING_CONNECTS)
            return
        self._wait(version.id, version.hold_s)
        again_s = self.core.limits.ejection_s
        asyncio.get_running_loop().call_later(again_s, self.core.held.release, version.id)

    def _wait(self, of: Hashable, held_s: float) -> None:
        """Hold it for a pod; however often it has to wait, not longer than `held_s` since it first did."""
        if not held_s or not self.core.held.add(of, self):
            self.answer(answers.TOO_MANY_WAIT if held_s else answers.ALL_BUSY)
            return
        self.is_waiting = True
        self.hold_until = self.hold_until or monotonic() + held_s
        self.caller.deadline = self.hold_until
        self.core.is_wanted()

    def _why_no_pod(self) -> Refusal:
        target, version = self.target, self.version
        assert target is not None
        service = self.core.service_of(target)
        if service is None:
            return answers.unavailable(f"Service {target.service.name!r} is gone.")
        current = self.core.current(version) if version is not None else None
        if current is None or not current.pods:
            return answers.no_pod(explain_no_pod(service, version.name if version is not None else target.version_name))
        return answers.NOTHING_CONNECTS if self.is_unreachable else answers.ALL_BUSY

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
                joined(self.body),
            ),
            is_head=head.method == b"HEAD",
        )

    def _another_pod(self) -> Pod | None:
        assert self.version is not None
        current = self.core.current(self.version)
        pods = [pod for pod in current.pods if pod not in self.tried] if current is not None else []
        return choose_pod(pods, monotonic(), self.core.draw())

    def _pod_failed(self) -> None:
        if self.pod is not None:
            note_failure(self.pod, monotonic(), self.core.limits.ejection_s)
        self._leave_pod()

    def _cancel_pod(self) -> None:
        connection = self.connection
        self._leave_pod()
        if connection is not None:
            connection.cancel()


def _query(url: bytes) -> bytes:
    """The query with its mark, or nothing."""
    at = url.find(b"?")
    return url[at:] if at >= 0 else b""
