"""Tracking servers that answer as none should, and models as nobody expects them: the control plane lives with both."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest

from running_services.running_controller import Controller
from servers.mlflow.odd_mlflow import Answer, OddMlflow, said

NO_MLFLOW = {
    "a page": (200, b"<html>Sign in</html>"),
    "nothing": (200, b""),
    "a list": (200, b"[]"),
    "wrong types": said({"registered_model": 7, "registered_models": [7], "model_version": [1], "model_versions": {}}),
    "nulls": said(dict.fromkeys(("registered_model", "registered_models", "model_version", "model_versions"))),
    "no fields": said({"registered_model": {"aliases": [{}]}, "registered_models": [{}], "model_version": {}}),
}
MLMODEL = b"flavors: {sklearn: {}}\nsaved_input_example_info: {serving_input_path: example.json}\nmodel_id: m-1\n"


class Registry:
    """A tracking server with the model `wine`, whose files a test writes."""

    def __init__(self, **files: bytes | int) -> None:
        self.files: dict[str, bytes | int] = {"MLmodel": MLMODEL, "example.json": b'{"inputs": [1]}'}
        self.files |= {name.replace("_json", ".json"): file for name, file in files.items()}
        self.version = {"name": "wine", "version": "1", "creation_timestamp": 1000, "run_id": "r"}

    def __call__(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        if path.endswith("get-artifact"):
            file = self.files.get(query["path"], 404)
            return (file, b"") if isinstance(file, int) else (200, file)
        model = {"name": "wine", "aliases": [{"alias": "champion", "version": "1"}]}
        return said(
            {
                "registered_model": model,
                "registered_models": [model],
                "model_version": self.version,
                "model_versions": [self.version],
            }
        )


@pytest.fixture
def odd() -> Iterator[OddMlflow]:
    server = OddMlflow(Registry())
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def before_odd(make_lone: Any, odd: OddMlflow) -> Controller:
    """On SQLite alone: what a registry answers is judged before anything is stored."""
    controller: Controller = await make_lone(mlflow=odd.url)
    return controller


def always(answer: tuple[int, bytes]) -> Answer:
    return lambda _path, _query: answer


async def publish(controller: Controller, status: int = 201, **source: Any) -> Any:
    body = {"name": "wine", "version": {"model_source": {"kind": "mlflow", "model": "wine", **source}}}
    return await controller.call("POST", "/services", status, json=body)


@pytest.mark.parametrize("kind", NO_MLFLOW)
async def test_what_is_no_mlflow_is_502(before_odd: Controller, odd: OddMlflow, kind: str) -> None:
    odd.answer = always(NO_MLFLOW[kind])
    for path in ("/models", "/models/wine", "/models/wine/versions/1"):
        refused = await before_odd.call("GET", path, 502)
        assert refused["error_code"] == "UPSTREAM_FAILED"
    await publish(before_odd, 502, version="1")
    await publish(before_odd, 502, alias="champion")


async def test_no_answer_of_a_registry_ends_the_following_of_aliases(before_odd: Controller, odd: OddMlflow) -> None:
    await publish(before_odd, alias="champion", follow=True)
    for answer in NO_MLFLOW.values():
        odd.answer = always(answer)
        assert await before_odd.app.aliases.run_once() == 0
    shown = await before_odd.call("GET", "/services/wine/versions/v1")
    assert shown["model_source"]["version"] == "1"


async def test_one_model_with_an_odd_name_does_not_hide_the_others(offline: Controller, mlflow_url: str) -> None:
    names = [f"z'{uuid4().hex[:8]}", f"z'\"{uuid4().hex[:8]}"]
    with httpx.Client(base_url=f"{mlflow_url}/api/2.0/mlflow", timeout=30) as mlflow:
        wine = mlflow.get("/model-versions/get", params={"name": "wine", "version": "1"}).json()["model_version"]
        made = {"source": wine["source"], "model_id": wine["source"].removeprefix("models:/")}
        try:
            for name in names:
                assert mlflow.post("/registered-models/create", json={"name": name}).is_success
                assert mlflow.post("/model-versions/create", json={"name": name, **made}).is_success
            listed = {model["name"]: model for model in (await offline.call("GET", "/models"))["items"]}
        finally:
            for name in names:
                mlflow.request("DELETE", "/registered-models/delete", json={"name": name})
    assert listed.keys() >= {"wine", *names}
    assert [listed[name]["versions"] for name in names] == [["1"], ["1"]]


@pytest.mark.parametrize(
    "files",
    [
        {"MLmodel": b"[" * 500_000},
        {"MLmodel": b"saved: 2023-99-99\n" + MLMODEL},
        {"MLmodel": b"signature: {inputs: [[]]}"},
        {"MLmodel": b"signature: {inputs: '" + b"[" * 900 + b"]" * 900 + b"'}"},
        {"MLmodel": b"a: &a [*a]\nflavors: {1: {}, b: {}}"},
        {"MLmodel": b"flavors: [" + b"1," * 400_000 + b"1]"},
        {"MLmodel": b"\xff\xfe\x00"},
        {"example_json": b"[" * 200_000},
        {"example_json": b"[" * 900 + b"]" * 900},
    ],
    ids=["deep", "date", "no JSON", "deep JSON", "links", "many", "no text", "deep example", "nested example"],
)
async def test_files_that_nobody_should_read_are_as_if_not_there(
    before_odd: Controller, odd: OddMlflow, files: dict[str, Any]
) -> None:
    odd.answer = Registry(**files)
    (model,) = (await before_odd.call("GET", "/models"))["items"]
    assert (model["name"], model["signature"], model["input_example"]) == ("wine", None, None)
    version = await before_odd.call("GET", "/models/wine/versions/1")
    assert version["digest"].startswith("sha256:")
    await publish(before_odd, version="1")


async def test_numbers_that_json_has_not_are_null_in_an_example(before_odd: Controller, odd: OddMlflow) -> None:
    odd.answer = Registry(example_json=b'{"inputs": [NaN, Infinity, 1.5]}')
    answer = await before_odd.client.get("/api/v1/models")
    assert json.loads(answer.text, parse_constant=pytest.fail)["items"][0]["input_example"] == {
        "inputs": [None, None, 1.5]
    }


async def test_a_large_file_is_left_out(before_odd: Controller, odd: OddMlflow) -> None:
    odd.answer = Registry(example_json=b'"' + b"x" * (1024 * 1024) + b'"')
    assert (await before_odd.call("GET", "/models/wine/versions/1"))["input_example"] is None
    odd.answer = Registry(example_json=b'"' + b"x" * (1024 * 1024 - 2) + b'"')
    odd.answer.version["run_id"] = "another"
    assert len((await before_odd.call("GET", "/models/wine/versions/1"))["input_example"]) == 1024 * 1024 - 2


async def test_files_that_could_not_be_had_are_asked_for_again(before_odd: Controller, odd: OddMlflow) -> None:
    odd.answer = Registry(MLmodel=500)
    assert (await before_odd.call("GET", "/models/wine/versions/1"))["digest"] is None
    odd.answer = Registry(example_json=503)
    assert (await before_odd.call("GET", "/models/wine/versions/1"))["input_example"] is None
    odd.answer = Registry()
    shown = await before_odd.call("GET", "/models/wine/versions/1")
    assert (shown["model_id"], shown["input_example"]) == ("m-1", {"inputs": [1]})


async def test_a_model_that_was_made_anew_is_not_taken_for_the_old_one(before_odd: Controller, odd: OddMlflow) -> None:
    (before,) = (await publish(before_odd, version="1"))["versions"]
    await before_odd.call("DELETE", "/services/wine", 204)
    anew = Registry(MLmodel=MLMODEL.replace(b"m-1", b"m-2"), example_json=b'{"inputs": [2]}')
    anew.version["creation_timestamp"] = 2000
    odd.answer = anew
    (after,) = (await publish(before_odd, version="1"))["versions"]
    assert after["model_source"]["model_id"] == "m-2"
    assert after["model_source"]["digest"] != before["model_source"]["digest"]
    assert (await before_odd.call("GET", "/models/wine"))["input_example"] == {"inputs": [2]}


async def test_a_registry_that_is_slow_is_503(make_lone: Any, odd: OddMlflow) -> None:
    controller: Controller = await make_lone(mlflow=odd.url, mlflow_timeout=0.2)
    is_over = threading.Event()

    def wait(_path: str, _query: Mapping[str, str]) -> tuple[int, bytes]:
        is_over.wait(30)
        return 200, b"{}"

    odd.answer = wait
    try:
        for path in ("/models", "/models/wine", "/models/wine/versions/1"):
            assert (await controller.call("GET", path, 503))["error_code"] == "TEMPORARILY_UNAVAILABLE"
    finally:
        is_over.set()
