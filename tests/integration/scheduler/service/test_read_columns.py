"""What is read of versions column by column says the same as their whole rows, on each database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from scheduler.handlers import views
from scheduler.main import MIGRATIONS
from scheduler.store.tables import DeploymentRow
from shared.database import Database
from shared.migrations import migrate

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD: list[Any] = [{}, {"model_source": None}, {"model_source": {}}, {"model_source": {"kind": None}}]
"""What earlier releases may have stored, or nobody."""


@pytest.mark.parametrize("deployment", [None, *OLD, {"model_source": {"kind": "mlflow"}}])
async def test_pods_have_a_token_but_where_they_run_an_image(database_url: str, deployment: Any) -> None:
    await asyncio.to_thread(migrate, MIGRATIONS, database_url)
    database = Database.open(database_url)
    fields: dict[str, Any] = {
        "service_id": UUID(int=1),
        "service": "wine",
        "generation": 1,
        "desired_replicas": 1,
        "trying_since": NOW,
    }
    pods = [{"pod": "a", "address": "10.0.0.1:8080"}]
    image = {"model_source": {"kind": "image"}}
    async with database.unit_of_work() as session:
        session.add(
            DeploymentRow(version_id=UUID(int=2), version="v1", deployment=deployment, endpoints=pods, **fields)
        )
        session.add(DeploymentRow(version_id=UUID(int=3), version="v2", deployment=image, endpoints=pods, **fields))
        gone: dict[str, Any] = {"deployment": None, "deleted": "event", "endpoints_revision": 4}
        session.add(DeploymentRow(version_id=UUID(int=4), version="v3", **gone, **fields))
    async with database.read() as session:
        found = sorted(await views.endpoints(session, lambda pod: f"token of {pod}"), key=lambda each: each[0].version)
    await database.close()

    assert [(each.revision, [pod.token for pod in each.pods], is_gone) for each, is_gone in found] == [
        (0, ["token of a"], False),
        (0, [None], False),
        (4, [], True),
    ]
