"""The routing of one request: its version, the rate limit, a pod; each of its states is a base class.

Callbacks only, so that nothing is scheduled per request. States: `holding`, `forwarding`, `responding`.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from router.dataplane.exchange import recording
from router.dataplane.exchange.forwarding import ExchangeForwarder
from router.dataplane.http import refusals
from router.domain.load_balancing import choose_pod, choose_sticky, choose_version, record_failure
from router.domain.outcome import CLIENT_CLOSED_REQUEST, is_sampled
from router.domain.rate_limiter import RateLimiter
from router.domain.routes.entities import RoutedService, RoutedVersion, RouteTarget
from router.domain.routes.explain import eligible_versions, longest_hold_s


class Exchange(ExchangeForwarder):
    """A request and its response."""

    def begin(self) -> None:
        """The request is complete and it is its turn: answer it."""
        target = self.target
        if self.refusal is not None:
            self.respond(self.refusal)
        elif self.unknown is not None:
            if not self._readmit():
                self._hold_unknown()
        elif target is not None:
            self._route(target)
        else:
            self.respond(refusals.not_found("No such path."))

    def find_pod(self) -> bool:
        """Forward to a pod if there is one now; False: it stays in the hold queue."""
        if self.unknown is not None:
            return self._readmit()
        if self.version is None:
            return self._find_version()
        current = self.context.current(self.version)
        if current is None or not current.pods:  # by the split, another version may answer
            return self._find_version()
        self.version = current
        return self._find_pod_of(current)

    def client_disconnected(self) -> None:
        """The client has disconnected before the response was complete."""
        if self.is_finished:
            return
        self._cancel_pod()
        if self.version is not None:
            recording.record(self, self.version, CLIENT_CLOSED_REQUEST, is_aborted=self.response is not None)
        else:
            recording.count(self, CLIENT_CLOSED_REQUEST, 0)
        self._release()

    def expire(self) -> None:
        """The deadline has passed: of an unknown name, of the hold queue, or of the pod's response."""
        if self.is_finished:
            return
        if self.unknown is not None:
            self.respond(self._unknown_refusal())
            return
        if self.is_waiting:
            self.respond(self._no_pod_refusal())
            return
        if self.pod is not None and self.is_at_pod:
            record_failure(self.pod, monotonic(), self.context.limits.ejection_s)
        self._cancel_pod()
        self._fail_response(refusals.DEADLINE_EXCEEDED)

    def _route(self, target: RouteTarget) -> None:
        # The table may have changed while the body arrived: the split is taken from what holds now.
        service = self.context.table.services.get(target.service.name)
        version = self._choose_version(service, target) if service is not None else None
        if version is not None:
            self._enter_version(version, target)
        else:
            self._hold_for_service(service, target)

    def _choose_version(self, service: RoutedService, target: RouteTarget) -> RoutedVersion | None:
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
            return choose_sticky(candidates, sticky, service.cohort)
        self.reason = b"weighted"
        return choose_version(candidates)

    def _enter_version(self, version: RoutedVersion, target: RouteTarget) -> None:
        """The version is chosen: check its rate limit, then choose a pod."""
        self.version = version
        rate = version.sample_rate
        if version.is_logged and target.is_recorded and (rate >= 1.0 or self._is_sampled(rate)):
            self.recorded_response = []
        now = monotonic()
        self.client.deadline = now + version.timeout_s
        limiter = version.limiter
        if limiter is not None and not self.is_debug and (wait := limiter.take_token(now)):
            self._over_limit(version, limiter, now, wait)
            return
        pods = version.pods
        cap = version.pod_cap
        pod = pods[0] if len(pods) == 1 and cap is None else choose_pod(pods, now, self.context.draw(), cap)
        if pod is not None:
            self._send_to(pod)
        else:
            self._hold(version.id, version.hold_s)

    def _is_sampled(self, rate: float) -> bool:
        """Whether the request is in the sample; a debug request that asks for a row always is."""
        return self.is_debug or is_sampled(self.record_id, rate)

    def _over_limit(self, version: RoutedVersion, limiter: RateLimiter, now: float, wait: float) -> None:
        turn = (
            limiter.reserve_token(now)
            if limiter.queue_s and self.context.queued < self.context.limits.held_requests
            else None
        )
        if turn is not None:
            self.is_waiting = True
            self.context.queued += 1
            asyncio.get_running_loop().call_later(turn, self._rate_limit_turn)
            return
        refusal = refusals.throttled(wait)
        body = refusal.body(self.request_id, self.target.kind if self.target else None)
        recording.count_throttled(self, version, refusal.status, len(body))
        self._write_refusal(refusal, body)

    def _rate_limit_turn(self) -> None:
        self.context.queued -= 1
        if not self.is_finished:
            self.is_waiting = False
            self._find_pod_or_hold()

    def _readmit(self) -> bool:
        """Admit the request once more; False: the name is still unknown."""
        before = self.unknown
        self._clear_unknown()
        refusal = self.context.readmit(self)
        if refusal is None and self.unknown is before:
            return False
        self.is_waiting = False
        if refusal is not None:
            self.respond(refusal)
        elif self.unknown is not None:  # the service is known now, its key is not yet
            self._hold_unknown()
        else:
            assert self.target is not None
            self._route(self.target)
        return True

    def _find_version(self) -> bool:
        target = self.target
        assert target is not None
        service = self.context.service_of(target)
        version = self._choose_version(service, target) if service is not None else None
        if version is None:
            if service is not None and longest_hold_s(eligible_versions(service, target.version_name)):
                return False
            self.respond(self._no_pod_refusal())
            return True
        self.is_waiting = False
        self.recorded_response = None
        self._enter_version(version, target)
        return True

    def _find_pod_of(self, version: RoutedVersion) -> bool:
        now = monotonic()
        if self.is_unreachable and all(pod.ejected_until > now for pod in version.pods):
            return False
        pod = choose_pod(version.pods, now, self.context.draw(), version.pod_cap)
        if pod is None:
            return False
        self.is_waiting = False
        self.client.deadline = now + version.timeout_s
        self._send_to(pod)
        return True

    def _find_pod_or_hold(self) -> None:
        assert self.version is not None
        if not self.find_pod():
            self._hold(self.version.id, self.version.hold_s)
