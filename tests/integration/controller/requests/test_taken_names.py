"""A name that something has already is refused at the field of the name, whatever is made."""

from __future__ import annotations

from typing import Any

import pytest

from running_services.running_controller import Controller, wine

IN_A_DAY = {"schedule": "0 2 * * *", "duration": "PT2H"}
MONITOR = {"kind": "service_quality", "metric": "error_rate", "window": "PT1H", "warning": 0.1, "critical": 0.2}
HUB = {"kind": "registry", "data": {"username": "ann", "password": "correct horse"}}
SLACK = {"kind": "slack", "secret": "hook"}
LAKE = {"url": "s3://lake/tables", "secret": "keys"}
CREATED: dict[str, dict[str, Any]] = {
    "/services": {},
    "/services/wine/versions": wine(),
    "/services/wine/keys": {},
    "/services/wine/monitors": MONITOR,
    "/projects": {},
    "/users": {},
    "/secrets": HUB,
    "/resource-specs": {"cpu": 1, "memory_gb": 1},
    "/resource-groups": {},
    "/destinations": LAKE,
    "/channels": SLACK,
    "/maintenance-windows": IN_A_DAY,
}


@pytest.fixture
async def stored(offline: Controller) -> Controller:
    await offline.call("POST", "/services", 201, json={"name": "wine", "version": wine(), "monitors": False})
    hook = {"name": "hook", "kind": "slack", "data": {"url": "https://hooks.slack.com/services/T/B/x"}}
    keys = {"name": "keys", "kind": "s3", "data": {"access_key": "a", "secret_key": "b"}}
    for secret in (hook, keys):
        await offline.call("POST", "/secrets", 201, json=secret)
    return offline


async def test_a_taken_name_is_refused_at_its_field(stored: Controller) -> None:
    for path, body in CREATED.items():
        await stored.call("POST", path, 201, json=body | {"name": "mine"})
        refused = await stored.call("POST", path, 409, json=body | {"name": "mine"})
        assert refused["details"] == [{"loc": ["name"], "msg": refused["message"]}], path
        assert "'mine'" in refused["message"], path


async def test_a_place_that_a_destination_has_is_refused_at_its_url(stored: Controller) -> None:
    await stored.call("POST", "/destinations", 201, json=LAKE | {"name": "mine"})
    refused = await stored.call("POST", "/destinations", 409, json=LAKE | {"name": "other"})
    assert refused["details"] == [{"loc": ["url"], "msg": "Destination 'mine' lies there already"}]
