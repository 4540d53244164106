"""A whole scheduler on a real bus, in this process, with pods that start in 50 ms; and what others see of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from running_services.scheduler_world import FakePreparation, wanted
from scheduler.main import App, build_app
from scheduler.settings import SchedulerSettings
from servers.nats_process import NatsProcess
from servers.ports import free_port
from shared.bus import Bus
from shared.clock import Clock, SystemClock
from shared.contracts.deployment import Deployment, PodView, VersionState
from shared.contracts.nodes import Node, NodeStateList
from shared.contracts.routes import ROUTES_BUCKET, VersionEndpoints, endpoints_key
from shared.contracts.rpc.controller import DEPLOYMENTS, DeploymentList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import NODES, PODS, VERSION_STATES, PodsQuery
from shared.errors import PenstockError
from shared.events import EVENT_TYPES, Event, VersionStarted
from shared.telemetry import Telemetry
from waiting.eventually import eventually

E = TypeVar("E", bound=Event)

QUICK_SETTINGS: dict[str, Any] = {
    "reconcile_interval": "PT0.1S",
    "resync_interval": "PT0.3S",
    "usage_interval": "PT0.3S",
    "lease_ttl": "PT1S",
    "drain": "PT0.2S",
    "unready_after": "PT1S",
    "hung_after": "PT2S",
    "busy_after": "PT6S",
    "termination_grace": "PT2S",
    "limits": "off",
    "confinement": "off",
}


def settings_for(home: Path, nats: str, **changes: Any) -> SchedulerSettings:
    return SchedulerSettings.model_validate(
        QUICK_SETTINGS | {"home": home, "nats_url": nats, "admin_port": free_port(), "node": "here"} | changes
    )


@asynccontextmanager
async def scheduling(
    settings: SchedulerSettings, preparation: Any = None, clock: Clock | None = None
) -> AsyncIterator[App]:
    """A running scheduler; leaving it is a SIGTERM: its pods stay."""
    telemetry = Telemetry("scheduler", CollectorRegistry(), TracerProvider())
    app = await build_app(
        settings,
        telemetry,
        clock=clock or SystemClock(),
        environ={},
        preparation=preparation or FakePreparation(settings.home),
    )
    tasks = [asyncio.create_task(work, name=name) for name, work in app.loops().items()]
    try:
        yield app
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app.close()


@dataclass
class Controller:
    """What the controller is to a scheduler: a list of deployments and facts; it also hears what the scheduler says."""

    bus: Bus
    listed: dict[Any, Deployment] = field(default_factory=dict)
    nodes: dict[Any, Node] = field(default_factory=dict)
    store: UUID = field(default_factory=lambda: UUID(int=1))
    facts: list[Event] = field(default_factory=list)
    output: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, event: Event, msg_id: str | None = None) -> None:
        headers = {
            "ce-specversion": "1.0",
            "ce-id": msg_id or str(len(self.facts)) + str(id(event)),
            "ce-source": "penstock/controller",
            "ce-type": type(event).event_type(),
            "ce-time": SystemClock().now().isoformat(),
            "ce-subject": event.key(),
        }
        await self.bus.js.publish(
            type(event).subject(), event.model_dump_json().encode(), stream="EVENTS", headers=headers
        )

    def want(self, deployment: Deployment) -> None:
        """Without an event: the scheduler finds out by asking."""
        self.listed[deployment.version_id] = deployment

    def said(self, kind: type[E]) -> list[E]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def pods(self, deployment: Deployment) -> list[PodView]:
        try:
            return list((await self.bus.call(PODS, PodsQuery(version_id=deployment.version_id))).items)
        except PenstockError:
            return []

    async def state(self, deployment: Deployment) -> VersionState | None:
        try:
            states = (await self.bus.call(VERSION_STATES, Nothing())).items
        except PenstockError:
            return None
        return next((state for state in states if state.version_id == deployment.version_id), None)

    async def node_states(self) -> NodeStateList | None:
        try:
            found = await self.bus.call(NODES, Nothing())
        except PenstockError:
            return None
        assert isinstance(found, NodeStateList)
        return found

    async def phase(self, deployment: Deployment) -> str | None:
        state = await self.state(deployment)
        return state.phase if state else None

    async def endpoints(self, deployment: Deployment) -> VersionEndpoints | None:
        value = await self.bus.kv(ROUTES_BUCKET).get(endpoints_key(deployment.version_id))
        return VersionEndpoints.model_validate_json(value) if value else None

    async def routed(self, deployment: Deployment) -> list[str]:
        found = await self.endpoints(deployment)
        return [each.address for each in found.pods] if found else []


async def holds(condition: Callable[[], Awaitable[bool]], *, within: float = 60.0) -> None:
    """Wait until an asked condition holds."""
    assert await eventually(condition, within=within)


def identity(deployment: Deployment) -> dict[str, object]:
    return deployment.model_dump(include={"service_id", "service", "version_id", "version"})


def started(deployment: Deployment) -> VersionStarted:
    return VersionStarted.model_validate(identity(deployment) | {"deployment": deployment})


async def serve_one(controller: Controller, replicas: int = 1) -> Deployment:
    """A version whose pods are routed to."""
    deployment = wanted(replicas)
    controller.want(deployment)
    await controller.say(started(deployment))

    async def is_routed() -> bool:
        return len(await controller.routed(deployment)) == replicas

    await holds(is_routed, within=90)
    return deployment


@asynccontextmanager
async def controlling(nats: NatsProcess) -> AsyncIterator[Controller]:
    """A controller on the bus, which listens to every fact and log line."""
    bus = Bus("controller", nats.url, clock=SystemClock())
    controller = Controller(bus)

    async def deployments(_: Nothing) -> DeploymentList:
        items, nodes = tuple(controller.listed.values()), tuple(controller.nodes.values())
        return DeploymentList(items=items, nodes=nodes, store=controller.store)

    heard: set[str] = set()

    async def note(message: Any) -> None:
        headers = message.headers or {}
        kind = EVENT_TYPES.get(headers.get("ce-type", ""))
        if kind and headers["ce-id"] not in heard:  # publishing may be repeated, with the id by which streams know it
            heard.add(headers["ce-id"])
            controller.facts.append(kind.model_validate_json(message.data))

    async def note_output(message: Any) -> None:
        controller.output.append(json.loads(message.data))

    bus.serve(DEPLOYMENTS, deployments)
    running = asyncio.create_task(bus.run())
    await asyncio.wait_for(bus.connected(), 30)
    await bus.nc.subscribe("penstock.events.>", cb=note)
    await bus.nc.subscribe("penstock.logs.v1.>", cb=note_output)
    try:
        yield controller
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
