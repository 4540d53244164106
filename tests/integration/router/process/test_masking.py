"""A router, its shipper and a real bus: the clear text of a masked column reaches no disk, no message, no log."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest
from nats.aio.msg import Msg

from router.dataplane import DataPlane
from router.domain.routes.table import RouteTable
from running_services.router_bus import NatsServer, RecordingTable, RouterProcess, Station
from running_services.router_world import Ledger, PodRequest, PodServer, World
from shared.contracts.routes import Masking, MaskingRule
from shared.contracts.rpc.controller import MASKING_KEY
from shared.masking.values import hash_token

pytestmark = pytest.mark.timeout(90)

CLEAR = "s3cr3t-Kaethe"
KEY = b"h" * 32


async def echo(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
    body = json.dumps({"predictions": [{"customer": CLEAR, "score": 1}]}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def test_clear_text_is_nowhere(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    await server.start()
    station = await Station.connect(server.url)
    router = RouterProcess(tmp_path / "home", server.url)
    routes = RecordingTable()

    async def give_key(message: Msg) -> None:
        assert json.loads(message.data) == {"name": "default"}
        await message.respond(json.dumps({"key": KEY.hex()}).encode())

    async with AsyncExitStack() as stack:
        world = World(cast(RouteTable, routes), cast(DataPlane, None), Ledger(), router.port, stack)
        try:
            rules = (MaskingRule(column="customer", action="hash"), MaskingRule(column="card", action="drop"))
            await world.serve_wine(echo, version_fields={"masking": Masking(key="default", rules=rules)})
            await station.put(routes.entries)
            await router.start()
            caller = await world.caller()
            row = {"customer": CLEAR, "card": CLEAR, "alcohol": 9.5}
            bodies = (json.dumps({"dataframe_records": [row]}), f'{{"broken": "{CLEAR}"')
            for body in bodies:
                caller.post("/wine/predict", body.encode())
                status, _, answer = await caller.answer()
                assert (status, CLEAR.encode() in answer) == (200, True)
            assert await station.records() == []  # they wait for the key of their hashes
            await station.nc.subscribe(MASKING_KEY.subject, cb=give_key)
            async with asyncio.timeout(60):
                while len(await station.records()) < len(bodies):
                    await asyncio.sleep(0.05)
            good, bad = sorted(await station.records(), key=lambda record: record.record_id or "")
            assert json.loads(good.request or "") == {
                "dataframe_records": [{"customer": hash_token(CLEAR, KEY), "alcohol": 9.5}]
            }
            assert hash_token(CLEAR, KEY) in (good.response or "")
            assert (bad.request, bad.logging_error_codes) == (None, ("MASKING_NOT_POSSIBLE",))
            await router.end()
            found = [path for path in tmp_path.rglob("*") if path.is_file() and CLEAR.encode() in path.read_bytes()]
            assert found == []
            assert any((router.home / "router").rglob("*.spool"))
        finally:
            await router.stop()
            await station.nc.close()
            await server.kill()
