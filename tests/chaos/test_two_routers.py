"""Two routers on one port (`PENSTOCK_ROUTERS=2`): both answer, either may be killed, limits are shared."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from platforms.running_platform import Caller, Platform, until
from platforms.served_model import ServedModel, eventually, ids, wine_body

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

ROUTERS = ("router", "router-2")
LIMIT = 20
IN_FLIGHT_S = 0.5
"""A request that was sent this long before a router was killed may have been in flight."""


@pytest.fixture(scope="module")
def platform(new_home: Callable[[str], Path], shared_platform: Platform) -> Iterator[Platform]:
    """A platform of its own with the models of the shared one."""
    platform = Platform(new_home("routers"), settings={"PENSTOCK_ROUTERS": "2"})
    copy_models(shared_platform.home / "mlflow", platform.home / "mlflow")
    try:
        platform.up()
        yield platform
    finally:
        platform.down()


def copy_models(store: Path, copy: Path) -> None:
    """A copy of a running MLflow's store: what its database holds names artifacts by their place below it."""
    shutil.copytree(store, copy, ignore=shutil.ignore_patterns("mlflow.db*", "tmp"))
    with (
        closing(sqlite3.connect(store / "mlflow.db")) as from_it,
        closing(sqlite3.connect(copy / "mlflow.db")) as to_it,
    ):
        from_it.backup(to_it)


@pytest.fixture(scope="module")
def served(platform: Platform) -> ServedModel:
    return ServedModel.publish(platform, "steady", "wine_quality")


def answered_by(platform: Platform, router: str, service: str) -> float:
    """How many requests of a service this router has answered, by its own count."""
    pid, data_port = platform.process(router)["pid"], httpx.URL(platform.data_url).port
    try:
        listening = [c for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        (admin,) = (c.laddr.port for c in listening if c.laddr.port != data_port)
        text = httpx.get(f"http://127.0.0.1:{admin}/metrics").text
    except (psutil.Error, ValueError, httpx.TransportError):
        return 0.0  # it is just starting
    wanted = (line for line in text.splitlines() if line.startswith("penstock_router_requests_total"))
    return sum(float(line.rsplit(" ", 1)[1]) for line in wanted if f'service="{service}"' in line)


async def test_both_answer_and_a_kill_costs_what_was_in_flight_at_one(served: ServedModel) -> None:
    platform = served.platform
    async with served.under_load("killed") as caller:
        for router in ROUTERS:
            await eventually(lambda router=router: answered_by(platform, router, "steady") > 5)  # type: ignore[misc]
        loop = asyncio.get_running_loop()
        old, killed_at = platform.kill("router-2"), loop.time()
        await asyncio.to_thread(
            until,
            lambda: (p := platform.process("router-2"))["pid"] not in (old, None) and p["state"] == "running",
            within=60,
            what="another second router",
        )
        await eventually(lambda: answered_by(platform, "router-2", "steady") > 5)
    at_the_kill = [a for a in caller.failed if a.sent_at - 0.1 <= killed_at <= a.sent_at + IN_FLIGHT_S]
    assert caller.failed == at_the_kill, caller.failed
    assert len(at_the_kill) <= 5
    await asyncio.to_thread(served.wait_rows, caller, caller.ledger)
    # What a killed router had recorded and not yet answered has a row too.
    rows = served.rows(caller)
    assert set(rows.values()) == {1}
    assert len(rows.keys() - ids(caller.ledger)) <= len(at_the_kill)


@pytest.mark.timed
async def test_a_rate_limit_is_one_for_both(platform: Platform) -> None:
    service = f"limited-{secrets.token_hex(2)}"
    limit = {"qps": LIMIT, "burst": 1}
    key = await asyncio.to_thread(platform.publish, service, "wine_quality", rate_limit=limit)
    caller = Caller(f"{platform.data_url}/{service}/predict", key, wine_body(), rate=4 * LIMIT)
    stop = asyncio.Event()
    load = asyncio.create_task(caller.run(stop))
    await eventually(lambda: len(caller.ledger) >= 24 * LIMIT)
    stop.set()
    await load
    seconds = max(a.sent_at for a in caller.ledger) - min(a.sent_at for a in caller.ledger)
    allowed = sum(a.status == 200 for a in caller.ledger)
    assert {a.status for a in caller.ledger} == {200, 429}
    # Twice as many would be a limit for each. Callers come to either at random, so that a share may be left unused.
    assert 0.4 * let_in_by_one(a.sent_at for a in caller.ledger) < allowed < 1.3 * LIMIT * seconds
    assert all(a.retry_after for a in caller.ledger if a.status == 429)
    for router in ROUTERS:
        assert answered_by(platform, router, service) > 0

    # One connection is one router's: that one has most of the limit soon. An even part would be half of it.
    statuses, times, started = [], [], time.monotonic()
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as client:
        while time.monotonic() - started < 9:
            times.append(time.monotonic())
            statuses.append((await client.post(caller.url, json=wine_body())).status_code)
            await asyncio.sleep(0.1 / LIMIT)
    assert set(statuses) <= {200, 429}
    assert 429 in statuses or let_in_by_one(times) > 0.9 * len(times)  # so busy a machine asks for less
    assert 0.6 * let_in_by_one(times) < statuses.count(200) < 1.1 * LIMIT * (time.monotonic() - started)


def let_in_by_one(times: Iterable[float]) -> int:
    """How many of the requests of these times one limiter would let in: on a busy machine they come in bursts."""
    tokens, before, allowed = 1.0, 0.0, 0
    for at in sorted(times):
        tokens, before = min(1.0, tokens + (at - before) * LIMIT), at
        if tokens >= 1.0:
            tokens, allowed = tokens - 1.0, allowed + 1
    return allowed


@pytest.mark.timed
async def test_a_revoked_key_stops_at_both_within_a_second(served: ServedModel) -> None:
    platform, url = served.platform, f"{served.platform.data_url}/{served.service}/predict"
    name, keys = f"revoked-{secrets.token_hex(2)}", f"/services/{served.service}/keys"
    issued = await asyncio.to_thread(platform.api, "POST", keys, json={"name": name})
    headers = {"Authorization": f"Bearer {issued['key']}"}
    before = {router: answered_by(platform, router, served.service) for router in ROUTERS}
    # Each of them keeps its connection, and so its router; that one router has all 16 happens once in 32,768 times.
    callers = [httpx.AsyncClient(headers=headers) for _ in range(16)]
    try:
        statuses = [(await caller.post(url, json=wine_body())).status_code for caller in callers]
        assert statuses == [200] * len(callers)
        assert all(answered_by(platform, router, served.service) > was for router, was in before.items())
        await asyncio.to_thread(platform.api, "DELETE", f"{keys}/{issued['id']}")
        revoked_at = time.monotonic()

        async def last_let_in(caller: httpx.AsyncClient) -> float:
            """When it was last sent what was still answered, in seconds after the revocation."""
            last = 0.0
            while True:
                sent_at = time.monotonic()
                if (await caller.post(url, json=wine_body())).status_code == 401:
                    return last
                last = sent_at - revoked_at
                assert last < 30

        assert max(await asyncio.gather(*map(last_let_in, callers))) < 1
    finally:
        for caller in callers:
            await caller.aclose()
