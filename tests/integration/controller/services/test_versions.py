"""Versions through the real app: models, names, weights, generations, tables. No bus is needed for any."""

from __future__ import annotations

from typing import Any

import pytest

from operations.wine_service import events, published
from running_services.running_controller import Controller, wine


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


async def test_names_of_versions_are_given_once(offline: Controller) -> None:
    await offline.call("POST", "/services", 201, json={"name": "w", "version": wine()})
    await offline.call("POST", "/services/w/versions", 201, json=wine(name="v2"))
    await offline.call("POST", "/services/w/versions", 409, json=wine(name="v2"))
    third = await offline.call("POST", "/services/w/versions", 201, json=wine())
    await offline.call("DELETE", f"/services/w/versions/{third['name']}", 204)
    fourth = await offline.call("POST", "/services/w/versions", 201, json=wine())
    assert (third["name"], fourth["name"]) == ("v3", "v4")


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
