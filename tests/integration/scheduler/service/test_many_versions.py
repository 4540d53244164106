"""2,000 versions: a pass over all of them is two questions to the database, and acts on those alone that need it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from operations.many_services import fill_scheduler
from running_services.scheduler_service import settings_for
from running_services.scheduler_world import FakePreparation
from scheduler.handlers import intent, views
from scheduler.loops.reconciliation import reconcile_once
from scheduler.main import App, build_app
from shared.clock import SystemClock
from shared.contracts.deployment import Deployment
from shared.contracts.nodes import Node
from shared.telemetry import Telemetry
from waiting.statements import counted

pytestmark = pytest.mark.usefixtures("each_store")

VERSIONS, WANTED = 2000, 5


class Noting:
    """A backend that notes what is asked of it, so that nothing but the pass itself is counted."""

    def __init__(self) -> None:
        self.applied: list[UUID] = []

    def versions(self) -> frozenset[UUID]:
        return frozenset(self.applied)

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        assert not nodes

    async def apply(self, deployment: Deployment) -> None:
        self.applied.append(deployment.version_id)


@pytest.fixture
async def app(home: Path) -> AsyncIterator[App]:
    telemetry = Telemetry("scheduler", CollectorRegistry(), TracerProvider())
    settings = settings_for(home, "nats://127.0.0.1:1")
    made = await build_app(settings, telemetry, clock=SystemClock(), environ={}, preparation=FakePreparation(home))
    await made.dependencies.lease.acquire()
    yield made
    await made.close()


async def test_a_pass_asks_three_times_and_touches_what_is_wanted(app: App) -> None:
    backend: Any = Noting()
    dependencies = replace(app.dependencies, backend=backend)
    now, database = dependencies.steady_clock.now(), dependencies.lease.database
    async with dependencies.lease.unit_of_work() as session:
        listed = await fill_scheduler(session, VERSIONS, now, wanted=WANTED)

    with counted(database) as asked:
        await reconcile_once(dependencies)
    assert backend.applied == [each.version_id for each in listed[:WANTED]]
    assert (len(asked.statements), asked.records) == (3, VERSIONS)

    with counted(database) as asked:
        async with database.unit_of_work() as session:
            assert await intent.resync(session, listed, intent.Absences(), now) == 0
    assert (len(asked.statements), asked.writes) == (1, [])

    with counted(database) as asked:
        async with database.read() as session:
            assert len(await views.version_states(session, {})) == VERSIONS
            assert len(await views.endpoints(session)) == VERSIONS
    assert len(asked.statements) == 3


async def test_only_versions_whose_time_is_up_are_looked_at_alone(app: App) -> None:
    backend: Any = Noting()
    dependencies = replace(app.dependencies, backend=backend)
    long_ago = dependencies.steady_clock.now() - timedelta(minutes=11)
    async with dependencies.lease.unit_of_work() as session:
        await fill_scheduler(session, 100, dependencies.steady_clock.now(), wanted=100)
        late = await fill_scheduler(session, 2, long_ago, wanted=2)
    await reconcile_once(dependencies)
    async with dependencies.lease.database.read() as session:
        failed = {state.version_id for state in await views.version_states(session, {}) if state.phase == "failed"}
    assert failed == {each.version_id for each in late}
