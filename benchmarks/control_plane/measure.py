"""`python measure.py sqlite|postgresql SERVICES ROUNDS`: figures of one kind of database, as JSON on the last line.

The controller's real app behind a real HTTP server, its passes and the scheduler's called as their loops call them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from controller.handlers.services import observations, routes
from controller.handlers.services.deployments import every_deployment
from operations.many_services import fill_controller, fill_scheduler
from running_services.running_controller import TOKEN, Controller, controller_for, settings_for
from scheduler.handlers import intent
from scheduler.loops.reconciliation import reconcile_once
from scheduler.main import build_app
from scheduler.settings import SchedulerSettings
from servers.ports import free_port
from servers.postgres_process import PostgresProcess
from shared.clock import SystemClock
from shared.contracts.deployment import Deployment, VersionState
from shared.contracts.nodes import Node
from shared.http import serve
from shared.telemetry import Telemetry

QUERIES: Mapping[str, str] = {
    "first page": "",
    "search by word": "?search=taste",
    "search by name": "?search=service-0500",
    "status, frequent": "?status=running",
    "status, rare": "?status=failed",
    "status, of none": "?status=draft",
    "project and status": "?project=risk&status=stopped",
    "tag": "?tag=tier:gold",
    "oldest first": "?sort=created_at",
}

Figures = dict[str, float]


async def timed(work: Callable[[], Awaitable[Any]], rounds: int) -> float:
    """Median milliseconds; the first call is not counted."""
    await work()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[len(taken) // 2]


async def lists(url: str, services: int, rounds: int) -> Figures:
    """Milliseconds of each list, over one connection."""
    size = services // 10
    async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60) as client:

        async def get(query: str) -> Any:
            answer = await client.get(f"/api/v1/services{query}")
            answer.raise_for_status()
            return answer.json()

        page: Any = {"next_cursor": None}
        for _ in range(9):
            cursor = page["next_cursor"]
            page = await get(f"?page_size={size}&cursor={cursor}" if cursor else f"?page_size={size}")
        asked = {**QUERIES, "deep page": f"?cursor={page['next_cursor']}"}
        return {name: await timed(lambda query=query: get(query), rounds) for name, query in asked.items()}  # type: ignore[misc]


@asynccontextmanager
async def serving(controller: Controller) -> AsyncIterator[str]:
    """The controller's app on a port of its own."""
    port = free_port()
    task = asyncio.create_task(serve(controller.app.api, "127.0.0.1", port))
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient() as client:
        while True:
            try:
                await client.get(f"{url}/healthz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
    yield url
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def controller_figures(home: Path, settings: dict[str, str], services: int, rounds: int) -> dict[str, Figures]:
    """Lists, and the controller's passes with nothing to change."""
    made = await controller_for(settings_for(home, "nats://127.0.0.1:1", "http://127.0.0.1:1", **settings))
    deps = made.app.dependencies
    async with deps.database.unit_of_work() as session:
        await fill_controller(session, services)
    async with serving(made) as url:
        listed = await lists(url, services, rounds)
    async with deps.read_session() as session:
        wanted = await routes.desired_routes(session, deps.clock.now())
        deployments = (await every_deployment(session)).items
    there = {key: json.dumps({**value, "revision": 1}).encode() for key, value in wanted.items()}
    states = [_state(each) for each in deployments]

    async def compare_routes() -> None:
        async with deps.read_session() as session:
            wanted = await routes.desired_routes(session, deps.clock.now())
            assert await routes.route_differences(wanted, there, None) == ({}, [])

    async def take_states() -> None:
        async with deps.database.unit_of_work() as session:
            await observations.resync_versions(session, states, deps.clock.now(), lambda _service: None)

    async def list_deployments() -> None:
        async with deps.read_session() as session:
            await every_deployment(session)

    passes = {
        "routes compared": await timed(compare_routes, rounds),
        "states taken from the scheduler": await timed(take_states, rounds),
        "deployments listed": await timed(list_deployments, rounds),
    }
    await made.close()
    return {"lists": listed, "passes": passes}


def _state(wanted: Deployment) -> VersionState:
    fields = wanted.model_dump(include={"version_id", "service", "version", "generation", "desired_replicas"})
    phase = "running" if wanted.desired_replicas else "stopped"
    return VersionState(**fields, phase=phase, ready_replicas=wanted.desired_replicas)


class NoPods:
    """A backend that has nothing to do: what is measured is the pass, not the starting of pods."""

    def versions(self) -> frozenset[UUID]:
        """None has pods."""
        return frozenset()

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """Nothing."""

    async def apply(self, deployment: Deployment) -> None:
        """Nothing."""


async def scheduler_figures(home: Path, settings: dict[str, str], versions: int, rounds: int) -> Figures:
    """The scheduler's passes over versions all of which are wanted and wait for their first pod."""
    made = SchedulerSettings.model_validate({"home": home, "nats_url": "nats://127.0.0.1:1"} | settings)
    telemetry = Telemetry("scheduler", CollectorRegistry(), TracerProvider())
    app = await build_app(made, telemetry, clock=SystemClock(), environ={})
    backend: Any = NoPods()
    dependencies = replace(app.dependencies, backend=backend)
    await dependencies.lease.acquire()
    async with dependencies.lease.unit_of_work() as session:
        listed = await fill_scheduler(session, versions, dependencies.steady_clock.now(), wanted=versions)
    absences = intent.Absences()

    async def compare() -> None:
        async with dependencies.lease.unit_of_work() as session:
            await intent.resync(session, listed, absences, dependencies.steady_clock.now())

    figures = {
        "reconciled": await timed(lambda: reconcile_once(dependencies), rounds),
        "compared with the controller's list": await timed(compare, rounds),
    }
    await app.close()
    return figures


async def figures(kind: str, services: int, rounds: int) -> dict[str, Figures]:
    """Everything, of one kind of database."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls: list[dict[str, str]] = [{}, {}]
        if kind == "postgresql":
            server = PostgresProcess()
            stack.callback(server.close)
            server.start()
            urls = [{"database_url": stack.enter_context(server.database())} for _ in urls]
        found = await controller_figures(home, urls[0], services, rounds)
        found["passes"] |= await scheduler_figures(home, urls[1], services * 2, rounds)
        return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(figures(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
