"""The monitor, in this process and as one: samples, lines and facts in; charts, logs and events out."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from servers.nats_process import NatsProcess
from shared import events
from shared.bus import Bus
from shared.bus.envelope import headers_of
from shared.clock import SystemClock
from shared.contracts.metrics.latency_bins import LATENCY_BOUNDS_S
from shared.contracts.metrics.samples import (
    LogLine,
    PodOutput,
    PodTraffic,
    PodUsage,
    TrafficSample,
    UsageSample,
    VersionReplicas,
)
from shared.contracts.rpc.method import RpcMethod
from shared.contracts.rpc.monitor import (
    CHARTS,
    EVENTS,
    LOGS,
    METRICS,
    SUMMARIES,
    ChartsQuery,
    EventsQuery,
    LogPage,
    LogsQuery,
    MetricsQuery,
    SummariesQuery,
)
from shared.errors import InvalidInput, Unavailable
from shared.ids import new_id
from waiting.eventually import eventually

RUN, VERSION = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = {"from_time": NOON - timedelta(minutes=30), "to_time": NOON + timedelta(minutes=30)}


@pytest.fixture
def process(nats_server: NatsProcess, tmp_path: Path, store_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m monitor`."""
    environment = os.environ | {
        "PENSTOCK_HOME": str(tmp_path / "home"),
        "MONITOR_NATS_URL": nats_server.url,
        "MONITOR_ADMIN_PORT": "0",
        "MONITOR_DATABASE_URL": store_url,
    }
    process = subprocess.Popen([sys.executable, "-m", "monitor"], env=environment)
    yield process
    process.kill()
    process.wait(10)


@pytest.fixture
async def bus(nats_server: NatsProcess) -> AsyncIterator[Bus]:
    """Anybody's connection: publishes samples, asks the monitor."""
    bus = Bus("controller", nats_server.url, clock=SystemClock())
    running = asyncio.create_task(bus.run())
    await asyncio.wait_for(bus.connected(), 30)
    yield bus
    running.cancel()
    await asyncio.wait({running}, timeout=10)


def traffic(sequence: int, requests: int, at: datetime = NOON) -> TrafficSample:
    latency = [0] * (len(LATENCY_BOUNDS_S) + 1)
    latency[4] = requests  # 10 to 25 ms
    pod = PodTraffic(
        service="wine",
        version="v1",
        version_id=VERSION,
        pod="p1",
        requests=requests,
        status={"200": requests},
        throttled=6,
        latency_counts=tuple(latency),
    )
    until = at + timedelta(seconds=10)
    return TrafficSample(source="r1", sequence=sequence, run_id=RUN, from_time=at, to_time=until, pods=(pod,))


async def ask(bus: Bus, method: RpcMethod, question: Any) -> Any:
    """The answer, once the monitor is there to give one."""

    async def asked() -> Any:
        try:
            return await bus.call(method, question)
        except Unavailable:
            return None

    return await eventually(asked, every=0.2)


async def send(bus: Bus, subject: str, stream: str, body: str) -> None:
    await bus.publish_bulk(subject, body.encode(), msg_id=str(new_id()), stream=stream)


async def points(bus: Bus, metric: str, **more: Any) -> list[tuple[int, float]]:
    found = await ask(bus, METRICS, MetricsQuery(service="wine", metric=metric, **HOUR, **more))
    return [point for series in found.series for point in series.points]


async def charts(bus: Bus, **more: Any) -> dict[tuple[str, str | None], tuple[float | None, ...]]:
    """Values by metric and label."""
    found = await ask(bus, CHARTS, ChartsQuery(service="wine", **more))
    return {(series.metric, series.label): series.values for series in found.series}


async def test_samples_become_charts_and_a_repeat_is_not_counted(monitor: object, bus: Bus) -> None:
    for sample in (traffic(1, 120), traffic(2, 60), traffic(1, 120), traffic(2, 60)):
        await send(bus, "penstock.metrics.v1.r1", "METRICS", sample.model_dump_json())
    await send(bus, "penstock.metrics.v1.r1", "METRICS", traffic(3, 300, NOON + timedelta(minutes=1)).model_dump_json())
    minute = int(NOON.timestamp())

    async def counted() -> bool:
        return await points(bus, "requests_per_second") == [(minute, 3.0), (minute + 60, 5.0)]

    await eventually(counted, every=0.2)
    assert await points(bus, "requests", step_s=300) == [(minute, 480.0)]
    assert await points(bus, "throttled_per_second") == [(minute, 0.2), (minute + 60, 0.1)]
    assert await points(bus, "status_2xx") == [(minute, 3.0), (minute + 60, 5.0)]
    assert all(0.01 < value <= 0.025 for _, value in await points(bus, "latency_p99"))
    with pytest.raises(InvalidInput, match="no metric colour; there are"):
        await points(bus, "colour")
    several = {"metrics": ("requests_per_second", "responses_by_class"), "count": 3, "from_time": NOON}
    assert [await charts(bus, step_s=step_s, **several) for step_s in (60, 10)] == [
        {("requests_per_second", None): (3.0, 5.0, None), ("responses_by_class", "2xx"): (3.0, 5.0, None)},
        {("requests_per_second", None): (18.0, None, None), ("responses_by_class", "2xx"): (18.0, None, None)},
    ]
    with pytest.raises(InvalidInput, match="no metric colour; there are"):
        await charts(bus, step_s=60, **several | {"metrics": ("colour",)})


async def test_the_traffic_of_services_now_is_one_answer(monitor: object, bus: Bus) -> None:
    await ask(bus, SUMMARIES, SummariesQuery(services=("wine",)))  # it is there, and soon reads what is recent now
    recent = traffic(1, 120, datetime.now(UTC) - timedelta(seconds=40))
    await send(bus, "penstock.metrics.v1.r1", "METRICS", recent.model_dump_json())

    async def counted() -> Any:
        found = await ask(bus, SUMMARIES, SummariesQuery(services=("beer", "wine")))
        return found.items if found.items[1].requests_per_second and found.items[1].latency_p99_s else None

    beer, wine = await eventually(counted, every=0.2)
    assert (beer.service, beer.requests_per_second, beer.latency_p99_s) == ("beer", None, None)
    assert beer.sparkline.values == (None,) * 15
    assert (wine.service, wine.requests_per_second, wine.errors_per_second) == ("wine", 2.0, 0.0)
    assert 0.01 < wine.latency_p99_s <= 0.025


async def test_usage_is_a_mean_per_pod_and_a_sum_over_pods(monitor: object, bus: Bus) -> None:
    def usage(pod: str, cpu: float) -> PodUsage:
        return PodUsage(
            service="wine", version="v1", version_id=VERSION, pod=pod, cpu_cores=cpu, memory_bytes=100, ready=True
        )

    replicas = VersionReplicas(service="wine", version="v1", version_id=VERSION, wanted=2, running=2, ready=1)
    for first, second in ((0.2, 0.5), (0.4, 0.7)):
        sample = UsageSample(source="n", at=NOON, pods=(usage("p1", first), usage("p2", second)), versions=(replicas,))
        await send(bus, "penstock.metrics.v1.n", "METRICS", sample.model_dump_json())

    async def cores() -> bool:
        return [value for _, value in await points(bus, "cpu_cores")] == [pytest.approx(0.9)]

    await eventually(cores, every=0.2)
    assert [value for _, value in await points(bus, "cpu_cores", pod="p2")] == [pytest.approx(0.6)]
    assert [value for _, value in await points(bus, "replicas_ready")] == [1.0]
    query = ChartsQuery(
        service="wine", metrics=("cpu_cores", "requests_per_second"), from_time=NOON, step_s=10, count=1, by="pod"
    )
    found = (await ask(bus, CHARTS, query)).series
    assert [(series.metric, series.pod) for series in found] == [
        (metric, pod) for metric in query.metrics for pod in ("p1", "p2")
    ]
    assert [series.values for series in found[2:]] == [(0.0,), (0.0,)]


async def test_log_lines_are_kept_once_and_found_by_word(monitor: object, bus: Bus) -> None:
    lines = tuple(LogLine(at=NOON + timedelta(seconds=n), offset=n * 10, text=f"line {n}") for n in range(30))
    loud = LogLine(at=NOON + timedelta(seconds=40), offset=400, text="100% WARNING: it_rains", request_id="r-1")
    output = PodOutput(service="wine", version="v1", version_id=VERSION, pod="p1", run=0, lines=lines)
    again = output.model_copy(update={"lines": (*lines[20:], loud)})
    for message in (output, again):
        await send(bus, "penstock.logs.v1.wine.v1.p1", "LOGS", message.model_dump_json())

    async def found(**query: Any) -> LogPage:
        page: LogPage = await ask(bus, LOGS, LogsQuery(service="wine", **query))
        return page

    async def all_there() -> bool:
        return len((await found(limit=1000)).items) == 31

    await eventually(all_there, every=0.2)
    (warning,) = (await found(search="warning")).items
    assert (warning.text, warning.request_id) == ("100% WARNING: it_rains", "r-1")
    assert (await found(search="100%")).items == (warning,)
    assert (await found(search="it%rains")).items == ()
    assert (await found(version="v2")).items == ()
    assert (await found(request_id="r-1")).items == (warning,)
    assert (await found(request_id="r-")).items == ()
    oldest = await found(is_oldest_first=True, limit=20)
    assert [item.text for item in oldest.items[:2]] == ["line 0", "line 1"]
    assert (oldest.items[1].offset, len((await found(is_oldest_first=True, cursor=oldest.next_cursor)).items)) == (
        10,
        11,
    )
    first = await found(limit=20)
    rest = await found(limit=20, cursor=first.next_cursor)
    assert len({item.text for item in first.items + rest.items}) == 31
    assert rest.next_cursor is None
    for number in ("-1", "9" * 30, "1_0", " 1", "\u0661", ""):
        cursor = base64.urlsafe_b64encode(number.encode()).decode()
        for method, question in ((LOGS, LogsQuery), (EVENTS, EventsQuery)):
            with pytest.raises(InvalidInput, match="cursor"):
                await bus.call(method, question(service="wine", cursor=cursor))


async def test_a_settled_answer_has_every_line_printed_before_the_question(monitor: object, bus: Bus) -> None:
    await ask(bus, LOGS, LogsQuery(service="wine"))
    for number in range(20):
        shared = LogLine(at=NOON, offset=number, text="x", request_id=f"a-{number},b-{number}")
        output = PodOutput(service="wine", version="v1", version_id=VERSION, pod="p1", run=0, lines=(shared,))
        await send(bus, "penstock.logs.v1.wine.v1.p1", "LOGS", output.model_dump_json())
        query = LogsQuery(service="wine", request_id=f"b-{number}", is_settled=True)
        page = await bus.call(LOGS, query)
        assert len(page.items) == 1


async def test_facts_are_counted_not_repeated(monitor: object, bus: Bus) -> None:
    for restarts in (1, 2, 3):
        fact = events.PodExited(
            service_id=RUN, service="wine", version_id=VERSION, version="v1", pod="p1", generation=1, signal=9,
            restarts=restarts,
        )  # fmt: skip
        headers = headers_of(fact, event_id=new_id(), source="scheduler", at=NOON)
        await bus.js.publish(fact.subject(), fact.model_dump_json().encode(), stream="EVENTS", headers=headers)

    async def three_times() -> Any:
        page = await ask(bus, EVENTS, EventsQuery(service="wine"))
        return page.items if page.items and page.items[0].count == 3 else None

    (entry,) = await eventually(three_times, every=0.2)
    assert (entry.level, entry.resource_name, entry.reason) == ("warning", "p1", "Exited")
    assert entry.message == "the process ended (signal 9)"


async def test_another_message_is_another_line_and_the_last_hundred_stay(monitor: object, bus: Bus) -> None:
    weights = [{"v1": 100 - number, "v2": number} for number in range(101)]
    for number, share in enumerate((*weights, weights[50])):
        fact = events.TrafficChanged(service_id=RUN, service="wine", weights=share)
        headers = headers_of(fact, event_id=new_id(), source="controller", at=NOON + timedelta(seconds=number))
        await bus.js.publish(fact.subject(), fact.model_dump_json().encode(), stream="EVENTS", headers=headers)

    async def all_told() -> Any:
        page = await ask(bus, EVENTS, EventsQuery(service="wine", limit=1000))
        newest = page.items[0] if page.items else None  # half-way it is the newest too, then told once
        return page.items if newest and (newest.message, newest.count) == ("weights: v1 50, v2 50", 2) else None

    told = await eventually(all_told, every=0.2)
    assert [entry.count for entry in told] == [2] + [1] * 99
    assert {entry.message for entry in told} == {f"weights: v1 {99 - n}, v2 {n + 1}" for n in range(100)}
    assert told[0].first_seen < told[0].last_seen


async def test_an_unreadable_sample_holds_nobody_up(monitor: object, bus: Bus) -> None:
    await send(bus, "penstock.metrics.v1.r1", "METRICS", "{")
    await send(bus, "penstock.metrics.v1.r1", "METRICS", traffic(9, 60).model_dump_json())

    async def counted() -> Any:
        return await points(bus, "requests_per_second")

    found = await eventually(counted, every=0.2)
    assert [value for _, value in found] == [1.0]


async def test_it_ends_with_the_server_away(
    process: subprocess.Popen[bytes], bus: Bus, nats_server: NatsProcess
) -> None:
    await points(bus, "requests_per_second")
    nats_server.kill()

    process.send_signal(signal.SIGTERM)

    assert await asyncio.to_thread(process.wait, 10) == 0
