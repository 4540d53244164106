"""Signing in by an identity provider: a local issuer with real keys, and every way in which a token can be wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from operations.someone import Someone
from running_services.running_controller import Controller
from servers.issuer import Issuer
from waiting.eventually import eventually


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()


@pytest.fixture
async def trusting(make_controller: Any, issuer: Issuer) -> Controller:
    controller: Controller = await make_controller(oidc_issuer=issuer.url, oidc_roles_claim="penstock")
    return controller


async def ask(controller: Controller, token: str, path: str = "/users/me") -> tuple[int, dict[str, Any]]:
    answer = await controller.client.get(f"/api/v1{path}", headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


async def test_a_signed_token_is_a_user_who_may_do_nothing_yet(trusting: Controller, issuer: Issuer) -> None:
    status, me = await ask(trusting, issuer.token(preferred_username="grace"))
    assert (status, me["name"], me["roles"], me["is_admin"]) == (200, "grace", {}, False)
    await trusting.call("PUT", "/projects/default/members/grace", json={"role": "viewer"})
    assert (await ask(trusting, issuer.token(preferred_username="renamed")))[1]["roles"] == {"default": "viewer"}
    assert issuer.asked == 1


async def test_a_claim_grants_roles_for_as_long_as_it_is_there(trusting: Controller, issuer: Issuer) -> None:
    claim = ["default:editor", "default:viewer", "nowhere:owner", "x", 7]
    assert (await ask(trusting, issuer.token(penstock=claim)))[1]["roles"] == {"default": "editor"}
    assert (await ask(trusting, issuer.token()))[1]["roles"] == {}
    assert (await ask(trusting, issuer.token(penstock=["admin"]), "/users"))[0] == 200
    assert (await ask(trusting, issuer.token(penstock="admin"), "/users"))[0] == 403


async def test_a_token_of_the_provider_makes_none_that_outlives_it(trusting: Controller, issuer: Issuer) -> None:
    ends = int(time.time()) + 200
    signed = Someone(trusting, issuer.token(exp=ends))
    made = (await signed.ask("POST", "/tokens", json={"name": "kept"})).json()
    assert datetime.fromisoformat(made["expires_at"]).timestamp() == ends
    kept = Someone(trusting, made["token"])
    assert await kept.status("GET", "/users/me") == 200
    trusting.clock.off_by = timedelta(seconds=201)
    assert await kept.status("GET", "/users/me") == 401


async def test_nobodys_name_is_taken_over(trusting: Controller, issuer: Issuer) -> None:
    _, me = await ask(trusting, issuer.token(preferred_username="admin"))
    assert me["name"].startswith("admin-")
    assert not me["is_admin"]
    bound = {"name": "bob", "issuer": issuer.url, "subject": "s-2"}
    await trusting.call("POST", "/users", 201, json=bound)
    assert (await ask(trusting, issuer.token(sub="s-2")))[1]["name"] == "bob"
    await trusting.call("PATCH", "/users/bob", json={"is_disabled": True})
    assert (await ask(trusting, issuer.token(sub="s-2")))[0] == 401


WRONG: dict[str, dict[str, Any]] = {
    "expired": {"exp": int(time.time()) - 3600},
    "never expires": {"exp": None},
    "for others": {"aud": "somebody-else"},
    "for nobody": {"aud": None},
    "by another issuer": {"iss": "https://evil.example"},
    "of nobody": {"sub": None},
    "not yet": {"nbf": int(time.time()) + 3600},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
async def test_wrong_claims_are_refused(trusting: Controller, issuer: Issuer, claims: dict[str, Any]) -> None:
    assert (await ask(trusting, issuer.token(**claims)))[0] == 401


async def test_forged_tokens_are_refused(trusting: Controller, issuer: Issuer) -> None:
    right = issuer.token()
    claims = jwt.decode(right, options={"verify_signature": False})
    public = issuer.keys["one"].public_key()
    numbers = str(public.public_numbers().n).encode()
    other = Issuer()
    other.url = issuer.url
    forged = [
        jwt.encode(claims, "", "none", headers={"kid": "one"}),
        jwt.encode(claims, numbers, "HS256", headers={"kid": "one"}),
        jwt.encode(claims, numbers, "HS256"),
        other.token(),
        right[:-4] + "AAAA",
        "a.b.c",
        "..",
    ]
    other.close()
    for token in forged:
        assert (await ask(trusting, token))[0] == 401, token


async def test_new_keys_are_found_and_unknown_ones_asked_for_seldom(trusting: Controller, issuer: Issuer) -> None:
    assert (await ask(trusting, issuer.token()))[0] == 200
    issuer.add_key("two", elliptic=True)
    assert (await ask(trusting, issuer.token("two")))[0] == 401  # asked a moment ago
    trusting.clock.skipped_s += 11
    assert (await ask(trusting, issuer.token("two")))[0] == 200
    asked = issuer.asked
    for number in range(20):
        assert (await ask(trusting, issuer.token(signed_as=f"unknown-{number}")))[0] == 401
    assert issuer.asked == asked


async def test_an_issuer_that_is_away_is_503_and_names_of_others_are_refused(
    make_controller: Any, issuer: Issuer
) -> None:
    issuer.names = "https://evil.example"
    controller = await make_controller(oidc_issuer=issuer.url)
    assert (await ask(controller, issuer.token()))[0] == 503
    issuer.names = None
    controller.clock.skipped_s += 2
    assert (await ask(controller, issuer.token()))[0] == 200


async def test_an_issuer_that_is_away_is_asked_seldom_and_what_it_said_before_holds(
    trusting: Controller, issuer: Issuer
) -> None:
    trusting.clock.stands_at = 1000.0
    issuer.names = "https://evil.example"
    for _ in range(10):
        assert (await ask(trusting, issuer.token()))[0] == 503
    assert issuer.visits == 1
    issuer.names = None
    trusting.clock.skipped_s += 2
    assert (await ask(trusting, issuer.token()))[0] == 200
    issuer.names = "https://evil.example"
    trusting.clock.skipped_s += 3600
    for _ in range(10):
        assert (await ask(trusting, issuer.token()))[0] == 200
        assert (await ask(trusting, issuer.token(signed_as="unknown")))[0] == 503
    assert issuer.visits == 3


async def test_who_is_known_does_not_wait_for_an_issuer_that_hangs(trusting: Controller, issuer: Issuer) -> None:
    assert (await ask(trusting, issuer.token()))[0] == 200
    trusting.clock.skipped_s += 11
    issuer.answers.clear()
    stranger = asyncio.create_task(ask(trusting, issuer.token(signed_as="unknown")))
    await eventually(lambda: asyncio.sleep(0, issuer.visits == 2))
    for _ in range(5):
        assert (await ask(trusting, issuer.token()))[0] == 200
    assert not stranger.done()
    issuer.answers.set()
    assert (await stranger)[0] == 401


async def test_of_first_sign_ins_at_once_nobody_fails_and_nobody_is_doubled(
    trusting: Controller, issuer: Issuer
) -> None:
    assert (await ask(trusting, issuer.token()))[0] == 200
    same = await asyncio.gather(*(ask(trusting, issuer.token(sub="s-9", preferred_username="zoe")) for _ in range(8)))
    assert {(status, me["name"]) for status, me in same} == {(200, "zoe")}
    namesakes = [issuer.token(sub=f"n-{number}", preferred_username="max") for number in range(8)]
    others = await asyncio.gather(*(ask(trusting, token) for token in namesakes))
    assert [status for status, _ in others] == [200] * 8
    assert len({me["name"] for _, me in others}) == 8


@pytest.mark.parametrize("subject", ["", "x" * 256, "a\0b", "a\nb"], ids=["empty", "long", "nul", "line"])
async def test_a_subject_that_names_nobody_is_refused(trusting: Controller, issuer: Issuer, subject: str) -> None:
    assert (await ask(trusting, issuer.token(sub=subject)))[0] == 401
    assert (await ask(trusting, issuer.token(sub="x" * 255)))[0] == 200


async def test_without_an_issuer_a_signed_token_is_unknown(offline: Controller, issuer: Issuer) -> None:
    assert (await ask(offline, issuer.token()))[0] == 401
