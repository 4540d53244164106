"""Services and versions through the real app: shapes, rules, preconditions, idempotence. No bus is needed for any."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from controller.api.middleware.bodies import MAX_BODY_BYTES
from controller.handlers.services.routes import service_intent
from controller.store.services.services import load_service
from running_controller import Controller, wine


async def published(controller: Controller, name: str = "wine-quality", **version: Any) -> Any:
    body = {"name": name, "start": True, "version": wine(**version)}
    return await controller.call("POST", "/services", 201, json=body)


async def events(controller: Controller) -> list[str]:
    async with controller.app.dependencies.database.read() as session:
        rows = await session.execute(text("select subject from outbox order by seq"))
    return [subject.removeprefix("penstock.events.") for (subject,) in rows]


async def test_create_with_the_first_version_in_the_same_call(offline: Controller) -> None:
    body = {
        "name": "wine-quality",
        "type": "ml",
        "description": "How good a wine is",
        "tags": {"team": "wine"},
        "auth_enabled": True,
        "start": True,
        "version": {
            "description": "The first try",
            "model_source": {"kind": "mlflow", "model": "wine", "version": "1"},
            "resource_source": {"kind": "shared", "spec": "1C2G"},
            "replicas": 1,
            "log_delivery": {"enabled": True},
        },
    }
    made = await offline.call("POST", "/services", 201, json=body)

    assert {name: made[name] for name in ("name", "type", "description", "tags", "auth_enabled")} == {
        name: body[name] for name in ("name", "type", "description", "tags", "auth_enabled")
    }
    assert (made["status"], made["project"], made["creator"]) == ("starting", "default", "admin")
    assert made["url"] == "http://127.0.0.1:8080/wine-quality/predict"
    assert (made["running_versions"], made["total_versions"]) == (0, 1)
    (version,) = made["versions"]
    assert (version["name"], version["status"], version["traffic_weight"]) == ("v1", "starting", 100)
    assert (version["service"], version["description"]) == ("wine-quality", "The first try")
    assert version["creator"] == "admin"
    assert (version["resource_source"], version["replicas"]) == ({"kind": "shared", "spec": "1C2G"}, 1)
    assert (version["billing_mode"], version["rate_limit"]) == ("pay_as_you_go", None)
    source = version["model_source"]
    assert (source["kind"], source["model"], source["version"], source["alias"]) == ("mlflow", "wine", "1", None)
    assert version["log_delivery"] == {"enabled": True, "destination": None, "sample_rate": 1.0}
    assert UUID(version["id"]).version == 7
    for each in (made, version):
        assert datetime.fromisoformat(each["created_at"]).utcoffset().total_seconds() == 0  # type: ignore[union-attr]
        assert each["updated_at"] == each["created_at"]
    assert await offline.call("GET", "/services/wine-quality") == made
    assert await events(offline) == [
        "service.created.v1",
        "version.created.v1",
        "version.started.v1",
        "traffic.changed.v1",
    ]


async def test_an_alias_is_resolved_when_the_version_is_created(offline: Controller) -> None:
    source = {"kind": "mlflow", "model": "wine", "alias": "champion"}
    made = await offline.call("POST", "/services", 201, json={"name": "w", "version": {"model_source": source}})
    assert made["versions"][0]["model_source"].items() >= {**source, "version": "2"}.items()
    assert made["status"] == "draft"


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ({"model": "nobody", "version": "1"}, "nobody"),
        ({"model": "wine", "version": "99"}, "99"),
        ({"model": "wine", "alias": "nothere"}, "nothere"),
    ],
)
async def test_unknown_models_versions_and_aliases_are_named(
    offline: Controller, source: dict[str, str], named: str
) -> None:
    body = {"name": "w", "version": {"model_source": {"kind": "mlflow", **source}}}
    refused = await offline.call("POST", "/services", 404, json=body)
    assert refused["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert named in refused["message"]
    await offline.call("GET", "/services/w", 404)
    assert await events(offline) == []


async def test_mlflow_away_is_said_in_one_line(make_controller: Any) -> None:
    controller = await make_controller(mlflow="http://user:secret@127.0.0.1:1")
    for method, path, body in (("POST", "/services", {"name": "w", "version": wine()}), ("GET", "/models", None)):
        refused = await controller.call(method, path, 503, json=body)
        assert "MLflow at http://127.0.0.1:1 does not answer" in refused["message"]
        assert "secret" not in str(refused)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "../etc"}, "DNS label"),
        ({"name": "Wine"}, "DNS label"),
        ({"name": "wine", "colour": "red"}, "colour"),
        ({"name": "wine", "type": "llm"}, "llm"),
        ({"name": "wine", "version": {"model_source": {"kind": "image", "image": "x"}}}, "process backend"),
        ({"name": "wine", "version": wine(replicas={"min": 2, "max": 1})}, "must not be above"),
        ({"name": "wine", "version": wine(replicas={"min": 0})}, "max"),
        ({"name": "wine", "version": wine(replicas={"min": 0, "max": 1, "colour": 1})}, "colour"),
        ({"name": "wine", "version": wine(resource_source={"kind": "shared", "spec": "0C0G"})}, "0C0G"),
        ({"name": "wine", "version": wine(log_delivery={"enabled": True, "destination": "file:///etc"})}, "outside"),
    ],
)
async def test_bad_input_is_400_and_says_what(offline: Controller, body: dict[str, Any], said: str) -> None:
    refused = await offline.call("POST", "/services", 400, json=body)
    assert said in refused["message"]
    assert {"error_code", "message", "request_id", "details"} == refused.keys()
    await offline.call("GET", "/services/wine", 404)


async def test_a_body_that_is_not_json_is_400(offline: Controller) -> None:
    for content in (b"", b"{", b"[]", b"\xff", b'{"name": NaN}'):
        headers = {"content-type": "application/json"}
        await offline.call("POST", "/services", 400, content=content, headers=headers)


async def test_a_body_that_is_too_long_is_413_and_one_that_is_no_json_415(offline: Controller) -> None:
    json, spaces = {"content-type": "application/json"}, b" " * MAX_BODY_BYTES

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"name": "wine"'
        yield spaces
        yield b"}"

    for content in (b'{"name": "wine"' + spaces + b"}", chunks()):
        refused = await offline.call("POST", "/services", 413, content=content, headers=json)
        assert refused["error_code"] == "PAYLOAD_TOO_LARGE"
        assert str(MAX_BODY_BYTES) in refused["message"]
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {"content-type": content_type}
        refused = await offline.call("POST", "/services", 415, content=b'{"name": "wine"}', headers=headers)
        assert (refused["error_code"], refused.keys()) == (
            "UNSUPPORTED_MEDIA_TYPE",
            {"error_code", "message", "request_id", "details"},
        )
    await offline.call("GET", "/services/wine", 404)
    headers = {"content-type": "application/json; charset=utf-8"}
    await offline.call("POST", "/services", 201, content=b'{"name": "wine"}', headers=headers)
    await offline.call("POST", "/services", 401, content=spaces + b" ", headers=json | {"authorization": "Bearer x"})


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
async def test_parameters_that_nobody_reads_are_refused(offline: Controller, method: str, path: str) -> None:
    await offline.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    refused = await offline.call(method, path, 400)
    assert refused["error_code"] == "INVALID_PARAMETER_VALUE"
    assert refused["details"][0]["loc"][0] == "query"
    await offline.call("GET", "/services/wine")


async def test_who_follows_logs_cannot_ask_for_an_end_or_a_page(offline: Controller) -> None:
    await offline.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    for name, value in (("to", "2026-01-01T00:00:00Z"), ("page_size", "5"), ("cursor", "x")):
        for path in ("/services/wine/logs", "/services/wine/versions/v1/logs"):
            refused = await offline.call("GET", path, 400, params={"follow": "true", name: value})
            assert name.removesuffix("_size") in refused["message"]
    both = {"follow": "true", "from": "2026-01-01T00:00:00Z", "lines": "5"}
    assert "not both" in (await offline.call("GET", "/services/wine/logs", 400, params=both))["message"]


async def test_a_name_is_taken_once(offline: Controller) -> None:
    await published(offline)
    refused = await offline.call("POST", "/services", 409, json={"name": "wine-quality"})
    assert "wine-quality" in refused["message"]


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


async def test_a_third_active_version_is_refused(offline: Controller) -> None:
    await published(offline)
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine("2", start=True, traffic_weight=10))
    refused = await offline.call("POST", "/services/wine-quality/versions", 409, json=wine(start=True))
    assert "v1 and v2" in refused["message"]
    assert [v["name"] for v in (await offline.call("GET", "/services/wine-quality/versions"))["items"]] == ["v1", "v2"]

    third = await offline.call("POST", "/services/wine-quality/versions", 201, json=wine())
    await offline.call("POST", f"/services/wine-quality/versions/{third['name']}/start", 409)
    await offline.call("POST", "/services/wine-quality/versions/v1/stop")
    await offline.call("POST", f"/services/wine-quality/versions/{third['name']}/start", json={"traffic_weight": 30})
    traffic = await offline.call("GET", "/services/wine-quality/traffic")
    assert traffic["weights"] == {"v2": 70, third["name"]: 30}


async def test_weights(offline: Controller) -> None:
    await published(offline)
    second = await offline.call(
        "POST", "/services/wine-quality/versions", 201, json=wine("2", start=True, traffic_weight=10)
    )
    assert (second["name"], second["status"], second["traffic_weight"]) == ("v2", "starting", 10)
    path = "/services/wine-quality/traffic"
    assert (await offline.call("GET", path))["weights"] == {"v1": 90, "v2": 10}
    for wrong in (
        {"v1": 90, "v2": 9},
        {"v1": 110, "v2": -10},
        {"v1": 90, "v9": 10},
        {"v1": 50.5, "v2": 49.5},
        {"v1": True, "v2": 99},
        {"v1": "90", "v2": "10"},
        {},
    ):
        await offline.call("PUT", path, 400, json={"weights": wrong})
    done = await offline.call("PUT", path, json={"weights": {"v1": 25, "v2": 75}})
    assert done["weights"] == {"v1": 25, "v2": 75}
    await offline.call("POST", "/services/wine-quality/versions/v2/stop")
    assert (await offline.call("GET", path))["weights"] == {"v1": 100}


async def test_stop_and_start_of_a_service_brings_back_what_ran(offline: Controller) -> None:
    await published(offline)
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine("2", start=True, traffic_weight=10))
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine())
    stopped = await offline.call("POST", "/services/wine-quality/stop")
    assert [v["status"] for v in stopped["versions"]] == ["stopping", "stopping", "draft"]
    assert await offline.call("POST", "/services/wine-quality/stop") == stopped
    started = await offline.call("POST", "/services/wine-quality/start")
    assert [v["status"] for v in started["versions"]] == ["starting", "starting", "draft"]
    assert (await offline.call("GET", "/services/wine-quality/traffic"))["weights"] == {"v1": 90, "v2": 10}
    assert [v["generation"] for v in started["versions"]] == [3, 3, 0]


async def test_restart_of_what_is_active(offline: Controller) -> None:
    version = (await published(offline))["versions"][0]
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine("2", start=True))
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine())
    both = await offline.call("POST", "/services/wine-quality/restart")
    assert [(v["status"], v["generation"]) for v in both["versions"]] == [
        ("starting", 2),
        ("starting", 2),
        ("draft", 0),
    ]

    path, once = "/services/wine-quality/versions/v1", {"idempotency-key": "once"}
    for _ in range(2):
        restarted = await offline.call("POST", f"{path}/restart", headers=once)
        assert restarted["generation"] == 3
    await offline.call("POST", f"{path}/restart", 412, headers={"if-match": f'"{version["revision"]}"'})
    await offline.call("POST", "/services/wine-quality/versions/v3/restart", 409)
    await offline.call("POST", "/services/wine-quality/stop")
    refused = await offline.call("POST", f"{path}/restart", 409)
    assert "start it" in refused["message"]
    await offline.call("POST", "/services/wine-quality/restart", 409)


async def test_what_runs_is_not_deleted(offline: Controller) -> None:
    await published(offline)
    refused = await offline.call("DELETE", "/services/wine-quality", 409)
    assert "v1 is starting" in refused["message"]
    await offline.call("DELETE", "/services/wine-quality/versions/v1", 409)
    await offline.call("POST", "/services/wine-quality/stop")
    await offline.call("DELETE", "/services/wine-quality", 409)  # until the scheduler says that it has drained


async def test_a_draft_is_deleted_with_everything_of_it(offline: Controller) -> None:
    await offline.call("POST", "/services", 201, json={"name": "draft", "version": wine()})
    await offline.call("POST", "/services/draft/keys", 201, json={"name": "ci"})
    await offline.call("POST", "/services/draft/versions", 201, json=wine(name="blue"))
    await offline.call("DELETE", "/services/draft/versions/blue", 204)
    await offline.call("DELETE", "/services/draft", 204)
    await offline.call("GET", "/services/draft", 404)
    async with offline.app.dependencies.database.read() as session:
        for table in ("services", "versions", "api_keys"):
            assert (await session.execute(text(f"select count(*) from {table}"))).scalar_one() == 0
    assert (await events(offline))[-3:] == ["version.deleted.v1", "version.deleted.v1", "service.deleted.v1"]
    await offline.call("POST", "/services", 201, json={"name": "draft"})


async def test_names_of_versions_are_given_once(offline: Controller) -> None:
    await offline.call("POST", "/services", 201, json={"name": "w", "version": wine()})
    await offline.call("POST", "/services/w/versions", 201, json=wine(name="v2"))
    await offline.call("POST", "/services/w/versions", 409, json=wine(name="v2"))
    third = await offline.call("POST", "/services/w/versions", 201, json=wine())
    await offline.call("DELETE", f"/services/w/versions/{third['name']}", 204)
    fourth = await offline.call("POST", "/services/w/versions", 201, json=wine())
    assert (third["name"], fourth["name"]) == ("v3", "v4")


async def test_edit_with_if_match(offline: Controller) -> None:
    await published(offline)
    read = await offline.client.get("/api/v1/services/wine-quality")
    etag = {"if-match": read.headers["etag"]}
    change = {"description": "new", "tags": {"team": "wine"}, "auth_enabled": False, "sticky_header": "X-User"}
    changed = await offline.call("PATCH", "/services/wine-quality", json=change, headers=etag)
    assert {name: changed[name] for name in change} == change
    assert changed["created_at"] == read.json()["created_at"] < changed["updated_at"]
    stale = await offline.call("PATCH", "/services/wine-quality", 412, json=change, headers=etag)
    assert stale["error_code"] == "PRECONDITION_FAILED"
    weights = {"weights": {"v1": 100}}
    await offline.call("PUT", "/services/wine-quality/traffic", 412, json=weights, headers=etag)
    await offline.call("PUT", "/services/wine-quality/traffic", json=weights, headers={"if-match": "*"})
    await offline.call("DELETE", "/services/wine-quality", 412, headers=etag)
    await offline.call("PATCH", "/services/wine-quality", 400, json={"name": "other"})
    await offline.call("PATCH", "/services/wine-quality", 400, json={"description": None})


async def test_rules_for_other_origins_and_for_sizes_reach_the_routers(offline: Controller) -> None:
    await published(offline)
    cors = {"allow_origins": ["https://shop.example"], "max_age_s": 60}
    changed = await offline.call("PATCH", "/services/wine-quality", json={"cors": cors, "max_body_bytes": 1000})
    assert changed["cors"]["allow_origins"] == ["https://shop.example"]
    async with offline.app.dependencies.database.read() as session:
        intent = service_intent(await load_service(session, "wine-quality"))
    assert (intent.cors and intent.cors.max_age_s, intent.max_body_bytes) == (60, 1000)
    refused: tuple[dict[str, Any], ...] = (
        {"cors": {"allow_origins": []}},
        {"cors": {"allow_origins": ["https://a\r\nX: y"]}},
        {"cors": {"allow_origins": ["*"], "allow_headers": ["a b"]}},
        {"cors": {"allow_origins": ["*"], "more": 1}},
        {"max_body_bytes": 0},
        {"max_body_bytes": None},
    )
    for wrong in refused:
        await offline.call("PATCH", "/services/wine-quality", 400, json=wrong)
    assert (await offline.call("PATCH", "/services/wine-quality", json={"cors": None}))["cors"] is None


async def test_only_what_reaches_pods_makes_a_new_generation(offline: Controller) -> None:
    before = (await published(offline))["versions"][0]
    path = "/services/wine-quality/versions/v1"
    limited = await offline.call("PATCH", path, json={"rate_limit": {"qps": 5}, "request_timeout_ms": 100})
    assert (limited["generation"], limited["deployment_digest"]) == (1, before["deployment_digest"])
    assert limited["rate_limit"]["qps"] == 5
    grown = await offline.call("PATCH", path, json={"replicas": 2, "rate_limit": None})
    assert (grown["generation"], grown["replicas"], grown["rate_limit"]) == (2, 2, None)
    source = {"kind": "mlflow", "model": "wine", "version": "2"}
    moved = await offline.call("PATCH", path, json={"model_source": source, "resource_source": {"spec": "2C4G"}})
    assert moved["generation"] == 3
    assert moved["model_source"]["version"] == "2"
    assert moved["resource_source"]["spec"] == "2C4G"
    assert moved["deployment_digest"] != before["deployment_digest"]
    await offline.call("PATCH", path, 409, json={"traffic_weight": 5})
    stale = {"if-match": f'"{before["revision"]}"'}
    await offline.call("PATCH", path, 412, json={"replicas": 3}, headers=stale)


async def test_lists_filter_search_and_page(offline: Controller) -> None:
    for project in ("p1", "p2"):
        await offline.call("POST", "/projects", 201, json={"name": project})
    for name in ("a", "b", "c", "d", "e"):
        project = "p1" if name < "c" else "p2"
        body = {"name": name, "project": project, "description": f"100% of {name}_x", "tags": {"of": project}}
        await offline.call("POST", "/services", 201, json=body)
    await published(offline, "started")

    async def names(**query: Any) -> list[str]:
        return [item["name"] for item in (await offline.call("GET", "/services", params=query))["items"]]

    assert await names() == ["started", "e", "d", "c", "b", "a"]
    assert await names(project="p1") == ["b", "a"]
    assert await names(status="starting") == ["started"]
    assert await names(search="b_x") == ["b"]
    assert await names(search="%") == ["e", "d", "c", "b", "a"]
    assert await names(creator="nobody") == []
    assert await names(creator="admin", project="p2") == ["e", "d", "c"]
    assert await names(type="ml", project="p2") == ["e", "d", "c"]
    assert await names(type="llm") == []
    assert await names(tag="of:p1") == ["b", "a"]
    seen, cursor = [], None
    while True:
        query = {"page_size": 2, "status": "draft"} | ({"cursor": cursor} if cursor else {})
        page = await offline.call("GET", "/services", params=query)
        seen += [item["name"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ["e", "d", "c", "b", "a"]
    for wrong in ({"cursor": "nonsense"}, {"page_size": 0}, {"status": "great"}):
        await offline.call("GET", "/services", 400, params=wrong)
    versions = await offline.call("GET", "/services/started/versions", params={"page_size": 1})
    assert (len(versions["items"]), versions["next_cursor"]) == (1, None)


async def test_unknown_services_and_versions_are_named(offline: Controller) -> None:
    assert "nobody" in (await offline.call("GET", "/services/nobody", 404))["message"]
    await published(offline)
    assert "v7" in (await offline.call("GET", "/services/wine-quality/versions/v7", 404))["message"]
    await offline.call("POST", "/services/nobody/versions", 404, json=wine())


async def test_a_service_hands_log_delivery_and_resources_to_its_versions(offline: Controller) -> None:
    await offline.call("POST", "/services", 201, json={"name": "whole", "version": wine(), "start": True})
    await offline.call("POST", "/services/whole/versions", 201, json=wine("2"))
    change = {
        "log_delivery": {"enabled": True, "sample_rate": 0.5},
        "resource_source": {"kind": "shared", "spec": "2C4G"},
    }
    changed = await offline.call("PATCH", "/services/whole", json=change)
    first, second = changed["versions"]
    assert [version["log_delivery"]["sample_rate"] for version in (first, second)] == [0.5, 0.5]
    assert [version["resource_source"]["spec"] for version in (first, second)] == ["2C4G", "1C2G"]
    assert (first["generation"], second["generation"]) == (2, 0)
    await offline.call("POST", "/services/whole/versions/v2/start")
    refused = await offline.call("PATCH", "/services/whole", 409, json={"resource_source": change["resource_source"]})
    assert "2 versions" in refused["message"]


@pytest.mark.parametrize(
    "path", ["/%00", "/a%00b/versions/v1", "?search=%00", "?project=a%00", "?tag=%00", "?tag=a:%00", "?creator=%00"]
)
async def test_nul_is_refused_wherever_it_stands(offline: Controller, path: str) -> None:
    await offline.call("GET", f"/services{path}", 400)


@pytest.mark.parametrize("tag", [":", "a.b:c", "a b:c:d", "[0]:1", "it's", "$:x", "%", "é:ü", 'a"b:c', "a\\b"])
async def test_any_text_may_be_looked_for_as_a_tag(offline: Controller, tag: str) -> None:
    key, _, value = tag.partition(":")
    await offline.call("POST", "/services", 201, json={"name": "tagged", "tags": {key or "none": value}})
    found = await offline.call("GET", "/services", params={"tag": tag})
    assert [item["name"] for item in found["items"]] == (["tagged"] if key else [])


async def test_a_first_version_records_and_a_further_one_does_as_its_sibling(offline: Controller) -> None:
    service = await offline.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    assert service["versions"][0]["log_delivery"] == {"enabled": True, "destination": None, "sample_rate": 1.0}
    await offline.call("PATCH", "/services/wine/versions/v1", json={"log_delivery": {"sample_rate": 0.25}})
    second = await offline.call("POST", "/services/wine/versions", 201, json=wine("2"))
    assert second["log_delivery"] == {"enabled": True, "destination": None, "sample_rate": 0.25}
    await offline.call("PATCH", "/services/wine/versions/v2", json={"log_delivery": {"enabled": False}})
    assert (await offline.call("POST", "/services/wine/versions", 201, json=wine()))["log_delivery"]["enabled"] is False
    await offline.call("POST", "/services/wine/versions/v1/start")
    of_the_active = await offline.call("POST", "/services/wine/versions", 201, json=wine())
    assert of_the_active["log_delivery"] == {"enabled": True, "destination": None, "sample_rate": 0.25}
    asked = wine(log_delivery={"enabled": False})
    assert (await offline.call("POST", "/services/wine/versions", 201, json=asked))["log_delivery"]["enabled"] is False


async def test_tables_are_put_beside_those_of_others_and_below_roots_of_the_project(
    make_controller: Any, mlflow_url: str
) -> None:
    controller = await make_controller(mlflow=mlflow_url, table_roots="/lake,risk=/lake/risk")
    own = controller.app.settings.home.resolve() / "tables"

    def to(place: object) -> dict[str, Any]:
        return {"log_delivery": {"enabled": True, "destination": f"file://{place}"}}

    await controller.call("POST", "/services", 201, json={"name": "victim", "version": wine(**to("/lake/team"))})
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine(**to("/lake/team"))})
    for place, said in (
        ("/lake/team/victim", "inside, or around"),
        ("/lake/team/victim/payload", "inside, or around"),
        ("/lake/team/wine", "inside, or around"),
        (own / "victim" / "payload" / "_delta_log", "inside the log"),
        (own / "victim", "platform's own tables"),
        ("/lake/risk/wine", "project default may use"),
        ("/", "project default may use"),
    ):
        for path in ("/services/wine/versions/v1", "/services/wine"):
            refused = await controller.call("PATCH", path, 400, json=to(place))
            assert said in refused["message"]
            assert refused["details"][0]["loc"] == ["log_delivery", "destination"]
    for place in (own, "/lake", "/lake/team"):
        await controller.call("PATCH", "/services/wine/versions/v1", json=to(place))
