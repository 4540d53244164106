"""At 50 requests/s each process of the platform is killed in turn; the caller's ledger is held against the table.

Invariants (reliability): no failed prediction save those in flight at a killed router or pod; every 2xx has exactly one
row; state converges with no hand.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import deltalake
import pytest

from platforms.running_platform import Caller, Platform, until
from platforms.served_model import ServedModel, answers, wine_body

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

BUS_DOWN_S, BUS_DOWN_LONG_S = 10.0, 30.0
"""How long the bus is killed again and again; every request of that time waits in the spool."""
IN_FLIGHT_S = 0.5
"""A request that was sent this long before a router or pod was killed may have been in flight."""


async def restarted(platform: Platform, name: str) -> float:
    """Kill one process, wait until another has its place; the moment of the kill."""
    old = await asyncio.to_thread(platform.kill, name)
    killed = time.monotonic()
    await asyncio.to_thread(
        until,
        lambda: (p := platform.process(name))["pid"] not in (old, None) and p["state"] == "running",
        within=60,
        what=f"{name} running again",
    )
    return killed


async def keep_killed(platform: Platform, name: str, seconds: float) -> int:
    """Hold a process down: whatever the launcher starts in its place is killed as soon as it is seen; how many were."""
    killed, end = set[int](), time.monotonic() + seconds
    while time.monotonic() < end:
        if (pid := platform.process(name)["pid"]) not in killed | {None}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        await asyncio.sleep(0.1)
    return len(killed)


async def test_no_answer_fails_and_no_row_is_lost(platform: Platform, request: pytest.FixtureRequest) -> None:
    down_s = BUS_DOWN_LONG_S if request.config.getoption("--long") else BUS_DOWN_S
    key = await asyncio.to_thread(platform.publish, "steady", "wine_quality", replicas=2)
    caller = Caller(f"{platform.data_url}/steady/predict", key, wine_body(), rate=50)
    stop = asyncio.Event()
    load = asyncio.create_task(caller.run(stop))
    excused: list[float] = []
    await answers(caller, 50)

    for name in ("controller", "scheduler", "monitor", "inference-logger", "router"):
        killed = await restarted(platform, name)
        excused += [killed] if name == "router" else []
        await answers(caller, 50)
    pods = (await asyncio.to_thread(platform.api, "GET", "/services/steady/versions/v1/pods"))["items"]
    excused.append(await restarted(platform, pods[0]["name"]))
    assert await keep_killed(platform, "nats", down_s) > 1, "what is started in its place is killed too"
    await answers(caller, 100)
    stop.set()
    await load

    unexcused = [a for a in caller.failed if not any(0 <= at - a.sent_at + 0.1 <= IN_FLIGHT_S for at in excused)]
    assert unexcused == [], "\n".join(map(str, unexcused))
    assert len(caller.failed) <= 5
    await asyncio.to_thread(rows_equal_ledger, platform, caller)
    await asyncio.to_thread(platform.wait_version, "steady", "v1", "running", 30)


def rows_equal_ledger(platform: Platform, caller: Caller) -> None:
    answered = {a.client_request_id for a in caller.ledger if a.status == 200}

    def rows() -> Counter[str]:
        return Counter(r["client_request_id"] for r in platform.payload_rows("steady") if r["status_code"] == 200)

    until(lambda: answered <= rows().keys(), within=60, every=1, what="a row for every answer")
    counted = rows()
    assert [name for name, times in counted.items() if times > 1] == []
    assert answered - counted.keys() == set()
    account_equals_rows(platform, "steady")


def account_equals_rows(platform: Platform, service: str) -> None:
    """Every request that the router gave to a version is a row; the account says so, to the last one."""

    def settled() -> tuple[dict[str, Any], int] | None:  # rows can be read a moment before the account knows them
        total = platform.api("GET", f"/services/{service}/accounting")["total"]
        rows = len(platform.payload_rows(service))
        return (total, rows) if total["stored"] == rows and not total["on_the_way"] else None

    total, rows = until(settled, within=60, every=1, what="an account of all rows, without anything on its way")
    assert rows
    assert (total["accepted"], total["stored"], total["dropped"], total["missing"]) == (rows, rows, {}, 0)


async def test_a_version_that_crashes_again_and_again_costs_the_old_one_nothing(
    platform: Platform, wine: ServedModel
) -> None:
    """It is to have half of the traffic, and never has a pod to answer it."""
    source = {"kind": "mlflow", "model": "never_loads", "version": "1"}
    version = {"model_source": source, "start": True, "traffic_weight": 50}
    async with wine.under_load("beside") as caller:
        await asyncio.to_thread(platform.api, "POST", f"/services/{wine.service}/versions", json=version)
        failed = await asyncio.to_thread(platform.wait_version, wine.service, "v2", "failed", 90)

    assert "this model never loads" in failed["message"] + " ".join(failed["log_tail"])
    assert caller.failed == []
    assert {answer.version for answer in caller.ledger} == {"v1"}
    await asyncio.to_thread(wine.wait_whole)
    await asyncio.to_thread(wine.rows_equal_ledger, caller)


class KeptCaller:
    """Asks as fast as it is answered, on one kept connection, a new one where that breaks; notes what was answered."""

    def __init__(self, platform: Platform, service: str, key: str, names: Iterator[int]) -> None:
        self.port = platform.ports[1]
        self.names = names
        head = f"POST /{service}/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        self.head = head + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.document = json.dumps(wine_body())[:-1]
        self.answered: list[str] = []
        self.other: Counter[str] = Counter()

    async def run(self) -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for number in self.names:
            name = f"burst-{number}"
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
                if not await self._ask(*streams, name):
                    streams[1].close()
                    streams = None
            except (OSError, asyncio.IncompleteReadError) as broken:
                self.other[type(broken).__name__] += 1
                if streams is not None:
                    streams[1].close()
                streams = None
        if streams is not None:
            streams[1].close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> bool:
        asked = f'{self.document}, "client_request_id": "{name}"}}'
        writer.write((self.head % len(asked) + asked).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
        status = head.split()[1]
        if status == "200":
            self.answered.append(name)
        else:
            self.other[status] += 1
        return "connection: close" not in head


async def test_a_burst_loses_and_doubles_nothing_though_router_and_bus_are_killed(platform: Platform) -> None:
    """`BURST_REQUESTS=200000` for a long one."""
    total = int(os.environ.get("BURST_REQUESTS", "20000"))
    key = await asyncio.to_thread(platform.publish, "burst", "wine_quality")
    names = iter(range(total))
    callers = [KeptCaller(platform, "burst", key, names) for _ in range(32)]
    load = asyncio.gather(*(caller.run() for caller in callers))

    async def answered(count: int) -> None:
        while sum(len(caller.answered) for caller in callers) < count and not load.done():
            await asyncio.sleep(0.01)

    for share, name in ((0.2, "router"), (0.45, "nats"), (0.7, "router")):
        await answered(int(total * share))
        await restarted(platform, name)
    await load

    wanted = sorted(name for caller in callers for name in caller.answered)
    other = sum((caller.other for caller in callers), Counter())
    print(f"{total} asked, {len(wanted)} answered with 200, the others: {dict(other)}")
    assert other.total() <= 32 * 4, "only what was in flight at a kill may fail"
    assert len(wanted) + other.total() == total

    def rows() -> list[str]:
        location = platform.home / "tables" / "burst" / "payload"
        table = deltalake.DeltaTable(location).to_pyarrow_table(columns=["client_request_id", "status_code"])
        ids = zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True)
        return sorted(name for name, status in ids if status == 200 and name.startswith("burst-"))

    await asyncio.to_thread(until, lambda: len(rows()) >= len(wanted), within=300, what="every answer's row", every=1)
    found = rows()
    # A request whose answer was on its way when the router was killed has a row, and its caller no answer.
    assert set(wanted) <= set(found)
    assert len(found) == len(set(found)), "doubled rows"
    assert len(found) - len(wanted) <= other.total()
    await asyncio.to_thread(account_equals_rows, platform, "burst")
