"""A request that waits: for a pod, or to see whether its key or service is new."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from time import monotonic

from router.dataplane.exchange.answering import Answering
from router.dataplane.exchange.context import Unknown
from router.dataplane.http import refusals as answers
from router.dataplane.http.refusals import Refusal
from router.domain.routes.entities import Service, Target
from router.domain.routes.explain import explain_missing, explain_no_pod, hold_s, versions_asked


class Holding(Answering):
    """Puts the request into the hold queue, and says why when it cannot stay there."""

    def find_pod(self) -> bool:
        """Called by the hold queue: go on if that is possible now; False: it must wait on."""
        raise NotImplementedError

    def wait_as(self, unknown: Unknown) -> None:
        """Nobody knows its key or its service: when its turn has come, it waits for one more look at the routes."""
        self.unknown = unknown
        self.core.unknown[unknown] += 1

    def _wait_to_be_known(self) -> None:
        self.held_by = self.head.key_digest if self.unknown is Unknown.KEY else (Unknown.SERVICE, self.head.url)
        self.is_waiting = self.core.held.add(self.held_by, self)
        if self.is_waiting:
            self.caller.deadline = monotonic() + self.core.limits.unknown_s
        else:
            self.answer(self._still_unknown())

    def _still_unknown(self) -> Refusal:
        if self.unknown is Unknown.KEY:
            return answers.UNAUTHENTICATED
        return answers.not_found(explain_missing(self.core.table, self.head.url))

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
