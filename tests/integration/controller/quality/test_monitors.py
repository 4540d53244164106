"""Quality rules: checked whole, that they go with their service, and what the monitor is told of them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from controller.domain.quality import monitors as monitor_commands
from controller.handlers.quality import monitors
from controller.handlers.quality.monitors import defined_monitors
from running_services.running_controller import Controller, Peers, wine
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.quality.monitors import MonitorWindow
from shared.contracts.quality.training_data import TrainingData, TrainingDataQuery
from shared.contracts.rpc.quality import (
    MONITOR_STATES,
    MONITOR_WINDOWS,
    RUN_MONITOR,
    TRAINING_DATA,
    MonitorQuery,
    MonitorsOfService,
    MonitorState,
    MonitorStates,
    WindowPage,
    WindowsQuery,
)

PATH = "/services/wine/monitors"
PSI: dict[str, Any] = {
    "name": "moved",
    "kind": "drift",
    "metric": "psi",
    "columns": ["alcohol", "prediction"],
    "baseline": {"kind": "window"},
    "window": "PT10S",
    "schedule": "PT10S",
    "warning": 0.1,
    "critical": 0.25,
    "min_sample": 300,
    "windows": "2 of 3",
    "delay": "PT0S",
}

PER_SERVICE = {"kind": "service_quality", "metric": "error_rate", "columns": ["*"], "baseline": None}


async def define(controller: Controller, status: int = 201, **fields: Any) -> Any:
    body = {name: value for name, value in (PSI | fields).items() if value is not ...}
    return await controller.call("POST", PATH, status, json=body)


@pytest.fixture
async def service(offline: Controller) -> Controller:
    await offline.call("POST", "/services", 201, json={"name": "wine", "version": wine(), "monitors": False})
    return offline


async def test_they_are_defined_changed_and_go_with_their_service(service: Controller) -> None:
    made = await define(service)
    assert {name: made[name] for name in PSI if name != "baseline"} == {k: v for k, v in PSI.items() if k != "baseline"}
    assert (made["state"], made["revision"], made["alert"], made["is_default"]) == ("unknown", 1, "rule", False)
    assert (made["columns"], made["windows"], made["delay"]) == (["alcohol", "prediction"], "2 of 3", "PT0S")
    await define(service, status=409)
    assert (await service.call("GET", PATH))["items"] == [made]
    assert await service.call("GET", f"{PATH}/moved") == made
    await service.call("GET", f"{PATH}/other", 404)
    definition = {name: value for name, value in PSI.items() if name != "name"} | {
        "alert": "column",
        "slice": "version",
    }
    await service.call("PUT", f"{PATH}/moved", 412, json=definition, headers={"if-match": '"7"'})
    changed = await service.call("PUT", f"{PATH}/moved", json=definition)
    assert (changed["alert"], changed["slice"], changed["revision"]) == ("column", "version", 2)
    (told,) = (await defined_monitors(service.app.dependencies.database)).items
    assert (told.project, told.service) == ("default", "wine")
    assert told.trained is not None
    assert (told.service, told.revision, told.trained.version, told.trained.model) == ("wine", 2, "v1", "wine")
    await service.call("POST", f"{PATH}/moved/run", 503)
    await service.call("GET", f"{PATH}/moved/windows", 503)
    home = service.app.settings.home.resolve()
    lake = {"kind": "table", "location": f"file://{home}/tables/wine/train"}
    await define(service, name="other", baseline=lake)
    told = next(
        each for each in (await defined_monitors(service.app.dependencies.database)).items if each.name == "other"
    )
    assert (told.baseline_path, told.baseline_root) == (f"{home}/tables/wine/train", f"{home}/tables/wine")
    await service.call("DELETE", f"{PATH}/other", 204)
    await service.call("DELETE", "/services/wine", 204)
    assert (await defined_monitors(service.app.dependencies.database)).items == ()
    audit = [line for line in (await service.call("GET", "/audit"))["items"] if line["resource_kind"] == "monitor"]
    assert [line["action"] for line in audit].count("deleted") == 2
    assert len(audit) == 5


async def test_what_is_left_out_is_filled_in(service: Controller) -> None:
    rule = {"name": "plain", "kind": "drift", "metric": "psi", "warning": 0.2}
    made = await service.call("POST", PATH, 201, json=rule)
    assert (made["columns"], made["window"], made["schedule"], made["delay"]) == (["*"], "PT1H", "PT1H", "PT1M")
    assert (made["baseline"]["kind"], made["min_sample"], made["windows"]) == ("training", 500, "1 of 1")
    exact = {"name": "exact", "kind": "model_quality", "metric": "accuracy", "warning": 0.9, "critical": 0.8}
    made = await service.call("POST", PATH, 201, json=exact)
    assert (made["baseline"], made["delay"], made["min_sample"]) == (None, "PT1H", 300)


async def test_what_is_no_rule_is_refused(service: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    for fields, why in (
        ({"metric": "accuracy"}, "drift has no metric accuracy"),
        ({"kind": "weather"}, "data_quality"),
        ({"warning": 0.3}, "critical lies above warning"),
        ({"warning": None, "critical": None}, "has a threshold"),
        ({"kind": "model_quality", "metric": "accuracy", "columns": ["*"], "baseline": None}, "critical lies below"),
        ({"window": "PT5S"}, "between 10 s"),
        ({"window": "an hour"}, "a duration is"),
        ({"schedule": "P60D"}, "31 days"),
        ({"window": "P31D", "schedule": "PT10S"}, "the schedule is PT1860S or longer"),
        ({"windows": "3 of 2"}, "2 of 3"),
        ({"columns": ["*", "a"]}, "alone, or names"),
        ({"columns": []}, "at least 1"),
        ({"kind": "data_quality", "metric": "row_count", "baseline": None, "critical": None}, "has no columns"),
        ({"kind": "data_quality", "metric": "null_rate"}, "compares with nothing"),
        (
            {"kind": "service_quality", "metric": "error_rate", "columns": ["*"], "baseline": None, "slice": "x"},
            "version",
        ),
        ({"slice": "alcohol >"}, "the end"),
        ({"baseline": {"kind": "table"}}, "has a location"),
        ({"baseline": {"kind": "training", "weeks": 3}}, "weeks are of"),
        ({"baseline": {"kind": "window", "start": "2026-01-01T00:00:00Z"}}, "both, or none"),
        ({"baseline": {"kind": "file", "location": "file:///etc/passwd"}}, "outside the folders"),
        ({"outcome": {"label": "quality"}}, "of the kind model_quality"),
        ({"name": "Not a label"}, "DNS label"),
        ({"min_sample": -1}, "greater than or equal to 0"),
        ({"colour": "red"}, "colour"),
    ):
        refused = await define(service, status=400, **fields)
        assert why in json.dumps(refused), (fields, refused)
    await service.call("POST", "/services/tea/monitors", 404, json=PSI)
    monkeypatch.setattr(monitors, "MOST_MONITORS", 1)
    assert monitor_commands.MOST_MONITORS > 1
    await define(service)
    await define(service, name="one-more", status=409)


async def test_verdicts_are_the_monitors(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine(), "monitors": False})
    made = await define(controller)
    now = SystemClock().now()
    state = MonitorState(id=UUID(made["id"]), state="critical", last_window_end=now)
    window = MonitorWindow(
        start=now, end=now, state="critical", value=0.4, column="alcohol", rows=500, evaluated_at=now
    )
    asked: list[Any] = []

    async def states(query: MonitorsOfService) -> MonitorStates:
        return MonitorStates(items=(state,))

    async def windows(query: WindowsQuery) -> WindowPage:
        asked.append(query)
        return WindowPage(items=(window,), next_cursor="more")

    async def run(query: MonitorQuery) -> MonitorState:
        return state

    bus = Bus("monitor", peers._nats_url, clock=SystemClock())
    for method, answer in ((MONITOR_STATES, states), (MONITOR_WINDOWS, windows), (RUN_MONITOR, run)):
        bus.serve(method, answer)
    task = await peers.run(bus)
    (found,) = (await controller.call("GET", PATH))["items"]
    assert (found["state"], found["last_window_end"] is not None) == ("critical", True)
    assert (await controller.call("POST", f"{PATH}/moved/run", 202))["state"] == "critical"
    page = await controller.call("GET", f"{PATH}/moved/windows?column=alcohol&from=2026-01-01T00:00:00Z&page_size=7")
    assert (page["items"][0]["value"], page["next_cursor"]) == (0.4, "more")
    assert (asked[0].column, asked[0].limit, asked[0].from_time.year) == ("alcohol", 7, 2026)
    await controller.call("GET", f"{PATH}/moved/windows?from=yesterday", 400)
    await peers.end(task)


async def registered_with_run(http: httpx.AsyncClient, root: str) -> tuple[str, str, str]:
    """A version of a model `zinfandel` whose run has artifacts: it, the run, and where these are put."""
    info = (await http.post("runs/create", json={"experiment_id": "0"})).json()["run"]["info"]
    artifacts = f"{root}/api/2.0/mlflow-artifacts/artifacts/{info['artifact_uri'].removeprefix('mlflow-artifacts:/')}"
    assert (await http.put(f"{artifacts}/model/MLmodel", content=b"flavors: {}\n")).is_success
    await http.post("registered-models/create", json={"name": "zinfandel"})
    version = {"name": "zinfandel", "source": f"{info['artifact_uri']}/model", "run_id": info["run_id"]}
    made = await http.post("model-versions/create", json=version)
    assert made.is_success, made.text
    return made.json()["model_version"]["version"], info["run_id"], artifacts


async def test_the_monitor_is_given_the_training_data_of_a_model(
    controller: Controller, peers: Peers, mlflow_url: str
) -> None:
    asking = Bus("monitor", peers._nats_url, clock=SystemClock())
    task = await peers.run(asking)

    async def found() -> TrainingData:
        query = TrainingDataQuery(service="zinfandel", version="v1")
        answer = await asking.call(TRAINING_DATA, query, timeout=10)
        assert isinstance(answer, TrainingData)
        return answer

    async with httpx.AsyncClient(base_url=f"{mlflow_url}/api/2.0/mlflow") as http:
        number, run, artifacts = await registered_with_run(http, mlflow_url)
        version = wine() | {"model_source": {"kind": "mlflow", "model": "zinfandel", "version": number}}
        service = {"name": "zinfandel", "version": version, "monitors": False}
        await controller.call("POST", "/services", 201, json=service)
        assert "knows no training data" in ((await found()).reason or "")
        tag = {"run_id": run, "key": "penstock.training_data", "value": "data/train.csv"}
        assert (await http.post("runs/set-tag", json=tag)).is_success
        assert (await http.put(f"{artifacts}/data/train.csv", content=b"alcohol\n9.5\n")).is_success
        sent = await found()
        assert (sent.kind, sent.name) == ("artifact", "train.csv")
        assert sent.chunks is not None
        assert b"".join([chunk async for chunk in asking.read_chunks(sent.chunks)]) == b"alcohol\n9.5\n"
        assert (await http.post("runs/set-tag", json=tag | {"value": "file:///etc/passwd"})).is_success
        assert "may not be read" in ((await found()).reason or "")
    await peers.end(task)
