"""The gate: every route wants a token, and only known hosts and origins come in."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.routing import Route

from controller.api.open_paths import is_open, is_signed
from controller.handlers.access.first_admin import ensure_admin
from running_services.running_controller import TOKEN, Controller
from shared.clock import SystemClock


def every_route(controller: Controller) -> list[tuple[str, str]]:
    found = [
        (method, re.sub(r"{(\w+)(:\w+)?}", "x", route.path))
        for route in controller.app.api.routes
        if isinstance(route, APIRoute | Route)
        for method in route.methods or ()
    ]
    schema = controller.app.api.openapi()["paths"]
    found += [(verb.upper(), re.sub(r"{\w+}", "x", path)) for path, verbs in schema.items() for verb in verbs]
    return sorted(set(found))


async def bare(controller: Controller, method: str, path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(controller.app.api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        return await client.request(method, path, headers=headers)


async def test_every_route_wants_a_token(lone: Controller) -> None:
    routes = every_route(lone)
    assert len([path for _, path in routes if path.startswith("/api/v1/services")]) > 20
    for method, path in routes:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"authorization": "Basic x"}):
            answer = await bare(lone, method, path, **headers)
            if is_open(method, path) and not is_signed(path):
                assert answer.status_code != 401, (method, path)
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"] == "Bearer"
                if method != "HEAD":
                    assert answer.json()["error_code"] == "UNAUTHENTICATED"


async def test_unknown_paths_say_nothing_without_a_token(lone: Controller) -> None:
    for path in ("/", "/api/v1/nothing", "/api/v1/services/", "/docs", "/api/v1/health/../services"):
        assert (await bare(lone, "GET", path)).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "user@127.0.0.1", "127.0.0.1/x"])
async def test_foreign_host_names_are_refused(lone: Controller, host: str) -> None:
    for path in ("/api/v1/services", "/api/v1/health"):
        answer = await bare(lone, "GET", path, authorization=f"Bearer {TOKEN}", host=host)
        assert answer.status_code == 403


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1:1", "[::1]:8000", "penstock.example"])
async def test_known_host_names_come_in(make_lone: Any, host: str) -> None:
    controller = await make_lone(allowed_hosts=("penstock.example",))
    assert (await bare(controller, "GET", "/api/v1/health", host=host)).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        *(
            (origin, 403)
            for origin in ("http://evil.example", "null", "file://localhost", "http://localhost@evil.example")
        ),
        *((origin, 403) for origin in ("", "http://", "http://[", "http://a]b", "http://localhost/", "localhost")),
        *((origin, 200) for origin in ("http://localhost:8000", "HTTPS://LOCALHOST", "http://[::1]:3000")),
    ],
)
async def test_foreign_origins_are_refused(lone: Controller, origin: str, status: int) -> None:
    answer = await bare(lone, "GET", "/api/v1/services", authorization=f"Bearer {TOKEN}", origin=origin)
    assert answer.status_code == status


async def test_openapi_is_3_1_and_open(lone: Controller) -> None:
    schema = (await bare(lone, "GET", "/api/v1/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    for path in ("/services/{service}/traffic", "/models", "/resource-specs", "/dead-letters/{letter_id}/replay"):
        assert f"/api/v1{path}" in schema["paths"]


@pytest.mark.usefixtures("without_a_bundle")
async def test_a_browser_sees_the_api_without_a_token_and_nothing_else(lone: Controller) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    leads = await bare(lone, "GET", "/", **browser)
    assert (leads.status_code, leads.headers["location"]) == (307, "docs")
    page = await bare(lone, "GET", "/docs", **browser)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in (await bare(lone, "GET", "/api/v1/openapi.json")).json()["paths"]:
        assert f"<code>{path}</code>" in page.text
    for foreign in ("<script", " src=", 'href="http'):
        assert foreign not in page.text
    for path, accept in (("/", "*/*"), ("/docs", "application/json"), ("/api/v1/services", browser["accept"])):
        assert (await bare(lone, "GET", path, accept=accept)).status_code == 401
    assert (await bare(lone, "POST", "/docs", **browser)).status_code == 401
    assert (await bare(lone, "GET", "/docs", host="evil.example", **browser)).status_code == 403


async def test_what_a_query_names_and_is_not_there_is_404_as_documented(offline: Controller) -> None:
    await offline.call("GET", "/models?registry=nowhere", 404)
    operation = (await offline.call("GET", "/openapi.json"))["paths"]["/api/v1/models"]["get"]
    assert "404" in operation["responses"]


async def test_the_first_token_is_made_once_in_a_file_of_its_owner(offline: Controller, tmp_path: Path) -> None:
    file, database, now = tmp_path / "admin-token", offline.app.dependencies.database, SystemClock().now()

    async def admitted() -> str:
        async with database.unit_of_work() as session:
            await ensure_admin(session, None, file, now)
        return file.read_text().strip()

    async def opens(token: str) -> bool:
        return (await bare(offline, "GET", "/api/v1/users/me", authorization=f"Bearer {token}")).status_code == 200

    first = await admitted()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await opens(first)
    assert await admitted() == first
    file.unlink()
    replaced = await admitted()
    assert await opens(replaced)
    assert not await opens(first)
    async with database.read() as session:
        kept = str((await session.execute(text("select * from tokens"))).all())
    assert first not in kept
    assert replaced not in kept


async def test_the_callers_trace_goes_into_the_outbox(offline: Controller) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    await offline.call("POST", "/services", 201, json={"name": "traced"}, headers=headers)
    async with offline.app.dependencies.database.read() as session:
        (kept,) = (await session.execute(text("select headers from outbox"))).scalars().all()
    assert trace in str(kept)


async def test_errors_carry_no_insides(lone: Controller) -> None:
    answer = await lone.client.get("/api/v1/nothing", headers={"x-request-id": "mine"})
    assert answer.json() == {
        "error_code": "RESOURCE_DOES_NOT_EXIST",
        "message": "Not Found",
        "request_id": "mine",
        "details": [],
    }
    assert answer.headers["x-request-id"] == "mine"
    wrong = await lone.client.put("/api/v1/services")
    assert wrong.status_code == 405
    assert wrong.json()["error_code"] == "METHOD_NOT_ALLOWED"
    assert wrong.headers["allow"] == "GET, POST"
    one = await lone.client.put("/api/v1/services/wine")
    assert one.headers["allow"] == "DELETE, GET, PATCH"
