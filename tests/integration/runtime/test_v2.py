"""Open Inference V2: the answers of MLServer 1.7.1 to the same requests, recorded, and what it does not say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "mlserver_answers.json").read_text())
COLUMNS = [{"name": name, "shape": [1], "datatype": "FP64", "data": [1.0]} for name in ("a", "b")]


@pytest.fixture(scope="module")
def pods(models: Path, tmp_path_factory: pytest.TempPathFactory, forked_pod: Any) -> Iterator[dict[str, Any]]:
    """A pod for each model of the recorded answers."""
    logs = tmp_path_factory.mktemp("v2")
    running = {name: forked_pod(models / name, logs / name) for name in ("wine", "tensor", "shapes")}
    yield {name: pod.ready() for name, pod in running.items()}
    for pod in running.values():
        pod.kill()


def infer(pod: Any, request: Any, path: str = "/v2/models/m/infer", **headers: str) -> Any:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    return pod.ask("POST", path, body, **{"Content_Type": "application/json", **headers})


def nearly(value: Any) -> Any:
    """The same, with floats that may differ by noise."""
    if isinstance(value, dict):
        return {key: nearly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [nearly(each) for each in value]
    return pytest.approx(value, rel=1e-6) if isinstance(value, float) else value


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['model']}-{case['request'].get('parameters')}")
def test_answers_are_mlservers(pods: dict[str, Any], case: dict[str, Any]) -> None:
    version = f"/versions/{case['version']}" if case["version"] else ""
    reply = infer(pods[case["model"]], case["request"], f"/v2/models/{case['model']}{version}/infer")
    assert reply.status == 200
    assert reply.json == nearly({**case["answer"], "id": "1"})


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["model"])
def test_metadata_are_mlservers(pods: dict[str, Any], case: dict[str, Any]) -> None:
    reply = pods[case["model"]].ask("GET", f"/v2/models/{case['model']}")
    versions = case["metadata"]["versions"] if not case["version"] else []
    assert reply.json == {**case["metadata"], "platform": "mlflow", "versions": versions}


@pytest.mark.parametrize("shape", ["lists", "dicts", "series"])
def test_what_mlserver_cannot_write_is_written_all_the_same(pods: dict[str, Any], shape: str) -> None:
    reply = infer(pods["shapes"], {"inputs": COLUMNS, "parameters": {"shape": shape}})
    assert reply.status == 200
    assert [each["data"] for each in reply.json["outputs"]] in ([[1.0, 1.0]], [[1.0], [1.0]], [[1.0]])


def test_the_id_is_the_requests_where_there_is_none(pods: dict[str, Any]) -> None:
    reply = infer(pods["shapes"], {"inputs": COLUMNS}, X_Request_Id="abc")
    assert reply.json["id"] == "abc"
    assert infer(pods["shapes"], {"inputs": COLUMNS, "id": "mine"}).headers["x-penstock-client-request-id"] == "mine"


def test_outputs_can_be_chosen(pods: dict[str, Any]) -> None:
    reply = infer(pods["shapes"], {"inputs": COLUMNS, "outputs": [{"name": "b"}]})
    assert [each["name"] for each in reply.json["outputs"]] == ["b"]


def test_one_tensor_can_be_all_columns(pods: dict[str, Any]) -> None:
    request = {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "INT32", "data": [[1, 2], [3, 4]]}]}
    outputs = infer(pods["shapes"], request).json["outputs"]
    assert [each["data"] for each in outputs] == [[1.0, 3.0], [2.0, 4.0]]


def test_no_rows_no_predictions(pods: dict[str, Any]) -> None:
    inputs = [{**each, "shape": [0], "data": []} for each in COLUMNS]
    assert infer(pods["shapes"], {"inputs": inputs}).json["outputs"][0]["data"] == []


@pytest.mark.parametrize(
    ("request_body", "words"),
    [
        (b"{", "not valid JSON"),
        ({"inputs": []}, "inputs must be"),
        ({"inputs": [{**COLUMNS[0], "datatype": "FP8"}]}, "datatype"),
        ({"inputs": [{**COLUMNS[0], "shape": [2]}]}, "1 elements"),
        ({"inputs": [{**COLUMNS[0], "data": [[1.0, 2.0]], "shape": [2, 1]}]}, "nested"),
        ({"inputs": [{**COLUMNS[0], "data": ["x"]}]}, "not a number"),
        ({"inputs": [{**COLUMNS[0], "datatype": "INT8", "data": [300]}]}, "int8"),
        ({"inputs": [COLUMNS[0], COLUMNS[0]]}, "two inputs"),
        ({"inputs": [COLUMNS[0]]}, "missing columns: b"),
        ({"inputs": COLUMNS, "parameters": {"unknown": 1}}, "unknown"),
        ({"inputs": COLUMNS, "id": "x" * 300}, "id must be"),
    ],
)
def test_bad_requests_are_400_in_the_protocols_form(pods: dict[str, Any], request_body: Any, words: str) -> None:
    reply = infer(pods["shapes"], request_body)
    assert reply.status == 400
    assert list(reply.json) == ["error"]
    assert words in reply.json["error"]


def test_errors_of_the_model_too(whims: Any) -> None:
    inputs = [
        {"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]},
        {"name": "word", "shape": [1], "datatype": "BYTES", "data": ["raise"]},
    ]
    reply = infer(whims, {"inputs": inputs})
    assert (reply.status, list(reply.json)) == (500, ["error"])


def test_only_the_pods_own_model_is_there(start: Any) -> None:
    pod = start("shapes", "--model-name", "mine", "--model-version", "2").ready()
    request = {"inputs": COLUMNS}
    assert infer(pod, request, "/v2/models/mine/infer").json["model_version"] == "2"
    assert infer(pod, request, "/v2/models/mine/versions/2/infer").status == 200
    for path in ("/v2/models/other/infer", "/v2/models/mine/versions/1/infer"):
        assert (infer(pod, request, path).status, list(infer(pod, request, path).json)) == (404, ["error"])
    assert pod.ask("GET", "/v2/models/mine/ready").status == 200
    assert pod.ask("GET", "/v2/models/other/ready").status == 404
    assert pod.ask("GET", "/v2/models/mine").json["versions"] == ["2"]
    assert pod.ask("GET", "/v2").json["extensions"] == []
    assert (pod.ask("GET", "/v2/health/live").status, pod.ask("GET", "/v2/health/ready").status) == (200, 200)
    assert pod.ask("GET", "/v2/models/mine/infer").headers["allow"] == "POST, OPTIONS"
