"""The router as a process: routes from the bus, records to the bus, kills and outages in between."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import suppress

import psutil
import pytest

from running_services.router_bus import RouterProcess
from running_services.router_setting import Setting
from running_services.router_world import PodRequest, PodServer, eventually

pytestmark = pytest.mark.timeout(90)


async def test_routes_come_from_the_bus_and_records_go_there(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    request_id = await setting.predict(1)
    await setting.until_logged()
    ((headers, logged),) = await setting.station.messages()
    (record,) = logged.records
    assert record.request_id == record.record_id == request_id
    assert (record.service, record.version, record.pod, record.status_code) == ("wine", "v1", "wine-v1-0", 200)
    assert (record.request, json.loads(record.response or "")) == ('{"inputs": [1]}', {"predictions": ["wine-v1-0"]})
    assert record.client_request_id == "order 1"
    assert headers["ce-type"] == "penstock.request.logged.v1"
    assert headers["ce-id"] == headers["Nats-Msg-Id"]
    assert headers["ce-subject"] == "wine"
    assert "penstock-retry" not in headers
    status, metrics = await setting.router.admin_get("/metrics")
    assert status == 200
    assert b'penstock_router_requests_total{code="200",pod="wine-v1-0",service="wine",version="v1"} 1.0' in metrics
    assert b"penstock_router_routes_current 1.0" in metrics


@pytest.mark.timed
async def test_weights_change_under_load_in_under_a_second(setting: Setting) -> None:
    world = setting.world
    world.intent(weights={"v1": 100, "v2": 0})
    world.key()
    for version in ("v1", "v2"):
        world.endpoints(await world.pod(f"wine-{version}"), version=version)
    await setting.publish_routes()
    await setting.router.start()
    caller = await world.caller()
    loop = asyncio.get_running_loop()
    changed_at = 0.0
    async with asyncio.timeout(30):
        for number in range(10_000):
            caller.post("/wine/predict")
            status, headers, _ = await caller.answer()
            assert status == 200
            if number == 20:
                world.intent(weights={"v1": 0, "v2": 100})
                await setting.publish_routes()
                changed_at = loop.time()
            if headers["x-penstock-version"] == "v2":
                break
            await asyncio.sleep(0.005)
    assert loop.time() - changed_at < 1.0


@pytest.mark.timed
async def test_a_key_is_revoked_in_under_a_second(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    caller = await setting.world.caller()
    await setting.predict(1, caller)
    setting.world.key("psk_other.secret")
    await setting.publish_routes()
    await asyncio.sleep(1.0)
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 401


async def test_killed_and_started_again_nothing_is_lost_or_doubled(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    for round_ in range(3):
        for number in range(20):
            await setting.predict(round_ * 100 + number)
        await setting.router.end(signal.SIGKILL)
        waiting = asyncio.create_task(setting.predict(round_))
        await asyncio.sleep(0.1)
        await setting.router.start()
        await waiting  # it connected while nobody accepted, and was answered all the same
    await setting.until_logged()
    assert len(setting.received) == 63


def shippers(setting: Setting) -> list[psutil.Process]:
    """Those of this test's router, alive."""
    here, found = str(setting.router.home), list[psutil.Process]()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if "router.shipper" in process.cmdline() and process.environ().get("PENSTOCK_HOME") == here:
                found.append(process)
    return found


async def test_a_killed_shipper_is_replaced_and_every_record_comes_once(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    caller = await setting.world.caller()
    for round_ in range(3):
        for number in range(20):
            await setting.predict(round_ * 100 + number, caller)
        killed = await first_of(setting)
        killed.kill()
        await eventually(lambda pid=killed.pid: {s.pid for s in shippers(setting)} - {pid}, 20)  # type: ignore[misc]
    await setting.until_logged()
    assert len(setting.received) == 60


async def first_of(setting: Setting) -> psutil.Process:
    await eventually(lambda: shippers(setting), 20)
    return shippers(setting)[0]


async def test_the_shipper_ends_with_its_router_however_that_ends(setting: Setting) -> None:
    await setting.publish_routes()
    for number in (signal.SIGKILL, signal.SIGTERM):
        await setting.router.start()
        await first_of(setting)
        await setting.router.end(number)
        await eventually(lambda: not shippers(setting), 20)


async def test_a_stopped_shipper_costs_no_prediction(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    stopped = await first_of(setting)
    stopped.suspend()
    for number in range(20):
        await setting.predict(number)
    assert await setting.router.end(signal.SIGTERM) == 0, "it does not wait for ever for the last flush"
    await setting.router.start()
    await setting.until_logged()
    assert len(setting.received) == 20


async def test_the_bus_away_costs_no_prediction_and_no_record(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    await setting.predict(0)
    await setting.server.kill()
    for number in range(30):
        await setting.predict(number)
        await asyncio.sleep(0.05)
    # Killed and started with the bus away: it serves from its snapshot.
    await setting.router.end(signal.SIGKILL)
    await setting.router.start()
    for number in range(10):
        await setting.predict(number)
    await setting.server.start()
    await setting.until_logged()


async def test_a_frozen_bus_is_not_noticed_by_callers(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    caller = await setting.world.caller()
    await setting.predict(0, caller)
    assert setting.server.process is not None
    setting.server.process.send_signal(signal.SIGSTOP)
    for number in range(100):  # a caller that waited for the bus would never be answered: it is frozen until the last
        await setting.predict(number, caller)
        await asyncio.sleep(0.04)
    setting.server.process.send_signal(signal.SIGCONT)
    await setting.until_logged()


async def test_sigterm_finishes_what_was_asked_and_the_next_router_goes_on(setting: Setting) -> None:
    async def slow(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    pod = await setting.world.serve_wine(slow)
    await setting.publish_routes()
    await setting.router.start()
    await setting.predict(0)
    await setting.until_logged()
    pod.requests.clear()
    in_flight = [asyncio.create_task(setting.predict(number)) for number in range(10)]
    async with asyncio.timeout(30):
        while len(pod.requests) < 10:
            await asyncio.sleep(0.01)
    ending = asyncio.create_task(setting.router.end(signal.SIGTERM))
    await asyncio.gather(*in_flight)
    queued = [asyncio.create_task(setting.predict(number)) for number in range(5)]
    assert await ending == 0
    assert len(await setting.station.records()) >= 11, "the spool is flushed before the exit"
    assert (await setting.station.traffic())["requests"] >= 11
    await setting.router.start()
    await asyncio.gather(*queued)
    await setting.until_logged()


async def test_sigterm_ends_it_with_the_bus_away(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    await setting.predict(1)
    await setting.server.kill()
    await setting.predict(2)
    async with asyncio.timeout(30):
        assert await setting.router.end(signal.SIGTERM) == 0


async def test_a_router_whose_disk_ends_with_it_waits_for_the_bus(setting: Setting) -> None:
    setting.router.settings["ROUTER_FLUSH_TIMEOUT"] = "30"
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    await setting.predict(1)
    await setting.server.kill()
    await setting.predict(2)
    ending = asyncio.create_task(setting.router.end(signal.SIGTERM))
    await asyncio.sleep(4)  # longer than what any other router would take
    assert not ending.done()
    await setting.server.start()
    async with asyncio.timeout(30):
        assert await ending == 0
    await setting.until_logged(within_s=10)
    assert len(setting.received) == 2


async def test_a_wiped_bus_does_not_take_the_routes_away(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.router.start()
    await setting.predict(0)
    await setting.until_logged()
    await setting.server.kill()
    setting.server.folder.rename(setting.server.folder.with_suffix(".wiped"))
    await setting.server.start()
    setting.received.clear()
    for number in range(40):
        await setting.predict(number)
        await asyncio.sleep(0.1)
    await setting.station.make_streams()
    await setting.until_logged()
    setting.world.key("psk_other.secret")
    async with asyncio.timeout(30):
        await setting.publish_routes()
        caller = await setting.world.caller()
        while True:
            caller.post("/wine/predict", key="psk_other.secret")
            if (await caller.answer())[0] == 200:
                break
            await asyncio.sleep(0.1)


async def test_it_waits_for_a_bus_that_is_not_there(setting: Setting) -> None:
    await setting.world.serve_wine()
    await setting.publish_routes()
    await setting.server.kill()
    await setting.router.start(is_ready=False)
    waiting = asyncio.create_task(setting.predict(1))
    async with asyncio.timeout(30):
        while await setting.router.admin("/healthz") != 200:
            await asyncio.sleep(0.05)
    assert await setting.router.admin("/readyz") == 503
    await setting.server.start()
    await setting.router.until_ready()
    await waiting


async def test_a_second_router_on_the_same_folder_says_so(setting: Setting) -> None:
    await setting.router.start()
    second = RouterProcess(setting.router.home, setting.server.url)
    await second.start(is_ready=False)
    assert second.process is not None
    async with asyncio.timeout(30):
        assert await second.process.wait() == 1
    assert "another router uses the spool" in (setting.router.home.parent / "router.log").read_text()
    await second.stop()
