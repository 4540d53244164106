"""The history of a version, from the audit log; and dry runs: what an update would do, with nothing stored."""

from __future__ import annotations

from typing import Any

from operations.wine_service import events, published
from running_services.running_controller import Controller, wine

VERSION = "/services/wine-quality/versions/v1"


async def history(controller: Controller, page_size: int = 100) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await controller.call("GET", f"{VERSION}/history?page_size={page_size}" + cursor)
        found += page["items"]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    return found


async def test_a_history_says_who_did_what_and_which_generation_came_of_it(offline: Controller) -> None:
    await published(offline)
    await offline.call("PATCH", VERSION, json={"replicas": 2, "env": {"A": "1"}})
    await offline.call("PATCH", VERSION, json={"request_timeout_ms": 100})
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine("2", start=True, traffic_weight=10))
    await offline.call("POST", f"{VERSION}/restart")
    await offline.call("POST", f"{VERSION}/stop", json={"weights": {"v2": 100}})
    entries = await history(offline)
    assert [(entry["action"], entry["generation"]) for entry in entries] == [
        ("stopped", 4),
        ("restarted", 3),
        ("traffic", 2),
        ("updated", 2),
        ("updated", 2),
        ("created", 1),
    ]
    assert {entry["actor"] for entry in entries} == {"admin"}
    assert entries[2]["changes"] == [{"field": "traffic_weight", "before": 100, "after": 90}]
    assert {"field": "replicas", "before": 1, "after": 2} in entries[4]["changes"]
    assert {"field": "model_source.version", "before": None, "after": "1"} in entries[5]["changes"]
    assert await history(offline, page_size=2) == entries
    await offline.call("GET", f"{VERSION}/history?cursor=bm9uc2Vuc2U", 400)


async def test_a_version_of_the_same_name_begins_anew(offline: Controller) -> None:
    await offline.call("POST", "/services", 201, json={"name": "wine-quality", "version": wine()})
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine(name="other"))
    await offline.call("DELETE", "/services/wine-quality/versions/v1", 204)
    await offline.call("GET", f"{VERSION}/history", 404)
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine("2", name="v1"))
    assert [entry["action"] for entry in await history(offline)] == ["created"]


async def test_a_dry_run_says_what_would_change_and_stores_nothing(offline: Controller) -> None:
    await published(offline)
    before = await offline.call("GET", "/services/wine-quality")
    told, audit = len(await events(offline)), await offline.call("GET", "/audit")
    dry = f"{VERSION}?dry_run=true"
    grown = await offline.call("PATCH", dry, json={"replicas": 3})
    assert grown == {
        "changes": [{"field": "replicas", "before": 1, "after": 3}],
        "replaces_pods": False,
        "effective_weights": None,
    }
    source = {"kind": "mlflow", "model": "wine", "version": "2"}
    moved = await offline.call("PATCH", dry, json={"model_source": source, "runtime": {"types": "compat"}})
    assert moved["replaces_pods"]
    fields = {change["field"]: (change["before"], change["after"]) for change in moved["changes"]}
    assert fields["model_source.version"] == ("1", "2")
    assert fields["runtime.types"] == ("strict", "compat")
    assert await offline.call("PATCH", dry, json={"replicas": 1}) == {**grown, "changes": []}

    of_service = await offline.call(
        "PATCH", "/services/wine-quality?dry_run=true",
        json={"auth_enabled": False, "log_delivery": {"enabled": False}, "resource_source": {"spec": "2C4G"}},
    )  # fmt: skip
    named = [change["field"] for change in of_service["changes"]]
    assert named[0] == "auth_enabled"
    assert {"versions.v1.log_delivery.enabled", "versions.v1.resource_source.spec"} <= set(named)
    assert of_service["replaces_pods"]

    assert await offline.call("GET", "/services/wine-quality") == before
    assert len(await events(offline)) == told
    assert await offline.call("GET", "/audit") == audit


async def test_a_dry_run_of_a_split_gives_the_weights_that_routers_would_have(offline: Controller) -> None:
    await published(offline)
    await offline.call("POST", "/services/wine-quality/versions", 201, json=wine("2", start=True, traffic_weight=10))
    path = "/services/wine-quality/traffic"
    body = {"weights": {"v1": 40, "v2": 60}, "fallback": "v1"}
    planned = await offline.call("PUT", f"{path}?dry_run=true", json=body)
    assert planned["changes"] == [
        {"field": "weights.v1", "before": 90, "after": 40},
        {"field": "weights.v2", "before": 10, "after": 60},
        {"field": "fallback", "before": None, "after": "v1"},
    ]
    assert (planned["replaces_pods"], planned["effective_weights"]) == (False, {"v1": 40, "v2": 60})
    assert (await offline.call("GET", path))["weights"] == {"v1": 90, "v2": 10}


async def test_a_dry_run_is_refused_as_the_update_is(offline: Controller) -> None:
    service = await published(offline)
    stale = {"if-match": f'"{service["versions"][0]["revision"] + 7}"'}
    for path, status, options in (
        (VERSION, 409, {"json": {"traffic_weight": 5}}),
        (VERSION, 400, {"json": {"nonsense": 5}}),
        (VERSION, 404, {"json": {"model_source": {"kind": "mlflow", "model": "wine", "version": "99"}}}),
        (VERSION, 412, {"json": {"replicas": 2}, "headers": stale}),
        ("/services/wine-quality", 400, {"json": {"log_delivery": {"destination": "file:///"}}}),
        ("/services/wine-quality/traffic", 400, {"json": {"weights": {"v1": 99}}}),
    ):
        method = "PUT" if path.endswith("traffic") else "PATCH"
        really = await offline.call(method, path, status, **options)
        dry = await offline.call(method, f"{path}?dry_run=true", status, **options)
        assert dry["message"] == really["message"]
