"""1,000 services of two versions: what a list, a search or a pass over everything asks of the database stays small.

The clock says nothing here (`python -m benchmarks --only g` asks it): a few statements, no record too many, and a few
items at a time between two turns of the event loop.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from controller.handlers.services import deployments, observations, routes
from operations.many_services import fill_controller
from running_services.running_controller import Controller
from shared import fairness
from shared.contracts.deployment import VersionState
from waiting.statements import counted

SERVICES = 1000
SIGNING_IN = 2
"""Statements, and records too: the token with its user, and the roles that an administrator has none of."""
PER_SERVICE = 5
"""Records of one service: itself, two versions, what was seen of them."""


@pytest.fixture
async def full(make_controller: Any) -> Controller:
    """A controller, off the bus, whose store is full."""
    controller: Controller = await make_controller()
    async with controller.app.dependencies.database.unit_of_work() as session:
        await fill_controller(session, SERVICES)
    return controller


async def names(controller: Controller, **query: Any) -> list[str]:
    found = await controller.call("GET", "/services", params=query)
    return [item["name"] for item in found["items"]]


async def test_lists_read_what_they_show_and_little_else(full: Controller) -> None:
    for query, shown in (
        ({}, 50),
        ({"search": "TASTE"}, 10),
        ({"search": "service-0500"}, 1),
        ({"tag": "tier:gold"}, 20),
        ({"tag": "tier:gold", "project": "risk", "creator": "user-0"}, 2),
        ({"status": "failed"}, 2),
        ({"status": "stopped", "sort": "created_at"}, 4),
        ({"status": "draft"}, 0),
    ):
        with counted(full.app.dependencies.database) as asked:
            assert len(await names(full, **query)) == shown, query
        assert len(asked.statements) <= SIGNING_IN + 3, asked.statements
        assert asked.records <= SIGNING_IN + (shown + 1) * PER_SERVICE


async def test_pages_hold_every_service_once_in_either_order(full: Controller) -> None:
    wanted = [f"service-{number:04}" for number in range(SERVICES)]
    for sort, order in (("created_at", wanted), ("-created_at", wanted[::-1])):
        seen: list[str] = []
        query: dict[str, Any] = {"sort": sort, "page_size": 100}
        for _ in range(SERVICES // 100):
            with counted(full.app.dependencies.database) as asked:
                page = await full.call("GET", "/services", params=query)
            cost = (len(asked.statements), asked.records)
            assert cost == (SIGNING_IN + 2, SIGNING_IN + 101 * PER_SERVICE) or page["next_cursor"] is None
            seen += [item["name"] for item in page["items"]]
            query["cursor"] = page["next_cursor"]
        assert seen == order
        assert query["cursor"] is None


async def test_a_page_of_a_rare_status_goes_on_where_it_ended(full: Controller) -> None:
    first = await full.call("GET", "/services", params={"status": "stopped", "page_size": 3})
    rest = await full.call("GET", "/services", params={"status": "stopped", "cursor": first["next_cursor"]})
    found = [item["name"] for item in first["items"] + rest["items"]]
    assert found == ["service-0750", "service-0500", "service-0250", "service-0000"]
    assert rest["next_cursor"] is None


@dataclass
class Turns:
    """Which turn of the event loop a pass over everything does each of its items in."""

    now: int = 0
    of_items: Counter[int] = field(default_factory=Counter)

    async def count(self) -> None:
        while True:
            self.now += 1
            await asyncio.sleep(0)

    def noting(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            self.of_items[self.now] += 1
            return work(*arguments)

        return noted


async def test_no_pass_over_everything_keeps_a_request_waiting(
    full: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps, turns = full.app.dependencies, Turns()
    for module, name in ((routes, "service_intent"), (routes, "_stored"), (deployments, "deployment_of")):
        monkeypatch.setattr(module, name, turns.noting(getattr(module, name)))
    async with deps.read_session() as session, asyncio.TaskGroup() as group:
        waiting = group.create_task(turns.count())
        wanted = await routes.desired_routes(session, deps.clock.now())
        there = {key: b"{}" for key in wanted}
        writes, _ = await routes.route_differences(wanted, there, None)
        found = await deployments.every_deployment(session)
        waiting.cancel()
    assert (len(writes), len(found.items)) == (2 * SERVICES, 2 * SERVICES)
    assert turns.of_items.total() == 5 * SERVICES
    assert max(turns.of_items.values()) <= 2 * fairness.AT_ONCE  # two versions, or routes, of a service


async def test_passes_over_everything_make_no_records_and_write_nothing(full: Controller) -> None:
    deps = full.app.dependencies
    with counted(deps.database) as asked:
        async with deps.read_session() as session:
            wanted = await routes.desired_routes(session, deps.clock.now())
        there = {key: json.dumps({**value, "revision": 1}).encode() for key, value in wanted.items()}
        assert await routes.route_differences(wanted, there, None) == ({}, [])
    assert len(wanted) == 2 * SERVICES
    assert (len(asked.statements), asked.records) == (4, 0)

    with counted(deps.database) as asked:
        async with deps.read_session() as session:
            found = (await deployments.every_deployment(session)).items
    assert len(found) == 2 * SERVICES
    assert (len(asked.statements), asked.records) == (5, 1), "the one is the first user, by whom the store is known"

    states = [
        VersionState(
            **each.model_dump(include={"version_id", "service", "version", "generation", "desired_replicas"}),
            phase="running" if each.desired_replicas else "stopped",
            ready_replicas=each.desired_replicas,
        )
        for each in found
    ]
    touched: list[str] = []
    for turn in ("first", "again"):
        with counted(deps.database) as asked:
            async with deps.database.unit_of_work() as session:
                await observations.resync_versions(session, states, deps.clock.now(), touched.append)
        if turn == "again":
            assert (len(asked.statements), asked.records, asked.writes) == (3, 0, [])
    assert sorted(set(touched)) == ["service-0001", "service-0501"], "those that were failed, and run now"
