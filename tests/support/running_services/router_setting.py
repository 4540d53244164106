"""A router as a process, its bus, and the pods and callers around it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from running_services.router_bus import NatsServer, RecordingTable, RouterProcess, Station
from running_services.router_world import Caller, World


@dataclass
class Setting:
    """NATS, a router, and a world whose routes go into the bucket."""

    server: NatsServer
    station: Station
    router: RouterProcess
    world: World
    routes: RecordingTable
    received: Counter[str] = field(default_factory=Counter)

    async def publish_routes(self) -> None:
        await self.station.put(self.routes.entries)

    async def predict(self, number: int, caller: Caller | None = None, padding: bytes = b"") -> str:
        """One prediction on a connection of its own; returns its request id."""
        async with asyncio.timeout(20):
            own = caller or await self.world.caller()
            own.post("/wine/predict", b'{"inputs": [%d]%b}' % (number, padding))
            status, headers, _ = await own.answer()
            while status == 404 and not self.received:  # the first one may come before the first list of routes
                await asyncio.sleep(0.05)
                own.post("/wine/predict", b'{"inputs": [%d]}' % number)
                status, headers, _ = await own.answer()
            if caller is None:
                await own.close()
        assert status == 200
        self.received[headers["x-request-id"]] += 1
        return headers["x-request-id"]

    async def until_logged(self, within_s: float = 90) -> None:
        """Every answer has its record, once."""
        records: Counter[str] = Counter()
        async with asyncio.timeout(within_s):
            while not self.received <= records:
                records = Counter(record.request_id for record in await self.station.records())
                await asyncio.sleep(0.1)
        assert max(records.values(), default=0) <= 1
