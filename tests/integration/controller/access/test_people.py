"""Projects, users, roles and tokens, through REST: who may do what, and who may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.api.open_paths import is_open
from controller.api.permissions import REQUIRED_ACCESS, AccessLevel
from controller.handlers.access.people import MAX_GENERATIONS
from operations.someone import Someone, someone
from running_services.running_controller import TOKEN, Controller, wine

ALL = {"viewer", "editor", "admin"}


@pytest.fixture
async def two_projects(offline: Controller) -> Controller:
    for project in ("red", "blue"):
        await offline.call("POST", "/projects", 201, json={"name": project})
        body = {"name": f"{project}-service", "project": project, "version": wine(), "monitors": False}
        await offline.call("POST", "/services", 201, json=body)
    return offline


def filled(path: str, service: str, project: str) -> str:
    values = {
        "service": service,
        "project": project,
        "version": "v1",
        "canary": "00000000-0000-0000-0000-000000000000",
        "monitor": "drift",
        "alert": "00000000-0000-0000-0000-000000000000",
        "channel": "team",
        "silence": "00000000-0000-0000-0000-000000000000",
        "window": "00000000-0000-0000-0000-000000000000",
        "table": f"{service}.payload",
        "pod": "p",
        "request_id": "r1",
        "user": "admin",
        "key_id": "00000000-0000-0000-0000-000000000000",
        "token_id": "00000000-0000-0000-0000-000000000000",
        "letter_id": "1",
        "model": "wine",
        "spec": "1C2G",
        "secret": "hub",
        "group": "risk",
        "node": "a",
        "destination": "lake",
        "erasure": "00000000-0000-0000-0000-000000000000",
        "source": "truth",
        "trigger": "weekly",
        "retraining": "00000000-0000-0000-0000-000000000000",
    }
    return path.format_map(values)


def test_every_route_says_whom_it_lets_in(offline: Controller) -> None:
    paths = offline.app.api.openapi()["paths"]
    routes = {(verb.upper(), path.removeprefix("/api/v1")) for path, verbs in paths.items() for verb in verbs}
    assert {route for route in routes if route[1].startswith("/")} == set(REQUIRED_ACCESS)


@pytest.mark.parametrize("outsider", ["member of another project", "member of none", "viewer", "editor"])
async def test_every_route_with_every_role(two_projects: Controller, outsider: str) -> None:
    roles = {"member of another project": {"blue": "admin"}, "viewer": {"red": "viewer"}, "editor": {"red": "editor"}}
    caller = await someone(two_projects, "mallory", **roles.get(outsider, {}))
    has = {"viewer": {AccessLevel.VIEWER}, "editor": {AccessLevel.VIEWER, AccessLevel.EDITOR}}.get(outsider, set())
    for (method, path), need in REQUIRED_ACCESS.items():
        if need in has | {AccessLevel.OPEN, AccessLevel.SIGNED_IN}:
            continue
        answer = await caller.ask(method, filled(path, "red-service", "red"), json={} if method != "GET" else None)
        is_stranger = not has and need is not AccessLevel.ADMIN
        assert answer.status_code == (404 if is_stranger else 403), (method, path, answer.text)
        assert answer.json()["error_code"] == ("RESOURCE_DOES_NOT_EXIST" if is_stranger else "PERMISSION_DENIED")
    assert (await two_projects.call("GET", "/services/red-service"))["revision"] > 0


async def test_another_projects_resource_looks_as_if_there_were_none(two_projects: Controller) -> None:
    caller = await someone(two_projects, "eve", blue="admin")
    for there, missing in (("/services/red-service", "/services/x"), ("/projects/red", "/projects/x")):
        seen, unseen = (await caller.ask("GET", there)).json(), (await caller.ask("GET", missing)).json()
        for answer in (seen, unseen):
            answer.pop("request_id")
        assert str(seen).replace(there.rsplit("/", 1)[1], "x") == str(unseen)


async def test_lists_show_the_callers_own(two_projects: Controller) -> None:
    caller = await someone(two_projects, "ann", blue="viewer")
    listed = (await caller.ask("GET", "/services")).json()["items"]
    assert [service["name"] for service in listed] == ["blue-service"]
    assert (await caller.ask("GET", "/services?project=red")).json()["items"] == []
    assert (await caller.ask("GET", "/service-summaries?name=red-service")).json() == {"items": []}
    assert [p["name"] for p in (await caller.ask("GET", "/projects")).json()["items"]] == ["blue"]
    assert (await caller.ask("GET", "/projects")).json()["items"][0]["role"] == "viewer"
    assert {service["name"] for service in (await two_projects.call("GET", "/services"))["items"]} == {
        "red-service",
        "blue-service",
    }


async def test_roles_allow_what_they_say(two_projects: Controller) -> None:
    viewer = await someone(two_projects, "vic", red="viewer")
    editor = await someone(two_projects, "ed", red="editor")
    admin = await someone(two_projects, "ada", red="admin")
    body = {"name": "new", "project": "red"}
    assert await viewer.status("POST", "/services", json=body) == 403
    assert await viewer.status("GET", "/services/red-service") == 200
    assert await editor.status("POST", "/services", json=body) == 201
    assert (await two_projects.call("GET", "/services/new"))["creator"] == "ed"
    assert await editor.status("POST", "/services", json={"name": "other", "project": "blue"}) == 404
    assert await editor.status("PUT", "/projects/red/members/vic", json={"role": "editor"}) == 403
    assert await admin.status("PUT", "/projects/red/members/vic", json={"role": "editor"}) == 200
    assert await viewer.status("PATCH", "/services/new", json={"description": "by vic"}) == 200
    assert await admin.status("DELETE", "/projects/red/members/vic") == 204
    assert await viewer.status("GET", "/services/new") == 404
    assert await admin.status("DELETE", "/projects/red") == 403


async def test_a_project_with_services_stays(two_projects: Controller) -> None:
    async def projects() -> set[str]:
        return {project["name"] for project in (await two_projects.call("GET", "/projects"))["items"]}

    await two_projects.call("DELETE", "/projects/red", 409)
    assert await projects() == {"default", "red", "blue"}
    await two_projects.call("DELETE", "/services/red-service", 204)
    await two_projects.call("DELETE", "/projects/red", 204)
    await two_projects.call("DELETE", "/projects/default", 409)
    lost = await two_projects.call("POST", "/services", 404, json={"name": "lost", "project": "red"})
    assert "red" in lost["message"]
    await two_projects.call("POST", "/projects", 409, json={"name": "blue"})
    await two_projects.call("POST", "/projects", 400, json={"name": "No Label"})
    assert await projects() == {"default", "blue"}


async def test_tokens_end(offline: Controller) -> None:
    caller = await someone(offline, "tim")
    mine = (await caller.ask("GET", "/tokens")).json()["items"]
    assert [token["name"] for token in mine] == ["t"]
    assert "token" not in mine[0]
    lifetime = datetime.fromisoformat(mine[0]["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < lifetime < timedelta(days=91)
    assert await caller.status("GET", "/users/me") == 200
    assert await caller.status("DELETE", f"/tokens/{mine[0]['id']}") == 204
    assert await caller.status("GET", "/users/me") == 401


async def test_an_expired_token_opens_nothing(offline: Controller) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    given = await offline.call("POST", "/tokens", 201, json={"name": "short", "expires_at": soon.isoformat()})
    caller = Someone(offline, given["token"])
    assert await caller.status("GET", "/users/me") == 200
    offline.clock.off_by = timedelta(hours=1, seconds=1)
    paths = offline.app.api.openapi()["paths"]
    for path, verbs in paths.items():
        for verb in verbs:
            if not is_open(verb.upper(), path):
                asked = filled(path.removeprefix("/api/v1"), "x", "x")
                assert await caller.status(verb.upper(), asked) == 401, (verb, path)


async def test_only_administrators_give_long_or_foreign_tokens(offline: Controller) -> None:
    caller = await someone(offline, "tom")
    year = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    for body in ({"name": "x", "expires_at": year}, {"name": "x", "expires_at": None}, {"name": "x", "user": "admin"}):
        assert await caller.status("POST", "/tokens", json=body) == 403
    assert (await caller.ask("GET", "/tokens?user=admin")).json()["items"] == []
    assert await caller.status("GET", "/users/admin") == 404
    given = await offline.call("POST", "/tokens", 201, json={"name": "x", "expires_at": None})
    assert given["expires_at"] is None
    other = (await offline.call("GET", "/tokens"))["items"][0]["id"]
    assert await caller.status("DELETE", f"/tokens/{other}") == 404


async def test_a_disabled_user_is_out_and_the_last_administrator_stays(offline: Controller) -> None:
    caller = await someone(offline, "uma", default="editor")
    await offline.call("PATCH", "/users/uma", json={"is_disabled": True})
    assert await caller.status("GET", "/services") == 401
    await offline.call("PATCH", "/users/uma", json={"is_disabled": False})
    assert await caller.status("GET", "/services") == 200
    for change in ({"is_admin": False}, {"is_disabled": True}):
        await offline.call("PATCH", "/users/admin", 409, json=change)
    await offline.call("DELETE", "/users/admin", 409)
    await offline.call("DELETE", "/users/uma", 204)
    assert await caller.status("GET", "/services") == 401
    await offline.call("POST", "/users", 400, json={"name": "me"})
    await offline.call("PATCH", "/users/admin", 412, json={"description": "x"}, headers={"if-match": '"99"'})


async def test_every_change_leaves_a_line(two_projects: Controller) -> None:
    editor = await someone(two_projects, "ed", red="editor")
    answer = await editor.ask("PATCH", "/services/red-service", json={"description": "new", "auth_enabled": False})
    line = (await two_projects.call("GET", "/audit?resource_name=red-service"))["items"][0]
    assert {
        key: line[key] for key in ("actor", "operation", "action", "resource_kind", "project", "before", "after")
    } == {
        "actor": "ed",
        "operation": "change_service",
        "action": "updated",
        "resource_kind": "service",
        "project": "red",
        "before": {"auth_enabled": True, "description": ""},
        "after": {"auth_enabled": False, "description": "new"},
    }
    assert line["request_id"] == answer.headers["x-request-id"]
    assert await editor.status("PATCH", "/services/red-service", json={"description": "new"}) == 200
    assert len((await two_projects.call("GET", "/audit?resource_name=red-service"))["items"]) == 2  # nothing changed


async def test_what_goes_with_something_else_leaves_a_line_too(two_projects: Controller) -> None:
    await someone(two_projects, "ann", red="editor")
    await two_projects.call("POST", "/services/red-service/keys", 201, json={"name": "ci"})
    await two_projects.call("POST", "/resource-groups", 201, json={"name": "risk", "projects": ["red"]})

    async def deleted() -> set[tuple[str, str]]:
        lines = (await two_projects.call("GET", "/audit?page_size=1000"))["items"]
        return {(line["resource_kind"], line["resource_name"]) for line in lines if line["action"] == "deleted"}

    await two_projects.call("DELETE", "/services/red-service", 204)
    assert await deleted() == {
        ("service", "red-service"), ("version", "red-service/v1"), ("key", "red-service/ci"),
    }  # fmt: skip
    await two_projects.call("DELETE", "/projects/red", 204)
    assert {("project", "red"), ("member", "red/ann"), ("resource group grant", "risk/red")} <= await deleted()
    await two_projects.call("DELETE", "/users/ann", 204)
    assert {("user", "ann"), ("token", "ann/t")} <= await deleted()


async def test_the_audit_log_holds_no_secret_and_shows_each_their_own(two_projects: Controller) -> None:
    admin = await someone(two_projects, "ada", red="admin")
    editor = await someone(two_projects, "ed", red="editor", blue="editor")
    key = (await editor.ask("POST", "/services/red-service/keys", json={"name": "ci"})).json()
    assert await editor.status("POST", "/services/blue-service/keys", json={"name": "ci"}) == 201
    assert await editor.status("DELETE", f"/services/red-service/keys/{key['id']}") == 204
    everything = await two_projects.call("GET", "/audit?page_size=1000")
    assert key["key"] not in str(everything)
    assert "'sha256'" not in str(everything)
    seen = (await admin.ask("GET", "/audit")).json()["items"]
    assert {line["project"] for line in seen} == {"red"}
    assert [line["action"] for line in seen if line["resource_kind"] == "key"] == ["updated", "created"]
    assert (await editor.ask("GET", "/audit")).json()["items"] == []
    kinds = {line["resource_kind"] for line in everything["items"]}
    assert kinds == {"service", "version", "key", "project", "member", "user", "token"}


async def test_a_secret_that_is_replaced_leaves_a_line_that_does_not_show_it(two_projects: Controller) -> None:
    body = {"name": "hub", "project": "red", "kind": "webhook", "data": {"secret": "first-value"}}
    await two_projects.call("POST", "/secrets", 201, json=body)
    await two_projects.call("PUT", "/secrets/hub", json={"data": {"secret": "second-value"}})
    lines = await two_projects.call("GET", "/audit?resource_kind=secret")
    assert [line["action"] for line in lines["items"]] == ["updated", "created"]
    assert lines["items"][0]["before"] == lines["items"][0]["after"] == {"sealed": "(hidden)"}
    assert "value" not in str(lines)


async def test_the_first_token_and_another_one_in_its_place_leave_a_line(
    make_controller: Any, offline: Controller
) -> None:
    await make_controller(admin_token="another-token-that-is-long-enough-too")
    changed = Someone(offline, "another-token-that-is-long-enough-too")
    lines = (await changed.ask("GET", "/audit?resource_kind=token")).json()["items"]
    assert [(line["actor"], line["action"], line["resource_name"]) for line in lines] == [
        ("penstock", "updated", "admin/(first)"),
        ("penstock", "created", "admin/(first)"),
    ]
    assert lines[0]["after"] == {"sha256": "(hidden)"}


async def test_a_name_stays_with_the_project_that_had_it(two_projects: Controller) -> None:
    red, blue = await someone(two_projects, "ed", red="editor"), await someone(two_projects, "eve", blue="admin")
    assert await red.status("DELETE", "/services/red-service") == 204
    answer = await blue.ask("POST", "/services", json={"name": "red-service", "project": "blue"})
    assert (answer.status_code, "'red'" in answer.text) == (409, False)
    assert await blue.status("GET", "/services/red-service/logs") == 404
    assert await red.status("POST", "/services", json={"name": "red-service", "project": "red"}) == 201
    assert await red.status("DELETE", "/services/red-service") == 204
    await two_projects.call("POST", "/services", 201, json={"name": "red-service", "project": "blue"})
    await two_projects.call("DELETE", "/services/red-service", 204)
    assert await red.status("POST", "/services", json={"name": "red-service", "project": "red"}) == 409
    assert await blue.status("POST", "/services", json={"name": "red-service", "project": "blue"}) == 201


async def test_a_change_that_is_refused_leaves_no_line(two_projects: Controller) -> None:
    before = await two_projects.call("GET", "/audit?page_size=1000")
    await two_projects.call("PATCH", "/users/admin", 409, json={"is_admin": False})
    await two_projects.call("POST", "/services", 409, json={"name": "red-service"})
    assert await two_projects.call("GET", "/audit?page_size=1000") == before
    page = await two_projects.call("GET", "/audit?page_size=3")
    rest = await two_projects.call("GET", f"/audit?page_size=1000&cursor={page['next_cursor']}")
    assert page["items"] + rest["items"] == before["items"]


async def test_a_token_never_outlives_the_one_that_made_it(offline: Controller) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    parent = await offline.call("POST", "/tokens", 201, json={"name": "short", "expires_at": soon})
    short = Someone(offline, parent["token"])
    made = (await short.ask("POST", "/tokens", json={"name": "made"})).json()
    assert (made["expires_at"], made["parent_id"]) == (parent["expires_at"], parent["id"])
    longer = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    for late in (longer, None):
        refused = await short.ask("POST", "/tokens", json={"name": "late", "expires_at": late})
        assert (refused.status_code, "none that it makes may live longer" in refused.text) == (403, True)
    child = Someone(offline, made["token"])
    grandchild = Someone(offline, (await child.ask("POST", "/tokens", json={"name": "g"})).json()["token"])
    assert await grandchild.status("GET", "/users/me") == 200
    await offline.call("DELETE", f"/tokens/{parent['id']}", 204)
    assert [await who.status("GET", "/users/me") for who in (short, child, grandchild)] == [401, 401, 401]
    assert {token["name"] for token in (await offline.call("GET", "/tokens"))["items"]} == {"(first)"}


async def test_a_token_ends_with_the_account_whose_token_made_it(offline: Controller) -> None:
    mallory = await someone(offline, "mallory")
    await offline.call("PATCH", "/users/mallory", json={"is_admin": True})
    backdoor = (await mallory.ask("POST", "/tokens", json={"name": "b", "user": "admin"})).json()
    kept = Someone(offline, backdoor["token"])
    assert await kept.status("GET", "/users") == 200
    await offline.call("PATCH", "/users/mallory", json={"is_disabled": True})
    assert await kept.status("GET", "/users") == 401
    await offline.call("PATCH", "/users/mallory", json={"is_disabled": False})
    assert await kept.status("GET", "/users") == 200
    await offline.call("DELETE", "/users/mallory", 204)
    assert await kept.status("GET", "/users") == 401


async def test_a_line_of_tokens_is_bounded(offline: Controller) -> None:
    last, made = Someone(offline, TOKEN), 1
    while (answer := await last.ask("POST", "/tokens", json={"name": "n"})).status_code == 201:
        last, made = Someone(offline, answer.json()["token"]), made + 1
    assert (answer.status_code, made) == (403, MAX_GENERATIONS)


async def test_a_new_first_token_ends_what_the_old_one_made(make_controller: Any) -> None:
    old = await make_controller()
    laptop = await someone(old, "lea")
    assert await laptop.status("GET", "/users/me") == 200
    await make_controller(admin_token="another-token-for-tests-of-good-length")
    assert await laptop.status("GET", "/users/me") == 401
