"""Inference tables through the control plane: what is asked of the logger, and what comes of its answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from penstock import AsyncClient
from penstock.client.errors import NotFound
from running_services.door import Door
from running_services.running_controller import TOKEN, Controller, Peers, wine
from waiting.eventually import eventually


@pytest.fixture(autouse=True)
async def service(controller: Controller) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})


async def test_rows_statistics_and_columns_are_the_loggers(controller: Controller, peers: Peers) -> None:
    path = "/inference-tables/wine.inferences"
    query = {"from": "2026-03-01T00:00:00Z", "where": "a > 1", "columns": "a,b", "order": "-a", "request_id": "r"}
    found = await controller.call("GET", f"{path}/rows", params={**query, "page_size": 7, "cursor": "c"})
    assert found["items"] == [{"request_id": "r1"}]
    asked = peers.asked_reads[-1]
    assert (asked.result, asked.where, asked.columns, asked.order, asked.page_size, asked.cursor, asked.equal) == (
        *("rows", "a > 1", ("a,b",), "-a", 7, "c"),
        {"request_id": "r"},
    )
    assert asked.from_time is not None
    assert asked.to_time is None
    peers.read_pieces = [b'{"rows":1,"delta_version":2,"columns":[]}']
    assert (await controller.call("GET", f"{path}/statistics?columns=a&columns=b"))["rows"] == 1
    assert (peers.asked_reads[-1].result, peers.asked_reads[-1].columns) == ("statistics", ("a", "b"))
    assert (await controller.call("GET", path))["columns"][0]["name"] == "a"
    for wrong in ("rows?colour=1", "rows?page_size=0", "rows?from=noon", "statistics?order=a", "download?format=xlsx"):
        await controller.call("GET", f"{path}/{wrong}", 400)
    await controller.call("GET", "/inference-tables/nobody.payload/download", 404)


async def test_the_account_of_the_last_hour_or_another_range(controller: Controller, peers: Peers) -> None:
    found = await controller.call("GET", "/services/wine/accounting")
    assert (found["total"]["accepted"], found["items"][0]["dropped"]) == (3, {"d": 1})
    asked = peers.asked_accounts[-1]
    assert (asked.service, asked.step, asked.to_time - asked.from_time) == ("wine", 60, timedelta(hours=1))
    await controller.call("GET", "/services/wine/accounting?to=2026-03-01T10:00:00Z&step=3600")
    assert (peers.asked_accounts[-1].step, peers.asked_accounts[-1].to_time.hour) == (3600, 10)
    refused = await controller.call("GET", "/services/wine/accounting?from=0001-01-01T00:00:00Z", 400)
    assert "times lie between 0001-01-02 and 9999-12-30" in refused["message"]
    for wrong, status in (("wine/accounting?step=90", 400), ("nobody/accounting", 404)):
        await controller.call("GET", f"/services/{wrong}", status)


async def test_signatures_are_the_loggers(controller: Controller, peers: Peers) -> None:
    found = await controller.call("GET", "/services/wine/signatures")
    assert (found["service"], found["signatures"][0]["generations"]) == ("wine", [1, 3])
    await controller.call("GET", "/services/nobody/signatures", 404)


async def test_a_download_is_a_file_of_every_chunk(door: Door, peers: Peers, tmp_path: Path) -> None:
    peers.read_pieces = [b"a,b\n", *[b"1,2\n"] * 40]
    file = tmp_path / "rows.csv"
    async with AsyncClient(door.url, TOKEN) as client:
        await client.download_table("wine.payload", file, format="csv", where="a = 1")
        assert file.read_bytes() == b"a,b\n" + b"1,2\n" * 40
        with pytest.raises(NotFound):
            await client.download_table("nobody.payload", tmp_path / "none.csv")
        assert [found.name for found in tmp_path.glob("*.csv*")] == ["rows.csv"]
        peers.read_pieces = [b'{"columns":["n"],"items":[{"n":1}],"next_cursor":null}']
        assert [row async for row in client.each_row("wine.payload")] == [{"n": 1}]
    assert (peers.asked_reads[0].result, peers.asked_reads[0].where) == ("csv", "a = 1")


async def test_routers_are_told_of_the_log_topic(controller: Controller) -> None:
    await controller.call("POST", "/services/wine/start")

    async def edited_to(stream: object, status: int = 200) -> Any:
        change = {"log_delivery": {"log_stream": stream}}
        return await controller.call("PATCH", "/services/wine/versions/v1", status, json=change)

    async def topic_is(expected: str | None) -> bool:
        route = await controller.route("intent.wine")
        return route is not None and [version.get("log_topic") for version in route["versions"]] == [expected]

    assert (await edited_to(True))["log_delivery"]["log_stream"] is True
    await eventually(lambda: topic_is("services.wine"))
    assert (await edited_to({"log_set": "team-a", "topic": "wine"}))["log_delivery"]["log_stream"]["topic"] == "wine"
    await eventually(lambda: topic_is("team-a.wine"))
    assert "log_stream" not in (await edited_to(False))["log_delivery"]
    await eventually(lambda: topic_is(None))
    for wrong in ({"log_set": "Team", "topic": "wine"}, {"log_set": "a"}, {"log_set": "a", "topic": "b.c"}, "yes"):
        await edited_to(wrong, 400)
