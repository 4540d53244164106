"""Charts out of a real Prometheus server that has scraped a router and a scheduler."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from prometheus_client.core import Metric
from pydantic import ValidationError

from monitor.domain.metrics.charts import CHARTS
from monitor.domain.metrics.series import Merged, Steps, by_series, dense
from monitor.handlers.metrics.summaries import read_summaries
from monitor.settings import MonitorSettings
from monitor.store.metrics.prometheus import PrometheusStore
from router.api import RouterMetricsCollector
from router.domain.traffic_counters import TrafficTallies
from router.spool import SpoolState
from scheduler.loops.metrics import UsageCollector
from servers.prometheus_process import PrometheusProcess
from shared.contracts.metrics.samples import PodUsage, UsageSample, VersionReplicas
from shared.contracts.rpc.monitor import SummariesQuery
from shared.errors import Unavailable

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
AT = int(START.timestamp())
VERSION = UUID(int=2)
SCRAPE_S = 10


def router() -> tuple[TrafficTallies, RouterMetricsCollector]:
    tallies = TrafficTallies()
    state = SpoolState(**{name: 0 for name in SpoolState.__dataclass_fields__})
    return tallies, RouterMetricsCollector(tallies, lambda: state, lambda: True)


def scraped() -> Iterator[tuple[float, list[Metric]]]:
    """20 minutes: two requests a second, one in ten slow, one in twenty an error; the router is restarted half-way."""
    tallies, collector = router()
    usage = UsageCollector()
    one = PodUsage(
        service="wine", version="v1", version_id=VERSION, pod="p1", cpu_cores=0.5, memory_bytes=1000, ready=True
    )
    replicas = VersionReplicas(service="wine", version="v1", version_id=VERSION, wanted=2, running=1, ready=1)
    usage.sample = UsageSample(source="s", at=START, pods=(one,), versions=(replicas,))
    for at in range(AT + 5, AT + 1205, SCRAPE_S):
        if at == AT + 605:
            tallies, collector = router()
        tally = tallies.of_pod("wine", "v1", VERSION, "p1")
        for number in range(20):
            status = 503 if number == 7 else 200
            tally.count_response(status, 0.2 if number in {3, 9} else 0.02, 100, 50)
            tally.count_record(None)
        tally.in_flight = 3
        yield at, [*collector.collect(), *usage.collect()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusProcess]:
    found = PrometheusProcess(tmp_path_factory.mktemp("prometheus"))
    try:
        found.start(scraped())
        yield found
    finally:
        found.kill()


@pytest.fixture
async def store(server: PrometheusProcess) -> AsyncIterator[PrometheusStore]:
    found = PrometheusStore(httpx.AsyncClient(trust_env=False), server.url)
    yield found
    await found.close()


async def chart(
    store: PrometheusStore, name: str, step_s: int = 300
) -> dict[tuple[str, str], tuple[float | None, ...]]:
    """From ten minutes before the first scrape on, for half an hour."""
    steps = Steps(AT - 600, step_s, 2400 // step_s, AT + 7200)
    kind, services = CHARTS[name].kind, ("wine", "beer.x")
    read = store.read_percentiles(services, steps, "pod") if kind == "latency" else store.read(kind, services, steps)
    merged = Merged("pod", steps, await read)
    return {group[1:]: dense(values) for group, values in by_series(CHARTS[name].read(merged), merged, None)}


async def test_charts_are_those_of_what_was_counted_and_gaps_stay(store: PrometheusStore) -> None:
    expected = {
        "requests_per_second": 2.0,
        "status_5xx": 0.1,
        "bytes_in_per_second": 200.0,
        "cpu_cores": 0.5,
        "memory_bytes": 1000.0,
        "in_flight": 3.0,
    }
    for name, value in expected.items():
        (values,) = (await chart(store, name)).values()
        assert values[:2] == (None, None)  # before the first scrape
        assert values[2:6] == pytest.approx([value] * 4, rel=0.08), name
        assert values[7] is None
    assert (await chart(store, "replicas_wanted"))["v1", ""][2:6] == (2.0,) * 4
    assert await chart(store, "gpu_utilisation") == {}
    minutes = (await chart(store, "requests_per_second", 60))["v1", "p1"]
    assert minutes[25] == pytest.approx(2.0, rel=0.01)
    assert (await chart(store, "records_logged"))["v1", "p1"][3] == pytest.approx(600, rel=0.08)
    assert (await chart(store, "records_dropped"))["v1", "p1"][3] == 0.0


async def test_percentiles_are_those_of_the_histogram(store: PrometheusStore) -> None:
    assert (await chart(store, "latency_p50"))["v1", "p1"][3] == pytest.approx(0.02, abs=0.006)
    assert 0.1 < ((await chart(store, "latency_p99"))["v1", "p1"][3] or 0) <= 0.26


async def test_summaries_too(store: PrometheusStore) -> None:
    now = datetime.fromtimestamp(AT + 1195, UTC)
    wine, beer = (await read_summaries(store, SummariesQuery(services=("wine", "beer")), now)).items
    assert wine.requests_per_second == pytest.approx(2.0, rel=0.1)
    assert (beer.requests_per_second, beer.latency_p99_s) == (None, None)
    assert 0.1 < (wine.latency_p99_s or 0) <= 0.26


async def test_a_server_that_is_away_or_refuses_is_unavailable(store: PrometheusStore) -> None:
    steps = Steps(AT, 60, 10, AT)
    away = PrometheusStore(httpx.AsyncClient(trust_env=False), "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="cannot be asked"):
        await away.read("traffic", ("wine",), steps)
    elsewhere = PrometheusStore(store.client, f"{store.url}/nowhere")
    with pytest.raises(Unavailable):
        await elsewhere.read("traffic", ("wine",), steps)
    await away.close()


def test_a_server_must_be_named() -> None:
    with pytest.raises(ValidationError, match="prometheus_url must say where"):
        MonitorSettings(metrics_store="prometheus")
