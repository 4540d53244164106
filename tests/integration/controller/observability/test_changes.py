"""Live changes: what is told, to whom, after which gap, and when a stream ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from operations.someone import member
from penstock.client import AsyncClient
from running_services.door import Door
from running_services.running_controller import TOKEN, Controller, Peers, wine
from servers.nats_process import NatsProcess
from shared.events.pod import PodScheduled
from waiting.eventually import eventually


class Stream:
    """One reader."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, dict[str, Any], int]:
        """Name, data and id of the next event; comments are skipped."""
        found: dict[str, str] = {}
        async with asyncio.timeout(30):
            async for line in self._lines:
                if not line and "data" in found:
                    return found["event"], json.loads(found["data"]), int(found.get("id", -1))
                field, _, value = line.partition(": ")
                found[field] = value
        raise AssertionError("the stream has ended")

    async def until(self, kind: str, name: str) -> tuple[dict[str, Any], list[str]]:
        """The change of this kind and name, and what came before it."""
        before: list[str] = []
        while True:
            event, data, _ = await self.next()
            if event != "change":
                before.append(event)
            elif (data["kind"], data["name"]) == (kind, name):
                return data, before
            else:
                before.append(f"{data['kind']} {data['name']}")


@asynccontextmanager
async def changes(door: Door, token: str = TOKEN, last: int | str | None = None) -> AsyncIterator[Stream]:
    headers = {"authorization": f"Bearer {token}"} | ({} if last is None else {"last-event-id": str(last)})
    async with (
        httpx.AsyncClient(base_url=door.url, timeout=60) as client,
        client.stream("GET", "/api/v1/changes", headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.status_code
        yield Stream(answer)


async def test_everything_that_changes_is_told_once_it_is_stored(controller: Controller, door: Door) -> None:
    async with changes(door) as stream:
        name, data, first = await stream.next()
        assert (name, data) == ("hello", {"id": first})
        made = await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine(), "start": False})
        change, _ = await stream.until("service", "wine")
        assert change == {"kind": "service", "name": "wine", "service": "wine", "revision": made["revision"]}
        assert (await stream.until("version", "v1"))[0]["service"] == "wine"
        await controller.call("POST", "/services/wine/keys", 201, json={"name": "ci"})
        assert (await stream.until("key", "ci"))[0]["service"] == "wine"
        refused = await controller.client.patch("/api/v1/services/wine", json={"no": 1})
        assert refused.status_code == 400
        await controller.call("POST", "/resource-specs", 201, json={"name": "tiny", "cpu": 0.1, "memory_gb": 0.1})
        change, before = await stream.until("spec", "tiny")
        assert before == []
        assert change["revision"] == 1
        await controller.call("DELETE", "/services/wine", 204)
        assert (await stream.until("service", "wine"))[0]["revision"] is None


async def test_what_is_defined_for_a_service_is_told_with_it(controller: Controller, peers: Peers, door: Door) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine(), "start": False})
    rule = {"name": "slow", "kind": "service_quality", "metric": "latency_p99", "warning": 1}
    webhook = {"kind": "webhook", "url": "https://ci.example.com/retrain"}
    place = f"file://{controller.app.settings.home.resolve()}/tables/wine/truth"
    labels = {"location": place, "format": "delta", "label": "quality"}
    defined: dict[str, tuple[str, dict[str, Any]]] = {
        "monitor": ("monitors", rule),
        "retraining_trigger": ("retraining-triggers", {"name": "nightly", "schedule": "P1D", "action": webhook}),
        "label_source": ("label-sources", {"name": "truth", "key": {"client_request_id": "order"}, **labels}),
    }
    async with changes(door) as stream:
        await stream.next()
        for kind, (where, body) in defined.items():
            made = await controller.call("POST", f"/services/wine/{where}", 201, json=body)
            change, before = await stream.until(kind, made["name"])
            assert (change["service"], change["revision"], before) == ("wine", 1, [])
        order = await controller.call("POST", "/services/wine/erasures", 202, json={"client_request_ids": ["order-1"]})
        assert (await stream.until("erasure", order["id"]))[0]["service"] == "wine"


async def test_traffic_pods_and_dead_letters(controller: Controller, peers: Peers, door: Door) -> None:
    made = await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    version = made["versions"][0]["id"]
    pod = PodScheduled(
        service_id=made["id"],
        service="wine",
        version_id=version,
        version="v1",
        pod="wine-v1-0",
        generation=1,
        node="here",
    )
    async with changes(door) as stream:
        await stream.next()
        await peers.say(pod)
        change, _ = await stream.until("pods", "v1")
        assert change == {"kind": "pods", "name": "v1", "service": "wine", "revision": None}
        await peers.say_raw("version.ready", b"no fact")
        assert (await stream.until("dead_letter", "controller-facts"))[0]["service"] is None


async def test_a_reader_goes_on_where_it_was_and_reads_all_anew_where_it_cannot(
    controller: Controller, door: Door
) -> None:
    await controller.call("POST", "/projects", 201, json={"name": "before"})
    async with changes(door) as stream:
        _, data, first = await stream.next()
    await controller.call("POST", "/projects", 201, json={"name": "meanwhile"})
    async with changes(door, last=first) as stream:
        name, data, own = await stream.next()
        assert (name, own) == ("hello", first)
        assert data["id"] > first
        _, before = await stream.until("project", "meanwhile")
        assert before == []
    for unknown in (first - 10**9, first + 10**9, "no-id"):
        async with changes(door, last=unknown) as stream:
            assert [(await stream.next())[0] for _ in range(2)] == ["hello", "reset"]


async def test_a_slow_reader_of_several_is_told_to_read_all_anew(controller: Controller, door: Door) -> None:
    log = controller.app.dependencies.changes
    log._capacity = 8
    async with changes(door) as quick, changes(door) as other:
        (_, _, first), _ = await quick.next(), await other.next()
        for number in range(20):
            await controller.call("POST", "/projects", 201, json={"name": f"p-{number}"})
            await quick.until("project", f"p-{number}")
            await other.until("project", f"p-{number}")
    async with changes(door, last=first) as late:
        assert [(await late.next())[0] for _ in range(2)] == ["hello", "reset"]
    assert not log._listeners or await eventually(lambda: _is_empty(log._listeners))


async def _is_empty(found: set[Any]) -> bool:
    return not found


async def test_each_is_told_what_it_may_see(controller: Controller, door: Door) -> None:
    await controller.call("POST", "/projects", 201, json={"name": "team"})
    token = (await member(controller, "ada", team="viewer"))["token"]
    async with changes(door, token) as stream:
        await stream.next()
        await controller.call("POST", "/services", 201, json={"name": "theirs"})
        await controller.call("POST", "/users", 201, json={"name": "bob"})
        await controller.call("POST", "/services", 201, json={"name": "ours", "project": "team"})
        _, before = await stream.until("service", "ours")
        assert before == []
        await controller.call("PUT", "/projects/default/members/ada", json={"role": "viewer"})
        told, _, _ = await stream.next()
        while told == "change":
            told, _, _ = await stream.next()
        assert told == "reset"  # who sees more now has more to read
        await controller.call("PATCH", "/services/theirs", json={"description": "x"})
        await stream.until("service", "theirs")


@pytest.mark.timed
async def test_a_stream_ends_within_a_second_of_its_token(controller: Controller, door: Door) -> None:
    token = await member(controller, "ada", default="viewer")
    async with changes(door, token["token"]) as stream, changes(door) as other:
        await stream.next()
        await other.next()
        began = time.monotonic()
        await controller.call("DELETE", f"/tokens/{token['id']}", 204)
        event, data, _ = await stream.next()
        while event == "change":
            event, data, _ = await stream.next()
        assert (event, data["status"], data["error_code"]) == ("ended", 401, "UNAUTHENTICATED")
        assert time.monotonic() - began < 1
        await other.until("token", "t")  # others go on


async def test_what_the_bus_may_have_missed_is_read_anew(
    controller: Controller, nats_server: NatsProcess, door: Door
) -> None:
    async with changes(door) as stream:
        _, _, before = await stream.next()
        nats_server.kill()
        nats_server.start()
        told, data, own = await stream.next()
        while told == "change":
            told, data, own = await stream.next()
        assert (told, data) == ("reset", {"id": own})
        assert own > before


async def test_the_client_goes_on_after_a_lost_connection(controller: Controller, door: Door) -> None:
    async with AsyncClient(door.url, TOKEN) as client:
        found = aiter(client.changes(last_event_id="1"))
        async with asyncio.timeout(30):
            assert (await anext(found))["kind"] == "reset"
            await controller.call("POST", "/projects", 201, json={"name": "one"})
            one = await anext(found)
            assert (one["kind"], one["name"], one["service"]) == ("project", "one", None)
            assert int(one["id"]) > 10**15


@pytest.mark.parametrize("path", ["/changes?since=1", "/changes?last_event_id=" + "9" * 40])
async def test_parameters_that_it_does_not_take(offline: Controller, path: str) -> None:
    assert (await offline.call("GET", path, 400))["error_code"] == "INVALID_PARAMETER_VALUE"
