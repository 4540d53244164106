"""The scheduler's doors in time. Each reads everything that it decides on, so that a lost event costs a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from prometheus_client import CollectorRegistry, Gauge, Histogram

from scheduler.clients import RouterBeats, RouteTable
from scheduler.consumers import Latest
from scheduler.domain.autoscaling import Pace
from scheduler.domain.ports import Backend
from scheduler.domain.values import Observation
from scheduler.domain.verdict import is_overdue
from scheduler.handlers import intent, observations, output, views
from scheduler.handlers.scaling import Scaling
from scheduler.handlers.settle import settle
from scheduler.store import rows
from scheduler.store.lease import Lease
from scheduler.store.nodes import every_node
from scheduler.store.runs import Key
from scheduler.store.tables import DeploymentRow, PodRow
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.rpc.controller import DEPLOYMENTS
from shared.contracts.rpc.method import Nothing
from shared.contracts.samples import PodUsage, UsageSample
from shared.errors import PenstockError, Temporary
from shared.ids import new_id

log = logging.getLogger("penstock.scheduler")

RETRY_S = 0.5
SETTLE_DELAY_S = 0.02
"""After a wake-up: the transaction that rang may not have committed yet."""
ROUTES_EVERY_S = 2.0
OUTPUT_EVERY_S = 0.3


class Bell:
    """Wakes a loop early."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Say: look again."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Until it is rung, at most `seconds`."""
        # Not wait_for: before Python 3.12 it swallows a cancellation that comes with the ring.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
            await asyncio.sleep(SETTLE_DELAY_S)
        self._rung.clear()


class Gauges:
    """What Prometheus is told."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pods = Gauge("penstock_scheduler_pods", "Pods by status.", ["status"], registry=registry)
        self.ready = Gauge("penstock_scheduler_ready_pods", "Pods that answer.", registry=registry)
        self.restarts = Gauge(
            "penstock_scheduler_pod_restarts",
            "Restarts of the pods that there are, and of the processes in them that run the model.",
            ["service", "version"],
            registry=registry,
        )
        self.reconcile = Histogram(
            "penstock_scheduler_reconcile_seconds", "One pass over everything.", registry=registry
        )


OTHER_CONTROLLER = (
    "the controller has another database than before: what it does not know runs on; "
    "restore its database, or set SCHEDULER_FOLLOW_NEW_CONTROLLER=true to end what it does not list"
)


@dataclass
class Parts:
    """What the loops work with."""

    lease: Lease
    backend: Backend
    bus: Bus
    routes: RouteTable
    clock: Clock
    steady: Clock
    """Says how long a version has been trying, whoever sets the machine's clock meanwhile."""
    place: observations.Place
    gauges: Gauges
    pace: Pace = field(default_factory=Pace)
    latest: Latest = field(default_factory=Latest)
    changed: Bell = field(default_factory=Bell)
    routes_changed: Bell = field(default_factory=Bell)
    demand: Bell = field(default_factory=Bell)
    token_of: Callable[[str], str | None] = lambda _: None
    """What a pod is to be asked with, by its name."""
    is_resynced: bool = False
    follow_new_controller: bool = False
    """Believe the list of a controller whose database is another one than before."""
    has_other_controller: bool = False
    """Its list is not believed, for that reason."""
    open_runs: frozenset[Key] | None = None
    """Runs that are stored and open; None until every run that is known here was stored."""


async def until_done(work: Callable[[], Awaitable[None]], what: str, clock: Clock) -> None:
    """Do `work`; again, for as long as what it needs is away. Complains once."""
    attempt = 0
    while True:
        try:
            await work()
        except Temporary as error:
            attempt += 1
            if attempt == 1:
                log.warning("%s waits: %s", what, error)
            await clock.sleep(RETRY_S)
        else:
            return


async def observe(parts: Parts) -> None:
    """Everything that the backend tells, in order, each in a transaction of its own."""
    async for observation in parts.backend.watch():

        async def record(seen: Observation = observation) -> None:
            async with parts.lease.unit_of_work() as session:
                await observations.observe(session, seen, parts.place, parts.steady.now())

        await until_done(record, "recording pods", parts.clock)
        parts.routes_changed.ring()
        parts.changed.ring()


async def reconcile(parts: Parts, every_s: float) -> None:
    """Have the backend make what is wanted; until cancelled."""
    while True:
        with parts.gauges.reconcile.time():
            await until_done(lambda: reconcile_once(parts), "reconciling", parts.clock)
        await parts.changed.wait(every_s)


async def reconcile_once(parts: Parts) -> None:
    """One pass over every version."""
    # Asked first: of versions that were read before the controller's list came, none is known to be unwanted.
    is_resynced = parts.is_resynced
    async with parts.lease.database.read() as session:
        versions = await rows.deployments(session)
        pods = await rows.pods_by_version(session)
        nodes = await every_node(session)
    parts.backend.set_nodes(nodes)
    _count(parts.gauges, [pod for found in pods.values() for pod in found])
    _count_restarts(parts.gauges, versions, pods)
    running = parts.backend.versions()
    for version in versions:
        await _reconcile_version(parts, version, has_pods=version.version_id in running)
    if is_resynced:
        for stray in parts.backend.versions() - {version.version_id for version in versions}:
            await parts.backend.delete(stray)


async def _reconcile_version(parts: Parts, version: DeploymentRow, *, has_pods: bool) -> None:
    deployment = rows.deployment_of(version)
    if deployment is None or version.failure or not deployment.desired_replicas:
        if has_pods:
            await parts.backend.delete(version.version_id)
        return
    await parts.backend.apply(deployment.model_copy(update={"desired_replicas": version.replicas}))
    rollover = rows.rollover_of(version)
    tries = [rows.progress_of(version), *([rollover.progress] if rollover else [])]
    if any(is_overdue(each, parts.steady.now(), parts.place.limits) for each in tries):
        await _look_at_deadline(parts, version.version_id)


async def _look_at_deadline(parts: Parts, version_id: UUID) -> None:
    """A version that nothing happens to fails by the clock alone."""
    async with parts.lease.unit_of_work() as session:
        row = await session.get(DeploymentRow, version_id)
        if row is not None:
            await settle(session, row, parts.steady.now(), parts.place.limits)


async def autoscale(parts: Parts, every_s: float) -> None:
    """Have the load decide on the pods of versions that ask for it; until cancelled."""
    scaling = Scaling(parts.pace)
    beats = RouterBeats(parts.bus, parts.clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(beats.listen(scaling.sleeps, parts.demand.ring), name="demand")
        while True:
            await until_done(lambda: autoscale_once(parts, scaling, beats), "autoscaling", parts.clock)
            await parts.demand.wait(every_s)


async def autoscale_once(parts: Parts, scaling: Scaling, beats: RouterBeats) -> None:
    """One look at the load. Without a router that lives, nothing is known of it and nothing is changed."""
    async with parts.lease.database.read() as session:
        if not await scaling.concerns(session):
            return
    in_flight = await beats.in_flight()
    if in_flight is None:
        return
    async with parts.lease.unit_of_work() as session:
        changed = await scaling.look(session, in_flight, parts.clock.monotonic())
    if changed:
        parts.changed.ring()


def _count(gauges: Gauges, pods: list[PodRow]) -> None:
    for status in ("Waiting", "Running", "Failed", "Terminating"):
        gauges.pods.labels(status).set(sum(pod.status == status for pod in pods))
    gauges.ready.set(sum(pod.ready for pod in pods))


def _count_restarts(gauges: Gauges, versions: Sequence[DeploymentRow], pods: Mapping[UUID, list[PodRow]]) -> None:
    gauges.restarts.clear()
    for version in versions:
        if found := pods.get(version.version_id):
            gauges.restarts.labels(version.service, version.version).set(sum(pod.restarts for pod in found))


async def resync(parts: Parts, every_s: float) -> None:
    """Ask the controller for its whole list, again and again; events may have been lost."""
    absences, absent_nodes = intent.Absences(), intent.Absences()
    while True:
        try:
            listed = await parts.bus.call(DEPLOYMENTS, Nothing(), timeout=5.0)
            async with parts.lease.unit_of_work() as session:
                proven = await intent.proves_absence(session, listed, follow_new=parts.follow_new_controller)
                changed = await intent.resync(
                    session, listed.items, absences, parts.steady.now(), proves_absence=proven
                )
                if proven:
                    changed += await intent.resync_nodes(session, listed.nodes, absent_nodes)
            if not proven and not parts.has_other_controller:
                log.error(OTHER_CONTROLLER)
            parts.has_other_controller = not proven
            parts.is_resynced = True
            if changed:
                parts.changed.ring()
            await parts.clock.sleep(every_s)
        except PenstockError as error:
            log.info("no list of deployments yet: %s", error)
            await parts.clock.sleep(min(every_s, 2.0))


async def publish_routes(parts: Parts) -> None:
    """Keep `endpoints.*` in the routes bucket as it should be; until cancelled."""
    while True:
        await until_done(lambda: publish_routes_once(parts), "telling routers", parts.clock)
        await parts.routes_changed.wait(ROUTES_EVERY_S)


async def publish_routes_once(parts: Parts) -> None:
    """Write what differs; a revision that the bucket is ahead of is raised first."""
    async with parts.lease.database.read() as session:
        wanted = await views.endpoints(session, parts.token_of)
    behind = await parts.routes.sync(wanted)
    if not behind:
        return
    async with parts.lease.unit_of_work() as session:
        for version_id, revision in behind.items():
            row = await session.get(DeploymentRow, version_id)
            if row is not None:
                row.endpoints_revision = revision + 1
    parts.routes_changed.ring()


async def measure(parts: Parts, every_s: float) -> None:
    """Measure every pod and send it on; a measurement that finds no bus is dropped: the next one is as good."""
    while True:
        try:
            await measure_once(parts)
        except Temporary as error:
            log.debug("a measurement was not sent: %s", error)
        await parts.clock.sleep(every_s)


async def measure_once(parts: Parts) -> None:
    """One measurement of everything."""
    parts.latest.usage = {usage.pod: usage for usage in await parts.backend.usage()}
    async with parts.lease.database.read() as session:
        pods = await views.pods(session, parts.latest.usage)
        replicas = await views.replicas(session)
    sample = UsageSample(
        source="scheduler",
        at=parts.clock.now(),
        pods=tuple(
            PodUsage(
                service=pod.service,
                version=pod.version,
                version_id=pod.version_id,
                pod=pod.name,
                cpu_cores=pod.cpu_cores or 0.0,
                memory_bytes=pod.memory_bytes or 0,
                ready=pod.ready,
            )
            for pod in pods
            if pod.name in parts.latest.usage
        ),
        versions=tuple(replicas),
    )
    if sample.versions:
        payload = sample.model_dump_json().encode()
        await parts.bus.publish_bulk("penstock.metrics.v1.scheduler", payload, msg_id=str(new_id()), stream="METRICS")


async def send_output(parts: Parts) -> None:
    """Send what pods print, as they print it; until cancelled."""

    async def send() -> None:
        await output.send_output(parts.lease, parts.backend, parts.bus, parts.clock)

    while True:
        await until_done(send, "sending output", parts.clock)
        await parts.clock.sleep(OUTPUT_EVERY_S)
