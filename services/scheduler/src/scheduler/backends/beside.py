"""Two backends as one: a cluster, and this machine beside it. Each has the pods of the versions that are its own.

Resource groups name what runs their pods; the default runs the others, and the machine's the jobs. Pods of a version
that its own backend did not start (its group was changed, or the installation) serve until that has as many ready ones.
One that does not answer holds up its own versions alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID

from scheduler.domain.ports import DEFAULT_SIZE, Backend, Reach, Terminal
from scheduler.domain.values import (
    REACH_ASKED,
    UNREACHABLE,
    LogPosition,
    MeasuredUsage,
    Observation,
    OutputLine,
    PodNote,
    PodObservation,
    PodsListed,
    RunObservation,
)
from shared.contracts.deployment import BackendName, Deployment, Resources
from shared.contracts.nodes import Node, NodeState, PoolState
from shared.contracts.terminals import TerminalSize
from shared.errors import NotFound, Temporary

LOOK_S = 0.25

log = logging.getLogger("penstock.scheduler.pods")


class BackendsBeside:
    """`scheduler.domain.ports.Backend` over two."""

    def __init__(self, cluster: Backend, machine: Backend, default: BackendName, reach: Reach | None = None) -> None:
        """`default`: what runs pods whose resources name nothing. `reach` is the cluster's: the machine has its own."""
        self.cluster = cluster
        self.machine = machine
        self._default = default
        self._reach = reach
        self._held: dict[str, tuple[PodObservation, str]] = {}
        """Pods of the cluster that are ready, and why they are not told as such."""
        self._all = (cluster, machine) if default == "kubernetes" else (machine, cluster)
        self._listed: set[Backend] = set()
        """Those that have told what they have."""
        self._pods: defaultdict[Backend, set[str]] = defaultdict(set)
        self._ready: defaultdict[Backend, dict[str, UUID]] = defaultdict(dict)
        """Pods that answer, and their versions."""

    def _of(self, backend: BackendName | None) -> Backend:
        return self.cluster if (backend or self._default) == "kubernetes" else self.machine

    async def run(self) -> None:
        """Run both until cancelled."""
        async with asyncio.TaskGroup() as group:
            for each in self._all:
                group.create_task(each.run(), name=type(each).__name__)

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """Each has those of its groups; see `Backend.set_nodes`."""
        for each in self._all:
            each.set_nodes([node for node in nodes if self._of(node.backend) is each])

    def nodes(self) -> list[NodeState] | None:
        """Of those that know; see `Backend.nodes`."""
        known = [states for each in self._all if (states := each.nodes()) is not None]
        return [state for states in known for state in states] if known else None

    def pools(self) -> list[PoolState] | None:
        """Of those that know; of the one beside the default only its groups: nothing else comes to it."""
        known = [(each, pools) for each in self._all if (pools := each.pools()) is not None]
        default = self._of(None)
        found = [pool for each, pools in known for pool in pools if each is default or pool.group is not None]
        return found if known else None

    def waiting_reasons(self) -> Mapping[str, str]:
        """See `Backend.waiting_reasons`."""
        return {**self.machine.waiting_reasons(), **self.cluster.waiting_reasons()}

    def problem(self) -> str | None:
        """Of both; see `Backend.problem`."""
        return "; ".join(found for each in self._all if (found := each.problem())) or None

    def problem_for(self, resources: Resources) -> str | None:
        """See `Backend.problem_for`."""
        return self._of(resources.backend).problem_for(resources)

    async def apply(self, deployment: Deployment) -> None:
        """Make the pods of one version be as wanted, by its own backend; see `Backend.apply`."""
        own, version_id = self._of(deployment.resources.backend), deployment.version_id
        if own not in self._listed:
            return  # it does not answer yet; the next pass asks again
        await own.apply(deployment)
        other = self.machine if own is self.cluster else self.cluster
        if version_id in other.versions():
            ready = sum(owner == version_id for owner in self._ready[own].values())
            if ready >= deployment.desired_replicas:
                await other.delete(version_id)

    async def delete(self, version_id: UUID) -> None:
        """End every pod of a version."""
        for backend in self._all:
            if version_id in backend.versions():
                await backend.delete(version_id)

    def versions(self) -> frozenset[UUID]:
        """Versions that have pods here."""
        return self.cluster.versions() | self.machine.versions()

    async def watch(self) -> AsyncIterator[Observation]:
        """Everything that happens to pods of both; see `Backend.watch`."""
        told: asyncio.Queue[tuple[Backend, Observation]] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            for backend in self._all:
                group.create_task(_hand_on(backend, told), name="observing")
            group.create_task(self._look_again(told), name="reach of the cluster")
            while True:
                backend, seen = await told.get()
                if isinstance(seen, PodObservation):
                    if backend is self.cluster and self._default != "kubernetes":
                        seen = self._as_reached(replace(seen, backend="kubernetes"))
                    self._remember(backend, seen)
                    yield seen
                    continue
                self._pods[backend] |= seen.pods
                self._listed.add(backend)
                if len(self._listed) == len(self._all):
                    yield PodsListed(frozenset().union(*self._pods.values()))

    def _as_reached(self, seen: PodObservation) -> PodObservation:
        """A pod of the cluster as it is for callers: ready once routers reach it."""
        before = self._held.pop(seen.pod, None)
        if self._reach is None or not seen.ready or seen.is_gone:
            return seen
        why = self._reach.refusal("kubernetes", seen.address or "")
        if why is None:
            return seen
        self._held[seen.pod] = (seen, why)
        is_answered = why != REACH_ASKED
        note = PodNote(UNREACHABLE, why, "error" if is_answered else "info", is_answered)
        told = seen.note if before and before[1] == why else note
        if not is_answered:
            return replace(seen, ready=False, note=told)
        return replace(seen, ready=False, status="Waiting", reason=UNREACHABLE, note=told)

    async def _look_again(self, told: asyncio.Queue[tuple[Backend, Observation]]) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for seen, said in list(self._held.values()):
                if self._reach is not None and self._reach.refusal("kubernetes", seen.address or "") != said:
                    told.put_nowait((self.cluster, replace(seen, note=None)))

    def _remember(self, backend: Backend, seen: PodObservation) -> None:
        if seen.is_gone:
            self._pods[backend].discard(seen.pod)
        else:
            self._pods[backend].add(seen.pod)
        if seen.ready and not seen.is_gone:
            self._ready[backend][seen.pod] = seen.version_id
        else:
            self._ready[backend].pop(seen.pod, None)

    def is_of_machine(self, pod: str) -> bool:
        """Whether a pod is one of this machine's."""
        return pod in self._pods[self.machine]

    def _backend_of(self, pod: str) -> Backend:
        return self.machine if self.is_of_machine(pod) else self.cluster

    async def logs(self, pod: str, since: LogPosition, *, follow: bool = False) -> AsyncGenerator[OutputLine, None]:
        """Lines of a pod's output, or a job's; see `Backend.logs`."""
        lines = self.machine.logs(pod, since, follow=follow)
        try:
            first = await anext(lines, None)
        except NotFound:
            lines = self.cluster.logs(pod, since, follow=follow)
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
        """Of what can be asked now; see `Backend.usage`."""
        found: list[MeasuredUsage] = []
        for backend in self._all:
            try:
                found += await backend.usage()
            except Temporary as away:
                log.debug("pods are not measured: %s", away.message)
        return found

    async def runs(self) -> list[RunObservation]:
        """Runs of both, once both know theirs; see `Backend.runs`."""
        return [run for backend in self._all for run in await backend.runs()]

    async def acknowledge_runs(self, runs: Sequence[RunObservation]) -> None:
        """See `Backend.acknowledge_runs`; each knows its own."""
        for backend in self._all:
            await backend.acknowledge_runs(runs)


async def _hand_on(backend: Backend, told: asyncio.Queue[tuple[Backend, Observation]]) -> None:
    async for seen in backend.watch():
        await told.put((backend, seen))
