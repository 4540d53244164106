"""What failed, cannot be read or does not fit: rows all the same, with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inference_logger.domain.inferences.placing import MOST_SEEN_COLUMNS
from inference_rows import asked, columns, of, rows_of, signature, table_of

ERROR = {"error_code": "MODEL_ERROR", "message": "The model\nraised.", "request_id": "r"}
REQUEST = {"inputs": {"a": [1, 2]}}


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (500, ERROR, "MODEL_ERROR: The model raised."),
        (503, None, "HTTP 503"),
        (502, "<html>", "HTTP 502"),
        (400, {"error": "bad input"}, "bad input"),
        (429, {"error": {"message": "slow down", "type": "x", "code": "rate_limited"}}, "rate_limited: slow down"),
        (500, [1], "HTTP 500"),
        (500, ERROR | {"message": "x" * 2000}, f"MODEL_ERROR: {'x' * 487}"),
    ],
)
def test_a_failed_request_has_its_features_and_the_error(status: int, answer: Any, error: str) -> None:
    rows = of(REQUEST, answer, signature(columns(a="long")), status_code=status)
    assert rows == [{"error": error, "a": 1}, {"error": error, "a": 2}]


def test_a_refused_request_makes_no_columns() -> None:
    ok = asked("r", {"inputs": {"a": [1]}}, {"predictions": [1]})
    refused = asked("s", {"inputs": {"a": ["x"], "drop table": [1]}}, ERROR, status_code=400)
    found = table_of(ok, refused)
    assert [name for name in found.schema.names if "a" in {name, name.removesuffix("__string")}] == ["a"]
    assert found.column("features_json").to_pylist() == [None, '{"a":"x","drop table":1}']


def test_names_without_a_signature_make_columns_up_to_a_bound() -> None:
    wide = {f"c{place}": place for place in range(MOST_SEEN_COLUMNS + 5)}
    found = table_of(asked("r", {"dataframe_records": [wide]}, {"predictions": [1]}))
    assert (
        len([name for name in found.schema.names if name.startswith("c") and name[1:].isdigit()]) == MOST_SEEN_COLUMNS
    )
    assert json.loads(found.column("features_json")[0].as_py()) == {
        f"c{place}": place for place in range(MOST_SEEN_COLUMNS, MOST_SEEN_COLUMNS + 5)
    }


@pytest.mark.parametrize(
    ("answer", "has"),
    [
        ({"predictions": [1.0]}, "1 prediction"),
        ({"predictions": []}, "0 predictions"),
        ({"predictions": 5}, "1 prediction"),
    ],
)
def test_another_number_of_predictions_is_one_row_with_both(answer: Any, has: str) -> None:
    (row,) = of(REQUEST, answer)
    assert row["error"] == f"PREDICTIONS_DIFFER: {has} for 2 rows"
    assert json.loads(row["features_json"]) == [{"a": 1}, {"a": 2}]
    assert json.loads(row["prediction_json"]) == answer["predictions"]


@pytest.mark.parametrize(
    "body",
    ["", "{", "[1,", '{"inputs": NaN}', "5", '"text"', 'a,b\n1\n', "a,a\n1,2\n", '"', '{"dataframe_split": 5}',
     '{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}', '{"dataframe_split": {"columns": 5, "data": []}}',
     '{"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}', '{"dataframe_records": {"a": 1}}',
     '{"dataframe_records": [{"a": 1}, 5]}', '{"inputs": {"a": [1], "b": [1, 2]}}', '{"instances": [[1], [1, 2]]}',
     '{"inputs": [{"name": "a", "shape": [3], "datatype": "INT64", "data": [1]}]}',
     '{"inputs": [{"name": "a", "shape": [], "datatype": "INT64", "data": []}]}',
     '{"inputs": [{"name": "a", "shape": 5, "datatype": "INT64", "data": 5}]}',
     '{"inputs": [{"name": "a", "shape": [1000000000000, 0], "datatype": "INT64", "data": []}]}',
     '{"inputs": [{"name": "a", "shape": [0, 0], "datatype": "INT64", "data": []}]}',
     '{"inputs": [{"name": "a", "shape": [' + "1, " * 99 + '1], "datatype": "INT64", "data": [1]}]}',
     json.dumps({"instances": [{f"c{place}": 1} for place in range(1000)]})],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 400])
def test_a_body_that_cannot_be_read_is_one_row_with_the_reason(body: str, status: int) -> None:
    answer = {"predictions": [1]} if status == 200 else ERROR
    (row,) = table_of(asked("r", body, answer, status_code=status)).to_pylist()
    assert (row["row_index"], row["features_json"]) == (0, None)
    assert row["error"].startswith("MODEL_ERROR" if status == 400 else "")
    assert row["error"] != ""


def test_bodies_that_were_not_recorded() -> None:
    codes = ["MAX_REQUEST_SIZE_EXCEEDED"]
    assert of(None, {"predictions": [1]}, logging_error_codes=codes) == [{"error": "MAX_REQUEST_SIZE_EXCEEDED"}]
    assert of(None, None) == [{"error": "the request was not recorded"}]
    codes = ["MAX_RESPONSE_SIZE_EXCEEDED"]
    lost = of(REQUEST, None, logging_error_codes=codes)
    assert lost == [{"error": codes[0], "a": place} for place in (1, 2)]
    assert of(REQUEST, "<html>")[0]["error"].startswith("the answer is not JSON")


def test_rows_stand_in_the_order_of_their_requests() -> None:
    records = [
        asked("a", REQUEST, {"predictions": [1, 2]}),
        asked("b", {"inputs": {"b": ["x"]}}, {"predictions": [{"p": 1}]}),
        asked("c", "{", None),
        asked("d", REQUEST, {"predictions": [1, 2]}),
    ]
    found = table_of(*records).to_pylist()
    assert [(row["request_id"], row["row_index"]) for row in found] == [
        ("a", 0), ("a", 1), ("b", 0), ("c", 0), ("d", 0), ("d", 1),
    ]  # fmt: skip
    assert rows_of(*records)[4] == {"error": None, "a": 1, "prediction": 1}


def test_rows_that_lack_some_names_are_rows() -> None:
    rows = [{f"c{(place + shift) % 300}": 1 for shift in range(10)} for place in range(200)]
    found = rows_of(asked("r", {"instances": rows}, {"predictions": [1] * 200}))
    assert [row["error"] for row in found] == [None] * 200
    assert [row.get("c9") for row in found[:11]] == [1] * 10 + [None]
