"""NATS killed, wiped, frozen; streams and durables deleted; a read loop that died: mended without a hand."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import pytest

from running_services.bus_service import DURABLE, SmallService, deleted, sqlite_url
from servers.nats_process import NatsProcess
from shared.bus import BusLost
from shared.bus.topology import STREAMS
from shared.errors import Unavailable
from waiting.eventually import eventually

DEADLINE_S = 60


async def acts_on(service: SmallService, version: str, *, within: float = DEADLINE_S) -> None:
    await service.say(deleted(version))
    await eventually(lambda: _contains(service.effects(), version), within=within)


async def _contains(awaitable: Any, wanted: str) -> bool:
    return wanted in await awaitable


async def test_nats_killed_and_back_again_and_again(service: SmallService, nats_server: NatsProcess) -> None:
    for round_number in range(3):
        nats_server.kill()
        await eventually(lambda: not service.bus.is_connected)
        nats_server.start()
        await acts_on(service, f"v{round_number}")

    assert await service.effects() == ["v0", "v1", "v2"]


async def test_nats_with_all_its_data_gone(service: SmallService, nats_server: NatsProcess) -> None:
    await acts_on(service, "before")
    nats_server.kill()
    nats_server.wipe()
    nats_server.start()

    await acts_on(service, "after")

    for stream in STREAMS:
        assert (await service.bus.js.stream_info(stream.name)).config.max_bytes == stream.max_bytes
    assert await service.effects() == ["before", "after"]


async def test_a_stream_deleted_live_is_made_anew(service: SmallService) -> None:
    await service.bus.js.delete_stream("EVENTS")

    await acts_on(service, "v1")


async def test_a_durable_deleted_live_is_made_anew_and_repeats_nothing(service: SmallService) -> None:
    await acts_on(service, "v1")
    await service.bus.js.delete_consumer("EVENTS", DURABLE)

    await acts_on(service, "v2")

    assert await service.effects() == ["v1", "v2"]
    assert service.calls == ["v1", "v2"]


async def test_while_a_durable_is_gone_nobody_spins(service: SmallService) -> None:
    await service.bus.js.delete_consumer("EVENTS", DURABLE)
    before = service.bus.nc.stats["out_msgs"]
    gone_at = time.monotonic()
    await asyncio.sleep(2)
    rate = (service.bus.nc.stats["out_msgs"] - before) / (time.monotonic() - gone_at)

    assert rate < 20


async def test_a_read_loop_that_died_is_noticed(service: SmallService) -> None:
    client = service.bus.nc
    assert client._reading_task is not None
    client._reading_task.cancel()
    await eventually(lambda: client._reading_task is not None and client._reading_task.done())
    assert client.is_connected  # so it says

    await acts_on(service, "v1")


async def test_a_frozen_server_is_noticed_and_survived(service: SmallService, nats_server: NatsProcess) -> None:
    nats_server.freeze()
    await eventually(lambda: not service.bus.is_connected)

    nats_server.thaw()

    await acts_on(service, "v1")


async def test_a_connection_closed_for_good_ends_the_run(service: SmallService) -> None:
    await service.bus.nc.close()

    assert service.task is not None
    with pytest.RaisesGroup(BusLost):
        await asyncio.wait_for(service.task, 30)


async def test_a_service_starts_before_nats_and_says_so_once(
    nats_server: NatsProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nats_server.kill()
    service = SmallService(nats_server.url, sqlite_url(tmp_path))
    await service.start(connected=False)
    await service.say(deleted("v1"))

    def complaints() -> list[logging.LogRecord]:
        return [record for record in caplog.records if record.name == "penstock.bus"]

    await eventually(complaints)
    await asyncio.sleep(1.5)
    said = len(complaints())
    with pytest.raises(Unavailable):
        _ = service.bus.nc

    nats_server.start()

    await eventually(lambda: _contains(service.effects(), "v1"), within=DEADLINE_S)
    assert said == 1
    await service.stop()


@pytest.mark.timed
@pytest.mark.parametrize("when", ["served", "away from the start", "away", "frozen"])
async def test_a_service_stops_cleanly_within_its_limit(nats_server: NatsProcess, tmp_path: Path, when: str) -> None:
    service = SmallService(nats_server.url, sqlite_url(tmp_path))
    if when == "away from the start":
        nats_server.kill()
    await service.start(connected=when != "away from the start")
    if when == "away":
        nats_server.kill()
        await eventually(lambda: not service.bus.is_connected)
    if when == "frozen":
        nats_server.freeze()

    stopping_at = time.monotonic()
    await service.stop()

    assert time.monotonic() - stopping_at < 7
    assert service.task is not None
    assert service.task.cancelled()


async def test_a_handler_that_runs_is_let_finish_at_a_stop(service: SmallService) -> None:
    began = asyncio.Event()

    async def slow(_: Any) -> None:
        began.set()
        await asyncio.sleep(0.5)

    service.before = slow
    await service.say(deleted("v1"))
    await began.wait()

    assert service.task is not None
    service.task.cancel()
    await asyncio.gather(service.task, return_exceptions=True)

    assert await service.effects() == ["v1"]
