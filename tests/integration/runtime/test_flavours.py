"""Models of the libraries that users have; what a pod finds out about its model before it is ready."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import psutil
import pytest

from models.openmp import openmp_environment
from penstock_runtime.options import ServerOptions
from penstock_runtime.sharing.plans import SEPARATE
from penstock_runtime.workers.frames import Frame, FrameBuffer
from penstock_runtime.workers.pool import spawn_worker


def rows_of(models: Path, flavour: str) -> tuple[dict[str, Any], Any]:
    recorded = json.loads((models / f"{flavour}.json").read_text())
    if flavour == "onnx":
        return {"inputs": recorded["rows"]}, recorded["predictions"]
    return {"dataframe_split": {"columns": list("abcd"), "data": recorded["rows"]}}, recorded["predictions"]


@pytest.mark.parametrize("flavour", ["xgboost", "lightgbm", "onnx"])
def test_libraries_with_threads_of_their_own(start: Any, models: Path, flavour: str) -> None:
    pod = start(flavour).ready()
    check = pod.ask("GET", "/check").json
    assert (check["example"]["status"], check["example"]["rows"]) == ("ok", 3)
    request, predictions = rows_of(models, flavour)
    answer = pod.predict(request).json["predictions"]
    if isinstance(answer, dict):
        answer = next(iter(answer.values()))
    for mine, theirs in zip(answer, predictions, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-5)


def test_a_library_with_threads_is_not_forked_and_its_worker_predicts(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real starter of such workers, and the real protocol, with the model that the server would have loaded."""
    for name, value in openmp_environment().items():
        monkeypatch.setenv(name, value)
    request, predictions = rows_of(models, "lightgbm")
    near, far = socket.socketpair()
    with near, far:
        process = spawn_worker(ServerOptions(str(models / "lightgbm")), far)
        far.close()
        buffer = FrameBuffer()
        frames: list[Frame] = []
        head = {"jobs": [["r", "scoring", "application/json"]], "plan": SEPARATE.to_dict()}
        near.sendall(Frame(head, (json.dumps(request).encode(),)).pack())
        near.settimeout(60)
        while len(frames) < 2:
            received = near.recv(65536)
            assert received, "the worker has ended"
            frames += buffer.feed(received)
    assert process.wait(timeout=30) == 0
    assert frames[1].head["statuses"] == [200]
    assert json.loads(frames[1].bodies[0])["predictions"] == pytest.approx(predictions, rel=1e-6)


def test_a_model_without_threads_is_forked_once_for_its_workers(start: Any) -> None:
    pod = start("wine_example").ready()
    assert len(psutil.Process(pod.process.pid).children()) == 1
    assert not psutil.Process(pod.process.pid).children()[0].children()  # the example showed that none is needed


@pytest.mark.parametrize(
    ("shape", "predictions"),
    [
        ("frame", [{"a": 1.5, "b": 2.0}, {"a": 3.0, "b": 4.0}]),
        ("series", [1.5, 3.0]),
        ("strings", ["row 1.5", "row 3.0"]),
        ("lists", [[1.5, 2.0], [3.0, 4.0]]),
        ("dicts", [{"a": 1.5, "b": 2.0}, {"a": 3.0, "b": 4.0}]),
        ("arrays", {"left": [1.5, 3.0], "right": [2.0, 4.0]}),
        ("matrix", [[1.5, 2.0], [3.0, 4.0]]),
    ],
)
def test_whatever_a_model_returns(shapes: Any, shape: str, predictions: Any) -> None:
    split = {"columns": ["a", "b"], "data": [[1.5, 2], [3, 4]]}
    reply = shapes.predict({"dataframe_split": split, "params": {"shape": shape}})
    assert reply.json == {"predictions": predictions}


@pytest.fixture(scope="module")
def shapes(models: Path, tmp_path_factory: pytest.TempPathFactory, forked_pod: Any) -> Any:
    pod = forked_pod(models / "shapes", tmp_path_factory.mktemp("shapes") / "log")
    yield pod.ready()
    pod.kill()


def test_a_custom_model_without_a_signature(start: Any) -> None:
    pod = start("shapeless").ready()
    assert pod.predict({"inputs": [[1.5, 2.0]]}).json["predictions"] == [{"a": 1.5, "b": 2.0}]
    split = {"columns": ["a", "b"], "data": [[1.5, 2]]}
    assert pod.predict({"dataframe_split": split}).json["predictions"] == [{"a": 1.5, "b": 2.0}]
    check = pod.ask("GET", "/check").json
    assert (check["has_signature"], check["signature"]) == (False, None)


def test_the_check_of_a_good_model(execute: Any) -> None:
    pod = execute("wine_example")
    assert pod.ask("GET", "/check").status == 503
    check = pod.ready().ask("GET", "/check").json
    assert check.pop("load_ms") > 0
    assert check.pop("check_ms") > check["example"]["duration_ms"]
    assert check["example"].pop("duration_ms") > 0
    assert "had the same answers together as alone" in check.pop("row_wise_message")
    signature = check.pop("signature")
    assert {column["type"] for column in json.loads(signature["inputs"])} == {"double"}
    assert json.loads(signature["outputs"])
    assert check == {
        "example": {"status": "ok", "rows": 2, "message": None},
        "row_wise": True,
        "row_wise_reason": "example",
        "has_signature": True,
        "revision": 0,
        "worker_deaths": 0,
        "last_worker_death": None,
        "events": [],
    }
    assert "the model's input example: 2 rows predicted in" in pod.output


def test_an_example_that_fails_is_reported_and_the_pod_serves(start: Any, expected: dict[str, Any]) -> None:
    pod = start("wine_odd").ready()
    example = pod.ask("GET", "/check").json["example"]
    assert (example["status"], example["duration_ms"]) == ("failed", None)
    assert "missing columns: alcohol" in example["message"]
    split = {"columns": expected["columns"], "data": expected["data"][:1]}
    assert pod.predict({"dataframe_split": split}).status == 200


def test_the_option_is_not_overruled(start: Any) -> None:
    check = start("centred", "--row-wise", "true").ready().ask("GET", "/check").json
    assert (check["row_wise"], check["row_wise_reason"]) == (True, "option")


def test_without_libgomp_the_last_line_names_the_package(models: Path, tmp_path: Path, pod_class: Any) -> None:
    if not openmp_environment():
        pytest.skip("this machine has libgomp: nothing is missing")
    pod = pod_class(models / "lightgbm", tmp_path / "log", launch=("env", "-u", "LD_LIBRARY_PATH"))
    pod.wait_for(lambda: pod.process.poll() is not None)
    assert pod.process.returncode == 5
    last = pod.output.strip().splitlines()[-1]
    assert last.startswith("cannot load the model: OSError: the system library libgomp.so.1 is missing")
    assert "libgomp1" in last
