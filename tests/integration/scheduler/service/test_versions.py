"""Versions as the rest of the platform sees them, from intent to events and routes; on a real bus, with a fake pod."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from running_services.scheduler_service import (
    Controller,
    controlling,
    holds,
    identity,
    scheduling,
    serve_one,
    settings_for,
    started,
)
from running_services.scheduler_world import wanted
from scheduler.backends.errors import PreparationFailed
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Deployment
from shared.contracts.routes import ROUTES_BUCKET, endpoints_key
from shared.events import (
    PodExited,
    PodNoted,
    PodReady,
    PodScheduled,
    PodTerminated,
    VersionDeleted,
    VersionDrained,
    VersionFailed,
    VersionReady,
    VersionStopped,
)
from waiting.eventually import eventually
from waiting.set_clock import SetClock

pytestmark = pytest.mark.usefixtures("each_store")


async def test_a_started_version_is_scheduled_ready_and_routed(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller, replicas=2)

        await eventually(lambda: controller.said(VersionReady))
        (ready,) = controller.said(VersionReady)
        assert (ready.generation, ready.ready_replicas, ready.version_id) == (1, 2, deployment.version_id)
        assert len(controller.said(PodScheduled)) == len(controller.said(PodReady)) == 2
        pods = await controller.pods(deployment)
        assert [(p.status, p.ready, p.restarts, p.node) for p in pods] == [("Running", True, 0, "here")] * 2
        assert await controller.phase(deployment) == "running"
        for address in await controller.routed(deployment):
            assert httpx.get(f"http://{address}/ping").status_code == 200


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_is_set_gives_up_no_version_that_loads(
    home: Path, nats_server: NatsProcess, hours: int
) -> None:
    home.mkdir(exist_ok=True)
    (home / "unready").touch()
    clock = SetClock()
    settings = settings_for(home, nats_server.url)
    async with controlling(nats_server) as controller, scheduling(settings, clock=clock):
        deployment = wanted(1)
        controller.want(deployment)
        await controller.say(started(deployment))
        await eventually(lambda: controller.said(PodScheduled))
        clock.off_by = timedelta(hours=hours)
        await asyncio.sleep(10 * settings.reconcile_interval.total_seconds())

        (home / "unready").unlink()

        await eventually(lambda: controller.said(VersionReady))
        assert controller.said(VersionFailed) == []


async def test_three_failed_loads_fail_the_version_with_its_last_lines(home: Path, nats_server: NatsProcess) -> None:
    (home / "fail").write_text("1")
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = wanted(1)
        controller.want(deployment)
        await eventually(lambda: controller.said(VersionFailed), within=90)

        (failed,) = controller.said(VersionFailed)
        assert failed.reason == "LoadFailed"
        assert failed.message == "Traceback: the model is broken (exit code 1); 3 loads failed"
        assert failed.log_tail[-1] == "Traceback: the model is broken"
        assert len(controller.said(PodExited)) == 3

        async def is_kept_as_failed() -> bool:
            return [(p.status, p.ready) for p in await controller.pods(deployment)] == [("Failed", False)]

        await holds(is_kept_as_failed)
        state = await controller.state(deployment)
        assert state is not None
        assert (state.phase, state.reason, state.log_tail) == ("failed", "LoadFailed", failed.log_tail)

        (home / "fail").unlink()  # mended, and started again
        again = deployment.model_copy(update={"generation": 2})
        controller.want(again)
        await eventually(lambda: [e.generation for e in controller.said(VersionReady)] == [2], within=90)


class NothingToRun:
    """A preparation that finds nothing."""

    async def command(self, *_: Any) -> list[str]:
        raise PreparationFailed("ModelNotFound", "there is no such model", is_permanent=True)


async def test_of_a_pod_that_had_no_process_nobody_says_that_it_has_ended(home: Path, nats_server: NatsProcess) -> None:
    settings = settings_for(home, nats_server.url)
    async with controlling(nats_server) as controller, scheduling(settings, NothingToRun()):
        controller.want(wanted(1))
        await eventually(lambda: controller.said(VersionFailed), within=90)
        assert [(failed.reason, failed.message) for failed in controller.said(VersionFailed)] == [
            ("ModelNotFound", "there is no such model")
        ]
        assert [note.reason for note in controller.said(PodNoted)] == ["ModelNotFound"]
        assert controller.said(PodExited) == []


async def test_a_stopped_version_is_drained_and_unrouted(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        stop = deployment.model_copy(update={"generation": 2, "desired_replicas": 0})
        controller.want(stop)
        await controller.say(VersionStopped.model_validate(identity(stop) | {"deployment": stop}))
        await eventually(lambda: controller.said(VersionDrained))

        assert controller.said(VersionDrained)[0].generation == 2
        assert [e.reason for e in controller.said(PodTerminated)] == ["Stopped"]
        assert controller.said(PodExited) == []
        assert await controller.routed(deployment) == []
        assert await controller.pods(deployment) == []
        assert await controller.phase(deployment) == "stopped"


async def test_older_and_repeated_intent_changes_nothing(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        newer = deployment.model_copy(update={"generation": 3})
        controller.want(newer)
        await controller.say(started(newer), "newer")
        await controller.say(started(newer), "newer")
        older = deployment.model_copy(update={"generation": 2, "desired_replicas": 0})
        await controller.say(VersionStopped.model_validate(identity(older) | {"deployment": older}))
        await eventually(lambda: any(e.generation == 3 for e in controller.said(VersionReady)))

        (pod,) = await controller.pods(deployment)
        assert (pod.ready, pod.restarts) == (True, 0)


async def test_a_pod_that_ends_says_whether_fewer_are_wanted_or_another_takes_its_place(
    home: Path, nats_server: NatsProcess
) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        two = await serve_one(controller, replicas=2)
        one = two.model_copy(update={"generation": 2, "desired_replicas": 1})
        controller.listed[two.version_id] = one

        def reasons() -> list[str]:
            return [each.reason for each in controller.said(PodTerminated)]

        await eventually(lambda: reasons() == ["ScaledDown"])
        controller.listed[two.version_id] = one.model_copy(update={"generation": 3, "restart": 3})
        assert await eventually(
            lambda: [e.reason for e in controller.said(PodTerminated)] == ["ScaledDown", "Replaced"]
        )


async def test_a_deleted_version_does_not_come_back(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        controller.listed.clear()
        await controller.say(VersionDeleted.model_validate(identity(deployment)))
        await eventually(lambda: controller.said(PodTerminated))
        await controller.say(started(deployment), "a late repeat under another id")

        async def key_is_gone() -> bool:
            return await controller.bus.kv(ROUTES_BUCKET).get(endpoints_key(deployment.version_id)) is None

        await holds(key_is_gone)
        assert await controller.pods(deployment) == []
        assert await controller.state(deployment) is None


async def test_a_version_missing_from_the_list_twice_is_ended(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        await serve_one(controller)
        controller.listed.clear()
        assert await eventually(lambda: [e.reason for e in controller.said(PodTerminated)] == ["Deleted"])


async def test_a_controller_with_another_database_ends_nothing(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller:
        settings = settings_for(home, nats_server.url, resync_interval="PT0.2S")
        async with scheduling(settings) as app:
            deployment = await serve_one(controller)
            controller.store = UUID(int=2)
            controller.listed = {}

            await eventually(lambda: app.dependencies.has_other_controller)
            other = wanted(1)
            controller.want(other)  # the new database fills
            await holds(lambda: is_ready(controller, other))
            assert await controller.phase(deployment) == "running"

        following = settings.model_copy(update={"follow_new_controller": True})
        async with scheduling(following):
            await holds(lambda: is_gone(controller, deployment))


async def is_ready(controller: Controller, deployment: Deployment) -> bool:
    return any(pod.ready for pod in await controller.pods(deployment))


async def is_gone(controller: Controller, deployment: Deployment) -> bool:
    return not await controller.pods(deployment)
