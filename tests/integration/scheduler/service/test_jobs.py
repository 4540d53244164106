"""A supervised job on a real bus: ordered, printed, metered, adopted by the next scheduler, cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from running_services.scheduler_service import Controller, controlling, scheduling, settings_for
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Resources
from shared.contracts.jobs import JOB_VERSION, JobOrder, JobQuery, JobState
from shared.contracts.metrics.samples import PodOutput
from shared.contracts.rpc.method import RpcMethod
from shared.contracts.rpc.retraining import CANCEL_JOB, JOB, RUN_JOB
from shared.errors import NotFound, Temporary
from shared.events import RunEnded, RunStarted
from shared.ids import new_id
from waiting.eventually import eventually

WAITS = "import os, time\nprint('trains', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.05)\nprint('done')"


def order(code: str, **fields: Any) -> JobOrder:
    resources = Resources(spec="1C2G", cpu=0.5, memory_gb=0.5)
    whole = {
        "id": new_id(),
        "service_id": UUID(int=1),
        "service": "wine",
        "project": "cellar",
        "resources": resources,
        "time_limit_s": 60,
        "command": ("python", "-c", code),
    }
    return JobOrder.model_validate(whole | fields)


async def call(controller: Controller, method: RpcMethod, query: JobOrder | JobQuery) -> JobState:
    async def ask() -> JobState | None:
        try:
            found = await controller.bus.call(method, query)
        except Temporary:
            return None  # it does not lead yet
        assert isinstance(found, JobState)
        return found

    found = await eventually(ask)
    assert found is not None
    return found


async def until(controller: Controller, job: JobOrder, phase: str) -> JobState:
    async def look() -> JobState:
        found = await call(controller, JOB, JobQuery(id=job.id))
        assert found.phase == phase, found
        return found

    return await eventually(look)


@asynccontextmanager
async def running(home: Path, nats_server: NatsProcess) -> AsyncIterator[None]:
    async with scheduling(settings_for(home, nats_server.url)):
        yield


async def test_a_job_is_run_once_adopted_metered_and_heard(home: Path, nats_server: NatsProcess) -> None:
    waits, endless = order(WAITS), order("import time; time.sleep(600)")
    async with controlling(nats_server) as controller:
        async with running(home, nats_server):
            await call(controller, RUN_JOB, waits)
            begun = await until(controller, waits, "running")
            again = await call(controller, RUN_JOB, waits)
        (home / "jobs" / str(begun.pod) / "run-0" / "work" / "go").touch()
        async with running(home, nats_server):
            ended = await until(controller, waits, "succeeded")
            await call(controller, RUN_JOB, endless)
            await until(controller, endless, "running")
            await call(controller, CANCEL_JOB, JobQuery(id=endless.id))
            cancelled = await until(controller, endless, "cancelled")
            lines = await eventually(lambda: printed(controller, str(begun.pod), 2))
            facts = await eventually(lambda: runs_told(controller, 4))
            with pytest.raises(NotFound, match="no job"):
                await controller.bus.call(JOB, JobQuery(id=new_id()))

    assert (again.pod, ended.pod, ended.exit_code) == (begun.pod, begun.pod, 0)
    assert cancelled.reason == "Cancelled"
    assert lines == ["trains", "done"]
    assert {(fact.pod, fact.version, fact.project) for fact in facts} == {
        (begun.pod, JOB_VERSION, "cellar"),
        (cancelled.pod, JOB_VERSION, "cellar"),
    }
    assert len(list((home / "jobs").iterdir())) == 2


async def printed(controller: Controller, pod: str, count: int) -> list[str]:
    consumer = await controller.bus.js.pull_subscribe(f"penstock.logs.v1.wine.{JOB_VERSION}.{pod}", stream="LOGS")
    pending = (await consumer.consumer_info()).num_pending
    messages = await consumer.fetch(pending, timeout=5) if pending else []
    await consumer.unsubscribe()
    told = [PodOutput.model_validate_json(each.data) for each in messages]
    # At least once: what was published and not noted before its scheduler ended comes again, and sinks drop it.
    lines = {(each.run, line.offset): line.text for each in told for line in each.lines}
    assert len(lines) >= count
    return list(lines.values())


async def runs_told(controller: Controller, count: int) -> list[RunStarted | RunEnded]:
    found = [fact for fact in controller.facts if isinstance(fact, RunStarted | RunEnded)]
    assert len(found) == count
    return found
