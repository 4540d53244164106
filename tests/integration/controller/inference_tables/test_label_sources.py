"""Label sources: who may read what, that they go with their service, and that a password reaches the logger alone."""

from __future__ import annotations

import json
import logging
from typing import Any
from uuid import UUID

import pytest

from controller.handlers.inference_tables import label_sources
from controller.handlers.inference_tables.label_sources import defined_sources, source_access
from running_services.running_controller import Controller, Peers, wine
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.inference_tables.label_sources import (
    LabelRun,
    LabelRunList,
    LabelSourceQuery,
    LabelSourceState,
    LabelSourceStates,
)
from shared.contracts.rpc.inference_logger.label_sources import (
    LABEL_SOURCE_RUNS,
    LABEL_SOURCE_STATES,
    RUN_LABEL_SOURCE,
    LabelRunsQuery,
    LabelSourcesOfService,
)
from shared.ids import new_id

PATH = "/services/wine/label-sources"
PASSWORD = "hunter-of-the-7-seas"
URL = f"postgresql://reader:{PASSWORD}@db.example.com/shop"
SECRET = {"name": "shop-db", "kind": "postgresql", "data": {"url": URL}}
QUERY: dict[str, Any] = {"name": "shop", "format": "sql", "query": "SELECT * FROM orders", "secret": "shop-db"}
COLUMNS = {"key": {"client_request_id": "order_id"}, "label": "quality"}


def truth(controller: Controller, **fields: Any) -> dict[str, Any]:
    location = f"file://{controller.app.settings.home.resolve()}/tables/wine/truth"
    return {"name": "truth", "format": "delta", "location": location, "schedule": "PT1H", **COLUMNS, **fields}


async def define(controller: Controller, path: str = PATH, status: int = 201, **fields: Any) -> Any:
    return await controller.call("POST", path, status, json=truth(controller, **fields))


@pytest.fixture
async def service(offline: Controller) -> Controller:
    await offline.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    return offline


async def test_they_are_defined_changed_and_go_with_their_service(service: Controller) -> None:
    made = await define(service)
    assert {name: made[name] for name in truth(service)} == truth(service)
    assert (made["state"], made["revision"], made["paused"]) == ("unknown", 1, False)
    await define(service, status=409)
    assert (await service.call("GET", PATH))["items"] == [made]
    assert await service.call("GET", f"{PATH}/truth") == made
    await service.call("GET", f"{PATH}/other", 404)
    definition = {name: value for name, value in truth(service).items() if name != "name"}
    await service.call("PUT", f"{PATH}/truth", 412, json=definition, headers={"if-match": '"7"'})
    changed = await service.call("PUT", f"{PATH}/truth", json=definition | {"label": {"colour": "c"}, "schedule": None})
    assert (changed["label"], changed["schedule"], changed["revision"]) == ({"colour": "c"}, None, 2)
    (told,) = (await defined_sources(service.app.dependencies.database)).items
    home = service.app.settings.home.resolve()
    assert (told.location, told.root) == (f"{home}/tables/wine/truth", f"{home}/tables/wine")
    assert (told.service, told.labels, told.keys) == ("wine", {"colour": "c"}, {"client_request_id": "order_id"})
    await service.call("POST", f"{PATH}/truth/run", 503)
    await define(service, name="other")
    await service.call("DELETE", f"{PATH}/other", 204)
    await service.call("DELETE", "/services/wine", 204)
    assert (await defined_sources(service.app.dependencies.database)).items == ()
    audit = [line for line in (await service.call("GET", "/audit"))["items"] if line["resource_kind"] == "label source"]
    assert {line["resource_name"] for line in audit} == {"wine/truth", "wine/other"}
    assert len(audit) == 5


async def test_what_may_not_be_read_and_what_is_no_source_is_refused(
    service: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = service.app.settings.home.resolve()
    for fields, why in (
        (
            {"location": "file:///etc"},
            f"outside the folders that project default may read: those of CONTROLLER_TABLE_ROOTS, and file://{home}/tables/wine",
        ),
        ({"location": "/lake/truth"}, "location is a path: write it as file:///lake/truth"),
        ({"location": f"file://{home}/tables/iris"}, "outside of wine's folder"),
        ({"location": f"file://{home}/tables"}, "outside of wine's folder"),
        ({"location": f"file://{home}/tables/wine/../iris"}, "without '..'"),
        ({"location": "s3://lake/truth"}, "no destination"),
        ({"location": None}, "has a location"),
        ({"format": "xml"}, "delta"),
        ({"schedule": "PT1S"}, "between 10 s"),
        ({"schedule": "0 0 31 2 *"}, "no day"),
        ({"key": {}}, "at least 1"),
        ({**QUERY, "location": None}, "no secret 'shop-db'"),
        ({**QUERY, "location": None, "query": "DELETE FROM orders"}, "one SELECT"),
        ({**QUERY, "location": None, "secret": None}, "a query and a secret"),
        (QUERY, "no location"),
    ):
        refused = await define(service, status=400, **fields)
        assert why in json.dumps(refused), (fields, refused)
    await service.call("POST", "/services/tea/label-sources", 404, json=truth(service))
    monkeypatch.setattr(label_sources, "MOST_SOURCES", 1)
    await define(service)
    await define(service, name="one-more", status=409)


async def test_a_password_reaches_the_logger_alone(service: Controller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for url in ("mysql://a:b@c/d", "postgresql://a:b@c/", "postgresql://a:b@c/d?host=/tmp", "postgresql://c/d", "x"):
        refused = await service.call("POST", "/secrets", 400, json=SECRET | {"data": {"url": url}})
        assert "postgresql://user" in refused["message"] or "sslmode" in refused["message"]
    await service.call("POST", "/secrets", 201, json=SECRET)
    await service.call("POST", "/secrets", 201, json={"name": "x", "kind": "opaque", "data": {"url": URL}})
    wrong = await define(service, status=400, **QUERY | {"location": None, "secret": "x"})
    assert "of the kind opaque" in wrong["message"]
    made = await define(service, **QUERY | {"location": None, "growing": "id"})
    used = await service.call("DELETE", "/secrets/shop-db", 409)
    assert "label source wine/shop" in used["message"]
    deps = service.app.dependencies
    access = await source_access(deps.database, deps.vault, UUID(made["id"]), ("10.0.0.0/8",))
    assert (access.url, access.allowed) == (URL, ("10.0.0.0/8",))
    told = await defined_sources(deps.database)
    shown = [made, await service.call("GET", PATH), await service.call("GET", "/audit"), told.model_dump_json()]
    assert PASSWORD not in json.dumps(shown) + caplog.text + repr(access)


async def test_a_destination_that_is_read_from_stays(service: Controller) -> None:
    keys = {"name": "lake-keys", "kind": "s3", "data": {"access_key": "AK", "secret_key": "SK"}}
    await service.call("POST", "/secrets", 201, json=keys)
    lake = {"name": "lake", "url": "s3://lake/truth", "endpoint": "http://127.0.0.1:1", "secret": "lake-keys"}
    await service.call("POST", "/destinations", 201, json=lake)
    made = await define(service, location="s3://lake/truth/wine/")
    assert made["location"] == "s3://lake/truth/wine"
    (told,) = (await defined_sources(service.app.dependencies.database)).items
    assert (told.location, told.root) == ("s3://lake/truth/wine", None)
    assert "label source wine/truth" in (await service.call("DELETE", "/destinations/lake", 409))["message"]
    await service.call("DELETE", f"{PATH}/truth", 204)
    await service.call("DELETE", "/destinations/lake", 204)


async def test_results_are_the_loggers(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    made = await define(controller)
    now = SystemClock().now()
    run = LabelRun(id=new_id(), started_at=now, ended_at=now, state="failed", error="no", rows_read=3)
    state = LabelSourceState(id=UUID(made["id"]), state="failing", reason="no", since=now, last_run=run)
    asked: list[Any] = []

    async def states(query: LabelSourcesOfService) -> LabelSourceStates:
        return LabelSourceStates(items=(state,))

    async def runs(query: LabelRunsQuery) -> LabelRunList:
        asked.append(query)
        return LabelRunList(items=(run,))

    async def start(query: LabelSourceQuery) -> LabelSourceState:
        asked.append(query)
        return state

    bus = Bus("inference-logger", peers._nats_url, clock=SystemClock())
    for method, answer in ((LABEL_SOURCE_STATES, states), (LABEL_SOURCE_RUNS, runs), (RUN_LABEL_SOURCE, start)):
        bus.serve(method, answer)
    task = await peers.run(bus)
    (found,) = (await controller.call("GET", PATH))["items"]
    assert (found["state"], found["reason"], found["last_run"]["rows_read"]) == ("failing", "no", 3)
    assert (await controller.call("POST", f"{PATH}/truth/run", 202))["state"] == "failing"
    assert [one["error"] for one in (await controller.call("GET", f"{PATH}/truth/runs?limit=3"))["items"]] == ["no"]
    assert [query.model_dump(mode="json") for query in asked] == [{"id": made["id"]}, {"id": made["id"], "limit": 3}]
    await peers.end(task)
