"""API keys: shown once, stored as hashes, rotated two at a time, revoked."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from controller.domain.access.keys import MAX_ALIVE_PER_SERVICE
from controller.store.services.services import load_service
from controller.store.tables import ApiKeyRow
from running_services.running_controller import Controller

KEYS = "/services/wine/keys"


@pytest.fixture
async def with_service(offline: Controller) -> Controller:
    await offline.call("POST", "/services", 201, json={"name": "wine"})
    return offline


async def test_a_key_is_shown_once_and_stored_as_a_hash(with_service: Controller) -> None:
    issued = await with_service.call("POST", KEYS, 201, json={"name": "ci"})
    assert issued["key"].startswith("psk_")
    (listed,) = (await with_service.call("GET", KEYS))["items"]
    assert "key" not in listed
    assert (listed["id"], listed["name"], listed["expired"]) == (issued["id"], "ci", False)
    async with with_service.app.dependencies.database.read() as session:
        dump = str((await session.execute(text("select * from api_keys"))).all())
        outbox = str((await session.execute(text("select * from outbox"))).all())
    digest = hashlib.sha256(issued["key"].encode()).hexdigest()
    assert digest in dump
    assert issued["key"].partition(".")[2] not in dump + outbox
    assert digest not in outbox


async def test_a_name_has_two_keys_alive_at_most(with_service: Controller) -> None:
    first = await with_service.call("POST", KEYS, 201, json={"name": "ci"})
    await with_service.call("POST", KEYS, 409, json={"name": "ci"})
    second = await with_service.call("POST", f"{KEYS}/{first['id']}/rotate", 201)
    assert second["name"] == "ci"
    assert second["key"] != first["key"]
    await with_service.call("POST", f"{KEYS}/{second['id']}/rotate", 409)
    await with_service.call("DELETE", f"{KEYS}/{first['id']}", 204)
    await with_service.call("DELETE", f"{KEYS}/{first['id']}", 404)
    third = await with_service.call("POST", f"{KEYS}/{second['id']}/rotate", 201, json={"grace_s": 3600})
    listed = {key["id"]: key for key in (await with_service.call("GET", KEYS))["items"]}
    assert listed.keys() == {second["id"], third["id"]}
    assert listed[second["id"]]["expires_at"] is not None
    assert listed[third["id"]]["expires_at"] is None


async def test_a_service_has_a_thousand_keys_alive_at_most(with_service: Controller) -> None:
    first = await with_service.call("POST", KEYS, 201, json={"name": "ci"})
    now = datetime.now(UTC)
    async with with_service.app.dependencies.database.unit_of_work() as session:
        service_id = (await load_service(session, "wine")).row.id
        for number in range(MAX_ALIVE_PER_SERVICE):
            expires_at = now - timedelta(hours=1) if number == 0 else None
            fields: Any = {"name": f"k{number}", "prefix": "p", "sha256": f"{number:064}", "creator": "admin"}
            session.add(ApiKeyRow(service_id=service_id, created_at=now, expires_at=expires_at, **fields))
    refused = await with_service.call("POST", KEYS, 409, json={"name": "another"})
    assert "1000" in refused["message"]
    await with_service.call("POST", f"{KEYS}/{first['id']}/rotate", 409)
    await with_service.call("DELETE", f"{KEYS}/{first['id']}", 204)
    await with_service.call("POST", KEYS, 201, json={"name": "another"})


async def test_expiry(with_service: Controller) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    refused = await with_service.call("POST", KEYS, 400, json={"name": "old", "expires_at": past})
    assert "past" in refused["message"]
    await with_service.call("POST", KEYS, 400, json={"name": "x", "expires_at": "2999-01-01T00:00:00"})
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    issued = await with_service.call("POST", KEYS, 201, json={"name": "new", "expires_at": soon})
    assert datetime.fromisoformat(issued["expires_at"]) == datetime.fromisoformat(soon)


async def test_a_key_belongs_to_its_service(with_service: Controller) -> None:
    issued = await with_service.call("POST", KEYS, 201, json={"name": "ci"})
    await with_service.call("POST", "/services", 201, json={"name": "other"})
    await with_service.call("DELETE", f"/services/other/keys/{issued['id']}", 404)
    await with_service.call("POST", f"/services/other/keys/{issued['id']}/rotate", 404)
    await with_service.call("DELETE", f"{KEYS}/not-an-id", 404)


async def test_keys_page(with_service: Controller) -> None:
    for number in range(5):
        await with_service.call("POST", KEYS, 201, json={"name": f"k{number}"})
    names: list[str] = []
    cursor = ""
    while True:
        page = await with_service.call("GET", f"{KEYS}?page_size=2{cursor}")
        names += [key["name"] for key in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert names == ["k4", "k3", "k2", "k1", "k0"]


async def test_a_key_is_named_by_its_name_where_one_alone_has_it(with_service: Controller) -> None:
    first = await with_service.call("POST", KEYS, 201, json={"name": "the app"})
    second = await with_service.call("POST", f"{KEYS}/the app/rotate", 201)
    for method, path in (("DELETE", f"{KEYS}/the app"), ("POST", f"{KEYS}/the app/rotate")):
        refused = await with_service.call(method, path, 409)
        assert (first["id"] in refused["message"], second["id"] in refused["message"]) == (True, True)
    await with_service.call("DELETE", f"{KEYS}/{first['id']}", 204)
    await with_service.call("DELETE", f"{KEYS}/the app", 204)
    assert (await with_service.call("GET", KEYS))["items"] == []
    assert "'the app'" in (await with_service.call("DELETE", f"{KEYS}/the app", 404))["message"]


async def test_of_two_keys_of_a_name_the_one_that_has_not_expired_is_meant(with_service: Controller) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    expiring = await with_service.call("POST", KEYS, 201, json={"name": "ci", "expires_at": soon})
    with_service.clock.off_by = timedelta(minutes=2)
    await with_service.call("POST", KEYS, 201, json={"name": "ci"})
    await with_service.call("DELETE", f"{KEYS}/ci", 204)
    assert [key["id"] for key in (await with_service.call("GET", KEYS))["items"]] == [expiring["id"]]
    await with_service.call("DELETE", f"{KEYS}/ci", 204)
