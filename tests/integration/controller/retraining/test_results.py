"""What came of a retraining is found in a real registry, by a tag of the version or of its run; hints are signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import httpx

from controller.handlers.retraining.results import versions_by_tag
from running_services.running_controller import Controller, Peers, wine
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.retraining import RESULT_TAG, AwaitedModel, AwaitedModelList
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.retraining import AWAITED_MODELS, RETRAINING_RESULT, RetrainingResult
from shared.errors import Unavailable
from shared.ids import new_id
from waiting.eventually import eventually


def mlflow_api(url: str) -> Callable[..., Any]:
    def call(path: str, **body: Any) -> Any:
        answer = httpx.post(f"{url}/api/2.0/mlflow/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    return call


async def test_versions_are_found_by_the_tag_of_theirs_or_of_their_run(make_lone: Any, mlflow_url: str) -> None:
    call = mlflow_api(mlflow_url)
    name = f"found-{new_id()}"
    run = call("runs/create", experiment_id="0", tags=[{"key": RESULT_TAG, "value": "of-the-run"}])["run"]["info"]
    other = call("runs/create", experiment_id="0")["run"]["info"]
    call("registered-models/create", name=name)
    controller: Controller = await make_lone(mlflow=mlflow_url)
    registry = controller.app.dependencies.registries.own
    before = controller.clock.now()
    assert await versions_by_tag(registry, name, RESULT_TAG, before) == {}
    assert await versions_by_tag(registry, "none-of-this-name", RESULT_TAG, before) == {}
    tags = [{"key": RESULT_TAG, "value": "of-the-version"}]
    for info, fields in ((run, {}), (other, {}), (other, {"tags": tags})):
        made = {"source": f"{info['artifact_uri']}/model", "run_id": info["run_id"], **fields}
        call("model-versions/create", name=name, **made)
    since = before.replace(year=before.year - 1)
    assert await versions_by_tag(registry, name, RESULT_TAG, since) == {"of-the-version": "3", "of-the-run": "1"}
    assert await versions_by_tag(registry, name, RESULT_TAG, before.replace(year=before.year + 1)) == {}


PATH = "/services/wine/retraining-triggers"
ACTION = {"kind": "job", "command": ["python"]}


async def awaited_models(controller: Controller) -> dict[str, AwaitedModel]:
    """By name, what three triggers wait for; each does something else with its result."""
    outcomes: dict[str, dict[str, Any]] = {
        "canary": {"publish": "canary", "canary": {"steps": [10], "preflight": None}},
        "version": {"publish": "version", "weight": 5},
        "none": {"publish": "none"},
    }
    found = {}
    for name, then in outcomes.items():
        trigger = await controller.call("POST", PATH, 201, json={"name": name, "action": ACTION, "then": then})
        found[name] = AwaitedModel(
            id=new_id(),
            trigger_id=UUID(trigger["id"]),
            service="wine",
            project="default",
            model="wine",
            since=controller.clock.now(),
        )
    return found


def register_results(awaited: Iterable[AwaitedModel], mlflow_url: str) -> None:
    """A version of the model for each, by a run that has its tag."""
    call = mlflow_api(mlflow_url)
    for each in awaited:
        tag = {"key": RESULT_TAG, "value": str(each.id)}
        run = call("runs/create", experiment_id="0", tags=[tag])["run"]["info"]
        call("model-versions/create", name="wine", source=f"{run['artifact_uri']}/model", run_id=run["run_id"])


async def answer_for_the_monitor(peers: Peers, awaited: Iterable[AwaitedModel]) -> list[RetrainingResult]:
    """What it waits for is asked for; the results that it is told come into the list."""
    told: list[RetrainingResult] = []
    items = tuple(awaited)

    async def list_awaited(_: Nothing) -> AwaitedModelList:
        return AwaitedModelList(items=items)

    async def result(query: RetrainingResult) -> Nothing:
        told.append(query)
        return Nothing()

    bus = Bus("monitor", peers._nats_url, clock=SystemClock())
    bus.serve(AWAITED_MODELS, list_awaited)
    bus.serve(RETRAINING_RESULT, result)
    await peers.run(bus)
    return told


async def test_a_result_is_published_once_as_its_trigger_says(
    controller: Controller, peers: Peers, mlflow_url: str
) -> None:
    await controller.call("POST", "/services", 201, json={"name": "wine", "version": wine(request_timeout_ms=1234)})
    await controller.call("POST", PATH, 400, json={"name": "x", "action": ACTION, "then": {"canary": {}}})
    awaited = await awaited_models(controller)
    register_results(awaited.values(), mlflow_url)
    told = await answer_for_the_monitor(peers, awaited.values())
    loop = controller.app.results

    async def published() -> int | None:
        try:
            return await loop.run_once()
        except Unavailable:  # it is connected, and does not listen yet
            return None

    assert await eventually(published) == 3
    assert await loop.run_once() == 3, "a repeat publishes nothing anew"

    versions = (await controller.call("GET", "/services/wine/versions"))["items"]
    by_number = {each["model_source"]["version"]: each for each in versions[1:]}
    numbers = {result.id: result.model.version for result in told}
    assert {each["request_timeout_ms"] for each in versions} == {1234}
    assert by_number.keys() == {numbers[awaited["canary"].id], numbers[awaited["version"].id]}
    canaried = by_number[numbers[awaited["canary"].id]]
    assert (canaried["creator"], canaried["description"]) == ("trigger canary", f"retraining {awaited['canary'].id}")
    (canary,) = (await controller.call("GET", "/services/wine/canaries"))["items"]
    assert (canary["version"], canary["plan"]["steps"], canary["plan"]["preflight"]) == (canaried["name"], [10], None)
    lines = (await controller.call("GET", "/audit"))["items"]
    assert {line["actor"] for line in lines if line["operation"] == "publish_retraining"} == {
        "trigger canary",
        "trigger version",
    }


async def test_a_hint_of_mlflow_is_signed(make_lone: Any) -> None:
    controller: Controller = await make_lone()
    touched: list[bool] = []
    object.__setattr__(controller.app.dependencies, "registry_changed", lambda: touched.append(True))
    for name, kind in (("mlflow-hook", "webhook"), ("other", "opaque")):
        await controller.call("POST", "/secrets", 201, json={"name": name, "kind": kind, "data": {"secret": "s3cret"}})
    at, body = str(int(controller.clock.now().timestamp())), b'{"entity": "model_version"}'

    def signed(key: str = "s3cret", timestamp: str = at) -> dict[str, str]:
        digest = hmac.new(key.encode(), f"d1.{timestamp}.".encode() + body, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(digest).decode()}"
        return {
            "x-mlflow-signature": signature,
            "x-mlflow-delivery-id": "d1",
            "x-mlflow-timestamp": timestamp,
            "content-type": "application/json",
        }

    async def send(secret: str, headers: dict[str, str]) -> int:
        stranger = httpx.AsyncClient(
            transport=httpx.ASGITransport(controller.app.api), base_url="http://127.0.0.1:8000"
        )
        async with stranger:
            path = f"/api/v1/registry-webhooks/{secret}"
            return (await stranger.post(path, content=body, headers=headers)).status_code

    assert await send("mlflow-hook", signed()) == 204
    assert touched == [True]
    for secret, headers in (
        ("mlflow-hook", signed("wrong")),
        ("mlflow-hook", signed(timestamp=str(int(at) - 400))),
        ("mlflow-hook", signed() | {"x-mlflow-signature": ""}),
        ("mlflow-hook", {"content-type": "application/json"}),
        ("mlflow-hook", signed(timestamp="soon")),
        ("nobody", signed()),
        ("other", signed()),
    ):
        assert await send(secret, headers) == 401, headers
    assert touched == [True]
