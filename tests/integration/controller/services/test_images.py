"""Versions that are made from images: taken where the scheduler runs them, told to scheduler and routers, edited."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from controller.handlers.quality.monitors import main_model
from controller.handlers.quality.training_data import OF_AN_IMAGE
from controller.main import MIGRATIONS
from controller.store.services.services import load_service
from running_services.running_controller import Controller, Peers, wine
from shared import migrations
from shared.contracts.deployment import Deployment, ImageSource
from shared.contracts.nodes import NodeStateList
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.rpc.controller import DEPLOYMENTS, IMAGE_SECRET, DeploymentList, ImageSecret, ImageSecretQuery
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.quality import TRAINING_DATA
from shared.errors import InvalidInput, NotFound
from waiting.eventually import eventually

HUB = {"name": "hub", "kind": "registry", "data": {"username": "ada", "password": "s3cret"}}
LAKE = {"name": "lake", "kind": "s3", "data": {"access_key": "a", "secret_key": "b"}}
OTHER = {"name": "other", "kind": "opaque", "data": {"token": "x"}}
SOURCE = {
    "kind": "image",
    "image": "registry.example.com/ns/wine:1",
    "credentials": "hub",
    "command": ["serve"],
    "args": None,
    "port": 9000,
    "health_path": "/ready",
    "predict_path": "/score",
    "mounts": [{"kind": "s3", "path": "/data", "uri": "s3://lake/wines", "credentials": "lake", "endpoint": None}],
}
VERSION = "/services/wine/versions/v1"

STORE_OF_BEFORE = (
    "INSERT INTO services (id, name, type, description, project, tags, auth_enabled, max_body_bytes, creator, "
    "created_at, updated_at, revision, next_version) "
    "VALUES (:service, 'wine', 'ml', '', 'default', '{}', 1, 1, 'ada', :at, :at, 1, 2)",
    "INSERT INTO versions (id, service_id, name, description, model, model_version, spec, resources, replicas, "
    "asked_weight, weight, request_timeout_ms, log_delivery, runtime, wanted, generation, resumes, creator, "
    "created_at, updated_at, revision) VALUES (:version, :service, 'v1', '', 'wine', '3', '1C2G', '{}', 1, 0, 0, 1, "
    "'{}', '{}', 'draft', 0, 0, 'ada', :at, :at, 1)",
    "INSERT INTO version_observations (version_id, generation, phase, ready_replicas, was_ready, log_tail, "
    "observed_at) VALUES (:version, 1, 'running', 1, 1, '[]', :at)",
)


@pytest.fixture
async def images(controller: Controller, peers: Peers) -> Controller:
    """A controller whose scheduler runs images, with the secrets of `SOURCE`."""
    machine = peers.nodes.machine.model_copy(update={"runs_images": True})
    peers.nodes = NodeStateList(machine=machine, items=())
    for secret in (HUB, LAKE, OTHER):
        await controller.call("POST", "/secrets", 201, json=secret)
    return controller


async def create(controller: Controller, status: int = 201, **version: Any) -> Any:
    body = {"name": "wine", "start": True, "version": {"model_source": SOURCE, **version}}
    return await controller.call("POST", "/services", status, json=body)


async def test_an_image_is_refused_where_pods_are_processes(controller: Controller, peers: Peers) -> None:
    assert not peers.nodes.machine.runs_images
    refused = await create(controller, 400)
    assert "process backend cannot run images" in refused["message"]
    assert refused["details"][0]["loc"] == ["model_source", "kind"]
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    await controller.call("POST", "/services/wine/versions", 400, json={"model_source": SOURCE})
    await controller.call("PATCH", VERSION, 400, json={"model_source": SOURCE})


async def test_an_image_is_published_told_and_edited(images: Controller, peers: Peers) -> None:
    (version,) = (await create(images, env={"A": "1"}))["versions"]
    assert (version["model_source"], version["runtime"]) == (SOURCE, {})

    async def told() -> Deployment:
        answer = await peers.scheduler.call(DEPLOYMENTS, Nothing())
        assert isinstance(answer, DeploymentList)
        return answer.items[0]

    assert (await told()).model_source == ImageSource.model_validate(SOURCE)

    async def route() -> dict[str, Any]:
        found = await images.route("intent.wine")
        return found["versions"][0] if found and found["versions"] else {}

    await eventually(route)
    assert {"model": SOURCE["image"], "predict_path": "/score"}.items() <= (await route()).items()

    preview = await images.call(
        "PATCH", VERSION, json={"model_source": SOURCE | {"port": 9001}}, params={"dry_run": True}
    )
    assert (preview["changes"], preview["replaces_pods"]) == (
        [{"field": "model_source.port", "before": 9000, "after": 9001}],
        True,
    )
    edited = await images.call("PATCH", VERSION, json={"model_source": SOURCE | {"image": "wine:2", "mounts": []}})
    assert (edited["model_source"]["image"], edited["generation"]) == ("wine:2", version["generation"] + 1)
    refused = await images.call("PATCH", VERSION, 400, json={"runtime": {"workers": 2}})
    assert "an image serves by itself" in refused["message"]

    await images.call("PATCH", VERSION, json={"env": {"HOME": "/srv"}})
    refused = await images.call("PATCH", VERSION, 400, json={"model_source": wine()["model_source"]})
    assert "env.HOME: the platform sets" in refused["message"]
    await images.call("PATCH", VERSION, json={"env": {}})
    for source in (wine()["model_source"], SOURCE):  # to a model, and back
        changed = await images.call("PATCH", VERSION, json={"model_source": source})
        assert source.items() <= changed["model_source"].items()
        assert (await told()).model_source.kind == source["kind"]
    history = await images.call("GET", f"{VERSION}/history")
    assert {"model_source", "model_source.model"} <= {each["field"] for each in history["items"][0]["changes"]}


async def test_what_only_a_registered_model_has_is_told_to_be_missing(images: Controller, peers: Peers) -> None:
    await create(images)
    async with images.app.dependencies.database.read() as session:
        stored = await load_service(session, "wine")
    assert main_model(stored) is None
    monitors = await images.call("GET", "/services/wine/monitors")
    assert [each["name"] for each in monitors["items"]] == ["errors"]
    data = await peers.monitor.call(TRAINING_DATA, TrainingDataQuery(service="wine", version="v1"))
    assert isinstance(data, TrainingData)
    assert (data.kind, data.reason) == ("none", OF_AN_IMAGE)


async def test_secrets_of_images_are_kept_while_they_are_named(images: Controller, peers: Peers) -> None:
    for name, said in (("other", "of the kind opaque, not registry"), ("nobody", "no secret 'nobody'")):
        body = {"name": "wine", "version": {"model_source": SOURCE | {"credentials": name}}}
        refused = await images.call("POST", "/services", 400 if name == "other" else 404, json=body)
        assert said in refused["message"]
    (version,) = (await create(images))["versions"]
    for name in ("hub", "lake"):
        refused = await images.call("DELETE", f"/secrets/{name}", 409)
        assert "in use by wine/v1" in refused["message"]

    query = ImageSecretQuery(version_id=UUID(version["id"]), secret="hub")
    found = await peers.scheduler.call(IMAGE_SECRET, query)
    assert isinstance(found, ImageSecret)
    assert (found.kind, found.fields) == ("registry", HUB["data"])
    assert "s3cret" not in repr(found)
    with pytest.raises(InvalidInput, match="opaque, not registry"):
        await peers.scheduler.call(IMAGE_SECRET, query.model_copy(update={"secret": "other"}))
    with pytest.raises(NotFound):
        await peers.scheduler.call(IMAGE_SECRET, query.model_copy(update={"version_id": UUID(int=7)}))

    await images.call("PATCH", VERSION, json={"model_source": SOURCE | {"mounts": [], "credentials": None}})
    for name in ("hub", "lake"):
        await images.call("DELETE", f"/secrets/{name}", 204)


async def test_a_store_of_before_images_goes_on_and_goes_back_while_it_has_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'controller.db'}"
    configuration = migrations._config(MIGRATIONS, url)
    await asyncio.to_thread(command.upgrade, configuration, "0024")
    engine = create_engine(url)
    row = {"at": "2026-03-01 12:00:00", "service": f"{1:032x}", "version": f"{2:032x}"}
    with engine.begin() as store:
        for statement in STORE_OF_BEFORE:
            store.execute(text(statement), row)
    await asyncio.to_thread(command.upgrade, configuration, "head")
    await asyncio.to_thread(command.downgrade, configuration, "0024")
    await asyncio.to_thread(command.upgrade, configuration, "head")
    with engine.begin() as store:
        assert store.execute(text("SELECT model, model_version, image FROM versions")).all() == [("wine", "3", None)]
        assert store.execute(text("SELECT count(*) FROM version_observations")).scalar() == 1
        image = {"kind": "image", "mounts": [{"kind": "oci", "path": "/m", "uri": "oci://r.io/wine:3"}]}
        made = text("UPDATE versions SET model = NULL, model_version = NULL, image = :image")
        store.execute(made, {"image": json.dumps(image)})
    with pytest.raises(RuntimeError, match="1 versions mount files of images"):
        await asyncio.to_thread(command.downgrade, configuration, "0027")
    with engine.begin() as store:
        store.execute(made, {"image": json.dumps({"kind": "image"})})
    with pytest.raises(RuntimeError, match="1 versions are made from images"):
        await asyncio.to_thread(command.downgrade, configuration, "0024")
    engine.dispose()
