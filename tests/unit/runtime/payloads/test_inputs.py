"""Payloads against a schema: columns, rows, tensors; and several callers joined."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.types.schema import Array, DataType

from penstock_runtime.errors import RequestRefused
from penstock_runtime.payloads.inputs import prepare_columns, prepare_tensors
from penstock_runtime.payloads.parsing import CSV, ScoringRequest
from penstock_runtime.payloads.schema import Column, ColumnSchema, Tensor, TensorSchema
from penstock_runtime.v2.requests import InferRequest, parse_infer_request, to_scoring_payload

SCHEMA = ColumnSchema((Column("a", "double"), Column("b", "long"), Column("c", "string", is_required=False)))
UNNAMED = ColumnSchema((Column("0", "double"), Column("1", "double")), is_named=False)
ROW = {"a": 1.5, "b": 2, "c": "x"}


def frame(form: str, payload: Any, schema: ColumnSchema = SCHEMA) -> pd.DataFrame:
    return prepare_columns(ScoringRequest(form, payload), schema).join([])


def refused(form: str, payload: Any, schema: ColumnSchema = SCHEMA) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        prepare_columns(ScoringRequest(form, payload), schema)
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        ("dataframe_split", {"columns": ["a", "b", "c"], "data": [[1.5, 2, "x"]]}),
        ("dataframe_split", {"columns": ["c", "a", "b"], "data": [["x", 1.5, 2]]}),
        ("dataframe_records", [ROW]),
        ("instances", [ROW]),
        ("inputs", [ROW]),
        ("inputs", {"a": [1.5], "b": [2], "c": ["x"]}),
        ("inputs", ROW),
        (CSV, [["b", "a", "c"], ["2", "1.5", "x"]]),
    ],
)
def test_every_format_gives_the_same_frame(form: str, payload: Any) -> None:
    wanted = pd.DataFrame({"a": [1.5], "b": np.array([2], dtype="int64"), "c": ["x"]})
    pd.testing.assert_frame_equal(frame(form, payload), wanted)


def test_an_optional_column_may_be_left_out() -> None:
    assert list(frame("dataframe_records", [{"a": 1.0, "b": 2}]).columns) == ["a", "b"]


def test_an_optional_column_may_be_left_out_of_some_records() -> None:
    result = frame("dataframe_records", [{"a": 1.0, "b": 2}, ROW])
    assert result["c"].isna().tolist() == [True, False]


def test_the_index_is_kept() -> None:
    payload = {"columns": ["a", "b"], "data": [[1.0, 1], [2.0, 2]], "index": [7, 9]}
    assert frame("dataframe_split", payload).index.tolist() == [7, 9]
    assert prepare_columns(ScoringRequest("dataframe_split", payload), SCHEMA).key is None


def test_columns_are_named_when_they_are_missing_or_extra() -> None:
    error = refused("dataframe_split", {"columns": ["a", "z"], "data": [[1.0, 2]]})
    assert "missing columns: b" in error.message
    assert "extra columns: z" in error.message


def test_duplicate_columns_are_named() -> None:
    assert "duplicate columns: a" in refused("dataframe_split", {"columns": ["a", "a", "b"], "data": []}).message


def test_row_and_column_are_named_where_they_stood_in_the_payload() -> None:
    error = refused("dataframe_split", {"columns": ["b", "a"], "data": [[1, 1.0], [1.5, 1.0]]})
    assert "row 1, column 'b': 1.5 is not an integer" in error.message
    assert error.details[0][0] == ("data", 1, 0)


@pytest.mark.parametrize(
    ("form", "payload", "loc"),
    [
        ("dataframe_split", [], ("dataframe_split",)),
        ("dataframe_split", {"columns": ["a"]}, ("data",)),
        ("dataframe_split", {"data": [[1.0, 2]]}, ("columns",)),
        ("dataframe_split", {"columns": [1, 2], "data": []}, ("columns", 0)),
        ("dataframe_split", {"columns": ["a", "b"], "data": [[1.0, 2], [1.0]]}, ("data", 1)),
        ("dataframe_split", {"columns": ["a", "b"], "data": [{"a": 1}]}, ("data", 0)),
        ("dataframe_split", {"columns": ["a", "b"], "data": [], "extra": 1}, ("dataframe_split",)),
        ("dataframe_split", {"columns": ["a", "b"], "data": [], "index": [1]}, ("index",)),
        ("dataframe_records", {}, ("dataframe_records",)),
        ("dataframe_records", [ROW, 1], ("dataframe_records", 1)),
        ("dataframe_records", [ROW, {"a": 1.0}], ("dataframe_records", 1, "b")),
        ("instances", [[1.0, 2]], ("instances", 0)),
        ("inputs", {"a": [1.0], "b": [1, 2]}, ("inputs", "b")),
        ("inputs", {"a": [1.0], "b": 1}, ("inputs",)),
        (CSV, [["a", "b"], ["1"]], ("csv", 0)),
        (CSV, [["a", "b"], ["x", "1"]], ("csv", 0, "a")),
    ],
)
def test_wrong_shapes_are_refused_with_their_place(form: str, payload: Any, loc: tuple[Any, ...]) -> None:
    assert refused(form, payload).details[0][0] == loc


@pytest.mark.parametrize("form", ["dataframe_records", "instances", "inputs"])
def test_no_rows_are_fine(form: str) -> None:
    assert prepare_columns(ScoringRequest(form, []), SCHEMA).rows == 0


def test_columns_without_names_go_by_position() -> None:
    assert frame("instances", [[1, 2.0]], UNNAMED).to_numpy().tolist() == [[1.0, 2.0]]
    assert frame("dataframe_split", {"columns": ["x", "y"], "data": [[1, 2]]}, UNNAMED).columns.tolist() == ["x", "y"]
    refused("instances", [[1.0]], UNNAMED)


def test_callers_are_joined_in_order() -> None:
    parts = [prepare_columns(ScoringRequest("dataframe_records", [{**ROW, "b": b}] * b), SCHEMA) for b in (1, 2, 3)]
    assert len({part.key for part in parts}) == 1
    assert parts[0].join(parts[1:])["b"].tolist() == [1, 2, 2, 3, 3, 3]


@pytest.mark.parametrize("kind", ["double", "float", "long", "integer"])
def test_tables_of_one_type_have_that_type(kind: str) -> None:
    schema = ColumnSchema((Column("a", kind), Column("b", kind)))
    result = frame("dataframe_split", {"columns": ["b", "a"], "data": [[1, 2], [3, 4]]}, schema)
    dtype = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32"}[kind]
    wanted = pd.DataFrame({"a": np.array([2, 4], dtype), "b": np.array([1, 3], dtype)})
    pd.testing.assert_frame_equal(result, wanted)


def test_booleans_datetimes_and_bytes() -> None:
    schema = ColumnSchema((Column("t", "boolean"), Column("d", "datetime", is_required=False), Column("x", "binary")))
    result = frame("instances", [{"t": True, "d": "2024-01-02", "x": "AAA="}, {"t": False, "d": None, "x": ""}], schema)
    assert result["t"].dtype == np.bool_
    assert result["d"].dtype == np.dtype("datetime64[ns]")
    assert result["d"].isna().tolist() == [False, True]
    assert result["x"].tolist() == [b"\0\0", b""]


ONE = TensorSchema((Tensor(None, np.dtype("float32"), (-1, 2)),))
TWO = TensorSchema((Tensor("x", np.dtype("int64"), (-1, 2)), Tensor("y", np.dtype("float64"), (-1,))))


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        ("inputs", [[1, 2.5], [3, 4]]),
        ("instances", [[1, 2.5], [3, 4]]),
        ("dataframe_split", {"columns": ["a", "b"], "data": [[1, 2.5], [3, 4]]}),
        ("dataframe_records", [{"a": 1, "b": 2.5}, {"a": 3, "b": 4}]),
    ],
)
def test_one_tensor(form: str, payload: Any) -> None:
    array = prepare_tensors(ScoringRequest(form, payload), ONE).join([])
    assert array.dtype == np.float32
    assert array.tolist() == [[1.0, 2.5], [3.0, 4.0]]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("form", ["inputs", "instances", "dataframe_split"])
def test_null_in_a_tensor_of_floats_is_nan(form: str, dtype: str) -> None:
    schema = TensorSchema((Tensor(None, np.dtype(dtype), (-1, 2)),))
    rows = [[1.5, None], [None, 3]]
    payload = {"data": rows} if form == "dataframe_split" else rows
    array = prepare_tensors(ScoringRequest(form, payload), schema).join([])
    np.testing.assert_array_equal(array, np.array([[1.5, np.nan], [np.nan, 3]], dtype=dtype))


def test_null_in_a_named_tensor_of_one_dimension_is_nan() -> None:
    joined = prepare_tensors(ScoringRequest("inputs", {"x": [[1, 2]], "y": [None]}), TWO).join([])
    assert np.isnan(joined["y"]).tolist() == [True]


def test_tensors_by_name() -> None:
    by_column = prepare_tensors(ScoringRequest("inputs", {"x": [[1, 2]], "y": [0.5]}), TWO)
    by_row = prepare_tensors(ScoringRequest("instances", [{"x": [3, 4], "y": 1}]), TWO)
    joined = by_column.join([by_row])
    assert joined["x"].tolist() == [[1, 2], [3, 4]]
    assert joined["y"].tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("payload", "schema"),
    [
        ([[1, 2, 3]], ONE),
        ([1, 2], ONE),
        ([[1, 2], [3]], ONE),
        ([[1, 2], [3, [4]]], ONE),
        ([[1, True]], ONE),
        ([[1, "2"]], ONE),
        ({"x": [[1, None]], "y": [1]}, TWO),
        ([[True, None]], TensorSchema((Tensor(None, np.dtype("bool"), (-1, 2)),))),
        ([["a", None]], TensorSchema((Tensor(None, np.dtype("str"), (-1, 2)),))),
        ([[1, 1e39]], ONE),
        (7, ONE),
        ({"x": [[1, 2]]}, TWO),
        ({"x": [[1, 2]], "y": [1], "z": [1]}, TWO),
        ({"x": [[1, 2.5]], "y": [1]}, TWO),
        ([[1, 2]], TWO),
    ],
)
def test_wrong_tensors_are_refused(payload: Any, schema: TensorSchema) -> None:
    with pytest.raises(RequestRefused) as caught:
        prepare_tensors(ScoringRequest("inputs", payload), schema)
    assert caught.value.status == 400


def test_the_bad_element_of_a_tensor_is_named() -> None:
    with pytest.raises(RequestRefused) as caught:
        prepare_tensors(ScoringRequest("inputs", [[1, 2], [3, "x"]]), ONE)
    assert caught.value.details[0][0] == ("inputs", 1, 1)


def test_no_rows_of_a_tensor() -> None:
    assert prepare_tensors(ScoringRequest("inputs", []), ONE).rows == 0
    assert prepare_tensors(ScoringRequest("instances", []), TWO).rows == 0


def infer(*inputs: dict[str, Any]) -> InferRequest:
    return parse_infer_request(json.dumps({"inputs": inputs}).encode())


def test_null_in_an_infer_request_is_nan_where_numbers_have_it() -> None:
    request = infer({"name": "a", "datatype": "FP64", "shape": [2, 1], "data": [1.5, None]})
    assert np.isnan(request.tensors["a"]).tolist() == [[False], [True]]
    with pytest.raises(RequestRefused):
        infer({"name": "a", "datatype": "INT64", "shape": [2, 1], "data": [1, None]})


def test_nested_columns_of_an_infer_request_are_rows() -> None:
    schema = ColumnSchema((Column("n", "long"), Column("tags", "nested", nested=Array(DataType.string))))
    cells = {"name": "tags", "datatype": "BYTES", "shape": [2, 1], "data": ['["x"]', "[]"]}
    request = infer(
        {"name": "n", "datatype": "INT64", "shape": [2, 1], "data": [1, 2]},
        {**cells, "parameters": {"content_type": "pd_json"}},
    )
    result = prepare_columns(ScoringRequest(*to_scoring_payload(request, schema)), schema).join([])
    assert result.to_dict("records") == [{"n": 1, "tags": ["x"]}, {"n": 2, "tags": []}]
