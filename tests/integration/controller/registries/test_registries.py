"""Models of another tracking server, with its credentials as a secret: a real MLflow behind a password."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from controller.store.tables import VersionRow
from models.registered_model import Registered
from running_services.running_controller import Controller, Peers
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.models.cache import ModelCache
from scheduler.domain.rollout import template_of
from servers.mlflow.guarded_mlflow import GuardedMlflow, basic
from shared.contracts.deployment import Deployment
from shared.contracts.rpc.controller import REGISTRY_ACCESS, RegistryQuery
from waiting.eventually import eventually

PASSWORD = "correct horse battery staple"
ANOTHER = "a horse of a different colour"
VERSION = "/services/elsewhere/versions/v1"


@pytest.fixture
def theirs(mlflow_url: str) -> Iterator[GuardedMlflow]:
    server = GuardedMlflow(mlflow_url, basic("ann", PASSWORD))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def model(mlflow_url: str) -> Iterator[Registered]:
    registered = Registered(mlflow_url)
    registered.point("champion", "1")
    yield registered
    registered.http.close()


@pytest.fixture
async def lonely(make_controller: Any, theirs: GuardedMlflow) -> Controller:
    """A controller whose own tracking server is away: what it knows of models is theirs."""
    controller: Controller = await make_controller(allowed_registries="127.0.0.0/8")
    await controller.call("POST", "/secrets", 201, json=secret(theirs))
    return controller


def secret(theirs: GuardedMlflow, password: str = PASSWORD, **fields: Any) -> dict[str, Any]:
    data = {"url": theirs.url, "username": "ann", "password": password}
    return {"name": "theirs", "kind": "mlflow", "data": data} | fields


def source(model: Registered, **fields: Any) -> dict[str, Any]:
    return {"kind": "mlflow", "model": model.name, "registry": "theirs"} | (fields or {"version": "1"})


async def publish(controller: Controller, status: int = 201, project: str = "default", **model_source: Any) -> Any:
    body = {"name": "elsewhere", "project": project, "start": True, "version": {"model_source": model_source}}
    return await controller.call("POST", "/services", status, json=body)


async def deployments(controller: Controller) -> list[dict[str, Any]]:
    """Those in the outbox, oldest first."""
    async with controller.app.dependencies.database.read() as session:
        bodies = [json.loads(body) for (body,) in await session.execute(text("select body from outbox order by seq"))]
    return [body["deployment"] for body in bodies if body.get("deployment")]


async def test_a_model_is_published_from_another_registry(lonely: Controller, model: Registered) -> None:
    (version,) = (await publish(lonely, **source(model)))["versions"]
    shown = version["model_source"]
    assert (shown["registry"], shown["model"], shown["version"]) == ("theirs", model.name, "1")
    assert shown["run_id"] == model.run_id
    assert shown["digest"].startswith("sha256:")
    (deployment,) = await deployments(lonely)
    assert deployment["model_source"] == {
        "kind": "mlflow",
        "model": model.name,
        "version": "1",
        "tracking_uri": None,
        "registry": "theirs",
    }
    await publish(lonely, 503, kind="mlflow", model=model.name, version="1")


async def test_models_of_another_registry_are_shown(lonely: Controller, model: Registered) -> None:
    listed = await lonely.call("GET", "/models", params={"registry": "theirs", "search": model.name})
    assert [one["name"] for one in listed["items"]] == [model.name]
    one = await lonely.call("GET", f"/models/{model.name}", params={"registry": "theirs"})
    assert one["aliases"] == {"champion": "1"}
    version = await lonely.call("GET", f"/models/{model.name}/versions/1", params={"registry": "theirs"})
    assert version["input_example"]
    await lonely.call("GET", "/models/nobody", 404, params={"registry": "theirs"})
    await lonely.call("GET", "/models", 503)


async def test_an_alias_there_is_followed(lonely: Controller, model: Registered) -> None:
    (before,) = (await publish(lonely, **source(model, alias="champion", follow=True)))["versions"]
    model.point("champion", "2")
    assert await lonely.app.aliases.run_once() == 1
    after = await lonely.call("GET", VERSION)
    assert (after["model_source"]["version"], after["model_source"]["registry"]) == ("2", "theirs")
    assert after["generation"] == before["generation"] + 1
    assert await lonely.app.aliases.run_once() == 0


async def test_a_registry_that_hangs_delays_the_following_of_no_other(
    make_controller: Any, mlflow_url: str, theirs: GuardedMlflow, model: Registered
) -> None:
    controller: Controller = await make_controller(
        mlflow=mlflow_url, allowed_registries="127.0.0.0/8", mlflow_timeout=60, alias_interval=0.1
    )
    await controller.call("POST", "/secrets", 201, json=secret(theirs))
    await publish(controller, **source(model, alias="champion", follow=True))
    own = {"kind": "mlflow", "model": model.name, "alias": "champion", "follow": True}
    await controller.call("POST", "/services", 201, json={"name": "here", "version": {"model_source": own}})
    theirs.answers.clear()
    asked = theirs.asked
    following = asyncio.create_task(controller.app.aliases.run())
    await eventually(lambda: asyncio.sleep(0, theirs.asked > asked))
    for target in ("2", "1"):
        model.point("champion", target)
        await eventually(partial(published_version, controller, "here", target))
    assert theirs.asked == asked + 1
    assert await published_version(controller, "elsewhere", "1")
    model.point("champion", "2")
    theirs.answers.set()
    await eventually(lambda: published_version(controller, "elsewhere", "2"))
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def published_version(controller: Controller, service: str, version: str) -> bool:
    shown = await controller.call("GET", f"/services/{service}/versions/v1")
    return bool(shown["model_source"]["version"] == version)


@pytest.mark.parametrize("kind", ["user", "token"])
async def test_the_own_server_may_want_credentials_too(
    make_controller: Any, theirs: GuardedMlflow, model: Registered, kind: str
) -> None:
    if kind == "token":
        theirs.authorization = f"Bearer {PASSWORD}"
    given = {"mlflow_token": PASSWORD} if kind == "token" else {"mlflow_username": "ann", "mlflow_password": PASSWORD}
    controller: Controller = await make_controller(mlflow=theirs.url, **given)
    assert (await controller.call("GET", f"/models/{model.name}"))["versions"] == ["2", "1"]
    await publish(controller, kind="mlflow", model=model.name, alias="champion")
    assert PASSWORD not in repr(controller.app.settings)
    stranger: Controller = await make_controller(mlflow=theirs.url)
    assert "401" in (await stranger.call("GET", "/models", 502))["message"]


async def test_the_same_model_from_elsewhere_replaces_the_pods(
    make_controller: Any, theirs: GuardedMlflow, model: Registered, mlflow_url: str
) -> None:
    controller = await make_controller(mlflow=mlflow_url, allowed_registries="localhost,127.0.0.1")
    await controller.call("POST", "/secrets", 201, json=secret(theirs))
    own: dict[str, Any] = {"kind": "mlflow", "model": model.name, "version": "1"}
    (before,) = (await publish(controller, **own))["versions"]
    after = await controller.call("PATCH", VERSION, json={"model_source": source(model)})
    assert after["generation"] == before["generation"] + 1
    assert after["deployment_digest"] != before["deployment_digest"]
    back = await controller.call("PATCH", VERSION, json={"model_source": own})
    assert back["deployment_digest"] == before["deployment_digest"]
    assert back["model_source"]["registry"] is None
    templates = [template_of(Deployment.model_validate(one)) for one in await deployments(controller)]
    assert templates[0] == templates[2] != templates[1]


async def test_a_secret_in_use_stays(lonely: Controller, model: Registered) -> None:
    await publish(lonely, **source(model))
    refused = await lonely.call("DELETE", "/secrets/theirs", 409)
    assert "elsewhere/v1" in refused["message"]
    await change(lonely, model_registry=None, last_good={"model_registry": "theirs"})
    # only a roll-back would bring it back
    assert "elsewhere/v1" in (await lonely.call("DELETE", "/secrets/theirs", 409))["message"]
    await change(lonely, last_good=None)
    await lonely.call("DELETE", "/secrets/theirs", 204)


async def change(controller: Controller, **columns: Any) -> None:
    async with controller.app.dependencies.database.unit_of_work() as session:
        (row,) = await session.scalars(select(VersionRow))
        for name, value in columns.items():
            setattr(row, name, value)


async def test_a_rotated_secret_is_used_from_then_on(
    lonely: Controller, theirs: GuardedMlflow, model: Registered, tmp_path: Path
) -> None:
    await publish(lonely, **source(model))
    (sent,) = await deployments(lonely)
    deployment = Deployment.model_validate(sent)
    cache = ModelCache(
        tmp_path / "models", "http://127.0.0.1:9", dict(os.environ), lonely.app.dependencies.registries.access_by_name
    )
    theirs.authorization = basic("ann", ANOTHER)
    refused = await lonely.call("GET", "/models", 502, params={"registry": "theirs"})
    assert PASSWORD not in str(refused)
    with pytest.raises(PreparationFailed, match="401"):
        await cache.fetch(deployment, template_of(deployment))
    await lonely.call("PUT", "/secrets/theirs", json={"data": secret(theirs, ANOTHER)["data"]})
    await lonely.call("GET", "/models", params={"registry": "theirs"})
    path = await cache.fetch(deployment, template_of(deployment))
    assert "python_function" in (path / "MLmodel").read_text()
    await lonely.call("PUT", "/secrets/theirs", 400, json={"data": {"token": "x"}})


async def test_credentials_are_in_no_file_event_log_or_answer(
    lonely: Controller, theirs: GuardedMlflow, model: Registered, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[Any] = [await publish(lonely, **source(model))]
    theirs.authorization = "nobody"
    said.append(await lonely.call("GET", "/models", 502, params={"registry": "theirs"}))
    said.append(await lonely.call("PATCH", VERSION, 502, json={"model_source": source(model)}))
    said.append(await lonely.call("GET", "/audit"))
    async with lonely.app.dependencies.database.read() as session:
        said += [str(row) for row in await session.execute(text("select * from outbox"))]
        said += [str(row) for row in await session.execute(text("select * from audit"))]
    header = basic("ann", PASSWORD)
    for words in (PASSWORD, header, header.removeprefix("Basic ")):
        assert words not in str(said)
        assert words not in caplog.text
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and words.encode() in path.read_bytes()]


async def test_only_secrets_of_the_service_s_own_project_count(
    lonely: Controller, theirs: GuardedMlflow, model: Registered
) -> None:
    await lonely.call("POST", "/projects", 201, json={"name": "red"})
    red = await publish(lonely, 404, "red", **source(model))
    nothing = await publish(lonely, 404, "red", **source(model) | {"registry": "no-such"})
    assert red["message"].replace("theirs", "no-such") == nothing["message"]
    hub = {"name": "hub", "kind": "registry", "data": {"username": "a", "password": "b"}}
    await lonely.call("POST", "/secrets", 201, json=hub)
    assert "mlflow" in (await publish(lonely, 400, **source(model) | {"registry": "hub"}))["message"]
    users = {}
    for name, project in (("vic", "default"), ("eve", "red")):
        await lonely.call("POST", "/users", 201, json={"name": name})
        await lonely.call("PUT", f"/projects/{project}/members/{name}", json={"role": "viewer"})
        users[name] = (await lonely.call("POST", "/tokens", 201, json={"name": "t", "user": name}))["token"]
    for path in ("/models", f"/models/{model.name}", f"/models/{model.name}/versions/1"):
        for name, status in (("vic", 200), ("eve", 404)):
            answer: httpx.Response = await lonely.client.get(
                f"/api/v1{path}", params={"registry": "theirs"}, headers={"authorization": f"Bearer {users[name]}"}
            )
            assert answer.status_code == status


async def test_an_inner_address_is_refused_unless_it_is_allowed(
    offline: Controller, theirs: GuardedMlflow, model: Registered
) -> None:
    await offline.call("POST", "/secrets", 201, json=secret(theirs))
    refused = await publish(offline, 400, **source(model))
    assert "CONTROLLER_ALLOWED_REGISTRIES" in refused["message"]
    await offline.call("GET", "/models", 400, params={"registry": "theirs"})
    assert theirs.asked == 0


async def test_the_scheduler_is_told_how_to_get_in(controller: Controller, peers: Peers, theirs: GuardedMlflow) -> None:
    await controller.call("POST", "/secrets", 201, json=secret(theirs))
    access = await peers.scheduler.call(REGISTRY_ACCESS, RegistryQuery(registry="theirs"))
    assert (access.url, access.username, access.password, access.token) == (theirs.url, "ann", PASSWORD, None)
    assert PASSWORD not in repr(access)
    await controller.call("PUT", "/secrets/theirs", json={"data": {"url": theirs.url, "token": ANOTHER}})
    access = await peers.scheduler.call(REGISTRY_ACCESS, RegistryQuery(registry="theirs"))
    assert (access.username, access.token) == (None, ANOTHER)
