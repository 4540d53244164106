"""One request from its turn to its end: which version and which pod of it answer, what the rate limit says.

Callbacks only, so that nothing is scheduled per request. The states of a request: `holding`, `forwarding`, `answering`.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from router.dataplane.exchange import recording
from router.dataplane.exchange.forwarding import Forwarding
from router.dataplane.http import refusals as answers
from router.domain.load_balancing import choose_pod, choose_sticky, choose_version, note_failure
from router.domain.outcome import CLIENT_CLOSED_REQUEST, is_sampled
from router.domain.rate_limiter import RateLimiter
from router.domain.routes.entities import Service, Target, Version
from router.domain.routes.explain import hold_s, versions_asked


class Exchange(Forwarding):
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

    def _find_or_wait(self) -> None:
        assert self.version is not None
        if not self.find_pod():
            self._wait(self.version.id, self.version.hold_s)
