"""Services through the real app: shapes, lists, edits, start, stop, deletion. No bus is needed for any."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from controller.handlers.services.routes import service_intent
from controller.store.services.services import load_service
from operations.wine_service import events, published
from running_services.running_controller import Controller, wine


async def test_create_with_the_first_version_in_the_same_call(offline: Controller) -> None:
    body = {
        "name": "wine-quality",
        "type": "ml",
        "description": "How good a wine is",
        "tags": {"team": "wine"},
        "auth_enabled": True,
        "start": True,
        "monitors": False,
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


async def test_a_name_is_taken_once(offline: Controller) -> None:
    await published(offline)
    refused = await offline.call("POST", "/services", 409, json={"name": "wine-quality"})
    assert "wine-quality" in refused["message"]


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


@pytest.mark.parametrize("tag", [":", "a.b:c", "a b:c:d", "[0]:1", "it's", "$:x", "%", "é:ü", 'a"b:c', "a\\b"])
async def test_any_text_may_be_looked_for_as_a_tag(offline: Controller, tag: str) -> None:
    key, _, value = tag.partition(":")
    await offline.call("POST", "/services", 201, json={"name": "tagged", "tags": {key or "none": value}})
    found = await offline.call("GET", "/services", params={"tag": tag})
    assert [item["name"] for item in found["items"]] == (["tagged"] if key else [])
