"""The scheduler on the bus: the events that it consumes and the calls that it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from scheduler.domain.ports import Backend
from scheduler.handlers import intent, jobs, metering, views
from scheduler.store.jobs import state_of
from scheduler.store.lease import Lease
from scheduler.store.nodes import release_node, store_node
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.jobs import JobOrder, JobQuery, JobState
from shared.contracts.nodes import NodeStateList, PoolStateList, ReadyBackend
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.retraining import CANCEL_JOB, JOB, RUN_JOB
from shared.contracts.rpc.scheduler import (
    CAPACITY,
    ENVIRONMENT,
    NODES,
    OPEN_TERMINAL,
    POD_TIMELINE,
    PODS,
    RESTART_POD,
    RUNS,
    TERMINAL_OFFER,
    VERSION_STATES,
    EnvironmentOutlook,
    ModelFiles,
    PodList,
    PodRef,
    PodsQuery,
    PodTimeline,
    RunPage,
    RunsQuery,
    VersionStateList,
)
from shared.contracts.terminals import TerminalOffer, TerminalOrder
from shared.database import Database
from shared.errors import Unavailable
from shared.events import (
    NodeAdded,
    NodeReleased,
    NodeUpdated,
    VersionDeleted,
    VersionRolledBack,
    VersionStarted,
    VersionStopped,
    VersionUpdated,
)


def consume_intent(bus: Bus, lease: Lease, clock: Clock, wake: Callable[[], None]) -> None:
    """Store what the controller's events say is wanted; each of them wakes the reconciliation."""

    async def wanted(
        event: VersionStarted | VersionStopped | VersionUpdated | VersionRolledBack, session: AsyncSession
    ) -> None:
        if event.deployment is not None:
            await lease.fence(session)
            await intent.store_deployment(session, event.deployment, clock.now())
            wake()

    async def deleted(event: VersionDeleted, session: AsyncSession) -> None:
        await lease.fence(session)
        await intent.store_deletion(session, event, clock.now())
        wake()

    async def node_wanted(event: NodeAdded | NodeUpdated, session: AsyncSession) -> None:
        await lease.fence(session)
        if await store_node(session, event.node):
            wake()

    async def node_released(event: NodeReleased, session: AsyncSession) -> None:
        await lease.fence(session)
        await release_node(session, event.node.id)
        wake()

    handlers: dict[Any, Callable[[Any, AsyncSession], Awaitable[None]]] = {
        VersionStarted: wanted,
        VersionStopped: wanted,
        VersionUpdated: wanted,
        VersionRolledBack: wanted,
        VersionDeleted: deleted,
        NodeAdded: node_wanted,
        NodeUpdated: node_wanted,
        NodeReleased: node_released,
    }
    bus.consume("scheduler-intent", handlers)


def serve_pods(bus: Bus, database: Database, backend: Backend, usage: views.LatestUsage) -> None:
    """Answer questions about pods and versions."""

    async def pods(query: PodsQuery) -> PodList:
        async with database.read() as session:
            return PodList(items=tuple(await views.pods(session, usage.by_pod, query.version_id)))

    async def restart(ref: PodRef) -> Nothing:
        async with database.read() as session:
            await views.pod_of(session, ref.version_id, ref.pod)
        await backend.restart(ref.pod)
        return Nothing()

    async def states(_: Nothing) -> VersionStateList:
        async with database.read() as session:
            states = await views.version_states(session, backend.waiting_reasons(), backend.problem_for)
            return VersionStateList(items=tuple(states))

    async def timeline(ref: PodRef) -> PodTimeline:
        async with database.read() as session:
            return views.pod_timeline(await views.pod_of(session, ref.version_id, ref.pod))

    bus.serve(PODS, pods)
    bus.serve(POD_TIMELINE, timeline)
    bus.serve(RESTART_POD, restart)
    bus.serve(VERSION_STATES, states)


def serve_terminals(
    bus: Bus, database: Database, backend: Backend, open_terminal: Callable[[TerminalOrder], Awaitable[None]]
) -> None:
    """Answer whether a pod has terminals, and open sessions in them."""

    async def offer(ref: PodRef) -> TerminalOffer:
        async with database.read() as session:
            await views.pod_of(session, ref.version_id, ref.pod)
        return TerminalOffer(refused=backend.terminal_refused(ref.pod))

    async def opened(order: TerminalOrder) -> Nothing:
        async with database.read() as session:
            await views.pod_of(session, order.version_id, order.pod)
        await open_terminal(order)
        return Nothing()

    bus.serve(TERMINAL_OFFER, offer)
    bus.serve(OPEN_TERMINAL, opened)


def serve_environments(bus: Bus, outlook: Callable[[ModelFiles], EnvironmentOutlook]) -> None:
    """Answer whether a model version would find its environment."""

    async def environment(files: ModelFiles) -> EnvironmentOutlook:
        return await asyncio.to_thread(outlook, files)

    bus.serve(ENVIRONMENT, environment)


def serve_nodes(bus: Bus, backend: Backend, ready: Callable[[], tuple[ReadyBackend, ...]]) -> None:
    """Answer what is on each node, and what room there is; `Unavailable` until pods are placed by them."""

    async def nodes(_: Nothing) -> NodeStateList:
        known = backend.nodes()
        if known is None:
            raise Unavailable("the nodes are not known yet", retry_after_s=1)
        backends = ready()
        return NodeStateList(machine=backends[0].machine, backends=backends, items=tuple(known))

    async def capacity(_: Nothing) -> PoolStateList:
        known = backend.pools()
        if known is None:
            raise Unavailable("the room that there is is not known yet", retry_after_s=1)
        backends = ready()
        return PoolStateList(machine=backends[0].machine, backends=backends, items=tuple(known))

    bus.serve(NODES, nodes)
    bus.serve(CAPACITY, capacity)


def serve_runs(bus: Bus, database: Database, is_metered: Callable[[], bool]) -> None:
    """Answer which runs of pods there are; `Unavailable` until all that is known here was stored."""

    async def listed(query: RunsQuery) -> RunPage:
        if not is_metered():
            raise Unavailable("the runs of pods are not known yet", retry_after_s=1)
        async with database.read() as session:
            return await metering.list_runs(session, query)

    bus.serve(RUNS, listed)


def serve_jobs(bus: Bus, lease: Lease, clock: Clock, wake: Callable[[], None]) -> None:
    """Take orders of supervised jobs, and answer how they do."""

    async def order(wanted: JobOrder) -> JobState:
        async with lease.unit_of_work() as session:
            state = await jobs.order_job(session, wanted, clock.now())
        wake()
        return state

    async def cancel(query: JobQuery) -> JobState:
        async with lease.unit_of_work() as session:
            state = await jobs.cancel_job(session, query.id)
        wake()
        return state

    async def job(query: JobQuery) -> JobState:
        async with lease.database.read() as session:
            return state_of(await jobs.load_job(session, query.id))

    bus.serve(RUN_JOB, order)
    bus.serve(JOB, job)
    bus.serve(CANCEL_JOB, cancel)
