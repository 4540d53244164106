"""Runs of pods are told by their process' true times, whatever becomes of the scheduler meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from platforms.lifetimes import Lifetimes
from running_services.scheduler_service import Controller, controlling, holds, scheduling, settings_for
from running_services.scheduler_world import wanted
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.process import shim
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Deployment
from shared.contracts.rpc.scheduler import RUNS, RunsQuery
from shared.contracts.runs import PodRun
from shared.errors import InvalidInput, PenstockError
from shared.events import RunEnded, RunStarted
from waiting.eventually import eventually

EVER = datetime(2000, 1, 1, tzinfo=UTC)
Name = tuple[str, int]


async def listed(controller: Controller, ended_after: datetime = EVER) -> dict[Name, PodRun]:
    try:
        page = await controller.bus.call(RUNS, RunsQuery(ended_after=ended_after))
    except PenstockError:
        return {}
    return {(run.pod, run.run): run for run in page.items}


async def ready(controller: Controller, deployment: Deployment, run: int = 0) -> tuple[str, int]:
    """Name and pid of the only pod, once it is ready in its run `run`."""

    async def is_ready() -> bool:
        pods = await controller.pods(deployment)
        return [(p.ready, p.restarts) for p in pods] == [(True, run)]

    await holds(is_ready, within=60)
    (pod,) = await controller.pods(deployment)
    assert pod.pid is not None
    return pod.name, pod.pid


async def all_ended(controller: Controller, count: int) -> dict[Name, PodRun]:
    """Every run, once there are `count` and all have ended."""

    async def have() -> bool:
        runs = await listed(controller)
        return len(runs) == count and all(run.ended_at for run in runs.values())

    await holds(have, within=60)
    return await listed(controller)


def stop(deployment: Deployment) -> Deployment:
    return deployment.model_copy(update={"generation": deployment.generation + 1, "desired_replicas": 0})


async def test_each_run_is_told_once_by_the_times_of_its_process(home: Path, nats_server: NatsProcess) -> None:
    lifetimes = Lifetimes()
    async with controlling(nats_server) as controller:
        deployment = wanted(1).model_copy(update={"project": "cellar"})
        controller.want(deployment)
        async with scheduling(settings_for(home, nats_server.url)):
            pod, pid = await ready(controller, deployment)
            lifetimes.watch((pod, 0), pid)
            os.kill(pid, signal.SIGKILL)
            _, pid = await ready(controller, deployment, 1)
            lifetimes.watch((pod, 1), pid)
            await eventually(lambda: len(controller.said(RunStarted)) == 2)
        os.kill(pid, signal.SIGKILL)  # with no scheduler there
        await lifetimes.ended((pod, 1))
        async with scheduling(settings_for(home, nats_server.url)):
            _, pid = await ready(controller, deployment, 2)
            lifetimes.watch((pod, 2), pid)
            controller.want(stop(deployment))
            runs = await all_ended(controller, 3)
            await eventually(lambda: len(controller.said(RunEnded)) == 3)
        async with scheduling(settings_for(home, nats_server.url)):  # tells nothing again

            async def answers() -> bool:
                return len(await listed(controller)) == 3

            await holds(answers)

        lifetimes.assert_equal({name: (run.started_at, run.ended_at) for name, run in runs.items()}, within_s=1.0)
        assert {(run.project, run.service, run.resources.spec, run.is_exact) for run in runs.values()} == {
            ("cellar", "wine", "1C2G", True)
        }
        assert sorted(event.run for event in controller.said(RunStarted)) == [0, 1, 2]
        assert sorted(event.run for event in controller.said(RunEnded)) == [0, 1, 2]
        assert {(e.pod, e.run): e.ended_at for e in controller.said(RunEnded)} == {
            name: run.ended_at for name, run in runs.items()
        }


async def test_runs_are_told_again_where_the_database_was_lost(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller:
        deployment = wanted(1)
        controller.want(deployment)
        async with scheduling(settings_for(home, nats_server.url)):
            _, pid = await ready(controller, deployment)
            os.kill(pid, signal.SIGKILL)
            await ready(controller, deployment, 1)
            await eventually(lambda: len(controller.said(RunEnded)) == 1)
            await eventually(lambda: len(controller.said(RunStarted)) == 2)
            before = await listed(controller)
        for file in (home / "scheduler").iterdir():
            file.unlink()
        async with scheduling(settings_for(home, nats_server.url)):

            async def are_back() -> bool:
                return await listed(controller) == before

            await holds(are_back)


async def test_a_run_that_nobody_saw_end_ends_when_it_was_last_known_alive(
    home: Path, nats_server: NatsProcess
) -> None:
    """As when a machine is lost: process and shim are gone, and nobody wrote how."""
    async with controlling(nats_server) as controller:
        deployment = wanted(1)
        controller.want(deployment)
        async with scheduling(settings_for(home, nats_server.url)):
            pod, pid = await ready(controller, deployment)
            await eventually(lambda: controller.said(RunStarted))
        process = PodFolder(home / "pods" / pod).run(0).process()
        assert process is not None
        os.kill(process.shim, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: not process.is_alive() and not psutil.pid_exists(process.shim))
        gone_at = datetime.now(UTC)
        async with scheduling(settings_for(home, nats_server.url)):
            await eventually(lambda: controller.said(RunEnded))
            (ended,) = controller.said(RunEnded)
        assert (ended.pod, ended.run, ended.is_exact) == (pod, 0, False)
        assert ended.ended_at is not None
        assert ended.started_at <= ended.ended_at <= gone_at
        assert gone_at - ended.ended_at < timedelta(seconds=60)


async def test_a_run_whose_folder_is_gone_has_ended(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller:
        deployment = wanted(1)
        controller.want(deployment)
        async with scheduling(settings_for(home, nats_server.url)):
            pod, pid = await ready(controller, deployment)
            await eventually(lambda: controller.said(RunStarted))
        os.kill(pid, signal.SIGKILL)
        await eventually((home / "pods" / pod / "run-0" / "exit.json").exists)
        PodFolder(home / "pods" / pod).remove()
        async with scheduling(settings_for(home, nats_server.url)):
            await eventually(lambda: controller.said(RunEnded))
        (ended,) = controller.said(RunEnded)
        assert (ended.pod, ended.is_exact) == (pod, False)


async def test_the_list_leaves_out_what_ended_before(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = wanted(1)
        controller.want(deployment)
        _, pid = await ready(controller, deployment)
        os.kill(pid, signal.SIGKILL)
        await ready(controller, deployment, 1)
        await eventually(lambda: len(controller.said(RunStarted)) == 2)

        later = await listed(controller, datetime.now(UTC) + timedelta(hours=1))
        assert [(name[1], run.ended_at) for name, run in later.items()] == [(1, None)]
        first = await controller.bus.call(RUNS, RunsQuery(ended_after=EVER, limit=1))
        second = await controller.bus.call(RUNS, RunsQuery(ended_after=EVER, limit=1, cursor=first.next_cursor))
        assert [run.run for run in (*first.items, *second.items)] == [0, 1]
        with pytest.raises(InvalidInput):
            await controller.bus.call(RUNS, RunsQuery(ended_after=EVER, cursor="nonsense"))


def test_a_folder_stays_until_its_runs_are_counted(tmp_path: Path) -> None:
    folder = PodFolder(tmp_path / "pod")
    for number in range(8):
        run = folder.run(number)
        run.make()
        (run.path / "process.json").write_text('{"pid": 1, "ticks": 1, "shim": 1, "at": 1.0}')
    folder.run(0).mark_settled()
    folder.run(7).mark_settled()

    folder.prune()

    assert [run.number for run in folder.runs()] == [1, 2, 3, 4, 5, 6, 7]
    assert folder.is_countable()


async def test_a_clock_that_is_set_changes_no_lifetime(tmp_path: Path) -> None:
    """The shim counts by a clock that nobody sets: here its start is written as if the clock had been an hour back."""
    run = RunFolder(tmp_path / "run-0", 0)
    run.make()
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    run.write_order(
        {"command": command, "environment": {}, "folder": str(tmp_path), "descriptors": [], "output_cap": 65536}
    )
    shim_process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", shim.__file__, str(run.path))
    assert await shim_process.wait() == shim.STARTED
    process = run.process()
    assert process is not None
    written = str(run.path / "process.json")
    begun = shim.read_json(written)
    assert begun is not None
    shim.write_json(written, begun | {"at": begun["at"] - 3600})
    process.send(signal.SIGKILL)

    await eventually(run.exit)
    started, ended = run.started_at(), run.ended_at()
    assert started is not None
    assert ended is not None
    assert 0 <= ended - started < 600


async def test_lifetimes_see_a_process_themselves() -> None:
    """The yardstick of these tests."""
    lifetimes = Lifetimes()
    before = time.time()
    child = await asyncio.create_subprocess_exec("sleep", "0.3")
    lifetimes.watch(("sleep", 0), child.pid)
    await child.wait()
    span = await lifetimes.ended(("sleep", 0))
    assert span.started == pytest.approx(before, abs=0.2)
    assert span.ended - span.started == pytest.approx(0.3, abs=0.2)
