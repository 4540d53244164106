"""What the autoscaler decides is in the store, with its fact, in one transaction; and it goes on from there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, text
from sqlmodel import col

from running_services.scheduler_service import controlling, holds, scheduling, settings_for
from running_services.scheduler_world import FakePreparation, wanted
from scheduler.domain.autoscaling import AutoscalerTiming
from scheduler.handlers import intent
from scheduler.handlers.scaling import Autoscalers
from scheduler.main import App, build_app
from scheduler.store.tables import DeploymentRow, PodRow
from servers.nats_process import NatsProcess
from shared.clock import SystemClock
from shared.contracts.deployment import Autoscaling, Deployment
from shared.contracts.routes import ROUTERS_BUCKET, RouterHeartbeat
from shared.events import VersionScaled
from shared.ids import new_id
from shared.telemetry import Telemetry
from waiting.eventually import eventually

pytestmark = pytest.mark.usefixtures("each_store")

PACE = AutoscalerTiming(window_s=6, grace_s=2)
EVERY_S = 2.0


def scaled(
    replicas: int = 1, *, least: int = 0, most: int = 8, generation: int = 1, of: Deployment | None = None
) -> Deployment:
    """A version whose pods are meant to have ten requests in flight each; `of`: the same one again."""
    of = of or wanted()
    bounds = Autoscaling(min=least, max=most, target_concurrency=10 / 0.7)
    return of.model_copy(update={"autoscaling": bounds, "generation": generation, "desired_replicas": replicas})


class Store:
    """A scheduler's store, with versions and ready pods put into it by hand; time passes look by look."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.now = 1000.0
        self.scaling = Autoscalers(PACE)

    async def want(self, deployment: Deployment) -> None:
        async with self.app.dependencies.lease.unit_of_work() as session:
            assert await intent.store_deployment(session, deployment, self.app.dependencies.steady_clock.now())

    async def row(self, version_id: UUID) -> DeploymentRow:
        async with self.app.dependencies.lease.database.read() as session:
            found = await session.get(DeploymentRow, version_id)
        assert found is not None
        return found

    async def note(self, version_id: UUID, **what: Any) -> None:
        async with self.app.dependencies.lease.unit_of_work() as session:
            row = await session.get(DeploymentRow, version_id)
            for name, value in what.items():
                setattr(row, name, value)

    async def have_ready(self, version_id: UUID, count: int) -> None:
        async with self.app.dependencies.lease.unit_of_work() as session:
            await session.execute(delete(PodRow).where(col(PodRow.version_id) == version_id))
            for number in range(count):
                name = f"{version_id}-{number}"
                session.add(
                    PodRow(name=name, version_id=version_id, generation=1, node="here", status="Running", ready=True)
                )

    async def settles(self, version_id: UUID) -> list[int]:
        """Pods that are wanted, look by look, while nobody asks for any; each pod is there, or gone, at once."""
        wanted_pods = []
        for _ in range(10):
            await self.looks({})
            wanted_pods.append((await self.row(version_id)).replicas)
            await self.have_ready(version_id, wanted_pods[-1])
        return wanted_pods

    async def looks(self, in_flight: dict[UUID, float], times: int = 1) -> int:
        changed = 0
        for _ in range(times):
            self.now += EVERY_S
            async with self.app.dependencies.lease.unit_of_work() as session:
                changed += await self.scaling.decide(session, in_flight, self.now)
        return changed

    async def told(self) -> int:
        async with self.app.dependencies.lease.database.read() as session:
            counted = text("select count(*) from outbox where subject = :subject")
            return int((await session.execute(counted, {"subject": VersionScaled.subject()})).scalar_one())


@pytest.fixture
async def store(home: Path) -> AsyncIterator[Store]:
    telemetry = Telemetry("scheduler", CollectorRegistry(), TracerProvider())
    settings = settings_for(home, "nats://127.0.0.1:1")
    made = await build_app(settings, telemetry, clock=SystemClock(), environ={}, preparation=FakePreparation(home))
    await made.dependencies.lease.acquire()
    yield Store(made)
    await made.close()


async def test_a_decision_is_stored_with_its_fact_and_only_where_something_changes(store: Store) -> None:
    busy, fixed, failed = scaled(), wanted(1), scaled()
    for deployment in (busy, fixed, failed):
        await store.want(deployment)
    await store.note(failed.version_id, failure={"reason": "LoadFailed", "message": "no", "log_tail": []})
    await store.have_ready(busy.version_id, 1)
    load = {each.version_id: 40.0 for each in (busy, fixed, failed)}

    assert await store.looks(load) == 1
    assert await store.looks(load) == 0
    assert (await store.row(busy.version_id)).replicas == 4
    assert [(await store.row(each.version_id)).replicas for each in (fixed, failed)] == [1, 1]
    assert await store.told() == 1


async def test_a_scheduler_that_starts_anew_goes_on_from_there(store: Store) -> None:
    deployment = scaled()
    await store.want(deployment)
    await store.have_ready(deployment.version_id, 4)
    await store.looks({deployment.version_id: 40.0})
    store.scaling = Autoscalers(PACE)

    assert await store.looks({}) == 0, "nothing is taken away before it has watched for a whole window"
    assert (await store.row(deployment.version_id)).replicas == 4
    falling = await store.settles(deployment.version_id)
    assert (falling[0], falling[-1], sorted(falling, reverse=True)) == (4, 0, falling)
    assert (await store.row(deployment.version_id)).desired_replicas == 1, "what was asked for stays"
    assert store.scaling.is_scaled_to_zero(deployment.version_id)
    assert await store.looks({deployment.version_id: 1.0}) == 1
    assert (await store.row(deployment.version_id)).replicas == 1
    assert not store.scaling.is_scaled_to_zero(deployment.version_id)


async def test_while_pods_are_replaced_none_is_taken_away(store: Store) -> None:
    deployment = scaled()
    await store.want(deployment)
    await store.have_ready(deployment.version_id, 3)
    await store.note(deployment.version_id, scale=3, was_ready=True)
    other = scaled(generation=2, of=deployment)
    model = other.model_source.model_copy(update={"version": "2"})
    await store.want(other.model_copy(update={"model_source": model}))
    assert (await store.row(deployment.version_id)).rollover is not None

    assert await store.looks({}, times=10) == 0
    assert (await store.row(deployment.version_id)).replicas == 3
    await store.note(deployment.version_id, rollover=None)
    assert (await store.settles(deployment.version_id))[-1] == 0


async def test_new_bounds_hold_at_once_and_a_stop_is_a_stop(store: Store) -> None:
    deployment = scaled()
    await store.want(deployment)
    await store.note(deployment.version_id, scale=6, was_ready=True)
    for generation, bounds, replicas in ((2, (0, 4), 4), (3, (5, 8), 5), (4, (0, 8), 5)):
        least, most = bounds
        await store.want(scaled(generation=generation, least=least, most=most, of=deployment))
        assert (await store.row(deployment.version_id)).replicas == replicas
    await store.want(scaled(0, generation=5, of=deployment))
    assert (await store.row(deployment.version_id)).replicas == 0
    assert await store.looks({deployment.version_id: 40.0}) == 0
    assert (await store.row(deployment.version_id)).replicas == 0


async def test_what_a_router_says_becomes_pods(home: Path, nats_server: NatsProcess) -> None:
    settings = settings_for(home, nats_server.url, autoscaling_interval="PT0.2S", autoscaling_window="PT3S")
    deployment = scaled(most=3)
    async with controlling(nats_server) as controller, scheduling(settings):
        controller.want(deployment)

        async def are_ready(count: int) -> bool:
            return [pod.ready for pod in await controller.pods(deployment)] == [True] * count

        await holds(lambda: are_ready(1))
        assert controller.said(VersionScaled) == []
        beats = controller.bus.kv(ROUTERS_BUCKET)
        beat = RouterHeartbeat(beat=new_id(), in_flight={deployment.version_id: 100.0})
        await beats.put("router-1", beat.model_dump_json().encode())
        await holds(lambda: are_ready(3))
        (told,) = await eventually(lambda: controller.said(VersionScaled))
        assert (told.from_replicas, told.to_replicas, told.version_id) == (1, 3, deployment.version_id)
