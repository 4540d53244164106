"""`/usage` as callers see it; what the scheduler tells by event and by list; when a key was last used."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.handlers.resources.metering import record_run
from running_services.running_controller import Controller, Peers
from shared.bus.bulk import publish
from shared.contracts.deployment import Resources
from shared.contracts.metrics.samples import TrafficSample
from shared.contracts.rpc.scheduler import RunPage, RunsQuery
from shared.contracts.runs import PodRun
from shared.errors import Unavailable
from shared.events import RunEnded, RunStarted
from shared.ids import new_id
from waiting.eventually import eventually

OCTOBER = datetime(2026, 10, 31, 23, tzinfo=UTC)
VERSION, SERVICE = new_id(), new_id()


def run(number: int = 0, pod: str = "wine-v1-abcde", **fields: Any) -> PodRun:
    values = {
        "service_id": SERVICE,
        "service": "wine",
        "version_id": VERSION,
        "version": "v1",
        "pod": pod,
        "run": number,
        "node": "here",
        "project": "cellar",
        "resources": Resources(spec="2C4G", cpu=2, memory_gb=4),
        "started_at": OCTOBER,
    }
    return PodRun.model_validate(values | fields)


@pytest.fixture
async def metered(offline: Controller) -> Controller:
    """Two hours over the turn of October, half an hour in November, and a pod of another service's."""
    told = [
        run(0, ended_at=OCTOBER + timedelta(hours=2)),
        run(1, started_at=OCTOBER + timedelta(hours=3), ended_at=OCTOBER + timedelta(hours=3, minutes=30)),
        run(
            0, "beer-v1-abcde", service="beer", service_id=new_id(), version_id=new_id(), project="=bar",
            resources=Resources(spec="1C2G", cpu=1, memory_gb=2),
            started_at=OCTOBER - timedelta(hours=3), ended_at=OCTOBER - timedelta(hours=2),
        ),
    ]  # fmt: skip
    async with offline.app.dependencies.database.unit_of_work() as session:
        for each in told:
            await record_run(session, each, OCTOBER)
    return offline


SPAN = {"from": "2026-10-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"}


async def usage(controller: Controller, **asked: Any) -> list[dict[str, Any]]:
    page = await controller.call("GET", "/usage", params=SPAN | asked)
    assert page["next_cursor"] is None
    items: list[dict[str, Any]] = page["items"]
    return items


async def test_hours_and_cost_by_version_and_month(metered: Controller) -> None:
    october, november = await usage(metered, service="wine")

    assert (october["period"], november["period"]) == ("2026-10", "2026-11")
    assert [(line["period_start"], line["period_end"]) for line in (october, november)] == [
        ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
    ]
    (day, *_) = await usage(metered, service="wine", grain="day")
    (total,) = await usage(metered, service="wine", grain="total")
    (later, *_) = await usage(metered, service="wine", **{"from": "2026-10-31T23:30:00Z"})
    assert [line["period_start"] for line in (day, total, later)] == [
        "2026-10-31T00:00:00Z",
        "2026-10-01T00:00:00Z",
        "2026-10-31T23:30:00Z",
    ]
    exported = await metered.client.get("/api/v1/usage", params=SPAN | {"format": "csv", "service": "wine"})
    assert next(csv.DictReader(io.StringIO(exported.text)))["period_start"] == "2026-10-01T00:00:00Z"
    assert {name: october[name] for name in ("service", "version", "version_id", "project", "pod", "currency")} == {
        "service": "wine", "version": "v1", "version_id": str(VERSION), "project": "cellar", "pod": None,
        "currency": "USD",
    }  # fmt: skip
    used = ("runs", "pod_seconds", "pod_hours", "cpu_hours", "memory_gb_hours", "gpu_hours", "cost")
    assert [october[name] for name in used] == [1, 3600.0, 1.0, 2.0, 4.0, 0.0, 0.092]
    assert [november[name] for name in used] == [2, 5400.0, 1.5, 3.0, 6.0, 0.0, 0.138]


async def test_groups_grains_and_filters(metered: Controller) -> None:
    by_project = await usage(metered, group_by="project", grain="total")
    assert [(line["project"], line["pod_hours"], line["period"]) for line in by_project] == [
        ("=bar", 1.0, None),
        ("cellar", 2.5, None),
    ]
    by_day = await usage(metered, group_by="service", grain="day", project="cellar")
    assert [(line["period"], line["service"], line["pod_hours"]) for line in by_day] == [
        ("2026-10-31", "wine", 1.0),
        ("2026-11-01", "wine", 1.5),
    ]
    by_run = await usage(metered, group_by="run", grain="total", service="wine")
    assert [(line["pod"], line["run"], line["pod_seconds"]) for line in by_run] == [
        ("wine-v1-abcde", 0, 7200.0),
        ("wine-v1-abcde", 1, 1800.0),
    ]
    assert by_run[0]["started_at"] == "2026-10-31T23:00:00Z"
    (by_pod,) = await usage(metered, group_by="pod", grain="total", service="wine")
    assert (by_pod["pod"], by_pod["runs"], by_pod["run"]) == ("wine-v1-abcde", 2, None)


async def test_a_member_sees_the_usage_of_their_projects_alone(metered: Controller) -> None:
    await metered.call("POST", "/projects", 201, json={"name": "cellar"})
    await metered.call("POST", "/users", 201, json={"name": "mallory"})
    token = await metered.call("POST", "/tokens", 201, json={"name": "t", "user": "mallory"})
    mine: dict[str, Any] = {"headers": {"authorization": f"Bearer {token['token']}"}}

    async def seen(**asked: str) -> set[str]:
        page = await metered.call("GET", "/usage", params=SPAN | asked, **mine)
        return {line["project"] for line in page["items"]}

    assert await seen() == set()
    await metered.call("PUT", "/projects/cellar/members/mallory", json={"role": "viewer"})
    assert await seen() == {"cellar"}
    assert await seen(project="=bar") == await seen(service="beer") == set()
    exported = await metered.client.get("/api/v1/usage", params=SPAN | {"format": "csv"}, **mine)
    assert "wine" in exported.text
    assert "beer" not in exported.text


async def test_a_run_that_is_open_counts_up_to_now(offline: Controller) -> None:
    begun = datetime.now(UTC) - timedelta(hours=1)
    async with offline.app.dependencies.database.unit_of_work() as session:
        await record_run(session, run(started_at=begun), begun)

    asked = {"from": (begun - timedelta(days=40)).isoformat(), "to": (begun + timedelta(days=40)).isoformat()}
    (line,) = (await offline.call("GET", "/usage", params=asked | {"grain": "total"}))["items"]
    assert line["pod_seconds"] == pytest.approx(3600, abs=60)
    assert line["runs"] == 1
    (open_run,) = (await offline.call("GET", "/usage", params=asked | {"grain": "total", "group_by": "run"}))["items"]
    assert open_run["ended_at"] is None


async def test_pages_go_on_where_they_ended(metered: Controller) -> None:
    whole = await usage(metered)
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await metered.call("GET", "/usage", params=SPAN | {"page_size": 1} | cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == whole
    assert len(found) == 3


@pytest.mark.parametrize("way", [{"params": {"format": "csv"}}, {"headers": {"accept": "text/csv"}}])
async def test_csv_is_every_line_and_no_formula(metered: Controller, way: dict[str, Any]) -> None:
    params = SPAN | {"page_size": 1} | way.get("params", {})
    answer = await metered.client.get("/api/v1/usage", params=params, headers=way.get("headers"))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.text.count("\r\n") == len(answer.text.splitlines()) == 4
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["period"], row["service"], row["pod_seconds"]) for row in rows] == [
        ("2026-10", "beer", "3600.0"),
        ("2026-10", "wine", "3600.0"),
        ("2026-11", "wine", "5400.0"),
    ]
    assert rows[0]["project"] == "'=bar"
    assert rows[0]["pod"] == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"group_by": "colour"},
        {"grain": "week"},
        {"from": "2026-12-01T00:00:00Z"},
        {"from": "2026-10-01T00:00:00"},
        {"cursor": "nonsense"},
        {"format": "xml"},
        {"unknown": "1"},
        {"page_size": "0"},
    ],
)
async def test_what_cannot_be_answered_is_refused(metered: Controller, wrong: dict[str, str]) -> None:
    refused = await metered.call("GET", "/usage", 400, params=SPAN | wrong)
    assert refused["error_code"] == "INVALID_PARAMETER_VALUE"
    assert next(iter(wrong)) in refused["message"]


async def test_too_many_periods_are_refused_and_no_empty_ones_count(metered: Controller) -> None:
    async with metered.app.dependencies.database.unit_of_work() as session:
        await record_run(session, run(2, started_at=OCTOBER - timedelta(days=800)), OCTOBER)
    wide = {"from": "0002-01-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"}

    refused = await metered.call("GET", "/usage", 400, params=wide | {"grain": "day"})
    assert "400 periods" in refused["message"]
    assert len((await metered.call("GET", "/usage", params=wide))["items"]) > 20


async def test_nothing_was_ever_used(offline: Controller) -> None:
    assert (await offline.call("GET", "/usage")) == {"items": [], "next_cursor": None}


async def test_facts_and_lists_of_the_scheduler_are_counted(controller: Controller, peers: Peers) -> None:
    over = OCTOBER + timedelta(hours=2)
    ended, lost = run(0, ended_at=over), run(1, started_at=over, ended_at=over + timedelta(hours=1))
    asked: list[RunsQuery] = []

    async def listed(query: RunsQuery) -> RunPage:
        asked.append(query)
        if query.cursor is None:
            return RunPage(items=(ended,), next_cursor="more")
        return RunPage(items=(lost,))

    for event in (RunEnded, RunStarted, RunEnded):
        await peers.say(event.model_validate(run(0, ended_at=over if event is RunEnded else None).model_dump()))

    async def total() -> Any:
        page = await controller.call("GET", "/usage", params=SPAN | {"grain": "total"})
        return [(line["runs"], line["pod_seconds"]) for line in page["items"]]

    async def is_told() -> bool:
        return bool(await total() == [(1, 7200.0)])

    await eventually(is_told)
    await peers.answer_runs(listed)

    async def is_mended() -> bool:
        return bool(await total() == [(2, 10800.0)])

    await eventually(is_mended)
    assert [query.cursor for query in asked[:2]] == [None, "more"]
    await controller.app.metering.run_once()
    assert asked[-1].ended_after - asked[0].ended_after > timedelta(days=30)  # only the first one goes far back


async def test_a_scheduler_that_does_not_know_yet_changes_nothing(controller: Controller, peers: Peers) -> None:
    async def unknown(_: RunsQuery) -> RunPage:
        raise Unavailable("not yet")

    await peers.answer_runs(unknown)
    with pytest.raises(Unavailable):
        await controller.app.metering.run_once()


async def test_the_last_use_of_a_key_is_shown(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine"})
    key = await controller.call("POST", "/services/wine/keys", 201, json={"name": "ci"})
    assert key["last_used_at"] is None
    used_at = datetime(2026, 11, 1, tzinfo=UTC)

    async def measured(at: datetime, sequence: int) -> None:
        sample = TrafficSample(
            source="router-0", sequence=sequence, run_id=new_id(), from_time=at, to_time=at, keys={UUID(key["id"]): at}
        )
        subject = "penstock.metrics.v1.router-0"
        body = sample.model_dump_json().encode()
        await publish(peers.scheduler.nc, subject, body, msg_id=str(new_id()), headers=None, stream="METRICS")

    await publish(peers.scheduler.nc, "penstock.metrics.v1.x", b"not json", msg_id="x", headers=None, stream="METRICS")
    await measured(used_at, 1)
    await measured(used_at - timedelta(days=1), 2)

    async def is_shown() -> bool:
        (shown,) = (await controller.call("GET", "/services/wine/keys"))["items"]
        return bool(shown["last_used_at"] and datetime.fromisoformat(shown["last_used_at"]) == used_at)

    await eventually(is_shown)


async def test_scopes_of_a_key_reach_the_routers_and_its_successor(controller: Controller) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine"})
    path = "/services/wine/keys"
    open_key = await controller.call("POST", path, 201, json={"name": "all"})
    assert open_key["scopes"] == ["predict", "versions"]
    narrow = await controller.call("POST", path, 201, json={"name": "narrow", "scopes": ["predict", "predict"]})
    successor = await controller.call("POST", f"{path}/{narrow['id']}/rotate", 201)
    assert narrow["scopes"] == successor["scopes"] == ["predict"]
    for wrong in ([], ["admin"], "predict", None, ["predict", 1]):
        body = {"name": "wrong", "scopes": wrong}
        await controller.call("POST", path, 201 if wrong is None else 400, json=body)

    async def told() -> Any:
        keys = (await controller.route("keys.wine") or {}).get("keys", [])
        return {key["id"]: key["scopes"] for key in keys} if len(keys) == 4 else None

    scopes = await eventually(told)
    assert (scopes[open_key["id"]], scopes[narrow["id"]], scopes[successor["id"]]) == (None, ["predict"], ["predict"])
