"""(h) From no pod to several and back by a load in steps: who failed, how long the first caller waited, how it went."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import httpx

from benchmarks.children import wait_until
from benchmarks.load import Request
from benchmarks.models import prepared
from benchmarks.options import Options
from benchmarks.platform import Platform, Service, fresh
from benchmarks.progress import report_progress

STEPS = ((1, 15), (4, 30), (10, 40), (4, 30), (1, 30))
"""Callers, each of whom asks again once answered; and for how many seconds."""
QUICK_STEPS = ((1, 10), (6, 15))
BOUNDS = {"min": 0, "max": 4, "target_concurrency": 4}
PACE = {"SCHEDULER_AUTOSCALING_WINDOW": "20", "SCHEDULER_SCALE_TO_ZERO_GRACE": "5"}
"""A third of the defaults, so that a run is over in minutes."""
LOOK_S = 0.5
LOOKS_AVERAGED = 8
"""Over which requests in flight are averaged."""
ZERO_WITHIN_S = 120


@dataclass
class Ledger:
    """What callers saw: (when it was asked, seconds until the answer, status); and how many ask now."""

    answers: list[tuple[float, float, int]] = field(default_factory=list)
    callers: int = 0


@dataclass
class InFlight:
    """Requests at the routers, on average over the last looks: seconds spent by seconds that went by (Little's law)."""

    spent: dict[str, float] = field(default_factory=dict)
    looks: deque[tuple[float, float]] = field(
        default_factory=lambda: deque([(time.monotonic(), 0.0)], maxlen=LOOKS_AVERAGED + 1)
    )

    def look(self, spent: dict[str, float]) -> None:
        """Add what was spent since the last look; what a pod that is gone had in it stays counted."""
        more = sum(max(0.0, seconds - self.spent.get(series, 0.0)) for series, seconds in spent.items())
        self.spent |= spent
        self.looks.append((time.monotonic(), self.looks[-1][1] + more))

    @property
    def mean(self) -> float:
        """Of the looks that are remembered."""
        (begun, before), (ended, after) = self.looks[0], self.looks[-1]
        return (after - before) / (ended - begun)


def run(options: Options) -> dict[str, Any]:
    """Samples twice a second, counts, and the first caller's wait; times in seconds since the first request."""
    model = prepared(("forest",), options.cache)["forest"]
    platform = fresh(options.cache, "autoscaling")
    platform.environment |= PACE
    try:
        platform.up()
        service = platform.publish("scaled", model, platform.register(model), replicas=BOUNDS)
        wait_until(lambda: _pods(platform) == (0, 0), ZERO_WITHIN_S, "no pod without callers", every_s=LOOK_S)
        report_progress("h: asleep; asking")
        steps = QUICK_STEPS if options.is_quick else STEPS
        return asyncio.run(_measured(platform, service, service.request(model.rows[0]), steps))
    finally:
        platform.remove()


async def _measured(
    platform: Platform, service: Service, request: Request, steps: tuple[tuple[int, int], ...]
) -> dict[str, Any]:
    ledger, samples, started = Ledger(), [], time.monotonic()
    in_flight = InFlight()

    async def look() -> None:
        while True:
            in_flight.look(await asyncio.to_thread(platform.seconds_at_routers, service.name))
            wanted, ready = await asyncio.to_thread(_pods, platform)
            samples.append((time.monotonic() - started, ledger.callers, wanted, ready, in_flight.mean))
            await asyncio.sleep(LOOK_S)

    watching = asyncio.create_task(look())
    for callers, seconds in steps:
        async with _callers(ledger, request, callers):
            await asyncio.sleep(seconds)
        report_progress(f"h: {callers} callers for {seconds} s: {len(ledger.answers)} answers, pods {samples[-1][2:4]}")
    await asyncio.to_thread(
        wait_until, lambda: samples[-1][2:4] == (0, 0), ZERO_WITHIN_S, "no pod again", every_s=LOOK_S
    )
    watching.cancel()
    took = [seconds * 1000 for _, seconds, _ in ledger.answers]
    return {
        "service": service.name,
        "bounds": BOUNDS,
        "steps": [list(step) for step in steps],
        "requests": len(ledger.answers),
        "failed": sum(status != 200 for *_, status in ledger.answers),
        "first_wait_s": round(ledger.answers[0][1], 3),
        "most_pods": max(ready for _, _, _, ready, _ in samples),
        "pods_at_the_end": samples[-1][3],
        "p50_ms": round(quantiles(took, n=100)[49], 1),
        "p99_ms": round(quantiles(took, n=100)[98], 1),
        "samples": [[round(at, 1), *counts, round(in_flight, 2)] for at, *counts, in_flight in samples],
        "latency": _by_second(ledger, started),
    }


@asynccontextmanager
async def _callers(ledger: Ledger, request: Request, count: int) -> AsyncIterator[None]:
    """So many callers, who finish what they have asked before this ends."""
    stop = asyncio.Event()

    async def call(client: httpx.AsyncClient) -> None:
        ledger.callers += 1
        while not stop.is_set():
            asked = time.monotonic()
            answer = await client.post(request.url, content=request.body, headers=headers)
            ledger.answers.append((asked, time.monotonic() - asked, answer.status_code))
        ledger.callers -= 1

    headers = {"content-type": "application/json", **request.headers}
    async with httpx.AsyncClient(timeout=90) as client, asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(call(client))
        yield
        stop.set()


def _by_second(ledger: Ledger, started: float) -> list[list[float]]:
    """Second → median and slowest answer asked for in it, ms."""
    found: dict[int, list[float]] = {}
    for asked, seconds, _ in ledger.answers:
        found.setdefault(int(asked - started), []).append(seconds * 1000)
    return [[at, round(sorted(ms)[len(ms) // 2], 1), round(max(ms), 1)] for at, ms in sorted(found.items())]


def _pods(platform: Platform) -> tuple[int, int]:
    """Pods that are wanted and that answer."""
    version = platform.call("GET", "services/scaled/versions/v1")
    return version["desired_replicas"], version["ready_replicas"]
