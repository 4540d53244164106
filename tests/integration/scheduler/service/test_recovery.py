"""What a scheduler that lost something, or was away, finds again; on a real bus, with a fake pod."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from running_services.scheduler_service import Controller, controlling, holds, scheduling, serve_one, settings_for
from servers.nats_process import NatsProcess
from shared.contracts.deployment import Deployment, PodView
from shared.contracts.routes import ROUTES_BUCKET
from shared.events import (
    PodExited,
    PodNotReady,
)
from waiting.eventually import eventually

pytestmark = pytest.mark.usefixtures("each_store")


async def test_a_wiped_bucket_is_written_again(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        await controller.bus.js.purge_stream(f"KV_{ROUTES_BUCKET}")

        async def is_routed() -> bool:
            return bool(await controller.routed(deployment))

        await holds(is_routed, within=90)


def lose_database(home: Path) -> None:
    if url := os.environ.get("SCHEDULER_DATABASE_URL"):
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
            server.execute("DROP SCHEMA public CASCADE")
            server.execute("CREATE SCHEMA public")
    else:
        shutil.rmtree(home / "scheduler")


async def test_a_lost_database_is_rebuilt_from_pods_controller_and_bucket(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller:
        async with scheduling(settings_for(home, nats_server.url)):
            deployment = await serve_one(controller)
            before = await controller.endpoints(deployment)
            (pod,) = await controller.pods(deployment)
        lose_database(home)
        async with scheduling(settings_for(home, nats_server.url)):
            assert await served_by(controller, deployment) == (pod.name, pod.pid)
            after = await controller.endpoints(deployment)
            assert before is not None
            assert after is not None
            assert after.pods == before.pods


async def test_what_was_read_before_the_list_came_ends_no_pod(
    home: Path, nats_server: NatsProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with controlling(nats_server) as controller:
        async with scheduling(settings_for(home, nats_server.url)):
            deployment = await serve_one(controller)
            (pod,) = await controller.pods(deployment)
        lose_database(home)
        async with scheduling(settings_for(home, nats_server.url)) as app:
            database = app.dependencies.lease.database
            read = database.read

            @asynccontextmanager
            async def late() -> AsyncIterator[AsyncSession]:
                """What is read in vain from the new database is seen only after it was filled."""
                async with read() as session:
                    yield session
                if app.dependencies.lease.is_held:
                    await eventually(lambda: app.dependencies.is_resynced)

            monkeypatch.setattr(database, "read", late)
            assert await served_by(controller, deployment) == (pod.name, pod.pid)


async def served_by(controller: Controller, deployment: Deployment) -> tuple[str, int | None]:
    """Name and process of the only pod, once it is there and ready."""

    async def one() -> Any:
        pods = await controller.pods(deployment)
        return pods[0] if len(pods) == 1 and pods[0].ready else None

    found: PodView = await eventually(one, within=90)
    return found.name, found.pid


async def test_a_restarted_scheduler_adopts_without_a_gap(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller:
        async with scheduling(settings_for(home, nats_server.url)):
            deployment = await serve_one(controller)
            (before,) = await controller.pods(deployment)
        facts = len(controller.facts)
        async with scheduling(settings_for(home, nats_server.url)):

            async def is_known() -> bool:
                return bool(await controller.pods(deployment))

            await holds(is_known, within=90)
            (after,) = await controller.pods(deployment)
            assert (after.pid, after.ready, after.restarts) == (before.pid, True, 0)
            assert not [fact for fact in controller.facts[facts:] if isinstance(fact, PodNotReady)]
            os.kill(after.pid or 0, signal.SIGKILL)
            await eventually(lambda: len(controller.said(PodExited)) == 1)


async def test_pods_serve_on_and_state_converges_while_the_bus_is_away(home: Path, nats_server: NatsProcess) -> None:
    async with controlling(nats_server) as controller, scheduling(settings_for(home, nats_server.url)):
        deployment = await serve_one(controller)
        (pod,) = await controller.pods(deployment)
        nats_server.kill()
        os.kill(pod.pid or 0, signal.SIGKILL)
        folder = home / "pods" / pod.name / "run-1"
        await eventually((folder / "process.json").exists, within=90)
        nats_server.start()

        async def is_routed_anew() -> bool:
            found = await controller.pods(deployment)
            return bool(found) and found[0].ready and await controller.routed(deployment) == [found[0].address]

        await holds(is_routed_anew, within=90)
