"""Pods that this scheduler takes away: out of the routes first, drained, and only then deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.domain.ports import RouteStatus
from shared.clock import Clock

POLL_S = 0.1


class Departures:
    """Withdraws pods, and waits until nobody is sent to them."""

    def __init__(self, observer: PodObserver, routes: RouteStatus, clock: Clock, options: KubernetesOptions) -> None:
        self._observer = observer
        self._routes = routes
        self._clock = clock
        self._options = options

    async def withdraw(self, pods: Collection[str], *, is_surplus: bool = False) -> None:
        """Return once no router has been told of these pods for the drain time, or they are gone."""
        served = [name for name in pods if self._serves(name)]
        for name in pods:
            self._observer.withdraw(name, is_surplus=is_surplus)
        await asyncio.gather(*(self._drained(name) for name in served))

    def _serves(self, name: str) -> bool:
        pod = self._observer.pods.get(name)
        return pod is not None and (pod.is_ready or not self._routes.is_withdrawn(name))

    async def _drained(self, name: str) -> None:
        begun = self._clock.monotonic()
        gone_since: float | None = None
        while name in self._observer.pods and self._clock.monotonic() - begun < self._options.withdraw_limit_s:
            if not self._routes.is_withdrawn(name):
                gone_since = None
            elif gone_since is None:
                gone_since = self._clock.monotonic()
            elif self._clock.monotonic() - gone_since >= self._options.drain_s:
                return
            await self._clock.sleep(POLL_S)
