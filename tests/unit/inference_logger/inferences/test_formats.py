"""Every form of request and answer → rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from inference_rows import asked, columns, of, rows_of, signature, table_of

AB = columns(a="long", b="string")
ROWS = [[1, "x"], [2, "y"]]
OBJECTS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize(
    "request_body",
    [
        {"dataframe_split": {"columns": ["a", "b"], "data": ROWS}, "params": {"t": 0.5}, "client_request_id": "c"},
        {"dataframe_split": {"columns": ["b", "a"], "data": [["x", 1], ["y", 2]], "index": [7, 8]}},
        {"dataframe_records": OBJECTS},
        {"dataframe_records": [{"a": 1, "b": "x"}, {"b": "y", "a": 2}]},
        {"instances": OBJECTS},
        {"inputs": OBJECTS},
        {"inputs": {"a": [1, 2], "b": ["x", "y"]}},
        "a,b\n1,x\n2,y\n",
        'b,a\r\n"x",1\r\n\r\n"y",2',
        {
            "inputs": [
                {"name": "a", "shape": [2], "datatype": "INT64", "data": [1, 2]},
                {"name": "b", "shape": [2, 1], "datatype": "BYTES", "data": ["x", "y"]},
            ],
            "id": "c",
        },
    ],
)
def test_each_form_of_a_table_gives_the_same_rows(request_body: Any, is_signed: bool) -> None:
    by = signature(AB, [{"type": "double"}]) if is_signed else None
    assert of(request_body, {"predictions": [0.5, 1.5]}, by) == [
        {"error": None, "a": 1, "b": "x", "prediction": 0.5},
        {"error": None, "a": 2, "b": "y", "prediction": 1.5},
    ]


def test_a_row_has_the_facts_of_its_request() -> None:
    request = {"dataframe_records": [{"a": 1}, {"a": 2}]}
    first, second = table_of(asked("r", request, {"predictions": [1, 2]})).to_pylist()
    assert [first["row_index"], second["row_index"]] == [0, 1]
    assert {key: value for key, value in first.items() if key not in {"row_index", "a", "prediction"}} == {
        key: value for key, value in second.items() if key not in {"row_index", "a", "prediction"}
    }
    assert (first["request_id"], first["client_request_id"], first["record_id"]) == ("r", "client-r", "r")
    assert (first["version"], first["generation"], first["served_entity_id"]) == ("v1", 3, "wine_quality/1")
    assert (first["status_code"], first["execution_duration_ms"], first["sampling_fraction"]) == (200, 2, 1.0)
    assert first["request_date"] == first["request_time"].date()


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ({"predictions": [{"p": 1.0, "q": "a"}, {"p": 2.0, "q": "b"}]}, [("p", 1.0, "q", "a"), ("p", 2.0, "q", "b")]),
        ({"predictions": {"p": [1.0, 2.0], "q": ["a", "b"]}}, [("p", 1.0, "q", "a"), ("p", 2.0, "q", "b")]),
        (
            {
                "model_name": "m",
                "outputs": [
                    {"name": "p", "shape": [2, 1], "datatype": "FP64", "data": [1.0, 2.0]},
                    {"name": "q", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]},
                ],
            },
            [("p", 1.0, "q", "a"), ("p", 2.0, "q", "b")],
        ),
    ],
)
def test_predictions_with_names_have_a_column_each(answer: Any, rows: list[Any]) -> None:
    found = of({"dataframe_records": [{"a": 1}, {"a": 2}]}, answer)
    assert found == [
        {"error": None, "a": place, f"prediction_{p}": one, f"prediction_{q}": other}
        for place, (p, one, q, other) in enumerate(rows, 1)
    ]


def test_predictions_that_are_lists_are_columns_by_the_signature_and_else_json() -> None:
    request = {"dataframe_records": [{"a": 1}, {"a": 2}]}
    probabilities = {"predictions": [[0.25, 0.75], [1, 0]]}
    tensor = {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}
    typed = of(request, probabilities, signature(columns(a="long"), [tensor]))
    assert [row["prediction"] for row in typed] == [[0.25, 0.75], [1.0, 0.0]]
    assert [row["prediction_json"] for row in of(request, probabilities)] == ["[0.25,0.75]", "[1,0]"]


def test_one_output_of_open_inference_without_a_name_of_its_own_is_the_prediction() -> None:
    outputs = [{"name": "output-1", "shape": [1, 2], "datatype": "FP64", "data": [0.5, 0.5]}]
    tensor = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}
    by = signature(columns(a="long"), [tensor])
    assert of({"inputs": {"a": [1]}}, {"outputs": outputs}, by) == [{"error": None, "a": 1, "prediction": [0.5, 0.5]}]


def test_a_model_that_does_not_keep_to_its_signature_has_its_predictions_as_they_are() -> None:
    by = signature(columns(a="long"), [{"type": "long"}])
    assert of({"inputs": {"a": [1]}}, {"predictions": [1.5]}, by) == [{"error": None, "a": 1, "prediction": 1.5}]


@pytest.mark.parametrize(
    ("spec", "request_body", "column", "values"),
    [
        ({"dtype": "float64", "shape": [-1, 2]}, {"inputs": [[1, 2.5], [3, 4]]}, "inputs", [[1.0, 2.5], [3.0, 4.0]]),
        ({"dtype": "int64", "shape": [-1]}, {"instances": [1, 2]}, "inputs", [1, 2]),
        (
            {"dtype": "float32", "shape": [-1, 2, 1]},
            {"inputs": [[[1], [2]], [[3], [4]]]},
            "inputs",
            [[[1.0], [2.0]], [[3.0], [4.0]]],
        ),
        (
            {"dtype": "float64", "shape": [-1, 2]},
            {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4]}]},
            "inputs",
            [[1.0, 2.0], [3.0, 4.0]],
        ),
    ],
)
def test_a_tensor_is_a_column_of_lists(spec: Any, request_body: Any, column: str, values: list[Any]) -> None:
    by = signature([{"type": "tensor", "tensor-spec": spec}])
    assert [row[column] for row in of(request_body, {"predictions": [0, 1]}, by)] == values


def test_named_tensors_are_columns() -> None:
    specs = [
        {"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}},
        {"name": "n", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
    ]
    by = signature(specs)
    expected = [{"x": [1.0, 2.0], "n": 5}, {"x": [3.0, 4.0], "n": 6}]
    for body in (
        {"inputs": {"x": [[1, 2], [3, 4]], "n": [5, 6]}},
        {"instances": [{"x": [1, 2], "n": 5}, {"x": [3, 4], "n": 6}]},
    ):
        rows = of(body, {"predictions": [0, 1]}, by)
        assert [{name: row[name] for name in ("x", "n")} for row in rows] == expected


def test_nested_columns_are_lists_or_json() -> None:
    specs = [
        {"type": "array", "items": {"type": "long"}, "name": "list", "required": True},
        {"type": "object", "properties": {"x": {"type": "long"}}, "name": "object", "required": True},
        {"type": "array", "items": {"type": "object", "properties": {}}, "name": "objects", "required": True},
    ]
    request = {"inputs": {"list": [1, 2], "object": {"x": 1}, "objects": [{"y": "é"}]}}  # one row: cells may be lists
    found = table_of(asked("r", request, {"predictions": [1]}), by=signature(specs))
    assert found.schema.field("list").type == pa.list_(pa.int64())
    (row,) = found.to_pylist()
    assert (row["list"], row["object"], row["objects"]) == ([1, 2], '{"x":1}', '[{"y":"é"}]')


def test_columns_without_names_are_called_by_their_position() -> None:
    positions = [{"type": "double", "required": True}, {"type": "long", "required": True}]
    for by in (signature(positions), None):
        assert of({"inputs": [[1.5, 2]]}, {"predictions": [1]}, by) == [
            {"error": None, "f_0": 1.5, "f_1": 2, "prediction": 1}
        ]
    assert of("0,1\n1.5,2", {"predictions": [1]}, signature(positions))[0]["f_0"] == 1.5


def test_one_tensor_with_all_columns_is_split_by_the_signature() -> None:
    tensor = {"name": "input-0", "shape": [2, 2], "datatype": "FP64", "data": [[1, 2], [3, 4]]}
    by = signature(columns(a="double", b="double"))
    rows = of({"inputs": [tensor]}, {"predictions": [0, 1]}, by)
    assert [(row["a"], row["b"]) for row in rows] == [(1.0, 2.0), (3.0, 4.0)]


def test_the_body_of_an_image_is_one_row_of_its_scalars() -> None:
    request = {"prompt": "hi", "temperature": 0.5, "messages": [{"role": "user"}], "client_request_id": "c"}
    assert of(request, {"score": 0.5, "parts": [1, 2]}) == [
        {
            "error": None,
            "features_json": '{"messages":[{"role":"user"}]}',
            "prediction_json": '{"parts":[1,2]}',
            "prompt": "hi",
            "temperature": 0.5,
            "prediction_score": 0.5,
        }
    ]


def test_no_rows_were_asked_for() -> None:
    assert of({"dataframe_split": {"columns": ["a"], "data": []}}, {"predictions": []}) == []
    assert of({"inputs": []}, {"predictions": []}) == []


def test_text_of_csv_that_only_python_takes_for_a_number_stays_text() -> None:
    body = "a,b,c,d\n1_000,\u0661\u0662,1e3,-.5\n"
    (row,) = rows_of(asked("r", body, {"predictions": [1]}))
    assert (row["a"], row["b"], row["c"], row["d"]) == ("1_000", "\u0661\u0662", 1000.0, -0.5)
