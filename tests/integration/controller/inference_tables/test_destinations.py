"""Destinations: who may define one, what may lie there, and that their credentials reach the logger alone."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from controller.handlers.inference_tables.destinations import defined_destinations, storage_credentials
from running_services.running_controller import Controller, wine

SECRET_KEY = "the-secret-key-of-the-lake"
SECRET = {"name": "lake-keys", "kind": "s3", "data": {"access_key": "AKLAKE", "secret_key": SECRET_KEY}}
LAKE = {"name": "lake", "url": "s3://lake/tables", "endpoint": "http://127.0.0.1:8333", "secret": "lake-keys"}


def to(url: str) -> dict[str, Any]:
    return {"log_delivery": {"enabled": True, "destination": url}}


async def define_lake(controller: Controller) -> dict[str, Any]:
    await controller.call("POST", "/secrets", 201, json=SECRET)
    made: dict[str, Any] = await controller.call("POST", "/destinations", 201, json=LAKE)
    return made


async def test_they_are_defined_once_and_tables_lie_in_one(offline: Controller) -> None:
    refused = await offline.call("POST", "/destinations", 400, json=LAKE)
    assert "no secret 'lake-keys'" in refused["message"]
    made = await define_lake(offline)
    assert {name: made[name] for name in LAKE} == LAKE
    assert (made["project"], made["region"], made["path_style"], made["state"]) == (None, "us-east-1", True, "unknown")
    assert (await offline.call("GET", "/destinations"))["items"] == [made]
    await offline.call("POST", "/destinations", 409, json=LAKE)
    await offline.call("POST", "/destinations", 409, json=LAKE | {"name": "lake-2"})
    other = await offline.call(
        "POST", "/destinations", 409, json=LAKE | {"name": "b", "url": "s3://lake/x", "endpoint": None}
    )
    assert "another endpoint for bucket lake" in other["message"]
    assert "destination lake" in (await offline.call("DELETE", "/secrets/lake-keys", 409))["message"]
    await offline.call("POST", "/destinations/lake/test", 503)

    for url, said in (
        ("s3://lake/other", "no destination"),
        ("s3://lake/tables/../x", "made of"),
        ("s3://lake//x", "made of"),
    ):
        body = {"name": "wine", "version": wine(**to(url))}
        assert said in (await offline.call("POST", "/services", 400, json=body))["message"]
    body = {"name": "wine", "version": wine(**to("s3://lake/tables/team/"))}
    service = await offline.call("POST", "/services", 201, json=body)
    assert service["versions"][0]["log_delivery"]["destination"] == "s3://lake/tables/team"
    nested = {"name": "tea", "version": wine(**to("s3://lake/tables/team/wine"))}
    assert "inside, or around" in (await offline.call("POST", "/services", 400, json=nested))["message"]


async def test_one_in_use_stays_and_its_credentials_are_the_loggers(
    offline: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await define_lake(offline)
    body = {"name": "wine", "version": wine(**to("s3://lake/tables/team"))}
    await offline.call("POST", "/services", 201, json=body)
    definition = {name: value for name, value in LAKE.items() if name != "name"}
    path, stale = "/destinations/lake", {"if-match": '"7"'}
    await offline.call("PUT", path, 412, json=definition, headers=stale)
    moved = await offline.call("PUT", path, 409, json=definition | {"url": "s3://lake/elsewhere"})
    assert "wine/v1" in moved["message"]
    changed = await offline.call("PUT", path, json=definition | {"region": "eu-west-1"})
    assert (changed["region"], changed["revision"]) == ("eu-west-1", 2)
    assert "wine/v1" in (await offline.call("DELETE", path, 409))["message"]

    database, vault = offline.app.dependencies.database, offline.app.dependencies.vault
    before = (await defined_destinations(database)).items[0]
    assert (before.has_secret, before.revision, before.secret_revision) == (True, 2, 1)
    rotated = {"access_key": "AKNEW", "secret_key": "another-key", "session_token": "t"}
    await offline.call("PUT", "/secrets/lake-keys", json={"data": rotated})
    assert (await defined_destinations(database)).items[0].secret_revision == 2
    assert (await storage_credentials(database, vault, "lake")).model_dump() == rotated

    await offline.call("DELETE", "/services/wine", 204)
    await offline.call("DELETE", path, 204)
    await offline.call("GET", path, 404)
    audit = await offline.call("GET", "/audit")
    assert {line["action"] for line in audit["items"] if line["resource_kind"] == "destination"} == {
        *("created", "updated", "deleted")
    }
    said = json.dumps(audit) + caplog.text
    assert not any(value in said for value in (SECRET_KEY, "another-key"))


async def test_what_cannot_be_is_refused(offline: Controller) -> None:
    await offline.call("POST", "/secrets", 201, json=SECRET)
    hub = {"name": "hub", "kind": "registry", "data": {"username": "a", "password": "b"}}
    await offline.call("POST", "/secrets", 201, json=hub)
    for wrong in (
        {"url": "s3://"},
        {"url": "s3://UPPER/x"},
        {"url": "s3://lake/_delta_log"},
        {"url": "https://lake"},
        {"url": "file:///anywhere"},
        {"endpoint": "127.0.0.1:8333"},
        {"endpoint": "http://127.0.0.1:8333/path"},
        {"endpoint": "http://me:secret@127.0.0.1"},
        {"endpoint": "ftp://127.0.0.1"},
        {"secret": "hub"},
        {"region": "no region"},
        {"password": "x"},
    ):
        await offline.call("POST", "/destinations", 400, json=LAKE | wrong)
    assert (await offline.call("GET", "/destinations"))["items"] == []


@dataclass
class Projects:
    """Two projects, with members who each have a token, and a lake of the installation."""

    controller: Controller
    tokens: dict[str, str]

    async def ask(self, name: str, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens[name]}"}
        return await self.controller.client.request(method, f"/api/v1{path}", headers=headers, json=body)

    async def status(self, name: str, method: str, path: str, body: Any = None) -> int:
        return (await self.ask(name, method, path, body)).status_code


@pytest.fixture
async def projects(make_controller: Any, mlflow_url: str) -> Projects:
    controller: Controller = await make_controller(
        mlflow=mlflow_url, table_roots="red=s3://lake/red,/lake,red=/lake/red"
    )
    await controller.call("POST", "/projects", 201, json={"name": "red"})
    await define_lake(controller)
    await controller.call("POST", "/secrets", 201, json=SECRET | {"name": "red-keys", "project": "red"})
    tokens = {}
    for name, project, role in (("adam", "red", "admin"), ("eve", "red", "editor"), ("dave", "default", "admin")):
        await controller.call("POST", "/users", 201, json={"name": name})
        await controller.call("PUT", f"/projects/{project}/members/{name}", json={"role": role})
        tokens[name] = (await controller.call("POST", "/tokens", 201, json={"name": "t", "user": name}))["token"]
    return Projects(controller, tokens)


async def test_a_project_stays_within_its_prefixes(projects: Projects) -> None:
    controller, status = projects.controller, projects.status
    own = LAKE | {"name": "red", "url": "s3://lake/red/tables", "project": "red", "secret": "red-keys"}
    for user, wrong, expected in (
        ("adam", {"project": None}, 403),
        ("eve", {}, 403),
        ("dave", {}, 404),
        ("adam", {"url": "s3://lake/blue"}, 400),
        ("adam", {"secret": "lake-keys"}, 400),
        ("adam", {"secret": None}, 400),
        ("adam", {"url": "s3://red-lake", "endpoint": "http://169.254.169.254"}, 400),
        ("adam", {}, 201),
    ):
        assert await status(user, "POST", "/destinations", own | wrong) == expected, (user, wrong)
    folder = {"name": "folder", "url": "file:///lake/red/x", "project": "red"}
    assert await status("adam", "POST", "/destinations", folder) == 201
    assert await status("eve", "GET", "/destinations/red") == 200
    assert await status("eve", "DELETE", "/destinations/red") == 403
    assert await status("eve", "POST", "/destinations/red/test") == 403
    assert await status("dave", "GET", "/destinations/red") == 404
    assert await status("dave", "DELETE", "/destinations/red") == 404
    listed = await projects.ask("dave", "GET", "/destinations")
    assert [item["name"] for item in listed.json()["items"]] == ["lake"]
    assert "red" in (await controller.call("DELETE", "/projects/red", 409))["message"]

    mine = {"name": "tea", "project": "red", "version": wine(**to("s3://lake/red/tables"))}
    await controller.call("POST", "/services", 201, json=mine)
    theirs = {"name": "wine", "version": wine(**to("s3://lake/red/tables"))}
    assert "may use" in (await controller.call("POST", "/services", 400, json=theirs))["message"]
