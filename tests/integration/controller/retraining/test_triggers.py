"""Retraining triggers: what may be defined, that they go with their service, and whom their credentials reach."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest

from controller.handlers.registries.environment_secrets import secret_values
from controller.handlers.retraining.triggers import defined_triggers, trigger_access
from running_services.running_controller import Controller, Peers, wine
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.deployment import SecretKeyRef
from shared.contracts.retraining import JobAction, Retraining, RetrainingEvidence, RetrainingPage
from shared.contracts.rpc.controller import SecretsQuery
from shared.contracts.rpc.retraining import (
    CANCEL_RETRAINING,
    RETRAIN,
    RETRAINING,
    RETRAININGS,
    RetrainingQuery,
    RetrainingsQuery,
    RetrainOrder,
)
from shared.errors import NotFound

PATH = "/services/wine/retraining-triggers"
WEBHOOK = {"kind": "webhook", "url": "https://train.example.com/hook"}
JOB = {"kind": "job", "command": ["python", "train.py"], "files": {"train.py": "print(1)"}, "requirements": ["scipy"]}
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


def drifted(**fields: Any) -> dict[str, Any]:
    return {
        "name": "drifted",
        "on_alert": {"severity": "warning", "labels": {"column": "alcohol"}},
        "schedule": "P7D",
        "action": WEBHOOK,
        **fields,
    }


async def define(controller: Controller, status: int = 201, **fields: Any) -> Any:
    return await controller.call("POST", PATH, status, json=drifted(**fields))


@pytest.fixture
async def service(offline: Controller) -> Controller:
    await offline.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    return offline


async def test_they_are_defined_changed_and_go_with_their_service(service: Controller) -> None:
    made = await define(service)
    assert {name: made[name] for name in drifted()} == drifted()
    assert (made["guards"], made["time_limit"], made["revision"]) == (
        {"cool_down": "PT6H", "max_per_day": 2, "min_label_coverage": None},
        "PT6H",
        1,
    )
    await define(service, status=409)
    assert (await service.call("GET", PATH))["items"] == [made]
    assert await service.call("GET", f"{PATH}/drifted") == made
    await service.call("GET", f"{PATH}/other", 404)
    definition = {"action": JOB, "guards": {"cool_down": "PT0S", "max_per_day": 5}, "model": "wine_other"}
    await service.call("PUT", f"{PATH}/drifted", 412, json=definition, headers={"if-match": '"7"'})
    changed = await service.call("PUT", f"{PATH}/drifted", json=definition)
    assert (changed["schedule"], changed["on_alert"], changed["revision"]) == (None, None, 2)
    assert changed["action"]["resources"] == {"spec": "1C2G", "cpu": 1.0, "memory_gb": 2.0, "gpu": 0}
    (told,) = (await defined_triggers(service.app.dependencies.database)).items
    assert (told.service, told.model, told.registry, told.time_limit.total_seconds()) == (
        "wine",
        "wine_other",
        None,
        21600,
    )
    await define(service, name="other")
    told = (await defined_triggers(service.app.dependencies.database)).items[1]
    assert told.model == "wine", "that of the service"
    await service.call("DELETE", f"{PATH}/other", 204)
    await service.call("DELETE", "/services/wine", 204)
    assert (await defined_triggers(service.app.dependencies.database)).items == ()
    lines = (await service.call("GET", "/audit"))["items"]
    names = [line["resource_name"] for line in lines if line["resource_kind"] == "retraining trigger"]
    assert sorted(names) == ["wine/drifted", "wine/drifted", "wine/drifted", "wine/other", "wine/other"]


async def test_a_job_names_secrets_of_its_project_and_the_scheduler_reads_them(service: Controller) -> None:
    named = {"secret": "lake", "key": "key"}
    action = JOB | {"env": {"EPOCHS": "3", "AWS_SECRET_ACCESS_KEY": named}}
    refused = await define(service, 404, action=action)
    assert refused["message"] == "There is no secret 'lake'"
    await service.call("POST", "/secrets", 201, json={"name": "lake", "kind": "opaque", "data": {"key": "sesame"}})
    await service.call("POST", "/secrets", 201, json={"name": "hook", "kind": "webhook", "data": {"secret": KEY}})
    other = await define(service, 400, action=JOB | {"env": {"X": {"secret": "hook", "key": "secret"}}})
    assert "variables take those of the kind opaque" in other["message"]

    made = await define(service, action=action)

    assert made["action"]["env"] == action["env"]
    deps = service.app.dependencies
    (told,) = (await defined_triggers(deps.database)).items
    assert isinstance(told.action, JobAction)
    ref = told.action.env["AWS_SECRET_ACCESS_KEY"]
    assert isinstance(ref, SecretKeyRef)
    query = SecretsQuery(service_id=told.service_id, refs=(ref,))
    assert (await secret_values(deps.database, deps.vault, query)).values == ("sesame",)
    with pytest.raises(NotFound, match="no such service"):
        await secret_values(deps.database, deps.vault, query.model_copy(update={"service_id": UUID(int=7)}))
    in_use = await service.call("DELETE", "/secrets/lake", 409)
    assert "retraining trigger wine/drifted" in in_use["message"]
    await service.call("PUT", f"{PATH}/drifted", json={"action": JOB})
    await service.call("DELETE", "/secrets/lake", 204)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"schedule": "PT1S"}, "between 10 s"),
        ({"on_alert": {"severity": "ok"}}, "critical"),
        ({"guards": {"max_per_day": 0}}, "greater than"),
        ({"guards": {"cool_down": "-PT1H"}}, "greater than"),
        ({"time_limit": "PT1S"}, "greater than"),
        ({"action": {"kind": "cron"}}, "webhook"),
        ({"action": WEBHOOK | {"url": "ftp://x.example.com"}}, "http:// or https://"),
        ({"action": WEBHOOK | {"url": "https://me:pass@x.example.com"}}, "no credentials"),
        ({"action": WEBHOOK | {"url": "http://127.0.0.1/x"}}, "CONTROLLER_ALLOWED_RETRAINERS"),
        ({"action": WEBHOOK | {"url": "http://localhost:8000"}}, "not a public address"),
        ({"action": WEBHOOK | {"url": "http://169.254.169.254/latest"}}, "not a public address"),
        ({"action": WEBHOOK | {"url": "http://[::ffff:10.0.0.1]/"}}, "not a public address"),
        ({"action": {"kind": "github", "repository": "acme/wine"}}, "a token"),
        ({"action": {"kind": "github", "repository": "acme/.."}, "secret": "x"}, "owner/name"),
        ({"action": {"kind": "airflow", "url": "https://a.example.com", "dag_id": "a/b"}}, "pattern"),
        ({"action": {"kind": "job"}}, "either a command or"),
        ({"action": JOB | {"mlflow_project": {}}}, "either a command or"),
        ({"action": JOB | {"files": {"../x": ""}}}, "no relative path"),
        ({"action": JOB | {"files": {"a/b": "", "a": ""}}}, "a file too"),
        ({"action": JOB | {"files": {"./evidence.json": ""}}}, "no relative path"),
        ({"action": JOB | {"files": {"酒" * 86: ""}}}, "no relative path"),
        ({"action": JOB | {"files": {"x": "x" * 300_000}}}, "256 KiB"),
        ({"action": JOB | {"env": {"PENSTOCK_MODEL": "x"}}}, "PENSTOCK_MODEL"),
        ({"action": {"kind": "job", "mlflow_project": {"uri": "git@github.com:a/b"}}}, "https://"),
        ({"action": JOB | {"resource_source": {"kind": "shared", "spec": "9C9G"}}}, "no resource spec"),
        ({"action": JOB, "secret": "hook"}, "takes no secret"),
        ({"secret": "nobody"}, "no secret 'nobody'"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_is_no_trigger_is_refused(lone_service: Controller, fields: dict[str, Any], why: str) -> None:
    assert why in json.dumps(await define(lone_service, status=400, **fields))


@pytest.fixture
async def lone_service(make_lone: Any) -> Controller:
    controller: Controller = await make_lone()
    await controller.call("POST", "/services", 201, json={"name": "wine"})
    return controller


async def test_credentials_reach_the_monitor_alone(lone_service: Controller) -> None:
    call = lone_service.call
    for name, kind, data in (
        ("hook", "webhook", {"secret": KEY}),
        ("plain", "webhook", {"secret": "hunter2"}),
        ("flow", "http", {"token": "token-of-airflow"}),
    ):
        await call("POST", "/secrets", 201, json={"name": name, "kind": kind, "data": data})
    for data in ({"token": "a b"}, {"username": "me"}, {"url": "x"}):
        await call("POST", "/secrets", 400, json={"name": "bad", "kind": "http", "data": data})
    assert "of the kind http, not webhook" in json.dumps(await define(lone_service, status=400, secret="flow"))
    assert "whsec_" in json.dumps(await define(lone_service, status=400, secret="plain"))
    made = await define(lone_service, secret="hook")
    used = await call("DELETE", "/secrets/hook", 409)
    assert "retraining trigger wine/drifted" in used["message"]
    deps = lone_service.app.dependencies
    access = await trigger_access(deps.database, deps.vault, UUID(made["id"]), ("10.0.0.0/8",))
    assert (access.credentials, access.allowed) == ({"secret": KEY}, ("10.0.0.0/8",))
    told = (await defined_triggers(deps.database)).model_dump_json()
    shown = json.dumps([made, await call("GET", PATH), await call("GET", "/audit")]) + told + repr(access)
    assert KEY not in shown


class Retrainings:
    """The monitor, as far as routes ask it: every retraining of one trigger is there."""

    def __init__(self, trigger_id: str) -> None:
        self.trigger_id = trigger_id
        self.asked: list[Any] = []

    def serve(self, bus: Bus) -> None:
        bus.serve(RETRAIN, self.retrain)
        bus.serve(RETRAININGS, self.listed)
        bus.serve(RETRAINING, self.one)
        bus.serve(CANCEL_RETRAINING, self.cancel)

    async def retrain(self, order: RetrainOrder) -> Retraining:
        self.asked.append(order)
        return self._told(order.id, "requested")

    async def listed(self, query: RetrainingsQuery) -> RetrainingPage:
        self.asked.append(query)
        return RetrainingPage(items=(self._told(self.asked[0].id, "running"),), next_cursor="next")

    async def one(self, query: RetrainingQuery) -> Retraining:
        return self._told(query.id, "running")

    async def cancel(self, query: RetrainingQuery) -> Retraining:
        return self._told(query.id, "cancelled")

    def _told(self, identity: UUID, state: str) -> Retraining:
        now = SystemClock().now()
        common: dict[str, Any] = {"id": identity, "service": "wine", "trigger": "weekly", "cause": "manual"}
        evidence = RetrainingEvidence(**common, requested_at=now)
        more = {"trigger_id": self.trigger_id, "action": "webhook", "state": state, "evidence": evidence}
        return Retraining.model_validate({**common, **more, "requested_at": now})


async def test_retrainings_are_the_monitors(controller: Controller, peers: Peers) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine()})
    made = await define(controller, name="weekly")
    monitor = Retrainings(made["id"])
    bus = Bus("monitor", peers._nats_url, clock=SystemClock())
    monitor.serve(bus)
    task = await peers.run(bus)
    path = "/services/wine/retrainings"
    headers = {"idempotency-key": "once"}
    begun = await controller.call("POST", path, 201, json={"note": "now"}, headers=headers)
    again = await controller.call("POST", path, 201, json={"note": "now"}, headers=headers)
    assert (begun["state"], begun["trigger"], again["id"]) == ("requested", "weekly", begun["id"])
    assert [each.trigger.name for each in monitor.asked] == ["weekly"], "manual means the only one"
    assert (monitor.asked[0].note, monitor.asked[0].requested_by, monitor.asked[0].force) == ("now", "admin", False)
    page = await controller.call("GET", f"{path}?page_size=1&trigger=weekly")
    assert (page["items"][0]["state"], page["next_cursor"]) == ("running", "next")
    assert (str(monitor.asked[1].trigger_id), monitor.asked[1].limit) == (made["id"], 1)
    assert (await controller.call("GET", f"{path}/{begun['id']}"))["state"] == "running"
    assert (await controller.call("POST", f"{path}/{begun['id']}/cancel", 202))["state"] == "cancelled"
    none = await controller.call("POST", path, 400, json={"trigger": "daily"})
    assert "it has weekly" in none["message"]
    lines = (await controller.call("GET", "/audit"))["items"]
    actions = [line["action"] for line in lines if line["resource_kind"] == "retraining"]
    assert sorted(actions) == ["asked for", "cancelled"]
    await peers.end(task)
