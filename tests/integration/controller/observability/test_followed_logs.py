"""Followed logs: what was printed before comes first, nothing is missing or doubled, and a restart is survived."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from penstock.client import AsyncClient
from running_services.door import Door
from running_services.running_controller import TOKEN, Controller, Peers
from shared.contracts.metrics.samples import LogLine, PodOutput
from shared.contracts.rpc.monitor import LogEntry, LogPage, LogsQuery
from shared.ids import new_id
from waiting.eventually import eventually

SUBJECT = "penstock.logs.v1.wine.v1.p"
START = datetime(2026, 5, 1, tzinfo=UTC)


class Output:
    """A pod that prints lines 0, 1, 2, …; the monitor has those that were stored, the bus passes on what is printed."""

    def __init__(self, peers: Peers) -> None:
        self.peers, self.stored = peers, 0
        peers.stored = self.page

    def entry(self, number: int) -> LogEntry:
        return LogEntry(version="v1", pod="p", run=0, at=self.at(number), offset=number * 10, text=f"line {number}")

    @staticmethod
    def at(number: int) -> datetime:
        return START + timedelta(seconds=number)

    def page(self, query: LogsQuery) -> LogPage:
        found = [entry for entry in map(self.entry, range(self.stored)) if entry.at >= (query.from_time or START)]
        found = found if query.is_oldest_first else found[::-1]
        begin = int(query.cursor or 0)
        end = begin + query.limit
        return LogPage(items=tuple(found[begin:end]), next_cursor=str(end) if end < len(found) else None)

    async def prints(self, *numbers: int, text: str = "line") -> None:
        lines = tuple(LogLine(at=self.at(number), offset=number * 10, text=f"{text} {number}") for number in numbers)
        output = PodOutput(service="wine", version="v1", version_id=new_id(), pod="p", run=0, lines=lines)
        await self.peers.scheduler.js.publish(SUBJECT, output.model_dump_json().encode())


@pytest.fixture
async def output(controller: Controller, peers: Peers) -> Output:
    await controller.call("POST", "/services", 201, json={"name": "wine"})
    return Output(peers)


async def told(lines: AsyncIterator[Any], count: int) -> list[str]:
    async with asyncio.timeout(60):
        return [(await anext(lines))["text"] for _ in range(count)]


@pytest.mark.parametrize("before", [{"lines": 3}, {"from_time": (START + timedelta(seconds=7)).isoformat()}])
async def test_the_last_lines_come_first_and_what_was_stored_meanwhile_once(
    output: Output, door: Door, before: dict[str, Any]
) -> None:
    output.stored = 10
    async with AsyncClient(door.url, TOKEN) as client:
        lines = aiter(client.follow_logs("wine", **before))
        assert await told(lines, 3) == ["line 7", "line 8", "line 9"]
        assert output.peers.asked_logs[-1].is_settled
        await output.prints(8, 9, 10)
        await output.prints(10, 11)  # as a scheduler that does not know whether the first try was stored
        assert await told(lines, 2) == ["line 10", "line 11"]


async def test_more_lines_than_a_page_since_a_time(output: Output, door: Door) -> None:
    output.stored = 2500
    async with AsyncClient(door.url, TOKEN) as client:
        lines = aiter(client.follow_logs("wine", from_time=START.isoformat()))
        assert await told(lines, 2500) == [f"line {number}" for number in range(2500)]


async def test_a_restart_of_the_control_plane_neither_loses_nor_doubles_a_line(output: Output, door: Door) -> None:
    output.stored = 5
    async with AsyncClient(door.url, TOKEN) as client:
        lines = aiter(client.follow_logs("wine", lines=2))
        assert await told(lines, 2) == ["line 3", "line 4"]
        await output.prints(5)
        assert await told(lines, 1) == ["line 5"]
        await door.close()
        output.stored = 9  # printed while nobody listened
        following = asyncio.create_task(told(lines, 4))
        await door.open()
        await eventually(lambda: asyncio.sleep(0, len(output.peers.asked_logs) >= 2))
        await output.prints(8, 9)
        assert await following == ["line 6", "line 7", "line 8", "line 9"]


async def test_a_search_for_the_last_lines_goes_on_behind_a_short_page_and_holds_for_live_ones(
    output: Output, door: Door
) -> None:
    def short_page(query: LogsQuery) -> LogPage:  # as where most lines that were read do not match
        assert query.levels == ("error",)
        number = int(query.cursor or 9)
        return LogPage(items=(output.entry(number),), next_cursor=str(number - 1))

    output.peers.stored = short_page
    async with AsyncClient(door.url, TOKEN) as client:
        lines = aiter(client.follow_logs("wine", lines=3, level=["error"], regex="2$|7$"))
        assert await told(lines, 3) == ["line 7", "line 8", "line 9"]
        await output.prints(17, text="INFO: line")
        await output.prints(18, 22, text="ERROR: line")
        assert await told(lines, 1) == ["ERROR: line 22"]


async def test_lines_of_a_request_are_asked_for_by_its_id(controller: Controller, output: Output) -> None:
    output.stored = 1
    await controller.call("GET", "/services/wine/logs", params={"request_id": "r-1"})
    assert output.peers.asked_logs[-1].request_id == "r-1"
    for wrong in ("", "a,b", "x" * 129):
        await controller.call("GET", "/services/wine/logs", 400, params={"request_id": wrong})
    refused = await controller.call("GET", "/services/wine/logs", 400, params={"lines": 5})
    assert "lines goes with follow" in refused["message"]


async def test_signing_out_ends_what_a_page_follows_within_a_second(output: Output, door: Door) -> None:
    async with httpx.AsyncClient(base_url=door.url) as page:
        csrf = (await page.post("/api/v1/session", json={"token": TOKEN})).json()["csrf_token"]
        headers = {"origin": door.url, "x-penstock-session": csrf}
        async with page.stream("GET", "/api/v1/services/wine/logs?follow=true", timeout=60) as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == ": following"
            signed_out = await page.delete("/api/v1/session?everywhere=true", headers=headers)
            async with asyncio.timeout(1):
                ended = [line async for line in lines if line and not line.startswith(":")]
    assert signed_out.status_code == 204
    assert ended[0] == "event: ended"
    assert json.loads(ended[1].removeprefix("data: "))["status"] == 401


async def test_deleting_the_service_ends_what_is_followed_of_it_within_a_second(output: Output, door: Door) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with (
        httpx.AsyncClient(base_url=door.url, headers=headers, timeout=60) as client,
        client.stream("GET", "/api/v1/services/wine/logs?follow=true") as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == ": following"
        deleted = await client.delete("/api/v1/services/wine")
        async with asyncio.timeout(1):
            ended = [line async for line in lines if line and not line.startswith(":")]
    assert deleted.status_code == 204
    assert ended[0] == "event: ended"
    assert json.loads(ended[1].removeprefix("data: "))["status"] == 404
