"""Versions that follow an alias, against a real MLflow server; and what a version was published from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from controller.clients.mlflow import MlflowRegistry
from controller.handlers.services.observations import VersionReport, record_report
from controller.handlers.services.rollback import FailedRollout, configuration_of, roll_back
from controller.loops.followed_aliases import AliasLoop
from controller.store.tables import VersionRow
from models.registered_model import Registered
from running_services.running_controller import Controller
from shared.clock import SystemClock
from shared.errors import Unavailable

VERSION = "/services/followed/versions/v1"


@pytest.fixture
def model(mlflow_url: str) -> Iterator[Registered]:
    registered = Registered(mlflow_url)
    registered.point("champion", "1")
    yield registered
    registered.http.close()


async def publish(controller: Controller, model: Registered, *, start: bool = True, follow: bool = True) -> Any:
    source = {"kind": "mlflow", "model": model.name, "alias": "champion", "follow": follow}
    body = {"name": "followed", "start": start, "version": {"model_source": source}}
    return await controller.call("POST", "/services", 201, json=body)


async def updates(controller: Controller) -> list[dict[str, Any]]:
    async with controller.app.dependencies.database.read() as session:
        query = "select body from outbox where subject like '%version.updated%' order by seq"
        return [json.loads(body) for (body,) in await session.execute(text(query))]


async def test_a_version_moves_with_its_alias(offline: Controller, model: Registered) -> None:
    before = (await publish(offline, model))["versions"][0]
    assert (before["model_source"]["version"], before["model_source"]["follow"]) == ("1", True)
    assert await offline.app.aliases.run_once() == 0
    assert await offline.call("GET", VERSION) == before

    model.point("champion", "2")
    assert await offline.app.aliases.run_once() == 1
    after = await offline.call("GET", VERSION)
    assert (after["model_source"]["version"], after["model_source"]["alias"]) == ("2", "champion")
    assert after["generation"] == before["generation"] + 1
    assert after["deployment_digest"] != before["deployment_digest"]
    (event,) = await updates(offline)
    assert (event["actor"], event["changed"]) == ("penstock", ["model_source"])
    assert event["note"] == f"alias champion of {model.name} moved from version 1 to 2"
    assert event["deployment"]["model_source"]["version"] == "2"
    assert await offline.app.aliases.run_once() == 0


async def test_only_those_that_follow_move(offline: Controller, model: Registered) -> None:
    await publish(offline, model, follow=False)
    model.point("champion", "2")
    assert await offline.app.aliases.run_once() == 0
    source = {"kind": "mlflow", "model": model.name, "alias": "champion", "follow": True}
    assert (await offline.call("PATCH", VERSION, json={"model_source": source}))["model_source"]["version"] == "2"
    fixed = {"kind": "mlflow", "model": model.name, "version": "2"}
    assert not (await offline.call("PATCH", VERSION, json={"model_source": fixed}))["model_source"]["follow"]
    model.point("champion", "1")
    assert await offline.app.aliases.run_once() == 0


async def test_a_draft_follows_without_a_deployment(offline: Controller, model: Registered) -> None:
    await publish(offline, model, start=False)
    model.point("champion", "2")
    assert await offline.app.aliases.run_once() == 1
    assert (await offline.call("GET", VERSION))["generation"] == 0
    (event,) = await updates(offline)
    assert event["deployment"] is None


async def test_a_registry_that_fails_changes_nothing(
    offline: Controller, model: Registered, caplog: pytest.LogCaptureFixture
) -> None:
    before = (await publish(offline, model))["versions"][0]
    deps, clock = offline.app.dependencies, SystemClock()
    away = MlflowRegistry("http://127.0.0.1:1", clock)
    elsewhere = replace(deps.registries, own=away)
    lost = AliasLoop(
        deps.database, elsewhere, clock, timedelta(seconds=1), limits=deps.limits, routes_changed=deps.routes_changed
    )
    with pytest.raises(Unavailable):
        await lost.run_once()
    await away.close()
    model.drop("champion")
    assert await offline.app.aliases.run_once() == 0
    assert "champion" in caplog.text
    assert await offline.call("GET", VERSION) == before
    assert await updates(offline) == []


async def given_up(controller: Controller) -> None:
    """What the version runs now was rolled back: its pods did not get ready."""
    async with controller.app.dependencies.database.unit_of_work() as session:
        row = (await session.scalars(select(VersionRow))).one()
        given = FailedRollout(row.id, row.generation, "LoadFailed", "3 loads failed")
        assert await roll_back(session, given, SystemClock().now(), lambda _: None)


async def test_what_was_given_up_is_not_tried_again_whatever_else_changes(
    offline: Controller, model: Registered
) -> None:
    await publish(offline, model)
    async with offline.app.dependencies.database.unit_of_work() as session:
        row = (await session.scalars(select(VersionRow))).one()
        await record_report(
            session, VersionReport(row.id, 1, "running", 1, is_whole=True), SystemClock().now(), lambda _: None
        )
    model.point("champion", "2")
    assert await offline.app.aliases.run_once() == 1
    await given_up(offline)
    back = await offline.call("GET", VERSION)
    assert (back["model_source"]["version"], back["reason"]) == ("1", "RolledBack")

    changed = await offline.call("PATCH", VERSION, json={"description": "mended", "replicas": 2})
    assert changed["reason"] is None
    await offline.call("POST", "/services/followed/stop")
    assert await offline.app.aliases.run_once() == 0
    started = (await offline.call("POST", "/services/followed/start"))["versions"][0]
    assert (started["model_source"]["version"], started["reason"]) == ("1", None)
    assert await offline.app.aliases.run_once() == 0

    await offline.call("PATCH", VERSION, json={"resource_source": {"kind": "shared", "spec": "2C4G"}})
    assert await offline.app.aliases.run_once() == 1  # with more memory it may do


async def test_a_roll_back_to_an_alias_goes_on_following_it(offline: Controller, model: Registered) -> None:
    await publish(offline, model)
    async with offline.app.dependencies.database.unit_of_work() as session:
        row = (await session.scalars(select(VersionRow))).one()
        await record_report(
            session, VersionReport(row.id, 1, "running", 1, is_whole=True), SystemClock().now(), lambda _: None
        )
    fixed = {"kind": "mlflow", "model": model.name, "version": "2"}
    edited = await offline.call("PATCH", VERSION, json={"model_source": fixed})
    assert (edited["model_source"]["alias"], edited["model_source"]["follow"]) == (None, False)
    await given_up(offline)
    back = (await offline.call("GET", VERSION))["model_source"]
    assert (back["version"], back["alias"], back["follow"]) == ("1", "champion", True)

    assert await offline.app.aliases.run_once() == 0
    model.point("champion", "2")
    assert await offline.app.aliases.run_once() == 0  # this very model was given up
    model.point("champion", model.another())
    assert await offline.app.aliases.run_once() == 1
    assert (await offline.call("GET", VERSION))["model_source"]["version"] == "3"


async def test_what_was_kept_before_following_was_a_part_of_it_is_taken_back_too(
    offline: Controller, model: Registered
) -> None:
    await publish(offline, model)
    async with offline.app.dependencies.database.unit_of_work() as session:
        row = (await session.scalars(select(VersionRow))).one()
        row.last_good = {name: value for name, value in configuration_of(row).items() if name != "follow"}
    model.point("champion", "2")
    assert await offline.app.aliases.run_once() == 1
    await given_up(offline)
    back = (await offline.call("GET", VERSION))["model_source"]
    assert (back["version"], back["follow"]) == ("1", True)


async def test_what_has_failed_starts_again_with_the_model_that_its_alias_moves_to(
    offline: Controller, model: Registered
) -> None:
    await publish(offline, model)
    async with offline.app.dependencies.database.unit_of_work() as session:
        row = (await session.scalars(select(VersionRow))).one()
        await record_report(
            session, VersionReport(row.id, 1, "failed", 0, reason="LoadFailed"), SystemClock().now(), lambda _: None
        )
    assert (await offline.call("GET", VERSION))["status"] == "failed"
    model.point("champion", "2")
    assert await offline.app.aliases.run_once() == 1
    after = await offline.call("GET", VERSION)
    assert (after["status"], after["generation"], after["model_source"]["version"]) == ("starting", 2, "2")
    assert await offline.app.aliases.run_once() == 0


async def test_what_cannot_be_followed_is_400(offline: Controller) -> None:
    source = {"kind": "mlflow", "model": "wine", "version": "1", "follow": True}
    refused = await offline.call("POST", "/services", 400, json={"name": "x", "version": {"model_source": source}})
    assert "alias" in refused["message"]


async def test_a_version_says_what_it_was_published_from(
    offline: Controller, model: Registered, mlflow_url: str
) -> None:
    source = (await publish(offline, model, start=False))["versions"][0]["model_source"]
    file = httpx.get(
        f"{mlflow_url}/model-versions/get-artifact",
        params={"name": model.name, "version": "1", "path": "MLmodel"},
        timeout=30,
    )
    assert source["run_id"] == model.run_id
    assert source["model_id"].startswith("m-")
    assert source["digest"] == f"sha256:{hashlib.sha256(file.content).hexdigest()}"
