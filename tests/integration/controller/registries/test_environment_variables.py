"""Environment variables of versions: plain ones are shown, secrets are named, only the scheduler reads their values."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from controller.handlers.registries.environment_secrets import secret_values
from running_services.running_controller import Controller, wine
from shared.contracts.deployment import SecretKeyRef
from shared.contracts.rpc.controller import SecretsQuery
from shared.errors import InvalidInput, NotFound

VALUE = "correct horse battery staple"
SECRET = {"name": "payments", "kind": "opaque", "data": {"token": VALUE, "other": "unused"}}
TOKEN = {"secret": "payments", "key": "token"}
ENV = {"THRESHOLD": "0.5", "TOKEN": TOKEN}
VERSION = "/services/wine/versions/v1"


@pytest.fixture
async def started(offline: Controller) -> Controller:
    """A controller with a started version that has a plain variable and one of a secret."""
    await offline.call("POST", "/secrets", 201, json=SECRET)
    body = {"name": "wine", "start": True, "version": wine(env=ENV)}
    (version,) = (await offline.call("POST", "/services", 201, json=body))["versions"]
    assert (version["env"], version["restart_to_apply"]) == (ENV, [])
    return offline


async def outbox(controller: Controller) -> list[str]:
    async with controller.app.dependencies.database.read() as session:
        return [body for (body,) in await session.execute(text("select body from outbox order by seq"))]


async def deployments(controller: Controller) -> list[dict[str, Any]]:
    return [found for body in await outbox(controller) if (found := json.loads(body).get("deployment"))]


async def test_the_scheduler_reads_names_and_asks_for_values(started: Controller) -> None:
    (deployment,) = await deployments(started)
    assert deployment["env"] == ENV
    deps = started.app.dependencies
    query = SecretsQuery(version_id=UUID(deployment["version_id"]), refs=(SecretKeyRef(**TOKEN),))
    assert (await secret_values(deps.database, deps.vault, query)).values == (VALUE,)
    assert VALUE not in repr(await secret_values(deps.database, deps.vault, query))
    missing = (SecretKeyRef(secret="payments", key="nothing"),)
    with pytest.raises(InvalidInput, match="has no key 'nothing'; there are other, token"):
        await secret_values(deps.database, deps.vault, query.model_copy(update={"refs": missing}))
    with pytest.raises(NotFound):
        await secret_values(deps.database, deps.vault, query.model_copy(update={"version_id": UUID(int=7)}))


async def test_a_change_of_variables_makes_a_new_generation(started: Controller) -> None:
    before = await started.call("GET", VERSION)
    after = await started.call("PATCH", VERSION, json={"env": ENV | {"THRESHOLD": "0.7"}})
    assert (after["generation"], after["env"]["THRESHOLD"]) == (before["generation"] + 1, "0.7")
    assert after["deployment_digest"] != before["deployment_digest"]
    none = await started.call("PATCH", VERSION, json={"env": {}})
    assert none["env"] == {}
    assert "env" not in (await deployments(started))[-1]


async def test_a_replaced_secret_waits_for_a_restart(started: Controller) -> None:
    before = await started.call("GET", VERSION)
    await started.call("PUT", "/secrets/payments", json={"data": {"token": "another one"}})
    shown = await started.call("GET", VERSION)
    assert shown["restart_to_apply"] == ["payments"]
    assert (shown["generation"], shown["deployment_digest"]) == (before["generation"], before["deployment_digest"])
    assert shown["revision"] > before["revision"]
    assert (await started.call("POST", f"{VERSION}/restart"))["restart_to_apply"] == []


async def test_no_value_is_stored_or_told(started: Controller) -> None:
    await started.call("PUT", "/secrets/payments", json={"data": {"token": f"{VALUE} again"}})
    audit = json.dumps(await started.call("GET", "/audit"))
    version = json.dumps(await started.call("GET", VERSION))
    assert VALUE not in "".join([*await outbox(started), audit, version])


async def test_a_secret_in_use_stays(started: Controller) -> None:
    refused = await started.call("DELETE", "/secrets/payments", 409)
    assert "wine/v1" in refused["message"]
    await started.call("PATCH", VERSION, json={"env": {}})
    await started.call("DELETE", "/secrets/payments", 204)


async def test_another_projects_secret_is_not_there(offline: Controller) -> None:
    await offline.call("POST", "/projects", 201, json={"name": "red"})
    await offline.call("POST", "/secrets", 201, json=SECRET | {"project": "red"})
    await offline.call("POST", "/services", 404, json={"name": "wine", "version": wine(env=ENV)})
    registry = {"name": "hub", "kind": "registry", "data": {"username": "a", "password": "b"}}
    await offline.call("POST", "/secrets", 201, json=registry)
    env = {"PASSWORD_OF_OTHERS": {"secret": "hub", "key": "password"}}
    refused = await offline.call("POST", "/services", 400, json={"name": "wine", "version": wine(env=env)})
    assert "opaque" in refused["message"]


REFUSED: tuple[dict[str, Any], ...] = (
    *({name: "x"} for name in ("PENSTOCK_POD", "LD_PRELOAD", "PYTHONPATH", "PATH", "HOME", "TMPDIR", "_MLFLOW_A")),
    *({name: "x"} for name in ("1A", "A-B", "", "A B", "A=B", "\u00c4", "A" * 129)),
    {"A": "x\x00y"},
    {"A": "x" * 8193},
    {"A": 1},
    {"A": None},
    {"A": {"secret": "payments"}},
    {"A": {"secret": "payments", "key": "token", "value": "x"}},
    {f"A{number}": "" for number in range(65)},
    {f"A{number}": "x" * 8000 for number in range(5)},
)


async def test_what_no_pod_can_be_given_is_400(started: Controller) -> None:
    for env in REFUSED:
        refused = await started.call("PATCH", VERSION, 400, json={"env": env})
        assert "env" in json.dumps(refused)
    assert (await started.call("GET", VERSION))["env"] == ENV


async def test_the_model_source_is_another_place_for_them(started: Controller) -> None:
    source = wine()["model_source"] | {"env": {"A": "1"}}
    made = await started.call("POST", "/services/wine/versions", 201, json={"model_source": source})
    assert (made["env"], "env" in made["model_source"]) == ({"A": "1"}, False)
    body = {"model_source": source, "env": {"A": "2"}}
    assert "once" in (await started.call("POST", "/services/wine/versions", 400, json=body))["message"]
