"""NATS frozen, wiped, robbed of a stream or a durable, under load: no caller notices, and the rows are the ledger's."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import nats.errors
import pytest
from nats.aio.client import Client as Nats
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from platforms.running_platform import Caller, Platform, until
from platforms.served_model import ServedModel, answers, figures, ids
from shared.bus.topology import DURABLES, EVENTS, LOGS, METRICS, REQUESTS, STREAMS
from waiting.eventually import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

FROZEN_S = float(os.environ.get("CHAOS_FROZEN_S", "10"))
"""How long the bus is frozen, seconds; 30 for the long one."""


async def test_a_frozen_bus_is_not_noticed_by_callers(wine: ServedModel) -> None:
    async with wine.under_load("frozen") as caller:
        pid = await asyncio.to_thread(wine.platform.kill, "nats", signal.SIGSTOP)
        since = time.monotonic()
        await asyncio.sleep(FROZEN_S)
        os.kill(pid, signal.SIGCONT)
        until_then = time.monotonic()

    assert caller.failed == []
    meanwhile = [a for a in caller.ledger if since <= a.sent_at < until_then]
    print(figures("while it was frozen", meanwhile))
    assert len(meanwhile) > FROZEN_S
    # Whoever waited for the bus would have waited to the end of the freeze; how fast the machine is says nothing here.
    assert [a for a in meanwhile if a.took_s > FROZEN_S / 2] == []
    await asyncio.to_thread(wine.rows_equal_ledger, caller)
    assert (await asyncio.to_thread(wine.platform.process, "nats"))["pid"] == pid
    await asyncio.to_thread(wine.wait_whole)


async def test_a_wiped_bus_is_made_anew_and_its_sinks_go_on(wine: ServedModel) -> None:
    platform = wine.platform
    hold = platform.home / "run" / "hold" / "nats"
    hold.parent.mkdir(exist_ok=True)
    async with operating(platform) as js:
        made_at = (await js.stream_info(REQUESTS)).created
    async with wine.under_load("wiped") as caller:
        # The sink has read the old stream: it must not go on from its position there.
        await asyncio.to_thread(wine.wait_rows, caller, list(caller.ledger))
        hold.touch()
        await asyncio.to_thread(platform.kill, "nats")
        killed = time.monotonic()
        await asyncio.to_thread(
            until, lambda: platform.process("nats")["state"] == "held", within=60, what="the bus is down"
        )
        shutil.rmtree(platform.home / "nats" / "store")
        await answers(caller, 40)
        hold.unlink()
        async with operating(platform) as js:
            await eventually(lambda: has_all(js), within=60)
            assert (await js.stream_info(REQUESTS)).created != made_at
        print(f"streams, durables and buckets were there again {time.monotonic() - killed:.1f} s after the kill")

    assert caller.failed == []
    await asyncio.to_thread(rows_but_what_the_bus_alone_knew, wine, caller, killed)
    await asyncio.to_thread(wine.wait_whole)
    await asyncio.to_thread(a_new_key_opens, wine, "after-wiped")


async def test_streams_and_durables_deleted_live_are_made_anew(wine: ServedModel) -> None:
    async with operating(wine.platform) as js, wine.under_load("deleted") as caller:
        for durable in DURABLES:
            await js.delete_consumer(durable.stream, durable.name)
        gone = time.monotonic()
        await eventually(lambda: has_all(js), within=60)
        print(f"durables were there again after {time.monotonic() - gone:.1f} s")
        await asyncio.to_thread(wine.wait_rows, caller, list(caller.ledger))

        deleted = time.monotonic()
        for name in (REQUESTS, EVENTS, METRICS, LOGS):
            await js.delete_stream(name)
        await eventually(lambda: has_all(js), within=60)
        print(f"streams were there again after {time.monotonic() - deleted:.1f} s")

    assert caller.failed == []
    await asyncio.to_thread(rows_but_what_the_bus_alone_knew, wine, caller, deleted)
    await asyncio.to_thread(facts_flow, wine)
    await asyncio.to_thread(a_new_key_opens, wine, "after-deleted")


def rows_but_what_the_bus_alone_knew(wine: ServedModel, caller: Caller, lost_at: float) -> None:
    """Every answer to a request that was sent after the loss has its row, and no request has two.

    What the lost stream had acknowledged and no sink had read yet is gone with it: that is what its loss means.
    """
    after = [answer for answer in caller.ledger if answer.sent_at > lost_at]
    wine.wait_rows(caller, after)
    rows = wine.rows(caller)
    assert [name for name, times in rows.items() if times > 1] == []
    assert rows.keys() <= ids(caller.ledger)
    gone = ids(caller.ledger) - rows.keys()
    print(f"{len(gone)} of {len(caller.ledger)} rows were lost with the stream")


def facts_flow(wine: ServedModel) -> None:
    """A pod that is restarted is known to the control plane as gone and as ready again."""
    restarts = {pod["name"]: pod["restarts"] for pod in wine.pods()}
    name = min(restarts)
    wine.platform.api("POST", f"/services/{wine.service}/versions/v1/pods/{name}/restart")
    until(
        lambda: any(pod["name"] == name and pod["restarts"] > restarts[name] and pod["ready"] for pod in wine.pods()),
        within=60,
        what="the pod restarted",
    )
    wine.wait_whole()


def a_new_key_opens(wine: ServedModel, name: str) -> None:
    """What the control plane says still reaches the router."""
    wine.platform.issue_key(wine.service, name, within=60)


async def has_all(js: JetStreamContext) -> bool:
    """Whether everything of the topology is there."""
    try:
        for stream in STREAMS:
            await js.stream_info(stream.name)
        for durable in DURABLES:
            await js.consumer_info(durable.stream, durable.name)
    except NotFoundError:
        return False
    return True


@asynccontextmanager
async def operating(platform: Platform) -> AsyncIterator[JetStreamContext]:
    """A connection that may delete streams: no service may, so that the server is told of one more user."""
    config = platform.home / "nats" / "nats.conf"
    if '"operator"' not in config.read_text():
        user = '{"user": "operator", "password": "operator"}, '
        config.write_text(config.read_text().replace('"users": [', f'"users": [{user}', 1))
        await asyncio.to_thread(platform.kill, "nats", signal.SIGHUP)
    url = f"nats://operator:operator@127.0.0.1:{platform.ports[2]}"
    client = await eventually(lambda: _connected(url), within=60, every=0.1)
    assert client is not None
    try:
        yield client.jetstream(timeout=2)
    finally:
        await client.close()


async def _connected(url: str) -> Nats | None:
    client = Nats()
    try:
        await client.connect(url, allow_reconnect=False)
    except (nats.errors.Error, OSError):
        await client.close()  # a refused one keeps its socket otherwise
        return None
    return client
