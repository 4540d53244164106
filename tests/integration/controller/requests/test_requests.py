"""Requests, whatever they are about: bad bodies, unknown parameters, NUL, idempotency."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from controller.api.middleware.bodies import MAX_BODY_BYTES
from running_services.running_controller import Controller, wine


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "../etc"}, "DNS label"),
        ({"name": "Wine"}, "DNS label"),
        ({"name": "wine", "colour": "red"}, "colour"),
        ({"name": "wine", "type": "llm"}, "llm"),
        ({"name": "wine", "version": {"model_source": {"kind": "image", "image": "X"}}}, "names no image"),
        ({"name": "wine", "version": {"model_source": {"kind": "imgae", "image": "x"}}}, "'mlflow', 'image'"),
        ({"name": "wine", "version": wine(replicas={"min": 2, "max": 1})}, "must not be above"),
        ({"name": "wine", "version": wine(replicas={"min": 0})}, "max"),
        ({"name": "wine", "version": wine(replicas={"min": 0, "max": 1, "colour": 1})}, "colour"),
        ({"name": "wine", "version": wine(resource_source={"kind": "shared", "spec": "0C0G"})}, "0C0G"),
        ({"name": "wine", "version": wine(log_delivery={"enabled": True, "destination": "file:///etc"})}, "outside"),
    ],
)
async def test_bad_input_is_400_and_says_what(on_sqlite: Controller, body: dict[str, Any], said: str) -> None:
    refused = await on_sqlite.call("POST", "/services", 400, json=body)
    assert said in refused["message"]
    assert {"error_code", "message", "request_id", "details"} == refused.keys()
    await on_sqlite.call("GET", "/services/wine", 404)


async def test_a_body_that_is_not_json_is_400(on_sqlite: Controller) -> None:
    for content in (b"", b"{", b"[]", b"\xff", b'{"name": NaN}'):
        headers = {"content-type": "application/json"}
        refused = await on_sqlite.call("POST", "/services", 400, content=content, headers=headers)
        assert (refused["error_code"], refused["details"][0]["loc"][0]) == ("INVALID_PARAMETER_VALUE", "body"), content


async def test_a_body_that_is_too_long_is_413_and_one_that_is_no_json_415(on_sqlite: Controller) -> None:
    json, spaces = {"content-type": "application/json"}, b" " * MAX_BODY_BYTES

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"name": "wine"'
        yield spaces
        yield b"}"

    for content in (b'{"name": "wine"' + spaces + b"}", chunks()):
        refused = await on_sqlite.call("POST", "/services", 413, content=content, headers=json)
        assert refused["error_code"] == "PAYLOAD_TOO_LARGE"
        assert str(MAX_BODY_BYTES) in refused["message"]
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {"content-type": content_type}
        refused = await on_sqlite.call("POST", "/services", 415, content=b'{"name": "wine"}', headers=headers)
        assert (refused["error_code"], refused.keys()) == (
            "UNSUPPORTED_MEDIA_TYPE",
            {"error_code", "message", "request_id", "details"},
        )
    await on_sqlite.call("GET", "/services/wine", 404)
    headers = {"content-type": "application/json; charset=utf-8"}
    await on_sqlite.call("POST", "/services", 201, content=b'{"name": "wine"}', headers=headers)
    await on_sqlite.call("POST", "/services", 401, content=spaces + b" ", headers=json | {"authorization": "Bearer x"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/services?stauts=failed"),
        ("GET", "/services?status=draft&page-size=1"),
        ("GET", "/services/wine?verbose=1"),
        ("DELETE", "/services/wine?purge_table=true"),
        ("POST", "/services/wine/start?weight=10"),
        ("GET", "/services/wine/versions?page=2"),
        ("GET", "/services/wine/logs?from_time=2026-01-01T00:00:00Z"),
        ("GET", "/services/wine/logs?limit=5"),
    ],
)
async def test_parameters_that_nobody_reads_are_refused(on_sqlite: Controller, method: str, path: str) -> None:
    await on_sqlite.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    refused = await on_sqlite.call(method, path, 400)
    assert refused["error_code"] == "INVALID_PARAMETER_VALUE"
    assert refused["details"][0]["loc"][0] == "query"
    await on_sqlite.call("GET", "/services/wine")


async def test_who_follows_logs_cannot_ask_for_an_end_or_a_page(on_sqlite: Controller) -> None:
    await on_sqlite.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    for name, value in (("to", "2026-01-01T00:00:00Z"), ("page_size", "5"), ("cursor", "x")):
        for path in ("/services/wine/logs", "/services/wine/versions/v1/logs"):
            refused = await on_sqlite.call("GET", path, 400, params={"follow": "true", name: value})
            assert name.removesuffix("_size") in refused["message"]
    both = {"follow": "true", "from": "2026-01-01T00:00:00Z", "lines": "5"}
    assert "not both" in (await on_sqlite.call("GET", "/services/wine/logs", 400, params=both))["message"]


async def test_the_same_idempotency_key_gets_the_first_answer_again(offline: Controller) -> None:
    body, headers = {"name": "once", "version": wine()}, {"idempotency-key": "k1"}
    first = await offline.call("POST", "/services", 201, json=body, headers=headers)
    assert await offline.call("POST", "/services", 201, json=body, headers=headers) == first
    await offline.call("POST", "/services", 409, json={**body, "name": "other"}, headers=headers)
    await offline.call("POST", "/services", 409, json=body)
    await offline.call("POST", "/services", 400, json=body, headers={"idempotency-key": "x" * 256})

    key = await offline.call("POST", "/services/once/keys", 201, json={"name": "ci"}, headers=headers)
    assert await offline.call("POST", "/services/once/keys", 201, json={"name": "ci"}, headers=headers) == key
    async with offline.app.dependencies.database.read() as session:
        sealed = (await session.execute(text("select sealed from idempotent_answers"))).scalars().all()
    assert all(key["key"].encode() not in row for row in sealed)


async def test_one_idempotency_key_sent_twice_at_once_has_one_effect(offline: Controller) -> None:
    body, headers = {"name": "once", "version": wine()}, {"idempotency-key": "k1"}
    sent = (offline.client.post("/api/v1/services", json=body, headers=headers) for _ in range(5))
    answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    "path", ["/%00", "/a%00b/versions/v1", "?search=%00", "?project=a%00", "?tag=%00", "?tag=a:%00", "?creator=%00"]
)
async def test_nul_is_refused_wherever_it_stands(offline: Controller, path: str) -> None:
    assert (await offline.call("GET", f"/services{path}", 400))["error_code"] == "INVALID_PARAMETER_VALUE"
