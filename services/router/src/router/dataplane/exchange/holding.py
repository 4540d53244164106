"""A request in the hold queue: it waits for a pod, or for its unknown key or service to appear in the routes."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Hashable
from time import monotonic

from router.dataplane.exchange.context import UnknownKind
from router.dataplane.exchange.responding import ExchangeResponder
from router.dataplane.http import refusals
from router.dataplane.http.refusals import Refusal
from router.domain.routes.entities import RoutedService, RouteTarget
from router.domain.routes.explain import eligible_versions, explain_missing, explain_no_pod, longest_hold_s


class ExchangeHolder(ExchangeResponder, ABC):
    """Puts the request into the hold queue, or refuses it with the reason."""

    @abstractmethod
    def find_pod(self) -> bool:
        """Called by the hold queue: forward if that is possible now; False: it stays in the queue."""

    def mark_unknown(self, unknown: UnknownKind) -> None:
        """Its key or service is unknown: when it is started, it waits for the next read of the routes."""
        self.unknown = unknown
        self.context.unknown[unknown] += 1

    def _hold_unknown(self) -> None:
        self.hold_key = (
            self.head.key_digest if self.unknown is UnknownKind.KEY else (UnknownKind.SERVICE, self.head.url)
        )
        self.is_waiting = self.context.hold_queue.add(self.hold_key, self)
        if self.is_waiting:
            self.client.deadline = monotonic() + self.context.limits.unknown_s
        else:
            self.respond(self._unknown_refusal())

    def _unknown_refusal(self) -> Refusal:
        if self.unknown is UnknownKind.KEY:
            return refusals.UNAUTHENTICATED
        return refusals.not_found(explain_missing(self.context.table, self.head.url))

    def _hold_for_service(self, service: RoutedService | None, target: RouteTarget) -> None:
        held_s = longest_hold_s(eligible_versions(service, target.version_name)) if service is not None else 0.0
        if service is None or not held_s:
            self.respond(self._no_pod_refusal())
        elif target.version is not None:  # by the version's id: pods of other versions do not answer it
            self._hold(service.versions[target.version.name].id, held_s)
        else:
            self._hold(service.name, held_s)

    def _hold_until_reachable(self) -> None:
        """No pod accepts connections: most likely it has just ended, and the routes will name another."""
        assert self.version is not None
        version, self.tried_pods, self.is_unreachable = self.version, (), True
        if not version.hold_s or (self.hold_until and self.hold_until <= monotonic()):
            self.respond(refusals.NO_POD_REACHABLE)
            return
        self._hold(version.id, version.hold_s)
        again_s = self.context.limits.ejection_s
        asyncio.get_running_loop().call_later(again_s, self.context.hold_queue.release, version.id)

    def _hold(self, of: Hashable, held_s: float) -> None:
        """Hold the request for a pod, at most `held_s` after it was first held."""
        if not held_s or not self.context.hold_queue.add(of, self):
            self.respond(refusals.HOLD_QUEUE_FULL if held_s else refusals.ALL_PODS_BUSY)
            return
        self.is_waiting = True
        self.hold_until = self.hold_until or monotonic() + held_s
        self.client.deadline = self.hold_until
        self.context.on_hold()

    def _no_pod_refusal(self) -> Refusal:
        target, version = self.target, self.version
        assert target is not None
        service = self.context.service_of(target)
        if service is None:
            return refusals.unavailable(f"Service {target.service.name!r} is gone.")
        current = self.context.current(version) if version is not None else None
        if current is None or not current.pods:
            return refusals.no_pod(
                explain_no_pod(service, version.name if version is not None else target.version_name)
            )
        return refusals.NO_POD_REACHABLE if self.is_unreachable else refusals.ALL_PODS_BUSY
