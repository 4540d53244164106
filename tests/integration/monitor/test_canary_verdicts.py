"""Verdicts on canaries, asked over the bus, from samples that routers sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.canaries import CanaryStage, CanaryVerdict, Guardrail
from shared.contracts.metrics.latency_bins import bin_of
from shared.contracts.metrics.samples import PodTraffic, TrafficSample
from shared.contracts.rpc.canaries import (
    CANARY_BASELINE,
    CANARY_VERDICT,
    CanaryBaseline,
    CanaryBaselineQuery,
    CanaryVerdictQuery,
)
from shared.errors import Unavailable
from shared.ids import new_id
from waiting.eventually import eventually

RUN = UUID("0192c0de-0000-7000-8000-00000000000a")
GUARDRAILS = (Guardrail(kind="errors", margin=0.02), Guardrail(kind="latency_p95"))


@pytest.fixture
async def bus(nats_server: NatsProcess) -> AsyncIterator[Bus]:
    """The controller's connection."""
    bus = Bus("controller", nats_server.url, clock=SystemClock())
    running = asyncio.create_task(bus.run())
    await asyncio.wait_for(bus.connected(), 30)
    yield bus
    running.cancel()
    await asyncio.wait({running}, timeout=10)


def pod(version: str, requests: int, errors: int = 0, slow: int = 0) -> PodTraffic:
    bins = {bin_of(0.01): requests - slow, bin_of(1.0): slow}
    status = {"200": requests - errors, "500": errors}
    return PodTraffic(
        service="wine", version=version, pod=f"{version}-0", requests=requests, status=status, latency_bins=bins
    )


async def send(bus: Bus, sequence: int, at: datetime, *pods: PodTraffic) -> None:
    sample = TrafficSample(
        source="router-1", sequence=sequence, run_id=RUN, from_time=at, to_time=at + timedelta(seconds=10), pods=pods
    )
    body = sample.model_dump_json().encode()
    await bus.publish_bulk("penstock.metrics.v1.router-1", body, msg_id=str(new_id()), stream="METRICS")


async def test_a_verdict_follows_from_what_routers_counted(monitor: object, bus: Bus) -> None:
    now = SystemClock().now()
    start = now - timedelta(minutes=10)
    for number in range(10):
        await send(bus, number, start - timedelta(seconds=200 - 10 * number), pod("v1", 100, slow=2))
    for number in range(20):
        at = start + timedelta(seconds=10 + 10 * number)
        await send(bus, 100 + number, at, pod("v1", 180, slow=4), pod("v2", 20), pod("v3", 5, errors=5))

    async def ask(**more: Any) -> CanaryVerdict:
        query = {
            **{"service": "wine", "stable": "v1", "canary": "v2", "guardrails": GUARDRAILS, "min_requests": 100},
            **{"stages": (CanaryStage(from_time=start, weight=10),), **more},
        }
        answer: CanaryVerdict = await bus.call(CANARY_VERDICT, CanaryVerdictQuery(**query))
        return answer

    async def counted() -> bool:
        try:
            return (await ask()).canary_requests == 400
        except Unavailable:  # it is not there yet
            return False

    await eventually(counted, every=0.2)
    before = {"from_time": start - timedelta(minutes=30), "to_time": start, "service": "wine", "version": "v1"}
    frozen: CanaryBaseline = await bus.call(CANARY_BASELINE, CanaryBaselineQuery(**before, min_requests=1000))
    assert frozen.requests == 1000
    assert frozen.baseline is not None
    assert frozen.baseline.p95_s == pytest.approx(0.01, rel=0.03)
    few: CanaryBaseline = await bus.call(CANARY_BASELINE, CanaryBaselineQuery(**before, min_requests=1001))
    assert few.baseline is None

    baseline = frozen.baseline.model_copy(update={"frozen_at": start})
    found = await ask(baseline=baseline)
    assert (found.decision, found.reason) == ("promote", "no guardrail is worse than it may be")
    errors, latency = found.guardrails
    assert (errors.canary_requests, errors.stable_requests, errors.canary_events) == (400, 3600, 0)
    assert (latency.canary_events, latency.stable_events) == (0, 80)
    assert found.sample_ratio is not None
    assert found.sample_ratio.observed == pytest.approx(0.1)

    bad = await ask(canary="v3")
    assert bad.decision == "roll_back"
    assert (await ask(service="nobody")).decision == "error"
    assert (await ask(warm_up_s=100)).canary_requests == 200
