"""The load that routers tell becomes pods: over all routers, within the room that there is, and not without knowing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from running_services.scheduler_service import Controller, controlling, holds, scheduling, settings_for
from running_services.scheduler_world import FakePreparation, wanted
from scheduler.domain.values import CAPACITY
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.deployment import Autoscaling, Deployment
from shared.contracts.routes import ROUTERS_BUCKET, RouterHeartbeat
from shared.errors import Unavailable
from shared.events import VersionScaled
from shared.ids import new_id

pytestmark = pytest.mark.usefixtures("each_store")

PACE = {"autoscaling_window": "PT2S", "scale_to_zero_grace": "PT0.5S", "autoscaling_interval": "PT0.2S"}
BEAT_S = 0.3


class Routers:
    """Routers that beat: name → version → requests in flight there."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.in_flight: dict[str, dict[UUID, float]] = {}
        self._beating = asyncio.Lock()

    async def beat(self) -> None:
        """Beat for ever, as a router does: through moments in which the bus does not answer in time, too."""
        while True:
            async with self._beating:
                with suppress(Unavailable):
                    for name, counts in self.in_flight.items():
                        value = RouterHeartbeat(beat=new_id(), in_flight=counts).model_dump_json().encode()
                        await self.bus.kv(ROUTERS_BUCKET).put(name, value)
            await asyncio.sleep(BEAT_S)

    async def vanish(self) -> None:
        """All of them at once, their last beats too: none comes after it was deleted."""
        async with self._beating:
            names, self.in_flight = list(self.in_flight), {}
            for name in names:
                await self.bus.kv(ROUTERS_BUCKET).delete(name)


@asynccontextmanager
async def routing(nats: NatsProcess) -> AsyncIterator[Routers]:
    bus = Bus("router", nats.url, clock=SystemClock())
    connecting = asyncio.create_task(bus.run())
    await asyncio.wait_for(bus.connected(), 30)
    routers = Routers(bus)
    beating = asyncio.create_task(routers.beat())
    try:
        yield routers
    finally:
        beating.cancel()
        connecting.cancel()
        await asyncio.gather(beating, connecting, return_exceptions=True)


def scaled(least: int, most: int, of: Deployment | None = None, generation: int = 1) -> Deployment:
    bounds = Autoscaling(min=least, max=most, target_concurrency=1)
    changes: dict[str, Any] = {"autoscaling": bounds, "desired_replicas": max(least, 1), "generation": generation}
    return (of or wanted(1)).model_copy(update=changes)


async def has(controller: Controller, deployment: Deployment, count: int, ready: int | None = None) -> None:
    async def is_so() -> bool:
        state = await controller.state(deployment)
        seen = state and (state.phase, state.desired_replicas, state.ready_replicas)
        assert seen == ("running", count, count if ready is None else ready)
        return True

    await holds(is_so)


async def test_what_two_routers_count_is_added_up_and_nobody_at_all_is_not_nothing(
    home: Path, nats_server: NatsProcess
) -> None:
    deployment = scaled(0, 4)
    settings = settings_for(home, nats_server.url, **PACE)
    async with controlling(nats_server) as controller, routing(nats_server) as routers:
        routers.in_flight = {"a": {}, "b": {}}
        async with scheduling(settings, FakePreparation(home)):
            controller.want(deployment)
            await has(controller, deployment, 0)
            routers.in_flight = {"a": {deployment.version_id: 1.0}, "b": {deployment.version_id: 1.0}}
            await has(controller, deployment, 3)  # 2 / (1 x 0.7)
            await routers.vanish()
            said = len(controller.said(VersionScaled))
            await asyncio.sleep(4)
            await has(controller, deployment, 3)
            assert len(controller.said(VersionScaled)) == said
            routers.in_flight = {"c": {}}
            await has(controller, deployment, 0)


async def test_pods_without_room_are_given_up_when_nobody_asks_for_them(home: Path, nats_server: NatsProcess) -> None:
    deployment, other = scaled(0, 4), wanted(1)
    settings = settings_for(home, nats_server.url, cpu=2, cpu_overcommit=1, memory_gb=4, memory_overcommit=1, **PACE)
    async with controlling(nats_server) as controller, routing(nats_server) as routers:
        routers.in_flight = {"a": {deployment.version_id: 5.0}}
        async with scheduling(settings, FakePreparation(home)):
            controller.want(deployment)
            await has(controller, deployment, 4, ready=2)
            controller.want(other)

            async def waits() -> bool:
                return [pod.reason for pod in await controller.pods(other)] == [CAPACITY]

            await holds(waits)
            routers.in_flight = {"a": {}}
            await has(controller, deployment, 0)
            await has(controller, other, 1)


async def test_a_range_begins_with_the_pods_that_carry_the_load(home: Path, nats_server: NatsProcess) -> None:
    fixed = wanted(3)
    ranged = scaled(0, 4, fixed, generation=2)
    settings = settings_for(home, nats_server.url, **PACE)
    async with controlling(nats_server) as controller, routing(nats_server) as routers:
        routers.in_flight = {"a": {fixed.version_id: 2.0}}
        async with scheduling(settings, FakePreparation(home)):
            controller.want(fixed)
            await has(controller, fixed, 3)
            before = {pod.name for pod in await controller.pods(fixed)}
            controller.want(ranged)

            async def is_heard() -> bool:
                state = await controller.state(fixed)
                return state is not None and state.generation == 2

            await holds(is_heard)
            await asyncio.sleep(4)
            assert {pod.name for pod in await controller.pods(fixed)} == before
            controller.want(scaled(0, 2, fixed, generation=3))
            await has(controller, fixed, 2)
            controller.want(scaled(4, 4, fixed, generation=4))
            await has(controller, fixed, 4)
