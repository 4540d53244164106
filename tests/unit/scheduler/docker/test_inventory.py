"""Which containers there are, from lists and events in any order."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.runs import inventory as inventory_module
from scheduler.backends.docker.runs.container_state import seen
from scheduler.backends.docker.runs.inventory import ContainerInventory
from shared.clock import SystemClock
from waiting.eventually import eventually
from waiting.set_clock import SetClock

LABELS = {"penstock.installation": "i", "penstock.pod": "wine-v1-x", "penstock.run": "0"}


def item(identity: str, state: str, **labels: str) -> dict[str, Any]:
    return {"Id": identity, "Names": [f"/{identity}"], "State": state, "Labels": LABELS | labels}


def event(identity: str, action: str, nano: int = 1) -> dict[str, Any]:
    actor = {"ID": identity, "Attributes": LABELS | {"name": identity}}
    return {"Type": "container", "Action": action, "Actor": actor, "time": 1, "timeNano": nano}


class Engines:
    """An engine with these containers; what it was asked for last."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self.containers = list(containers)
        self.queries: list[dict[str, str]] = []
        self.is_away = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("no such file")
        if request.url.path == "/version":
            return httpx.Response(200, json={"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})
        self.queries.append(dict(request.url.params))
        return httpx.Response(200, json=self.containers)


def inventory_of(engines: Engines) -> ContainerInventory:
    clock = SetClock()
    clock.stands_at = 100.0
    return ContainerInventory(Engine("unix:///s", httpx.MockTransport(engines)), "i", clock)


async def test_nothing_counts_as_gone_before_the_first_list() -> None:
    inventory = inventory_of(Engines(item("a", "running")))
    assert not inventory.is_listed
    await inventory.open()
    assert inventory.is_listed
    found = inventory.of_run("wine-v1-x", 0)
    assert found is not None
    assert (found.id, found.is_alive) == ("a", True)


async def test_only_containers_of_this_installation_are_asked_for() -> None:
    engines = Engines()
    await inventory_of(engines).relist()
    assert json.loads(engines.queries[0]["filters"]) == {"label": ["penstock.installation=i"]}
    assert engines.queries[0]["all"] == "1"


async def test_events_say_what_became_of_them() -> None:
    inventory = inventory_of(Engines(item("a", "created")))
    await inventory.relist()
    for action, status in (
        ("start", "running"), ("pause", "paused"), ("unpause", "running"), ("kill", "running"),
        ("exec_create: /bin/sh", "running"), ("health_status: healthy", "running"), ("die", "exited"),
    ):  # fmt: skip
        inventory.heard(event("a", action))
        found = inventory.get("a")
        assert found is not None
        assert found.status == status
    inventory.heard(event("a", "destroy"))
    assert inventory.get("a") is None


async def test_a_container_that_an_event_speaks_of_first_is_known_by_its_attributes() -> None:
    inventory = inventory_of(Engines())
    await inventory.relist()
    inventory.heard(event("new", "start"))
    found = inventory.of_run("wine-v1-x", 0)
    assert found is not None
    assert (found.id, found.name) == ("new", "new")


async def test_a_list_that_was_asked_for_before_a_start_does_not_undo_it() -> None:
    engines = Engines(item("old", "running"))
    inventory = inventory_of(engines)
    inventory.note(seen("made", "made", "running", LABELS))  # the clock stands: it is as new as the list
    await inventory.relist()
    assert {each.id for each in inventory.all()} == {"old", "made"}


async def test_what_the_list_does_not_have_is_gone() -> None:
    engines = Engines(item("a", "running"), item("b", "running"))
    inventory = inventory_of(engines)
    await inventory.relist()
    engines.containers = [item("b", "exited")]
    await inventory.relist()
    (found,) = inventory.all()
    assert (found.id, found.is_alive) == ("b", False)


async def test_out_of_memory_is_remembered_while_the_container_is_there() -> None:
    inventory = inventory_of(Engines(item("a", "running")))
    await inventory.relist()
    inventory.heard(event("a", "oom"))
    assert inventory.was_out_of_memory("a")
    inventory.note_gone("a")
    assert not inventory.was_out_of_memory("a")


async def test_an_engine_that_is_away_is_a_problem_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory_module, "RETRY_S", 0.01)
    engines = Engines(item("a", "running"))
    inventory = ContainerInventory(Engine("unix:///s", httpx.MockTransport(engines)), "i", SystemClock())
    engines.is_away = True
    opening = asyncio.create_task(inventory.open())
    await eventually(lambda: inventory.problem)
    assert "unix:///s does not answer" in (inventory.problem or "")
    engines.is_away = False
    await opening
    assert inventory.problem is None
    following = asyncio.create_task(inventory.run())
    try:
        engines.is_away = True
        await eventually(lambda: inventory.problem)
        engines.is_away = False
        await eventually(lambda: inventory.problem is None)
    finally:
        following.cancel()
