"""Pods as the rest of the platform sees them: events, restarts, output, usage; on a real bus, with a fake pod."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from running_services.scheduler_service import Controller, controlling, holds, scheduling, serve_one, settings_for
from scheduler.domain.start_timeline import ORDER
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Deployment
from shared.contracts.rpc.scheduler import POD_TIMELINE, RESTART_POD, PodRef, PodTimeline
from shared.errors import NotFound
from shared.events import (
    PodExited,
    PodNotReady,
    PodReady,
    VersionReady,
)
from waiting.eventually import eventually

pytestmark = pytest.mark.usefixtures("each_store")


async def test_a_killed_pod_leaves_the_routes_and_comes_back(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        (pod,) = await controller.pods(deployment)
        before = await controller.endpoints(deployment)
        assert before is not None
        assert pod.pid is not None
        started = await start_of(controller, deployment, pod.name)
        assert (started.run, started.state) == (0, "ready")
        assert [phase.name for phase in started.phases] == list(ORDER)
        assert started.started_at is not None
        assert started.started_at < started.phases[4].started_at < (started.ready_at or started.started_at)
        os.kill(pod.pid, signal.SIGKILL)

        await eventually(lambda: controller.said(PodExited))
        (exited,) = controller.said(PodExited)
        assert (exited.signal, exited.pod) == (signal.SIGKILL, pod.name)
        await eventually(lambda: controller.said(PodNotReady))
        await eventually(lambda: len(controller.said(PodReady)) == 2, within=90)
        (again,) = await controller.pods(deployment)
        assert (again.restarts, again.last_exit) == (1, "killed by SIGKILL")
        restarted = await start_of(controller, deployment, pod.name)
        assert (restarted.run, restarted.state, restarted.phases[0].state) == (1, "ready", "skipped")

        async def is_routed_anew() -> bool:
            return [again.address] == await controller.routed(deployment)

        await holds(is_routed_anew)
        after = await controller.endpoints(deployment)
        assert after is not None
        assert after.revision > before.revision
        assert await controller.phase(deployment) == "running"
        assert len(controller.said(VersionReady)) == 1


async def start_of(controller: Controller, deployment: Deployment, pod: str) -> PodTimeline:
    found = await controller.bus.call(POD_TIMELINE, PodRef(version_id=deployment.version_id, pod=pod))
    assert isinstance(found, PodTimeline)
    return found


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


async def is_replaced(controller: Controller, deployment: Deployment, former: str) -> bool:
    pods = await controller.pods(deployment)
    return [pod.ready for pod in pods] == [True] and pods[0].name != former


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
