"""2,000 versions: a pass over all of them is two questions to the database, and acts on those alone that need it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from sqlalchemy import event, select

from operations.many_services import fill_scheduler
from running_services.scheduler_service import settings_for
from running_services.scheduler_world import FakePreparation
from scheduler.domain.values import PodObservation, RunEnd
from scheduler.handlers import intent, observations, views
from scheduler.handlers.outcome import update_outcome
from scheduler.loops.observation import run_observation
from scheduler.loops.reconciliation import reconcile_once
from scheduler.main import App, build_app
from scheduler.store.tables import DeploymentRow, PodRow
from shared.bus.outbox import outbox
from shared.clock import SystemClock
from shared.contracts.deployment import Deployment, ImageSource, Resources
from shared.contracts.nodes import Node
from shared.telemetry import Telemetry
from waiting.eventually import eventually
from waiting.statements import counted

pytestmark = pytest.mark.usefixtures("each_store")

VERSIONS, WANTED = 2000, 5


class Noting:
    """A backend that notes what is asked of it, so that nothing but the pass itself is counted."""

    def __init__(self) -> None:
        self.applied: list[UUID] = []
        self.trouble: str | None = None

    def problem_for(self, resources: Resources) -> str | None:
        return self.trouble

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


async def test_what_runs_pods_being_away_is_said_of_what_starts_and_fails_none_by_the_clock(app: App) -> None:
    backend: Any = Noting()
    backend.trouble = "the cluster is not followed: https://c cannot be reached"
    dependencies = replace(app.dependencies, backend=backend)
    long_ago = dependencies.steady_clock.now() - timedelta(minutes=11)
    async with dependencies.lease.unit_of_work() as session:
        wanted, stopped = await fill_scheduler(session, 2, long_ago, wanted=1)
    await reconcile_once(dependencies)
    async with dependencies.lease.database.read() as session:
        found = {each.version_id: each for each in await views.version_states(session, {}, backend.problem_for)}
    told = found[wanted.version_id]
    assert (told.phase, told.reason) == ("starting", "Waiting")
    assert told.message == f"nothing can be done with its pods yet: {backend.trouble}"
    assert found[stopped.version_id].message is None


def waiting_pod(of: Deployment, reason: str | None = None) -> PodObservation:
    return PodObservation("w-1", of.version_id, 1, "Waiting", ready=False, run=0, restarts=0, reason=reason)


async def test_a_pod_that_never_began_is_not_said_to_have_ended(app: App) -> None:
    lease, now = app.dependencies.lease, app.dependencies.steady_clock.now()
    async with lease.unit_of_work() as session:
        (wanted,) = await fill_scheduler(session, 1, now, wanted=1)
        seen = waiting_pod(wanted)
        for run, end in enumerate((RunEnd(0, reason="ImageNotFound", message="there is none"), RunEnd(1, code=3))):
            pod = replace(seen, run=run, end=end)
            await observations.store_observation(session, pod, app.dependencies.observer, now)
        said = (await session.execute(select(outbox.c.subject).order_by(outbox.c.seq))).scalars().all()
    facts = [subject.split(".")[3] for subject in said]
    assert [fact for fact in facts if fact in {"noted", "exited"}] == ["noted", "exited"]


async def test_what_a_pod_waits_for_is_said_of_its_version(app: App) -> None:
    lease, now = app.dependencies.lease, app.dependencies.steady_clock.now()
    async with lease.unit_of_work() as session:
        (wanted,) = await fill_scheduler(session, 1, now, wanted=1)
        pod = waiting_pod(wanted, "RegistryUnreachable")
        await observations.store_observation(session, pod, app.dependencies.observer, now)
        (state,) = await views.version_states(session, {"w-1": "the node cannot reach it"})
    assert (state.phase, state.reason, state.message) == ("starting", "RegistryUnreachable", "the node cannot reach it")


@pytest.mark.parametrize("then", [{"reason": "LoadingModel"}, {"is_gone": True}])
async def test_time_that_a_pod_has_waited_does_not_count(app: App, then: dict[str, Any]) -> None:
    """It may have waited for nearly as long as a version may take, or longer: what comes then has all of the time."""
    lease, now = app.dependencies.lease, app.dependencies.steady_clock.now()
    limits = app.dependencies.observer.limits
    room_at = now + limits.never_ready + timedelta(minutes=1)
    async with lease.unit_of_work() as session:
        (wanted,) = await fill_scheduler(session, 1, now, wanted=1)
        waits = waiting_pod(wanted, "Capacity")
        await observations.store_observation(session, waits, app.dependencies.observer, now)
        await observations.store_observation(session, replace(waits, **then), app.dependencies.observer, room_at)
        (at_once,) = await views.version_states(session, {})
        row = await session.get(DeploymentRow, wanted.version_id)
        assert row is not None
        await update_outcome(session, row, room_at + limits.never_ready, limits)
        (later,) = await views.version_states(session, {})
    assert (at_once.phase, later.phase) == ("starting", "failed")


async def test_a_pod_that_has_room_is_said_to_wait_for_what_is_away(app: App) -> None:
    lease, now = app.dependencies.lease, app.dependencies.steady_clock.now()
    async with lease.unit_of_work() as session:
        (wanted,) = await fill_scheduler(session, 1, now, wanted=1)
        pod = waiting_pod(wanted, "Capacity")
        await observations.store_observation(session, pod, app.dependencies.observer, now)
        (full,) = await views.version_states(session, {"w-1": "asks for 2 cores"}, lambda _: "the engine is away")
        (kindless,) = await views.version_states(session, {"w-1": "no node has a GPU H100, only 1 NVIDIA A10"})
        (away,) = await views.version_states(session, {}, lambda _: "the engine is away")
        (given,) = await views.version_states(session, {})
    assert full.message == "capacity: there is no room for a pod yet: asks for 2 cores"
    assert kindless.message == "GpuKindMissing: no node has a GPU H100, only 1 NVIDIA A10"
    assert away.message == "nothing can be done with its pods yet: the engine is away"
    assert given.message == "capacity: there is no room for a pod yet: it is about to be given"


async def test_pods_of_images_are_published_without_a_token_and_shown_with_their_image(app: App) -> None:
    lease, now = app.dependencies.lease, app.dependencies.steady_clock.now()
    async with lease.unit_of_work() as session:
        model, image = await fill_scheduler(session, 2, now, wanted=2)
        source = ImageSource(image="r.io/app:1")
        for each, made in ((model, model), (image, image.model_copy(update={"model_source": source}))):
            row = await session.get(DeploymentRow, each.version_id)
            assert row is not None
            row.deployment = made.model_dump(mode="json")
            seen = PodObservation(
                f"{each.version}-0", each.version_id, 1, "Running", ready=True, run=0, restarts=0, address="127.0.0.1:1"
            )
            if made is not model:
                known = replace(seen, ready=False, image="r.io/app@sha256:1")
                await observations.store_observation(session, known, app.dependencies.observer, now)
            await observations.store_observation(session, seen, app.dependencies.observer, now)
    async with lease.database.read() as session:
        found = await views.endpoints(session, lambda pod: f"token of {pod}")
        (pod,) = await views.pods(session, {}, image.version_id)
    tokens = {endpoints.version_id: [pod.token for pod in endpoints.pods] for endpoints, _ in found}
    assert tokens == {model.version_id: ["token of v1-0"], image.version_id: [None]}
    assert pod.image == "r.io/app@sha256:1"


async def test_what_is_seen_at_once_is_stored_together_and_in_order(app: App) -> None:
    lease, pods = app.dependencies.lease, 120
    async with lease.unit_of_work() as session:
        (wanted,) = await fill_scheduler(session, 1, app.dependencies.steady_clock.now(), wanted=1)
    first = PodObservation("", wanted.version_id, 1, "Waiting", ready=False, run=0, restarts=0)
    told = [replace(first, pod=f"w-{number:03d}") for number in range(pods)]
    told += [replace(each, status="Running") for each in told[:100]] + [replace(told[0], is_gone=True)]
    told += [replace(told[1], is_gone=True), replace(told[1], status="Running")]  # one that stands for pods comes again

    class Telling(Noting):
        async def watch(self) -> AsyncIterator[PodObservation]:
            for each in told:
                yield each
            await asyncio.get_running_loop().create_future()

    backend: Any = Telling()
    commits = 0

    def committed(_: Any) -> None:
        nonlocal commits
        commits += 1

    event.listen(lease.database.engine.sync_engine, "commit", committed)
    task = asyncio.create_task(run_observation(replace(app.dependencies, backend=backend)))

    async def stored() -> list[str]:
        async with lease.database.read() as session:
            found = (await session.execute(select(PodRow).order_by(PodRow.name))).scalars().all()
        return [f"{each.name} {each.status}" for each in found]

    expected = [f"w-{number:03d} {'Running' if number < 100 else 'Waiting'}" for number in range(1, pods)]
    await eventually(lambda: _are(stored, expected), within=20)
    task.cancel()
    assert commits < len(told) / 4


async def _are(stored: Callable[[], Awaitable[list[str]]], expected: list[str]) -> bool:
    return await stored() == expected
