"""Two backends as one: the one that runs pods, and beside it that of this machine, which runs the jobs.

Pods that the second one still has, from before the first was chosen, serve until the first has as many ready ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from uuid import UUID

from scheduler.domain.ports import DEFAULT_SIZE, Backend, Terminal
from scheduler.domain.values import (
    LogPosition,
    MeasuredUsage,
    Observation,
    OutputLine,
    PodObservation,
    PodsListed,
    RunObservation,
)
from shared.contracts.deployment import Deployment
from shared.contracts.nodes import Node, NodeState, PoolState
from shared.contracts.terminals import TerminalSize
from shared.errors import NotFound


class BackendsBeside:
    """`scheduler.domain.ports.Backend` over two."""

    def __init__(self, main: Backend, machine: Backend) -> None:
        """`main`: what runs pods from now on."""
        self.main = main
        self.machine = machine
        self._of_machine: set[str] = set()
        self._ready: dict[str, UUID] = {}
        """Pods of the first that answer, and their versions."""

    async def run(self) -> None:
        """Run both until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.main.run(), name="backend")
            group.create_task(self.machine.run(), name="jobs' backend")

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """Nodes are the first one's; see `Backend.set_nodes`."""
        self.main.set_nodes(nodes)
        self.machine.set_nodes(())

    def nodes(self) -> list[NodeState] | None:
        """See `Backend.nodes`."""
        return self.main.nodes()

    def pools(self) -> list[PoolState] | None:
        """See `Backend.pools`."""
        return self.main.pools()

    def waiting_reasons(self) -> Mapping[str, str]:
        """See `Backend.waiting_reasons`."""
        return {**self.machine.waiting_reasons(), **self.main.waiting_reasons()}

    def problem(self) -> str | None:
        """See `Backend.problem`."""
        return self.main.problem() or self.machine.problem()

    async def apply(self, deployment: Deployment) -> None:
        """Make the pods of one version be as wanted, by the first; see `Backend.apply`."""
        await self.main.apply(deployment)
        version_id = deployment.version_id
        if version_id in self.machine.versions():
            ready = sum(owner == version_id for owner in self._ready.values())
            if ready >= deployment.desired_replicas:
                await self.machine.delete(version_id)

    async def delete(self, version_id: UUID) -> None:
        """End every pod of a version."""
        for backend in (self.main, self.machine):
            if version_id in backend.versions():
                await backend.delete(version_id)

    def versions(self) -> frozenset[UUID]:
        """Versions that have pods here."""
        return self.main.versions() | self.machine.versions()

    async def watch(self) -> AsyncIterator[Observation]:
        """Everything that happens to pods of both, after one list of all; see `Backend.watch`."""
        told: asyncio.Queue[tuple[Backend, Observation]] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            for backend in (self.main, self.machine):
                group.create_task(_hand_on(backend, told), name="observing")
            listed: dict[int, PodsListed] = {}
            early: list[Observation] = []
            while True:
                backend, seen = await told.get()
                if isinstance(seen, PodsListed):
                    listed[id(backend)] = seen
                    if backend is self.machine:
                        self._of_machine |= seen.pods
                    if len(listed) < 2:
                        continue
                    yield PodsListed(frozenset().union(*(each.pods for each in listed.values())))
                    for each in early:
                        yield each
                    early.clear()
                    continue
                self._remember(backend, seen)
                if len(listed) < 2:
                    early.append(seen)
                else:
                    yield seen

    def _remember(self, backend: Backend, seen: PodObservation) -> None:
        if backend is self.machine:
            self._of_machine.add(seen.pod)
            if seen.is_gone:
                self._of_machine.discard(seen.pod)
        elif seen.ready and not seen.is_gone:
            self._ready[seen.pod] = seen.version_id
        else:
            self._ready.pop(seen.pod, None)

    def is_of_machine(self, pod: str) -> bool:
        """Whether a pod is one of the second's."""
        return pod in self._of_machine

    def _backend_of(self, pod: str) -> Backend:
        return self.machine if self.is_of_machine(pod) else self.main

    async def logs(self, pod: str, since: LogPosition, *, follow: bool = False) -> AsyncGenerator[OutputLine, None]:
        """Lines of a pod's output, or a job's; see `Backend.logs`."""
        lines = self.machine.logs(pod, since, follow=follow)
        try:
            first = await anext(lines, None)
        except NotFound:
            lines = self.main.logs(pod, since, follow=follow)
            first = await anext(lines, None)
        async with aclosing(lines):
            if first is not None:
                yield first
            async for line in lines:
                yield line

    def terminal_refused(self, pod: str) -> str | None:
        """See `Backend.terminal_refused`."""
        return self._backend_of(pod).terminal_refused(pod)

    async def exec(self, pod: str, command: Sequence[str], *, tty: bool, size: TerminalSize = DEFAULT_SIZE) -> Terminal:
        """See `Backend.exec`."""
        return await self._backend_of(pod).exec(pod, command, tty=tty, size=size)

    async def restart(self, pod: str) -> None:
        """See `Backend.restart`."""
        await self._backend_of(pod).restart(pod)

    async def usage(self) -> list[MeasuredUsage]:
        """See `Backend.usage`."""
        return [*await self.machine.usage(), *await self.main.usage()]

    async def runs(self) -> list[RunObservation]:
        """Runs of both; see `Backend.runs`."""
        return [*await self.main.runs(), *await self.machine.runs()]

    async def acknowledge_runs(self, runs: Sequence[RunObservation]) -> None:
        """See `Backend.acknowledge_runs`; each knows its own."""
        await self.main.acknowledge_runs(runs)
        await self.machine.acknowledge_runs(runs)


async def _hand_on(backend: Backend, told: asyncio.Queue[tuple[Backend, Observation]]) -> None:
    async for seen in backend.watch():
        await told.put((backend, seen))
