"""Reach: routers are asked whether they reach the pods of a backend that resource groups name beside the default.

Processes, containers and a cluster are in different networks. So no pod of another backend than the default counts as
ready before every router that answers has reached one of them. What was reached once is not asked again: a pod that
goes silent later is the routers' own business. Routers of an earlier release do not answer: they are not waited for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from scheduler.domain.values import REACH_ASKED
from shared.clock import Clock
from shared.contracts.deployment import BackendName
from shared.contracts.rpc.router import ReachAnswer
from shared.errors import Temporary

log = logging.getLogger("penstock.scheduler.reach")

RETRY_S = 5.0
FORGET_S = 20.0
"""After which nobody waits for a backend any more whose pods ask no longer."""
SILENCE_S = 15.0
"""After which a backend counts as reached though no router has answered."""
WAYS_OUT = {
    "process": "set SCHEDULER_ADVERTISE_HOST to an address of the scheduler's machine that routers reach",
    "docker": "put the routers on the pods' network, or see SCHEDULER_DOCKER_ADDRESS",
    "kubernetes": "run the routers inside the cluster's network, or route the addresses of its pods to them",
}


class RouterReach:
    """`scheduler.domain.ports.Reach`: what routers were asked, and what they said."""

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Sequence[ReachAnswer]]],
        default: BackendName,
        clock: Clock,
        retry_s: float = RETRY_S,
    ) -> None:
        self._ask = ask
        self._default = default
        self._clock = clock
        self._retry_s = retry_s
        self._reached: set[BackendName] = set()
        self._refused: dict[BackendName, str] = {}
        self._silent_since: dict[BackendName, float] = {}
        self._wanted: dict[BackendName, tuple[str, float]] = {}
        """The address that was last asked for, and when."""
        self._is_new = asyncio.Event()

    def note_reached(self, backends: Iterable[BackendName | None]) -> None:
        """Pods of these were routed before this scheduler began."""
        self._reached.update(each for each in backends if each is not None)

    def refusal(self, backend: BackendName | None, address: str) -> str | None:
        """See `Reach.refusal`."""
        if backend is None or backend == self._default or backend in self._reached:
            return None
        is_new = backend not in self._wanted
        self._wanted[backend] = (address, self._clock.monotonic())
        if is_new:
            self._is_new.set()
        return self._refused.get(backend, REACH_ASKED)

    def problem(self, backend: BackendName | None = None) -> str | None:
        """What routers do not reach (of one backend, or of any), in sentences; None: nothing that is waited for."""
        asked = self._wanted if backend is None else {backend}
        return "; ".join(self._refused[each] for each in asked if each in self._refused) or None

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            self._is_new.clear()
            for backend, (address, asked_at) in list(self._wanted.items()):
                if self._clock.monotonic() - asked_at > FORGET_S:
                    self._forget(backend)
                else:
                    await self._ask_once(backend, address)
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._retry_s if self._wanted else None):
                await self._is_new.wait()
        except TimeoutError:
            return

    async def _ask_once(self, backend: BackendName, address: str) -> None:
        try:
            answers = await self._ask(address)
        except Temporary as away:
            log.debug("routers were not asked: %s", away.message)
            return
        if not answers and not self._is_silent_long(backend):
            return
        failed = [f"{each.router} ({each.problem})" for each in answers if each.problem]
        if not failed:
            log.info("pods of the backend %s at %s: reached by %d routers", backend, address, len(answers))
            self._reached.add(backend)
            self._forget(backend)
            return
        said = (
            f"routers do not reach pods of the backend {backend} at {address}: {', '.join(sorted(failed))}; "
            f"{WAYS_OUT[backend]}, or give its resource groups another backend"
        )
        if self._refused.get(backend) != said:
            log.warning("%s", said)
        self._refused[backend] = said

    def _is_silent_long(self, backend: BackendName) -> bool:
        now = self._clock.monotonic()
        return now - self._silent_since.setdefault(backend, now) >= SILENCE_S

    def _forget(self, backend: BackendName) -> None:
        self._wanted.pop(backend, None)
        self._refused.pop(backend, None)
        self._silent_since.pop(backend, None)
