"""Models of other kinds: custom code, tensors, every column type, no signature."""

from __future__ import annotations

from typing import Any

import pytest

TYPED = {
    "long": 1,
    "integer": 2,
    "double": 1.5,
    "float": 2.5,
    "boolean": True,
    "string": "x",
    "datetime": "2024-01-02T03:04:05Z",
}


def rows(*words: tuple[float, str]) -> dict[str, Any]:
    return {"dataframe_split": {"columns": ["x", "word"], "data": [list(word) for word in words]}}


def test_params_have_defaults_and_are_checked(whims: Any) -> None:
    assert whims.predict(rows((1.5, ""))).json["predictions"] == [3.0]
    assert whims.predict({**rows((1.5, "")), "params": {"factor": 4.0}}).json["predictions"] == [6.0]
    for params in ({"other": 1}, {"factor": "x"}):
        reply = whims.predict({**rows((1.5, "")), "params": params})
        assert (reply.status, reply.json["details"][0]["loc"][0]) == (400, "params")


def test_a_model_may_run_an_event_loop_of_its_own(whims: Any) -> None:
    def is_answered_inline() -> bool:
        reply = whims.predict(rows((2.0, "await"), (0.0, "inline")))
        assert (reply.status, reply.json["predictions"][0]) == (200, 4.0)
        return bool(reply.json["predictions"][1] == whims.process.pid)

    # The first answers come from a worker, until the model is known to be quick.
    whims.wait_for(is_answered_inline)
    # The server's own loop goes on as if nothing had been.
    assert whims.ask("GET", "/ping").status == 200


def test_a_pod_whose_model_ran_a_loop_still_stops_when_told(start: Any) -> None:
    pod = start("whims").ready()
    pod.wait_for(
        lambda: pod.predict(rows((2.0, "await"), (0.0, "inline"))).json["predictions"] == [4.0, pod.process.pid]
    )
    assert pod.stop() == 0


def test_nan_is_null_with_a_warning(whims: Any) -> None:
    reply = whims.predict(rows((1.0, ""), (1.0, "nan")))
    assert reply.json["predictions"] == [2.0, None]
    assert reply.json["warnings"][0]["loc"] == ["predictions", 1]


def test_an_error_of_the_model_stays_in_the_log(whims: Any) -> None:
    reply = whims.predict(rows((1.0, "raise")), X_Request_Id="bad-1")
    assert (reply.status, reply.json["error_code"], reply.json["request_id"]) == (500, "MODEL_ERROR", "bad-1")
    assert "secret" not in reply.text
    whims.wait_for(lambda: "[request_id=bad-1] ValueError: secret words of the model" in whims.output)
    assert "[request_id=bad-1] Traceback (most recent call last):" in whims.output


def test_prints_carry_the_request_id(whims: Any) -> None:
    whims.predict(rows((7.0, "print")), X_Request_Id="talk-1")
    whims.wait_for(lambda: "[request_id=talk-1] complained for 7.0" in whims.output)
    assert "[request_id=talk-1] printed for 7.0" in whims.output


def test_column_types(start: Any) -> None:
    pod = start("types").ready()
    frame_types = pod.predict({"dataframe_records": [TYPED]}).json["predictions"]
    wanted = {"long": "int64", "integer": "int32", "double": "float64", "float": "float32", "boolean": "bool"}
    assert {kind: frame_types[kind] for kind in wanted} == wanted
    assert frame_types["datetime"] == "datetime64[ns]"
    assert "optional_long" not in frame_types
    for kind in ("double", "float", "boolean", "string", "datetime"):
        assert pod.predict({"dataframe_records": [{**TYPED, f"optional_{kind}": None}]}).status == 200
    for kind, value in {"long": 1.5, "integer": 2**31, "boolean": "false", "datetime": 1700000000000}.items():
        reply = pod.predict({"dataframe_records": [{**TYPED, kind: value}]})
        assert (reply.status, reply.json["details"][0]["loc"]) == (400, ["dataframe_records", 0, kind])


def test_tensors(start: Any) -> None:
    pod = start("tensor").ready()
    for form in ("inputs", "instances"):
        assert pod.predict({form: [[0, 1.0], [2, 3]]}).json["predictions"] == pytest.approx([1.0, 5.0], abs=0.1)
        assert pod.predict({form: [[0, 1, 2]]}).status == 400
        assert pod.predict({form: [[0, "1"]]}).json["details"][0]["loc"] == [form, 0, 1]


def test_a_model_without_a_signature(start: Any, expected: dict[str, Any]) -> None:
    pod = start("unsigned").ready()
    split = {"columns": expected["columns"], "data": expected["data"][:2]}
    reply = pod.predict({"dataframe_split": split})
    assert reply.json["predictions"] == pytest.approx(expected["predictions"][:2], rel=1e-12)
    assert pod.predict({"dataframe_split": {"data": [[2**64]]}}).status == 400


def test_compat_does_as_mlflow_does(start: Any, expected: dict[str, Any]) -> None:
    pod = start("wine", "--types", "compat").ready()
    split = {"columns": [*expected["columns"], "more"], "data": [[*expected["data"][0], "ignored"]]}
    reply = pod.predict({"dataframe_split": split, "unknown": 1})
    assert reply.json["predictions"] == pytest.approx(expected["predictions"][:1], rel=1e-12)
    missing = pod.predict({"dataframe_split": {"columns": ["alcohol"], "data": [[1.0]]}})
    assert (missing.status, "malic_acid" in missing.json["message"]) == (400, True)
