"""The scheduler as the rest of the platform sees it: facts, routes, answers; on a real bus, with a fake pod."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from eventually import eventually
from nats_process import NatsProcess
from scheduler_service import Controller, controlling, holds, scheduling, settings_for
from scheduler_world import wanted
from set_clock import SetClock
from shared.contracts.deployment import Deployment, PodView
from shared.contracts.routes import ROUTES_BUCKET, endpoints_key
from shared.contracts.rpc.scheduler import RESTART_POD, PodRef
from shared.errors import NotFound
from shared.events import (
    PodExited,
    PodNotReady,
    PodReady,
    PodScheduled,
    PodTerminated,
    VersionDeleted,
    VersionDrained,
    VersionFailed,
    VersionReady,
    VersionStarted,
    VersionStopped,
)

pytestmark = pytest.mark.usefixtures("each_store")


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


async def test_a_killed_pod_leaves_the_routes_and_comes_back(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        (pod,) = await controller.pods(deployment)
        before = await controller.endpoints(deployment)
        assert before is not None
        assert pod.pid is not None
        os.kill(pod.pid, signal.SIGKILL)

        await eventually(lambda: controller.said(PodExited))
        (exited,) = controller.said(PodExited)
        assert (exited.signal, exited.pod) == (signal.SIGKILL, pod.name)
        await eventually(lambda: controller.said(PodNotReady))
        await eventually(lambda: len(controller.said(PodReady)) == 2, within=90)
        (again,) = await controller.pods(deployment)
        assert (again.restarts, again.last_exit) == (1, "killed by SIGKILL")

        async def is_routed_anew() -> bool:
            return [again.address] == await controller.routed(deployment)

        await holds(is_routed_anew)
        after = await controller.endpoints(deployment)
        assert after is not None
        assert after.revision > before.revision
        assert await controller.phase(deployment) == "running"
        assert len(controller.said(VersionReady)) == 1


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
        await eventually(lambda: [e.reason for e in controller.said(PodTerminated)] == ["ScaledDown"])
        controller.listed[two.version_id] = one.model_copy(update={"generation": 3, "restart": 3})
        await eventually(lambda: [e.reason for e in controller.said(PodTerminated)] == ["ScaledDown", "Replaced"])


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
        await eventually(lambda: [e.reason for e in controller.said(PodTerminated)] == ["Deleted"])


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


async def test_damaged_files_of_a_pod_are_kept_and_the_pod_is_replaced(
    home: Path, nats_server: NatsProcess, caplog: pytest.LogCaptureFixture
) -> None:
    async with controlling(nats_server) as controller:
        settings = settings_for(home, nats_server.url)
        async with scheduling(settings):
            damaged, whole = await serve_one(controller), await serve_one(controller)
            (before,) = await controller.pods(damaged)
            (untouched,) = await controller.pods(whole)
        record = home / "pods" / before.name / "pod.json"
        record.write_text("{}")
        assert before.pid is not None

        async with scheduling(settings):
            await holds(lambda: is_replaced(controller, damaged, before.name))
            assert [pod.pid for pod in await controller.pods(whole)] == [untouched.pid]

    assert not psutil.pid_exists(before.pid) or psutil.Process(before.pid).status() == psutil.STATUS_ZOMBIE
    (kept,) = record.parent.glob("pod.json.damaged-*")
    assert kept.read_text() == "{}"
    assert str(record) in caplog.text


async def is_ready(controller: Controller, deployment: Deployment) -> bool:
    return any(pod.ready for pod in await controller.pods(deployment))


async def is_gone(controller: Controller, deployment: Deployment) -> bool:
    return not await controller.pods(deployment)


async def is_replaced(controller: Controller, deployment: Deployment, former: str) -> bool:
    pods = await controller.pods(deployment)
    return [pod.ready for pod in pods] == [True] and pods[0].name != former


async def test_a_wiped_bucket_is_written_again(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        await controller.bus.js.purge_stream(f"KV_{ROUTES_BUCKET}")

        async def is_routed() -> bool:
            return bool(await controller.routed(deployment))

        await holds(is_routed, within=90)


def lose_database(home: Path) -> None:
    if url := os.environ.get("SCHEDULER_DATABASE_URL"):
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
            server.execute("DROP SCHEMA public CASCADE")
            server.execute("CREATE SCHEMA public")
    else:
        shutil.rmtree(home / "scheduler")


async def test_a_lost_database_is_rebuilt_from_pods_controller_and_bucket(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller:
        async with scheduling(settings_for(home, nats_server.url)):
            deployment = await serve_one(controller)
            before = await controller.endpoints(deployment)
            (pod,) = await controller.pods(deployment)
        lose_database(home)
        async with scheduling(settings_for(home, nats_server.url)):
            assert await served_by(controller, deployment) == (pod.name, pod.pid)
            after = await controller.endpoints(deployment)
            assert before is not None
            assert after is not None
            assert after.pods == before.pods


async def test_what_was_read_before_the_list_came_ends_no_pod(
    home: Path, nats_server: NatsProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with controlling(nats_server) as controller:
        async with scheduling(settings_for(home, nats_server.url)):
            deployment = await serve_one(controller)
            (pod,) = await controller.pods(deployment)
        lose_database(home)
        async with scheduling(settings_for(home, nats_server.url)) as app:
            database = app.dependencies.lease.database
            read = database.read

            @asynccontextmanager
            async def late() -> AsyncIterator[AsyncSession]:
                """What is read in vain from the new database is seen only after it was filled."""
                async with read() as session:
                    yield session
                if app.dependencies.lease.is_held:
                    await eventually(lambda: app.dependencies.is_resynced)

            monkeypatch.setattr(database, "read", late)
            assert await served_by(controller, deployment) == (pod.name, pod.pid)


async def served_by(controller: Controller, deployment: Deployment) -> tuple[str, int | None]:
    """Name and process of the only pod, once it is there and ready."""

    async def one() -> Any:
        pods = await controller.pods(deployment)
        return pods[0] if len(pods) == 1 and pods[0].ready else None

    found: PodView = await eventually(one, within=90)
    return found.name, found.pid


async def test_a_restarted_scheduler_adopts_without_a_gap(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller:
        async with scheduling(settings_for(home, nats_server.url)):
            deployment = await serve_one(controller)
            (before,) = await controller.pods(deployment)
        facts = len(controller.facts)
        async with scheduling(settings_for(home, nats_server.url)):

            async def is_known() -> bool:
                return bool(await controller.pods(deployment))

            await holds(is_known, within=90)
            (after,) = await controller.pods(deployment)
            assert (after.pid, after.ready, after.restarts) == (before.pid, True, 0)
            assert not [fact for fact in controller.facts[facts:] if isinstance(fact, PodNotReady)]
            os.kill(after.pid or 0, signal.SIGKILL)
            await eventually(lambda: len(controller.said(PodExited)) == 1)


async def test_a_pod_restarts_on_request(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        (pod,) = await controller.pods(deployment)
        await controller.bus.call(RESTART_POD, PodRef(version_id=deployment.version_id, pod=pod.name))
        await eventually(lambda: len(controller.said(PodReady)) == 2, within=90)

        (again,) = await controller.pods(deployment)
        assert again.pid != pod.pid
        assert controller.said(PodExited) == []
        with pytest.raises(NotFound):
            await controller.bus.call(RESTART_POD, PodRef(version_id=deployment.version_id, pod="nobody"))


async def test_output_reaches_the_log_stream_once_and_in_order(home: Path, nats_server: NatsProcess) -> None:
    (home / "say").write_text("hello\n[request_id=r-1] printed by the model")
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        await serve_one(controller)
        await eventually(lambda: sum(len(o["lines"]) for o in controller.output) >= 3)

        lines = [line for output in controller.output for line in output["lines"]]
        assert [(line["request_id"], line["text"]) for line in lines[1:]] == [
            (None, "hello"),
            ("r-1", "printed by the model"),
        ]
        assert [line["offset"] for line in lines] == sorted({line["offset"] for line in lines})
        assert {output["run"] for output in controller.output} == {0}


async def test_usage_and_pods_are_told(home: Path, nats_server: NatsProcess) -> None:
    settings = settings_for(home, nats_server.url)
    async with controlling(nats_server) as controller, scheduling(settings):
        deployment = await serve_one(controller)

        async def is_measured() -> bool:
            return all(p.memory_bytes and p.cpu_cores is not None for p in await controller.pods(deployment))

        await holds(is_measured)
        (seen,) = await controller.pods(deployment)
        assert (seen.service, seen.version, seen.node, seen.last_exit) == ("wine", "v1", "here", None)
        assert seen.name.startswith("wine-v1-")
        started_at = datetime.fromisoformat(seen.started_at or "")
        assert timedelta(0) < datetime.now(UTC) - started_at < timedelta(minutes=5)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.admin_port}") as admin:
            (pod,) = (await admin.get("/pods")).json()["items"]
            assert (pod["status"], pod["ready"], pod["restarts"]) == ("Running", True, 0)
            assert pod["pid"]
            assert pod["address"]
            assert (await admin.get("/readyz")).status_code == 200
            assert 'penstock_scheduler_pods{status="Running"} 1.0' in (await admin.get("/metrics")).text


async def test_pods_serve_on_and_state_converges_while_the_bus_is_away(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        (pod,) = await controller.pods(deployment)
        nats_server.kill()
        os.kill(pod.pid or 0, signal.SIGKILL)
        folder = home / "pods" / pod.name / "run-1"
        await eventually((folder / "process.json").exists, within=90)
        nats_server.start()

        async def is_routed_anew() -> bool:
            found = await controller.pods(deployment)
            return bool(found) and found[0].ready and await controller.routed(deployment) == [found[0].address]

        await holds(is_routed_anew, within=90)
