"""The console's sessions: a browser's way in, what its cookie may do, and what ends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from controller.domain.access.sessions import ABSOLUTE_LIFETIME, IDLE_LIFETIME, LINK_LIFETIME
from operations.browser import ORIGIN, browser_of
from operations.someone import member
from running_services.running_controller import TOKEN, Controller


class Browser:
    """A browser at a page of the console: it keeps cookies, and says where its pages come from."""

    def __init__(self, controller: Controller, base_url: str = ORIGIN) -> None:
        self.client = browser_of(controller, base_url)
        self.csrf = ""

    async def sign_in(self, status: int = 200, **body: str) -> dict[str, Any]:
        """Open a session."""
        answer: dict[str, Any] = await self.ask("POST", "/session", status, json=body)
        self.csrf = answer.get("csrf_token", "")
        return answer

    async def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """One request of the page; its status is checked."""
        headers = {"origin": str(self.client.base_url).rstrip("/"), "x-penstock-session": self.csrf}
        answer = await self.send(method, path, headers | more.pop("headers", {}), **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else {}

    async def send(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> httpx.Response:
        """One request with these headers alone; the empty ones are left out."""
        given = {name: value for name, value in headers.items() if value}
        return await self.client.request(method, f"/api/v1{path}", headers=given, **more)


async def test_a_token_opens_a_session_and_signing_out_ends_it(make_controller: Any) -> None:
    controller = await make_controller()
    browser = Browser(controller)
    await browser.ask("GET", "/session", 401)
    answer = await browser.send("POST", "/session", {}, json={"token": TOKEN})
    kept = answer.headers["set-cookie"]
    assert kept.startswith("penstock_session=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} == set(kept.split("; ")[1:])
    seen = await browser.ask("GET", "/session")
    assert (seen["user"], seen["is_admin"], seen["csrf_token"]) == ("admin", True, answer.json()["csrf_token"])
    assert seen["public_url"].startswith("http://127.0.0.1:")
    assert seen["mlflow_url"] == controller.app.settings.peoples_mlflow_url
    browser.csrf = seen["csrf_token"]
    await browser.ask("POST", "/services", 201, json={"name": "wine"})
    assert (await browser.ask("GET", "/services"))["items"][0]["creator"] == "admin"
    cookie = browser.client.cookies["penstock_session"]
    async with controller.app.dependencies.database.read() as session:
        rows = str((await session.execute(text("select * from sessions"))).all())
    assert cookie not in rows
    assert TOKEN not in rows
    await browser.ask("DELETE", "/session", 204)
    assert "penstock_session" not in browser.client.cookies
    browser.client.cookies.set("penstock_session", cookie, domain="127.0.0.1")
    await browser.ask("GET", "/session", 401)
    kinds = [(line["resource_kind"], line["action"]) for line in (await controller.call("GET", "/audit"))["items"]]
    assert {("session", "created"), ("session", "deleted")} <= set(kinds)


async def test_a_refused_sign_in_says_why(lone: Controller) -> None:
    browser = Browser(lone)
    await browser.sign_in(401, token="wrong")
    await browser.sign_in(401, link="wrong")
    await browser.sign_in(400)
    await browser.sign_in(400, token=TOKEN, link="both")
    await browser.sign_in(400, token=TOKEN, more="x")
    for headers in ({"origin": "http://127.0.0.1:9"}, {"sec-fetch-site": "same-site"}, {"origin": "null"}):
        assert (await browser.send("POST", "/session", headers, json={"token": TOKEN})).status_code == 403
    form = await browser.client.post("/api/v1/session", data={"token": TOKEN})
    assert form.status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ""},
        {"x-penstock-session": ""},
        {"x-penstock-session": "0" * 64},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "http://localhost:8000"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_what_another_page_sends_changes_nothing(lone: Controller, headers: dict[str, str]) -> None:
    browser = Browser(lone)
    await browser.sign_in(token=TOKEN)
    for method, path, body in (("POST", "/services", {"name": "theirs"}), ("DELETE", "/session", None)):
        refused = await browser.ask(method, path, 403, json=body, headers=headers)
        assert refused["error_code"] == "PERMISSION_DENIED"
    if "sec-fetch-site" in headers:
        refused = await browser.ask("GET", "/services", 403, headers=headers)
        assert refused["error_code"] == "PERMISSION_DENIED"
    assert (await browser.ask("GET", "/services"))["items"] == []
    assert (await browser.ask("GET", "/session"))["user"] == "admin"


async def test_a_token_beside_the_cookie_counts_alone(lone: Controller) -> None:
    browser = Browser(lone)
    await browser.sign_in(token=TOKEN)
    wrong = await browser.send("GET", "/services", {"authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    told = await browser.send("GET", "/session", {"authorization": f"Bearer {TOKEN}"})
    assert told.status_code == 401


async def test_a_session_ends_by_itself_unless_it_is_used(lone: Controller) -> None:
    browser, idle = Browser(lone), Browser(lone)
    await browser.sign_in(token=TOKEN)
    await idle.sign_in(token=TOKEN)
    for _ in range(int(ABSOLUTE_LIFETIME / timedelta(hours=8)) - 1):
        lone.clock.off_by += timedelta(hours=8)
        await browser.ask("GET", "/session")
    await idle.ask("GET", "/session", 401)
    lone.clock.off_by += timedelta(hours=8)
    await browser.ask("GET", "/session", 401)
    assert IDLE_LIFETIME < ABSOLUTE_LIFETIME
    await browser.sign_in(token=TOKEN)
    async with lone.app.dependencies.database.read() as session:
        assert (await session.execute(text("select count(*) from sessions"))).scalar_one() == 1


async def test_what_a_session_was_opened_by_and_who_by_bounds_it(lone: Controller) -> None:
    made = await member(lone, "eve", default="viewer")
    browser = Browser(lone)
    assert (await browser.sign_in(token=made["token"]))["roles"] == {"default": "viewer"}
    await browser.ask("POST", "/services", 403, json={"name": "wine"})
    await lone.call("PUT", "/projects/default/members/eve", json={"role": "editor"})
    await browser.ask("POST", "/services", 201, json={"name": "wine"})
    below = await browser.ask("POST", "/tokens", 201, json={"name": "script"})
    assert below["parent_id"] == made["id"]
    link = (await browser.ask("POST", "/session/links", 201))["url"].partition("link=")[2]
    await lone.call("PATCH", "/users/eve", json={"is_disabled": True})
    await browser.ask("GET", "/services", 401)
    await Browser(lone).sign_in(401, link=link)
    await lone.call("PATCH", "/users/eve", json={"is_disabled": False})
    await browser.ask("GET", "/services")
    await lone.call("DELETE", f"/tokens/{made['id']}", 204)
    await browser.ask("GET", "/services", 401)
    await Browser(lone).sign_in(401, link=link)
    await lone.call("DELETE", "/users/eve", 204)


async def test_a_link_opens_one_session(make_controller: Any) -> None:
    controller = await make_controller()
    link = await controller.call("POST", "/session/links", 201)
    start, _, secret = link["url"].partition("link=")
    assert start == f"{ORIGIN}/#/sign-in?"
    assert (await Browser(controller).sign_in(link=secret))["user"] == "admin"
    await Browser(controller).sign_in(401, link=secret)
    late = (await controller.call("POST", "/session/links", 201))["url"].partition("link=")[2]
    controller.clock.off_by += LINK_LIFETIME
    await Browser(controller).sign_in(401, link=late)


async def test_signing_out_everywhere_ends_every_session_and_link(lone: Controller) -> None:
    browsers = [Browser(lone) for _ in range(3)]
    for browser in browsers:
        await browser.sign_in(token=TOKEN)
    other = Browser(lone)
    await other.sign_in(token=(await member(lone, "eve"))["token"])
    link = (await browsers[0].ask("POST", "/session/links", 201))["url"].partition("link=")[2]
    await browsers[0].ask("DELETE", "/session?everywhere=true", 204)
    for browser in browsers:
        assert (await browser.ask("GET", "/services", 401))["error_code"] == "UNAUTHENTICATED"
    assert "has been used, or its time is over" in (await Browser(lone).sign_in(401, link=link))["message"]
    assert (await other.ask("GET", "/session"))["user"] == "eve"


async def test_behind_a_proxy_that_ends_tls(make_lone: Any) -> None:
    controller = await make_lone(console_url="https://penstock.example/ml/")
    browser = Browser(controller, "https://penstock.example")
    headers = {"host": "127.0.0.1:8000", "origin": "https://penstock.example", "x-forwarded-proto": "https"}
    answer = await browser.send("POST", "/session", headers, json={"token": TOKEN})
    assert "Secure" in answer.headers["set-cookie"].split("; ")
    browser.csrf = answer.json()["csrf_token"]
    link = await browser.ask("POST", "/session/links", 201, headers=headers)
    assert link["url"].startswith("https://penstock.example/ml/#/sign-in?link=")


async def test_signing_in_again_ends_what_the_browser_had(lone: Controller) -> None:
    browser = Browser(lone)
    await browser.sign_in(token=TOKEN)
    first = browser.client.cookies["penstock_session"]
    await browser.sign_in(token=TOKEN)
    assert browser.client.cookies["penstock_session"] != first
    await browser.ask("GET", "/session")
    browser.client.cookies.set("penstock_session", first, domain="127.0.0.1")
    refused = await browser.ask("GET", "/session", 401)
    assert "has ended" in refused["message"]
