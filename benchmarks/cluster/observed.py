"""What is seen from outside while it happens: the routes on the bus, the scheduler's process and what it says."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import nats
import psutil

from benchmarks import usage
from benchmarks.children import BenchmarkFailed
from benchmarks.platform import Platform
from shared.bus.connection.client import inbox_prefix
from shared.contracts.routes import ROUTES_BUCKET, VersionEndpoints, endpoints_key

Counts = dict[str, float]
_SERIES = re.compile(r"^penstock_scheduler_kubernetes_calls_total\{([^}]*)\} (\S+)$", re.MULTILINE)


class Routes:
    """The bucket that routers read: which pods each version has in it."""

    def __init__(self) -> None:
        self.pods: dict[str, frozenset[str]] = {}
        """By key."""
        self.fewest: int | None = None
        """Pods in all at the worst moment since this was set to a number."""
        self._changed = asyncio.Event()

    @property
    def total(self) -> int:
        """Pods of all versions."""
        return sum(map(len, self.pods.values()))

    async def until(self, condition: Callable[[], bool], within_s: float, what: str) -> float:
        """When (`time.monotonic`) the condition was first seen to hold."""
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise BenchmarkFailed(f"{what}: not within {within_s:.0f} s") from None
        return time.monotonic()

    def take(self, key: str, value: bytes | None) -> None:
        """One entry has changed."""
        self.pods[key] = (
            frozenset(pod.pod for pod in VersionEndpoints.model_validate_json(value).pods) if value else frozenset()
        )
        if self.fewest is not None:
            self.fewest = min(self.fewest, self.total)
        self._changed.set()


def key_of_version(version_id: str) -> str:
    """Of its pods in the bucket."""
    return endpoints_key(UUID(version_id))


@asynccontextmanager
async def watched_routes(platform: Platform) -> AsyncIterator[Routes]:
    """The bucket, as it changes."""
    password = json.loads((platform.home / "nats" / "credentials.json").read_text())["scheduler"]
    address = f"127.0.0.1:{platform.ports['NATS_PORT']}"
    client = await nats.connect(f"nats://scheduler:{password}@{address}", inbox_prefix=inbox_prefix("scheduler"))
    routes = Routes()

    async def follow() -> None:
        bucket = await client.jetstream().key_value(ROUTES_BUCKET)
        watcher = await bucket.watchall()
        while True:
            with suppress(TimeoutError):
                entry = await watcher.updates(timeout=60)  # type: ignore[no-untyped-call]
                if entry is not None and entry.key.startswith("endpoints."):
                    routes.take(entry.key, None if entry.operation else entry.value)

    following = asyncio.create_task(follow())
    try:
        yield routes
        if following.done():
            following.result()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await client.close()


class SchedulerProcess:
    """The scheduler as the machine sees it, and as it speaks of itself at its admin port."""

    def __init__(self, platform: Platform) -> None:
        self._state = platform.home / "run" / "state.json"

    @property
    def pid(self) -> int:
        """Of the one that runs now; 0 where none does."""
        processes = json.loads(self._state.read_text())["processes"]
        return next((each["pid"] or 0 for each in processes if each["name"] == "scheduler"), 0)

    def cpu_s(self) -> float:
        """User and system seconds so far, its children's too."""
        return usage.cpu_s(self.pid)

    def memory_mb(self) -> float:
        """Resident, MiB."""
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def metrics(self) -> str:
        """Its `/metrics`; empty while it does not answer."""
        state = json.loads(self._state.read_text())
        try:
            return httpx.get(f"http://{state['scheduler_admin']}/metrics", timeout=30).text
        except httpx.HTTPError:
            return ""

    def ready_pods(self) -> int:
        """Pods that it says are ready."""
        found = re.search(r"^penstock_scheduler_ready_pods (\S+)$", self.metrics(), re.MULTILINE)
        return int(float(found.group(1))) if found else 0

    def calls(self) -> Counts:
        """`verb resource` → calls to the API server so far."""
        found: Counts = {}
        for labels, value in _SERIES.findall(self.metrics()):
            named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            found[f"{named['verb']} {named['resource']}"] = float(value)
        return found


def difference(after: Counts, before: Counts, per: float = 1.0) -> Counts:
    """What has been added, over `per`; what nothing was added to is left out."""
    more = {name: (value - before.get(name, 0.0)) / per for name, value in after.items()}
    return {name: round(value, 1) for name, value in sorted(more.items(), key=lambda item: -item[1]) if value > 0}


def kept(path: Path, value: Any) -> None:
    """For whoever looks at a run that failed half-way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))


def keep_log(log: Path, to: Path) -> None:
    """The same: of a home that is about to go."""
    if log.exists():
        shutil.copyfile(log, to)
