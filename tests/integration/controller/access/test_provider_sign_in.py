"""A browser signs in at an identity provider, and what it comes back with that is not its own opens nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from controller.domain.access.provider_sign_in import SESSION_LIFETIME
from operations.browser import browser_of
from running_services.running_controller import Controller
from servers.issuer import Issuer

CALLBACK = "/api/v1/session/oidc/callback"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()


@pytest.fixture
async def trusting(make_lone: Any, issuer: Issuer) -> Controller:
    controller: Controller = await make_lone(
        oidc_issuer=issuer.url, oidc_client_id="console", oidc_client_secret="a b", oidc_roles_claim="penstock"
    )
    return controller


async def leave(browser: httpx.AsyncClient) -> str:
    """The address that a browser is led to, to sign in at."""
    answer = await browser.get((await browser.get("/api/v1/session/options")).json()["oidc"]["url"])
    assert answer.status_code == 303
    return answer.headers["location"]


async def come_back(browser: httpx.AsyncClient, answer: dict[str, str]) -> str:
    """Where a browser that comes back with `answer` is led to."""
    led = await browser.get(CALLBACK, params=answer)
    assert led.status_code == 303
    assert "penstock_oidc" not in browser.cookies
    return str(led.headers["location"])


async def test_signing_in_at_the_provider(trusting: Controller, issuer: Issuer) -> None:
    browser = browser_of(trusting)
    url = await leave(browser)
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["redirect_uri"] == f"http://127.0.0.1:8000{CALLBACK}"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid profile")
    answer = issuer.sign_in(url, preferred_username="grace", penstock=["default:editor"])
    led = await come_back(browser, answer | {"session_state": "x"})
    assert urljoin(f"http://penstock.example/ml{CALLBACK}", led) == "http://penstock.example/ml/#/"
    assert base64.b64decode(issuer.exchanged[0].removeprefix("Basic ")) == b"console:a%20b"
    seen = (await browser.get("/api/v1/session")).json()
    assert (seen["user"], seen["roles"]) == ("grace", {"default": "editor"})
    await trusting.call("PUT", "/projects/default/members/grace", json={"role": "admin"})
    assert (await browser.get("/api/v1/session")).json()["roles"] == {"default": "admin"}
    trusting.clock.off_by = SESSION_LIFETIME - timedelta(minutes=1)
    assert (await browser.get("/api/v1/session")).status_code == 200
    trusting.clock.off_by = SESSION_LIFETIME
    assert (await browser.get("/api/v1/session")).status_code == 401


async def test_what_is_not_of_this_attempt_opens_nothing(trusting: Controller, issuer: Issuer) -> None:
    for changed, claims, why in (
        ({"state": "another"}, {}, "expired"),
        ({"iss": "https://evil.example"}, {}, "refused"),
        ({"error": "access_denied"}, {}, "denied"),
        ({"code": ""}, {}, "denied"),
        ({"code": "unknown"}, {}, "refused"),
        ({}, {"nonce": "another"}, "refused"),
        ({}, {"aud": "penstock"}, "refused"),
        ({}, {"azp": "another"}, "refused"),
        ({}, {"exp": 1}, "refused"),
    ):
        browser = browser_of(trusting)
        answer = issuer.sign_in(await leave(browser), **claims)
        assert (await come_back(browser, answer | changed)).endswith(f"#/sign-in?error={why}"), (changed, claims)
        assert "penstock_session" not in browser.cookies


async def test_an_answer_is_good_in_the_browser_that_asked_and_once(trusting: Controller, issuer: Issuer) -> None:
    browser, victim = browser_of(trusting), browser_of(trusting)
    answer = issuer.sign_in(await leave(browser))
    assert (await come_back(victim, answer)).endswith("error=expired")
    await leave(victim)
    assert (await come_back(victim, answer)).endswith("error=expired")
    attempt = browser.cookies["penstock_oidc"]
    assert (await come_back(browser, answer)).endswith("#/")
    browser.cookies.set("penstock_oidc", attempt, domain="127.0.0.1")
    assert (await browser.get(CALLBACK, params=answer)).headers["location"].endswith("error=refused")
    for odd in ("x", base64.urlsafe_b64encode(b"[1]").decode(), base64.urlsafe_b64encode(b'{"state": 1}').decode()):
        led = await browser_of(trusting).get(CALLBACK, params=answer, headers={"cookie": f"penstock_oidc={odd}"})
        assert led.headers["location"].endswith("error=expired")


async def test_a_disabled_user_and_a_provider_that_is_away(trusting: Controller, issuer: Issuer) -> None:
    bound = {"name": "bob", "issuer": issuer.url, "subject": "s-1"}
    await trusting.call("POST", "/users", 201, json=bound)
    await trusting.call("PATCH", "/users/bob", json={"is_disabled": True})
    browser = browser_of(trusting)
    assert (await come_back(browser, issuer.sign_in(await leave(browser)))).endswith("error=refused")
    answer = issuer.sign_in(await leave(browser))
    issuer.close()
    assert (await come_back(browser, answer)).endswith("error=away")
    assert (await browser.get("/api/v1/session/oidc")).status_code == 503


async def test_without_a_client_nobody_is_led_anywhere(lone: Controller) -> None:
    browser = browser_of(lone)
    assert (await browser.get("/api/v1/session/options")).json() == {"oidc": None, "is_signed_in": False}
    assert (await browser.get("/api/v1/session/oidc")).status_code == 404
    assert (await browser.get(CALLBACK)).status_code == 404
