"""Retrainings in a running monitor: asked for once, driven to their end, told as facts, over a restart too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from monitor.main import build_app
from monitor.settings import MonitorSettings
from servers.nats_process import NatsProcess
from servers.vendor_server import VendorServer, reply
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.base import Contract
from shared.contracts.jobs import JobOrder, JobQuery, JobState
from shared.contracts.retraining import (
    AwaitedModelList,
    RetrainedModel,
    Retraining,
    RetrainingAccess,
    RetrainingPage,
    RetrainingTrigger,
    RetrainingTriggerList,
    RetrainingTriggerQuery,
)
from shared.contracts.rpc.inference_logger.labels import LABEL_COVERAGE, LabelCoverage, LabelCoverageQuery
from shared.contracts.rpc.inference_logger.tables import TABLES, TableList, TablesQuery, TableView
from shared.contracts.rpc.method import Nothing, RpcMethod
from shared.contracts.rpc.retraining import (
    AWAITED_MODELS,
    CANCEL_JOB,
    CANCEL_RETRAINING,
    JOB,
    RETRAIN,
    RETRAINING,
    RETRAINING_ACCESS,
    RETRAINING_RESULT,
    RETRAINING_TRIGGERS,
    RETRAININGS,
    RUN_JOB,
    RetrainingQuery,
    RetrainingResult,
    RetrainingsQuery,
    RetrainOrder,
)
from shared.errors import NotFound, Temporary
from shared.events import AlertRaised, Event, RetrainEnded, RetrainRequested, RetrainStarted, ServiceDeleted
from shared.ids import new_id
from shared.telemetry import Telemetry
from waiting.eventually import eventually

SERVICE = UUID(int=2)
RESOURCES = {"spec": "1C2G", "cpu": 1, "memory_gb": 2}
JOB_ACTION = {"kind": "job", "command": ["python", "train.py"], "resources": RESOURCES}
FACTS: dict[str, type[Event]] = {
    event.event_type(): event for event in (RetrainRequested, RetrainStarted, RetrainEnded)
}


def trigger(action: dict[str, Any], **fields: Any) -> RetrainingTrigger:
    whole = {
        "id": new_id(),
        "service_id": SERVICE,
        "service": "wine",
        "project": "default",
        "name": "drifted",
        "model": "wine_quality",
        "action": action,
        "guards": {"cool_down": timedelta(0), "max_per_day": 9},
        "time_limit": timedelta(hours=1),
        **fields,
    }
    return RetrainingTrigger.model_validate(whole)


@dataclass
class Platform:
    """The services around the monitor, as far as it asks them, and its own answers."""

    bus: Bus
    triggers: list[RetrainingTrigger] = field(default_factory=list)
    jobs: dict[UUID, JobState] = field(default_factory=dict)
    orders: list[JobOrder] = field(default_factory=list)
    cancelled: list[UUID] = field(default_factory=list)
    coverage: float = 1.0
    at_cancel: str = "cancelled"

    def serve(self, controller: Bus, scheduler: Bus, logger: Bus) -> None:
        controller.serve(RETRAINING_TRIGGERS, self._triggers)
        controller.serve(RETRAINING_ACCESS, self._access)
        scheduler.serve(RUN_JOB, self._run_job)
        scheduler.serve(JOB, self._job)
        scheduler.serve(CANCEL_JOB, self._cancel_job)
        logger.serve(TABLES, self._tables)
        logger.serve(LABEL_COVERAGE, self._coverage)

    async def _triggers(self, _: Nothing) -> RetrainingTriggerList:
        return RetrainingTriggerList(items=tuple(self.triggers))

    async def _access(self, query: RetrainingTriggerQuery) -> RetrainingAccess:
        if query.id not in {each.id for each in self.triggers}:
            raise NotFound("gone")
        return RetrainingAccess(allowed=("127.0.0.1",))

    async def _run_job(self, order: JobOrder) -> JobState:
        self.orders.append(order)
        return self.jobs.setdefault(order.id, JobState(id=order.id, phase="waiting"))

    async def _job(self, query: JobQuery) -> JobState:
        return self.jobs[query.id]

    async def _cancel_job(self, query: JobQuery) -> JobState:
        self.cancelled.append(query.id)
        return self.becomes(query.id, self.at_cancel)

    async def _tables(self, query: TablesQuery) -> TableList:
        view = TableView(name="wine.labelled", service="wine", kind="labelled", location="/t", rows=9, version=41)
        return TableList(items=(view,))

    async def _coverage(self, query: LabelCoverageQuery) -> LabelCoverage:
        return LabelCoverage(items=(), predicted=100, labelled=int(100 * self.coverage), share=self.coverage)

    def becomes(self, job: UUID, phase: str, **fields: Any) -> JobState:
        self.jobs[job] = JobState.model_validate({"id": job, "phase": phase, "pod": "wine-job-1", **fields})
        return self.jobs[job]

    async def call(self, method: RpcMethod, query: Contract) -> Any:
        """All of them are safe to repeat, and a monitor that starts does not answer at once."""

        async def ask() -> Any:
            try:
                return await self.bus.call(method, query, timeout=5)
            except Temporary:
                return None

        return await eventually(ask)

    async def retrain(self, wanted: RetrainingTrigger, **fields: Any) -> Retraining:
        order = RetrainOrder(**{"id": new_id(), "trigger": wanted, "requested_by": "ann", **fields})
        found: Retraining = await self.call(RETRAIN, order)
        return found

    async def seen(self, identity: UUID) -> Retraining:
        found: Retraining = await self.call(RETRAINING, RetrainingQuery(service_id=SERVICE, id=identity))
        return found

    async def until(self, identity: UUID, state: str) -> Retraining:
        async def look() -> Retraining | None:
            found = await self.seen(identity)
            assert found.state == state, found
            return found

        found = await eventually(look)
        assert found is not None
        return found

    async def all(self) -> tuple[Retraining, ...]:
        page: RetrainingPage = await self.call(RETRAININGS, RetrainingsQuery(service_id=SERVICE))
        return page.items

    async def say(self, event: Event) -> None:
        headers = headers_of(event, event_id=new_id(), source="test", at=SystemClock().now())
        await self.bus.js.publish(subject_of(event), event.model_dump_json().encode(), stream="EVENTS", headers=headers)

    async def told(self) -> list[Any]:
        """Facts about retrainings so far."""
        consumer = await self.bus.js.pull_subscribe("penstock.events.retrain.>", stream="EVENTS")
        info = await consumer.consumer_info()
        found = await consumer.fetch(info.num_pending, timeout=5) if info.num_pending else []
        await consumer.unsubscribe()
        return [FACTS[(message.headers or {})["ce-type"]].model_validate_json(message.data) for message in found]


@pytest.fixture
async def platform(nats_server: NatsProcess) -> AsyncIterator[Platform]:
    buses = {
        name: Bus(name, nats_server.url, clock=SystemClock(), owns_streams=name == "controller")
        for name in ("controller", "scheduler", "inference-logger")
    }
    found = Platform(buses["controller"])
    found.serve(*buses.values())
    tasks = [asyncio.create_task(bus.run()) for bus in buses.values()]
    await asyncio.gather(*(asyncio.wait_for(bus.connected(), 30) for bus in buses.values()))
    yield found
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


Running = Callable[[], Any]


@pytest.fixture
def running(nats_server: NatsProcess, tmp_path: Path, store_url: str) -> Running:
    """Runs a monitor as long as the block lasts; the next one goes on where it was."""

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        settings = MonitorSettings(
            home=tmp_path / "home", nats_url=nats_server.url, database_url=store_url, retraining_interval=0.1
        )
        telemetry = Telemetry("monitor", CollectorRegistry(), TracerProvider())
        app = await build_app(settings, telemetry, clock=SystemClock())
        app.retraining.driver.result_wait = timedelta(seconds=0.2)
        tasks = [asyncio.create_task(work, name=name) for name, work in app.background().items()]
        await asyncio.wait_for(app.bus.connected(), 30)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await app.close()

    return run


async def test_a_webhook_by_hand_ends_with_what_the_registry_shows(
    platform: Platform, running: Running, vendor: VendorServer
) -> None:
    vendor.on("POST", "/hook", reply(204))
    wanted = trigger({"kind": "webhook", "url": f"{vendor.url}/hook"})
    platform.triggers.append(wanted)
    async with running():
        asked = await platform.retrain(wanted, note="new grapes")
        begun = await platform.until(asked.id, "started")
        second = await platform.retrain(wanted)
        awaited: AwaitedModelList = await platform.call(AWAITED_MODELS, Nothing())
        result = RetrainingResult(id=asked.id, model=RetrainedModel(model="wine_quality", version="8"))
        await platform.call(RETRAINING_RESULT, result)
        ended = await platform.until(asked.id, "succeeded")
        told = await eventually(lambda: _at_least(platform.told, 3))

    assert (asked.state, asked.cause) == ("requested", "manual")
    assert (begun.evidence.note, begun.evidence.requested_by) == ("new grapes", "ann")
    assert [(table.name, table.version) for table in begun.evidence.tables] == [("wine.labelled", 41)]
    assert (second.state, second.reason) == ("refused", "InFlight")
    assert [(each.id, each.model) for each in awaited.items] == [(asked.id, "wine_quality")]
    assert ended.model == RetrainedModel(model="wine_quality", version="8")
    assert [type(each) for each in told] == [RetrainRequested, RetrainStarted, RetrainEnded]
    assert told[2].model.version == "8"
    assert len(vendor.heard) == 1


async def _at_least(ask: Callable[[], Awaitable[list[Any]]], count: int) -> list[Any]:
    found = await ask()
    assert len(found) >= count
    return found


def raised(**fields: Any) -> AlertRaised:
    whole = {
        "alert_id": new_id(),
        "fingerprint": "f" * 32,
        "revision": 1,
        "service": "wine",
        "monitor": "drift",
        "kind": "drift",
        "severity": "critical",
        "labels": {"column": "alcohol"},
        "summary": "alcohol has drifted",
        "evidence": {"window": {"start": "2026-05-01T11:00:00Z", "end": "2026-05-01T12:00:00Z"}},
        "opened_at": datetime(2026, 5, 1, 12, tzinfo=UTC),
        **fields,
    }
    return AlertRaised.model_validate(whole)


async def test_an_alert_runs_a_job_once_over_a_restart(platform: Platform, running: Running) -> None:
    platform.triggers.append(trigger(JOB_ACTION, on_alert={"severity": "critical"}))
    async with running():
        await platform.say(raised())
        (asked,) = await eventually(platform.all)
        await platform.until(asked.id, "started")
        platform.becomes(asked.id, "running")
        await platform.until(asked.id, "running")
        await platform.say(raised())
    platform.becomes(asked.id, "succeeded", exit_code=0)
    async with running():
        ended = await platform.until(asked.id, "succeeded")
        await platform.say(raised(fingerprint="e" * 32))
        listed = await eventually(lambda: _at_least(lambda: _as_list(platform), 2))

    assert (ended.reason, ended.run and ended.run.pod) == ("NoModel", "wine-job-1")
    assert ended.evidence.alert is not None
    assert ended.evidence.alert.summary == "alcohol has drifted"
    (order, *repeated) = [each for each in platform.orders if each.id == asked.id]
    assert all(each == order for each in repeated), "what is asked anew, its answer being late, is the same job"
    assert (order.command, order.time_limit_s, order.service_id) == (("python", "train.py"), 3600.0, SERVICE)
    assert order.evidence["window"]["end"] == "2026-05-01T12:00:00Z"
    assert len(listed) == 2, "the repeat of the first alert asked for nothing"


async def _as_list(platform: Platform) -> list[Any]:
    return list(await platform.all())


async def test_what_fails_is_refused_or_cancelled_says_so(
    platform: Platform, running: Running, vendor: VendorServer
) -> None:
    job = trigger(JOB_ACTION)
    strict = trigger(JOB_ACTION, guards={"cool_down": 0, "max_per_day": 9, "min_label_coverage": 0.5})
    hook = trigger({"kind": "webhook", "url": f"{vendor.url}/hook"})
    platform.triggers += [job, strict, hook]
    vendor.on("POST", "/hook", reply(410))
    async with running():
        first = await platform.retrain(job)
        await platform.until(first.id, "started")
        asked: Retraining = await platform.call(CANCEL_RETRAINING, RetrainingQuery(service_id=SERVICE, id=first.id))
        cancelled = await platform.until(first.id, "cancelled")
        platform.at_cancel = "succeeded"
        faster = await platform.retrain(job)
        await platform.until(faster.id, "started")
        await platform.call(CANCEL_RETRAINING, RetrainingQuery(service_id=SERVICE, id=faster.id))
        was_over = await platform.until(faster.id, "succeeded")
        platform.at_cancel = "cancelled"
        platform.coverage = 0.2
        few = await platform.retrain(strict)
        refused = await platform.until(few.id, "refused")
        forced = await platform.retrain(strict, force=True)
        await platform.until(forced.id, "started")
        platform.becomes(forced.id, "failed", reason="TimeLimit", message="ended after 3600 s, its limit")
        failed = await platform.until(forced.id, "failed")
        gone = await platform.retrain(hook)
        rejected = await platform.until(gone.id, "failed")
        short = await platform.retrain(job.model_copy(update={"time_limit": timedelta(hours=-1)}))
        over = await platform.until(short.id, "failed")
        last = await platform.retrain(job)
        await platform.until(last.id, "started")
        deleted = ServiceDeleted(
            service_id=SERVICE, service="wine", actor="ann", purge_tables=False, deleted_at=SystemClock().now()
        )
        await platform.say(deleted)
        await platform.until(last.id, "cancelled")

    assert asked.is_cancelling
    assert (cancelled.reason, platform.cancelled[0]) == ("Cancelled", first.id)
    assert was_over.reason == "NoModel", "it had ended, and registered nothing"
    assert (refused.reason, few.id in {order.id for order in platform.orders}) == ("LowLabelCoverage", False)
    assert failed.message == "TimeLimit: ended after 3600 s, its limit"
    assert rejected.reason == "NotFound"
    assert over.reason == "TimeLimit"
