"""What pods say of themselves: read when they turn ready, and when their health answer has another revision.

A pod is ready by its probes, which are the node's; its report is read by this scheduler at its address. Where that does
not answer, the pod serves all the same, if routers reach it, and a warning says what was found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from scheduler.backends.kubernetes.pods.known_pod import KnownPod
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.backends.pod_api.health import read_health, read_image_health, read_report
from scheduler.domain.values import PodNote
from shared.clock import Clock

TIMEOUT_S = 1.0
TRIES = 2
EVERY_S = 3.0
"""Between two rounds of questions, where they are few."""
ASKED_A_SECOND = 50
"""Of all pods together: of 3,000 each is asked once a minute, and the scheduler has time for other work."""
READ_AT_ONCE = 20
"""Pods: after an outage of the API server all are doubted, at a start all are read. One that does not answer takes
`TIMEOUT_S`, and with thousands asked at once those that do answer would be too late."""
UNREACHABLE = (
    "its node says that it is ready, and nothing answers here at {address}: the scheduler and the routers have to "
    "reach the addresses of pods"
)


class PodReports:
    """Reads the reports of pods."""

    def __init__(self, observer: PodObserver, token_of: Callable[[str], str | None], clock: Clock) -> None:
        self._observer = observer
        self._token_of = token_of
        self._clock = clock
        self._revisions: dict[str, tuple[int, int]] = {}
        """By pod: its run, and the revision that was read."""
        self._reading: set[str] = set()
        self._turns = asyncio.Semaphore(READ_AT_ONCE)
        self._doubted_turns = asyncio.Semaphore(READ_AT_ONCE)
        """Their own: callers wait for a pod that is new, and thousands may be doubted."""

    async def read(self, name: str) -> None:
        """Read a pod's report for the first time in its run; callers may be sent to it after that."""
        if name in self._reading:
            return
        self._reading.add(name)
        try:
            pod = self._observer.pods.get(name)
            if pod is None:
                return
            run = pod.facts.run
            for _ in range(TRIES):
                async with self._turns:
                    if await self._read(pod, run):
                        return
            self._observer.add_note(
                name, PodNote("Unreachable", UNREACHABLE.format(address=pod.facts.address), "warning"), is_stage=False
            )
            self._observer.set_report(name, None, run)
        finally:
            self._reading.discard(name)

    async def _read(self, pod: KnownPod, run: int) -> bool:
        """Whether the pod answers."""
        name, token = pod.facts.name, self._token_of(pod.facts.name)
        host, port = endpoint_of(pod.facts.address or "")
        if (path := pod.facts.health_path) is not None:  # somebody's own image: it is asked for its health alone
            answer, _ = await read_image_health(host, port, path, TIMEOUT_S)
            if answer not in {"refused", "silent"}:
                self._observer.set_report(name, None, run)
            return answer not in {"refused", "silent"}
        answer, revision = await read_health(host, port, TIMEOUT_S, token)
        if answer in {"refused", "silent"}:
            return False
        report = await read_report(host, port, TIMEOUT_S, token)
        self._revisions[name] = (run, revision)
        self._observer.set_report(name, report or pod.report, run)
        return True

    async def run(self) -> None:
        """Look for reports that have changed, and for pods that are lost, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_for_changes(), name="changed reports")
            while True:
                await self._clock.sleep(EVERY_S)
                await self._ask_the_doubted()

    async def _look_for_changes(self) -> None:
        while True:
            await self._clock.sleep(EVERY_S)
            self._revisions = {name: seen for name, seen in self._revisions.items() if name in self._observer.pods}
            for name in list(self._revisions):
                await self._clock.sleep(1 / ASKED_A_SECOND)
                await self._ask(name, *self._revisions[name])

    async def _ask(self, name: str, run: int, known: int) -> None:
        """Read a pod's report where its health answer has another revision than is known."""
        pod = self._observer.pods.get(name)
        if pod is not None and pod.is_ready and pod.facts.run == run:
            host, port = endpoint_of(pod.facts.address or "")
            answer, revision = await read_health(host, port, TIMEOUT_S, self._token_of(name))
            if answer == "ready" and revision != known:
                await self._read(pod, run)

    async def _ask_the_doubted(self) -> None:
        """Ask pods whose node the cluster has not heard of: after an outage of the API server that is all of them."""
        doubted = [pod for pod in self._observer.pods.values() if pod.facts.is_doubted and not pod.facts.is_deleted]
        await asyncio.gather(*map(self._ask_one_doubted, doubted))

    async def _ask_one_doubted(self, pod: KnownPod) -> None:
        name, path = pod.facts.name, pod.facts.health_path
        host, port = endpoint_of(pod.facts.address or "")
        for _ in range(TRIES):
            async with self._doubted_turns:
                if path is not None:
                    answer, _ = await read_image_health(host, port, path, TIMEOUT_S)
                else:
                    answer, _ = await read_health(host, port, TIMEOUT_S, self._token_of(name))
            if answer not in {"refused", "silent"}:
                self._observer.set_lost(name, is_lost=False)
                return
        self._observer.set_lost(name, is_lost=True)


def endpoint_of(address: str) -> tuple[str, int]:
    """Host and port of `host:port`, brackets taken off; of none, one that nothing answers at."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port or 0)
