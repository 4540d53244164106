"""The real controller for tests: a server of the bus, the app in this process, a client with its token."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from controller.main import App, build_app
from controller.settings import ControllerSettings
from servers.ports import free_port
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.chunks import ChunkStream
from shared.contracts.deployment import PodView, VersionState
from shared.contracts.erasures import ErasureQuery, ErasureReceipt, ErasureTerms
from shared.contracts.nodes import Machine, NodeState, NodeStateList, PoolState, PoolStateList
from shared.contracts.routes import ROUTES_BUCKET
from shared.contracts.rpc.inference_logger import (
    ACCOUNTING,
    ERASURE_RECEIPT,
    ERASURE_TERMS,
    READ,
    ROWS,
    TABLE,
    TABLES,
    AccountingPage,
    AccountingPoint,
    AccountingQuery,
    ReadQuery,
    RowPage,
    RowsQuery,
    TableColumn,
    TableDetails,
    TableList,
    TableQuery,
    TablesQuery,
    TableView,
)
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.monitor import (
    CHARTS,
    EVENTS,
    LOG_CONTEXT,
    LOGS,
    METRICS,
    SUMMARIES,
    ChartSeries,
    ChartSeriesList,
    ChartsQuery,
    EventEntry,
    EventPage,
    EventsQuery,
    LogContextQuery,
    LogEntry,
    LogPage,
    LogsQuery,
    MetricsQuery,
    Series,
    SeriesList,
    Sparkline,
    SummariesQuery,
    TrafficSummaries,
    TrafficSummary,
)
from shared.contracts.rpc.scheduler import (
    CAPACITY,
    ENVIRONMENT,
    NODES,
    POD_TIMELINE,
    PODS,
    RESTART_POD,
    RUNS,
    VERSION_STATES,
    EnvironmentOutlook,
    ModelFiles,
    PodList,
    PodRef,
    PodsQuery,
    PodTimeline,
    RunPage,
    RunsQuery,
    StartPhase,
    VersionStateList,
)
from shared.errors import NotFound, Unavailable
from shared.events import Event
from shared.ids import new_id
from shared.telemetry import Telemetry
from waiting.eventually import USUAL_STEP_S, step
from waiting.set_clock import SetClock

TOKEN = "a-token-for-tests-that-is-long-enough"
NATS = shutil.which("nats-server", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")


async def eventually(condition: Callable[[], Awaitable[Any]], within: float = 60.0) -> Any:
    """The first true value of `condition`; fails after `within` seconds with the last value."""
    began, last = time.monotonic(), None
    while (waited_s := time.monotonic() - began) < within:
        cpu_before_s = time.thread_time()
        if last := await condition():
            return last
        await asyncio.sleep(step(USUAL_STEP_S, waited_s, time.thread_time() - cpu_before_s))
    raise AssertionError(f"not within {within} s; last: {last!r}")


@dataclass
class Nats:
    """A server that can be stopped, started again on its data, and wiped."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert NATS, "nats-server is missing from the environment"
        command = [NATS, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder), "-l", "/dev/null"]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise AssertionError("nats-server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Controller:
    """A running controller and a client that carries its token."""

    app: App
    client: httpx.AsyncClient
    clock: SetClock
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        self.tasks = [asyncio.create_task(work, name=name) for name, work in self.app.background().items()]

    async def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """Call the API; fails on any other status, showing the answer."""
        answer = await self.client.request(method, f"/api/v1{path}", **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def route(self, key: str) -> dict[str, Any] | None:
        """One value of the route table; None while it cannot be read."""
        try:
            value = await self.app.dependencies.bus.kv(ROUTES_BUCKET).get(key)
        except Unavailable:
            return None
        return httpx.Response(200, content=value).json() if value else None

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.aclose()
        await self.app.close()


def settings_for(folder: Path, nats_url: str, mlflow_url: str, **more: Any) -> ControllerSettings:
    values: dict[str, Any] = {
        "home": folder,
        "nats_url": nats_url,
        "mlflow_url": mlflow_url,
        "admin_token": TOKEN,
        "routes_interval": 0.3,
        "resync_interval": 0.5,
    }
    return ControllerSettings(**(values | more))


async def controller_for(settings: ControllerSettings) -> Controller:
    clock = SetClock()
    app = await build_app(settings, Telemetry("controller", CollectorRegistry(), TracerProvider()), clock=clock)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app.api, raise_app_exceptions=False),
        base_url="http://127.0.0.1:8000",
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    return Controller(app, client, clock)


def wine(version: str = "1", **fields: Any) -> dict[str, Any]:
    """Body of a version that publishes a registered model."""
    return {"model_source": {"kind": "mlflow", "model": "wine", "version": version}, **fields}


class Peers:
    """The other services, as far as the controller hears of them: their facts and their answers."""

    def __init__(self, nats_url: str) -> None:
        clock = SystemClock()
        self._nats_url = nats_url
        self.scheduler = Bus("scheduler", nats_url, clock=clock, owns_streams=True)
        self.monitor = Bus("monitor", nats_url, clock=clock, owns_streams=True)
        self.logger = Bus("inference-logger", nats_url, clock=clock, owns_streams=True)
        self.states: tuple[VersionState, ...] = ()
        self.restarted: list[str] = []
        self.asked_logs: list[LogsQuery] = []
        self.asked_charts: list[ChartsQuery] = []
        self.stored: Callable[[LogsQuery], LogPage] | None = None
        self.rows: tuple[dict[str, Any], ...] = ()
        self.read_pieces: list[bytes] = [
            b'{"columns":["request_id"],"next_cursor":null,',
            b'"items":[{"request_id":"r1"}]}',
        ]
        self.asked_reads: list[ReadQuery] = []
        self.asked_accounts: list[AccountingQuery] = []
        self.pools: tuple[PoolState, ...] = ()
        self.nodes = NodeStateList(machine=Machine(name="here", cpu=8, memory_gb=16, gpu=1), items=())
        self.scheduler.serve(VERSION_STATES, self._states)
        self.scheduler.serve(PODS, self._pods)
        self.scheduler.serve(RESTART_POD, self._restart)
        self.scheduler.serve(POD_TIMELINE, self._timeline)
        self.scheduler.serve(ENVIRONMENT, self._environment)
        self.scheduler.serve(NODES, self._nodes)
        self.scheduler.serve(CAPACITY, self._capacity)
        self.monitor.serve(LOGS, self._logs)
        self.monitor.serve(LOG_CONTEXT, self._log_context)
        self.monitor.serve(EVENTS, self._events)
        self.monitor.serve(METRICS, self._metrics)
        self.monitor.serve(CHARTS, self._charts)
        self.monitor.serve(SUMMARIES, self._summaries)
        self.logger.serve(TABLES, self._tables)
        self.logger.serve(ROWS, self._rows)
        self.logger.serve(TABLE, self._table)
        self.logger.serve(READ, self._read)
        self.logger.serve(ACCOUNTING, self._account)
        self.receipts: dict[UUID, ErasureReceipt] = {}
        self.logger.serve(ERASURE_TERMS, self._erasure_terms)
        self.logger.serve(ERASURE_RECEIPT, self._erasure_receipt)
        self.buses = (self.scheduler, self.monitor, self.logger)
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self.tasks = [asyncio.create_task(bus.run()) for bus in self.buses]
        await asyncio.gather(*(asyncio.wait_for(bus.connected(), 10) for bus in self.buses))

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def run(self, bus: Bus) -> asyncio.Task[None]:
        """Run one more part on the bus, until it is ended or all are."""
        task = asyncio.create_task(bus.run())
        self.tasks.append(task)
        await asyncio.wait_for(bus.connected(), 30)
        return task

    async def end(self, task: asyncio.Task[None]) -> None:
        """End one of the parts."""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def say(self, event: Event) -> None:
        """Publish a fact as the scheduler's relay would."""
        headers = headers_of(event, event_id=new_id(), source="scheduler", at=SystemClock().now())
        await self.scheduler.js.publish(
            subject_of(event), event.model_dump_json().encode(), stream="EVENTS", headers=headers
        )

    async def say_raw(self, fact: str, body: bytes) -> None:
        """Publish something that is no proper fact under a fact's subject."""
        headers = {"ce-id": str(new_id()), "ce-type": f"penstock.{fact}.v1"}
        await self.scheduler.js.publish(f"penstock.events.{fact}.v1", body, stream="EVENTS", headers=headers)

    async def events(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """Type and body of the first `count` events, in the order of the stream."""
        stream = self.monitor.js

        async def enough() -> bool:
            return (await stream.stream_info("EVENTS")).state.messages >= count

        await eventually(enough)
        messages = [await stream.get_msg("EVENTS", number) for number in range(1, count + 1)]
        return [((m.headers or {})["ce-type"], json.loads(m.data or b"")) for m in messages]

    async def dead(self) -> int:
        """How many dead letters there are."""
        return (await self.monitor.js.stream_info("DEAD")).state.messages

    async def answer_runs(self, handler: Callable[[RunsQuery], Awaitable[RunPage]]) -> None:
        """From now on, answer which runs of pods there are."""
        answering = Bus("scheduler", self._nats_url, clock=SystemClock())
        answering.serve(RUNS, handler)
        self.tasks.append(asyncio.create_task(answering.run()))
        await asyncio.wait_for(answering.connected(), 30)

    def sees(self, *nodes: dict[str, Any], pods: int = 0, generation: int = 1_000_000) -> None:
        """From now on, the scheduler knows these nodes (as the API shows them) and so many pods on each."""
        states = [NodeState(id=node["id"], generation=generation, pods=pods, cpu=pods) for node in nodes]
        self.nodes = NodeStateList(machine=self.nodes.machine, items=tuple(states))

    async def _nodes(self, _: Nothing) -> NodeStateList:
        return self.nodes

    async def _capacity(self, _: Nothing) -> PoolStateList:
        return PoolStateList(machine=self.nodes.machine, items=self.pools)

    async def _states(self, _: Nothing) -> VersionStateList:
        return VersionStateList(items=self.states)

    async def _pods(self, query: PodsQuery) -> PodList:
        pod = PodView(
            name="wine-v1-0",
            service="wine",
            version="v1",
            version_id=query.version_id,
            node="local",
            status="Running",
            ready=True,
            restarts=0,
        )
        return PodList(items=(pod,))

    async def _restart(self, ref: PodRef) -> Nothing:
        self.restarted.append(ref.pod)
        return Nothing()

    async def _timeline(self, ref: PodRef) -> PodTimeline:
        if ref.pod != "wine-v1-0":
            raise NotFound(f"there is no pod {ref.pod} of this version")
        begun = datetime(2026, 3, 1, 12, tzinfo=UTC)
        placed = StartPhase(name="placed", started_at=begun, ended_at=begun + timedelta(seconds=1.5), state="done")
        model = StartPhase(name="model", started_at=begun + timedelta(seconds=1.5), state="running", detail="fetching")
        return PodTimeline(pod=ref.pod, run=0, state="starting", started_at=begun, phases=(placed, model))

    async def _environment(self, files: ModelFiles) -> EnvironmentOutlook:
        assert files.mlmodel
        assert files.requirements
        return EnvironmentOutlook(state="to_build", unmet=("pandas==1.0 (here: 2.2)",))

    async def _logs(self, query: LogsQuery) -> LogPage:
        self.asked_logs.append(query)
        if self.stored is not None:
            return self.stored(query)
        assert (query.search, query.limit) == ("hello", 5)
        text = f"hello {query.version}"
        return LogPage(items=(LogEntry(at=SystemClock().now(), version="v1", pod="p", run=0, text=text),))

    async def _log_context(self, query: LogContextQuery) -> LogPage:
        pod, run, offset = query.id.split(":")
        at, place = SystemClock().now(), {"pod": pod, "run": int(run), "offset": int(offset)}
        return LogPage(items=(LogEntry(at=at, version="v1", text=f"{query.lines} each way", **place),))

    async def _events(self, query: EventsQuery) -> EventPage:
        now = SystemClock().now()
        entry = EventEntry(
            first_seen=now,
            last_seen=now,
            level="info",
            resource_kind="pod",
            resource_name="p",
            reason="Ready",
            message=query.service,
            count=1,
        )
        return EventPage(items=(entry,))

    async def _metrics(self, query: MetricsQuery) -> SeriesList:
        assert (query.to_time - query.from_time).total_seconds() == 3600
        series = Series(labels={"version": query.version or "all"}, points=((60, 1.5),))
        return SeriesList(metric=query.metric, unit="1/s", series=(series,))

    async def _charts(self, query: ChartsQuery) -> ChartSeriesList:
        self.asked_charts.append(query)
        values = (1.5, *[None] * (query.count - 1))
        return ChartSeriesList(
            series=tuple(ChartSeries(metric=name, unit="1/s", version="v1", values=values) for name in query.metrics)
        )

    async def _summaries(self, query: SummariesQuery) -> TrafficSummaries:
        line = Sparkline(from_time=SystemClock().now(), values=(0.5, None))
        rates = {"requests_per_second": 1.5, "errors_per_second": 0.0, "latency_p99_s": 0.0241}
        return TrafficSummaries(
            items=tuple(TrafficSummary(service=name, sparkline=line, **rates) for name in query.services)
        )

    async def _tables(self, query: TablesQuery) -> TableList:
        table = TableView(
            name=f"{query.service}.payload", service="wine", kind="payload", location="file:///t", rows=1, version=0
        )
        return TableList(items=(table,))

    async def _table(self, query: TableQuery) -> TableDetails:
        (view,) = (await self._tables(TablesQuery(service=query.table.partition(".")[0]))).items
        return TableDetails(**view.model_dump(), columns=(TableColumn(name="a", type="DOUBLE"),))

    async def _account(self, query: AccountingQuery) -> AccountingPage:
        self.asked_accounts.append(query)
        point = AccountingPoint(start=query.from_time, accepted=3, stored=2, dropped={"d": 1}, on_the_way=0, missing=0)
        return AccountingPage(items=(point,), total=point)

    async def _erasure_terms(self, _: Nothing) -> ErasureTerms:
        return ErasureTerms(stream_s=86_400, files_s=604_800)

    async def _erasure_receipt(self, query: ErasureQuery) -> ErasureReceipt:
        if query.id not in self.receipts:
            raise NotFound("the erasure has not begun")
        return self.receipts[query.id]

    async def _read(self, query: ReadQuery) -> ChunkStream:
        if not query.table.startswith("wine."):
            raise NotFound(f"no inference table {query.table}")
        self.asked_reads.append(query)

        async def pieces() -> AsyncGenerator[bytes, None]:
            for piece in self.read_pieces:
                yield piece

        return await self.logger.offer_chunks(pieces())

    async def _rows(self, query: RowsQuery) -> RowPage:
        if query.table != "wine.payload":
            raise NotFound(f"There is no table {query.table}")
        if query.request_id is None:
            return RowPage(columns=("request_id",), items=({"request_id": "r1"},))
        return RowPage(
            columns=("request_id",), items=tuple(row for row in self.rows if row["request_id"] == query.request_id)
        )
