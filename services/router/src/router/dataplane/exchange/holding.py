"""A request that waits: for a pod, or to see whether its key or service is new."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from time import monotonic

from router.dataplane.exchange.answering import ExchangeResponder
from router.dataplane.exchange.context import UnknownKind
from router.dataplane.http import refusals
from router.dataplane.http.refusals import Refusal
from router.domain.routes.entities import RoutedService, RouteTarget
from router.domain.routes.explain import eligible_versions, explain_missing, explain_no_pod, longest_hold_s


class ExchangeHolder(ExchangeResponder):
    """Puts the request into the hold queue, and says why when it cannot stay there."""

    def find_pod(self) -> bool:
        """Called by the hold queue: go on if that is possible now; False: it must wait on."""
        raise NotImplementedError

    def mark_unknown(self, unknown: UnknownKind) -> None:
        """Nobody knows its key or its service: when its turn has come, it waits for one more look at the routes."""
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
            self.answer(self._unknown_refusal())

    def _unknown_refusal(self) -> Refusal:
        if self.unknown is UnknownKind.KEY:
            return refusals.UNAUTHENTICATED
        return refusals.not_found(explain_missing(self.context.table, self.head.url))

    def _hold_for_service(self, service: RoutedService | None, target: RouteTarget) -> None:
        held_s = longest_hold_s(eligible_versions(service, target.version_name)) if service is not None else 0.0
        if service is None or not held_s:
            self.answer(self._no_pod_refusal())
        elif target.version is not None:  # by its own id: who waits for it does not wait for the others
            self._hold(service.versions[target.version.name].id, held_s)
        else:
            self._hold(service.name, held_s)

    def _hold_until_reachable(self) -> None:
        """No pod takes connections: most likely it has just ended, and the routes will say so, and have another."""
        assert self.version is not None
        version, self.tried, self.is_unreachable = self.version, (), True
        if not version.hold_s or (self.hold_until and self.hold_until <= monotonic()):
            self.answer(refusals.NO_POD_REACHABLE)
            return
        self._hold(version.id, version.hold_s)
        again_s = self.context.limits.ejection_s
        asyncio.get_running_loop().call_later(again_s, self.context.hold_queue.release, version.id)

    def _hold(self, of: Hashable, held_s: float) -> None:
        """Hold it for a pod; however often it has to wait, not longer than `held_s` since it first did."""
        if not held_s or not self.context.hold_queue.add(of, self):
            self.answer(refusals.HOLD_QUEUE_FULL if held_s else refusals.ALL_PODS_BUSY)
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
