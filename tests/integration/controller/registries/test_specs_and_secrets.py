"""The catalogue of specs, and secrets that go in and never come out."""

from __future__ import annotations

import asyncio
import logging
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from alembic import command
from sqlalchemy import create_engine, text

from controller.domain.registries.secrets import SealedValue, Vault, key_id
from controller.handlers.registries.secrets import unsealed_fields
from controller.main import MIGRATIONS
from controller.settings import ControllerSettings
from controller.store.registries.secrets import load_secret
from controller.store.services.services import load_service
from running_services.running_controller import Controller, wine
from shared import migrations
from shared.errors import Unavailable

SPEC = {"name": "8C32G-T4", "cpu": 8, "memory_gb": 32, "gpu": 1, "price_per_hour": 1.5}
PASSWORD = "correct horse battery staple"
SECRET = {"name": "hub", "kind": "registry", "data": {"username": "ann", "password": PASSWORD}}


async def test_specs_come_and_go(offline: Controller) -> None:
    made = await offline.call("POST", "/resource-specs", 201, json=SPEC)
    assert {name: made[name] for name in SPEC} == SPEC
    await offline.call("POST", "/resource-specs", 409, json=SPEC)
    listed = [spec["name"] for spec in (await offline.call("GET", "/resource-specs"))["items"]]
    assert (listed[0], listed[-1], len(listed)) == ("1C1G", "8C32G-T4", 12)
    path, stale = "/resource-specs/8C32G-T4", {"if-match": '"7"'}
    await offline.call("PATCH", path, 412, json={"price_per_hour": 2}, headers=stale)
    assert (await offline.call("PATCH", path, json={"price_per_hour": 2}))["price_per_hour"] == 2
    await offline.call("DELETE", path, 204)
    await offline.call("GET", path, 404)
    for wrong in ({"cpu": 0}, {"memory_gb": -1}, {"name": "a b"}, {"price_per_hour": -1}, {"colour": 1}, {"gpu": 1.5}):
        await offline.call("POST", "/resource-specs", 400, json=SPEC | wrong)


async def test_the_size_of_a_spec_in_use_stays(offline: Controller) -> None:
    await offline.call("POST", "/resource-specs", 201, json=SPEC)
    body = {"name": "wine", "version": wine(resource_source={"kind": "shared", "spec": SPEC["name"]})}
    service = await offline.call("POST", "/services", 201, json=body)
    assert service["versions"][0]["resource_source"]["spec"] == SPEC["name"]
    path = f"/resource-specs/{SPEC['name']}"
    refused = await offline.call("PATCH", path, 409, json={"cpu": 4})
    assert "wine/v1" in refused["message"]
    await offline.call("DELETE", path, 409)
    await offline.call("PATCH", path, json={"price_per_hour": 3})
    await offline.call("DELETE", "/services/wine", 204)
    await offline.call("PATCH", path, json={"cpu": 4})


async def test_a_spec_may_name_a_kind_of_gpu(offline: Controller) -> None:
    made = await offline.call("POST", "/resource-specs", 201, json=SPEC | {"gpu_kind": "H200"})
    path = f"/resource-specs/{SPEC['name']}"
    assert (made["gpu_kind"], (await offline.call("GET", path))["gpu_kind"]) == ("H200", "H200")
    assert (await offline.call("GET", "/resource-specs/1C1G"))["gpu_kind"] is None
    changed = await offline.call("PATCH", path, json={"gpu_kind": "MIG 1g.18gb"})
    assert changed["gpu_kind"] == "MIG 1g.18gb"
    body = {"name": "wine", "version": wine(resource_source={"kind": "shared", "spec": SPEC["name"]})}
    await offline.call("POST", "/services", 201, json=body)
    async with offline.app.dependencies.database.read() as session:
        assert (await load_service(session, "wine")).version("v1").row.resources["gpu_kind"] == "MIG 1g.18gb"
    refused = await offline.call("PATCH", path, 409, json={"gpu_kind": None})
    assert refused["message"].endswith("is used by wine/v1: its size cannot change")
    await offline.call("DELETE", "/services/wine", 204)
    needed = await offline.call("PATCH", path, 400, json={"gpu": 0})
    assert needed["message"] == (
        "gpu_kind 'MIG 1g.18gb' says which GPUs a pod gets, and gpu is 0: ask for one at least, or leave gpu_kind out"
    )
    assert (await offline.call("GET", path))["gpu"] == 1
    assert (await offline.call("PATCH", path, json={"gpu": 0, "gpu_kind": None}))["gpu_kind"] is None
    other = SPEC | {"name": "other"}
    for wrong in (
        {"gpu": 0, "gpu_kind": "H200"},
        {"gpu_kind": ""},
        {"gpu_kind": "(H200)"},
        {"gpu_kind": "  "},
        {"gpu_kind": "H200;"},
    ):
        await offline.call("POST", "/resource-specs", 400, json=other | wrong)
    in_a_group = {"kind": "group", "group": "g", "cpu": 1, "memory_gb": 1, "gpu": 1, "gpu_kind": "(H200)"}
    body = {"name": "wine", "version": wine(resource_source=in_a_group)}
    assert (await offline.call("POST", "/services", 400, json=body))["details"][0]["loc"] == [
        "resource_source",
        "gpu_kind",
    ]
    spaced = await offline.call("POST", "/resource-specs", 201, json=other | {"gpu_kind": " H200  MIG 1g "})
    assert spaced["gpu_kind"] == "H200 MIG 1g"
    said = await offline.call("POST", "/resource-specs", 400, json=other | {"gpu_kind": "x" * 65})
    assert (
        "1 to 64 letters, digits, spaces and any of . _ + - / ( ), a letter or digit first, and one or ) last"
        in said["message"]
    )


async def test_of_a_version_and_the_end_of_its_spec_one_comes_first(offline: Controller) -> None:
    """Never a version of a spec that is not there: its pods would have no price."""
    path, source = f"/resource-specs/{SPEC['name']}", {"kind": "shared", "spec": SPEC["name"]}

    async def ask(method: str, path: str, **options: Any) -> int:
        return (await offline.client.request(method, f"/api/v1{path}", **options)).status_code

    for number in range(8):
        await offline.call("POST", "/resource-specs", 201, json=SPEC)
        body = {"name": f"s{number}", "version": wine(resource_source=source)}
        made, removed = await asyncio.gather(ask("POST", "/services", json=body), ask("DELETE", path))
        assert (made, removed) in {(201, 409), (400, 204)}
        if made == 201:
            await offline.call("DELETE", f"/services/s{number}", 204)
            await offline.call("DELETE", path, 204)


async def test_a_secret_goes_in_and_never_comes_out(
    offline: Controller, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    again = {"idempotency-key": "once"}
    said: list[Any] = [await offline.call("POST", "/secrets", 201, json=SECRET, headers=again) for _ in range(2)]
    assert said[0]["fields"] == ["password", "username"]
    await offline.call("POST", "/secrets", 409, json=SECRET)
    other = SECRET | {"data": {"password": PASSWORD, "username": "eve"}}
    said.append(await offline.call("POST", "/secrets", 409, json=other, headers=again))
    said.append(await offline.call("POST", "/secrets", 400, json=SECRET | {"kind": PASSWORD}))
    said.append(await offline.call("PUT", "/secrets/hub", json={"data": {"username": "eve", "password": PASSWORD}}))
    said += [await offline.call("GET", path) for path in ("/secrets", "/secrets/hub", "/audit")]
    assert PASSWORD not in str([one for one in said[:3] + said[4:]])
    assert PASSWORD not in caplog.text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    key = tmp_path / "secret-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    async with offline.app.dependencies.database.read() as session:
        assert unsealed_fields(offline.app.dependencies.vault, await load_secret(session, "hub")) == {
            "username": "eve",
            "password": PASSWORD,
        }
    await offline.call("DELETE", "/secrets/hub", 204)
    await offline.call("GET", "/secrets/hub", 404)


async def test_secrets_belong_to_projects(offline: Controller) -> None:
    await offline.call("POST", "/projects", 201, json={"name": "red"})
    await offline.call("POST", "/secrets", 201, json=SECRET | {"project": "red"})
    await offline.call("DELETE", "/projects/red", 409)
    users = {}
    for name, project, role in (("vic", "red", "viewer"), ("eve", "default", "admin")):
        await offline.call("POST", "/users", 201, json={"name": name})
        await offline.call("PUT", f"/projects/{project}/members/{name}", json={"role": role})
        users[name] = (await offline.call("POST", "/tokens", 201, json={"name": "t", "user": name}))["token"]

    async def status(name: str, method: str, path: str, **options: Any) -> int:
        headers = {"authorization": f"Bearer {users[name]}"}
        answer: httpx.Response = await offline.client.request(method, f"/api/v1{path}", headers=headers, **options)
        return answer.status_code

    value = {"data": {"username": "a", "password": "b"}}
    assert await status("vic", "GET", "/secrets/hub") == 200
    assert await status("vic", "PUT", "/secrets/hub", json=value) == 403
    assert await status("vic", "DELETE", "/secrets/hub") == 403
    assert await status("vic", "POST", "/secrets", json=SECRET | {"name": "x", "project": "red"}) == 403
    for method, body in (("GET", None), ("PUT", value), ("DELETE", None)):
        assert await status("eve", method, "/secrets/hub", json=body) == 404
    assert await status("eve", "POST", "/secrets", json=SECRET | {"name": "x", "project": "red"}) == 404


async def test_a_start_with_another_key_seals_anew_what_the_old_one_opens(
    make_controller: Any, caplog: pytest.LogCaptureFixture
) -> None:
    old, new, third = (letter * 64 for letter in "abc")
    first: Controller = await make_controller(secret_key=old)
    before = await first.call("POST", "/secrets", 201, json=SECRET)
    await make_controller(secret_key=new, old_secret_keys=(old,))
    alone: Controller = await make_controller(secret_key=new)
    assert await alone.call("GET", "/secrets/hub") == before
    async with alone.app.dependencies.database.read() as session:
        row = await load_secret(session, "hub")
    assert row.key_id == key_id(bytes.fromhex(new))
    assert unsealed_fields(alone.app.dependencies.vault, row) == SECRET["data"]
    lines = (await alone.call("GET", "/audit?resource_kind=secret"))["items"]
    assert [(line["actor"], line["operation"]) for line in lines[:-1]] == [("penstock", "seal_secrets_anew")]
    assert not [one for one in caplog.records if one.levelname == "WARNING" and "hub" in one.getMessage()]

    await make_controller(secret_key=third)
    (warning,) = [one for one in caplog.records if one.levelname == "WARNING" and "hub" in one.getMessage()]
    assert "CONTROLLER_OLD_SECRET_KEYS" in warning.getMessage()
    again: Controller = await make_controller(secret_key=new)  # the right one is back: nothing was lost by that start
    async with again.app.dependencies.database.read() as session:
        assert unsealed_fields(again.app.dependencies.vault, await load_secret(session, "hub")) == SECRET["data"]


def test_keys_rotate_and_a_row_in_anothers_place_does_not_open() -> None:
    old, new, one, two = b"o" * 32, b"n" * 32, UUID(int=1), UUID(int=2)
    sealed = Vault([old]).seal(one, {"a": "b"})
    rotated = Vault([new, old])
    assert rotated.unseal(one, sealed) == {"a": "b"}
    assert rotated.seal(one, {"a": "b"}).key_id == key_id(new) != sealed.key_id
    with pytest.raises(Unavailable, match="exchanged"):
        rotated.unseal(two, sealed)
    with pytest.raises(Unavailable, match="exchanged"):
        rotated.unseal(one, SealedValue(sealed.key_id, sealed.sealed[:-1] + bytes([sealed.sealed[-1] ^ 1])))
    with pytest.raises(Unavailable, match=key_id(old)):
        Vault([new]).unseal(one, sealed)


def test_a_key_that_is_none_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits") as refused:
        ControllerSettings(secret_key="hunter2")
    assert "hunter2" not in str(refused.value)


async def test_a_store_goes_back_while_nothing_in_it_names_a_kind_of_gpu(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'controller.db'}"
    configuration = migrations._config(MIGRATIONS, url)
    await asyncio.to_thread(command.upgrade, configuration, "head")
    await asyncio.to_thread(command.downgrade, configuration, "0026")
    await asyncio.to_thread(command.upgrade, configuration, "head")
    engine = create_engine(url)
    with engine.begin() as store:
        assert set(store.execute(text("SELECT gpu_kind FROM resource_specs")).scalars()) == {None}
        store.execute(text("UPDATE resource_specs SET gpu_kind = 'H200' WHERE name = '1C1G'"))
    engine.dispose()
    with pytest.raises(RuntimeError, match="1 resource specs and 0 versions name a kind of GPU"):
        await asyncio.to_thread(command.downgrade, configuration, "0026")
