"""Types by the signature, by what the table has, as seen; what columns are called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from inference_rows import asked, columns, of, rows_of, signature, table_of

ONE = {"predictions": [1.0]}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", 7, 7),
        ("long", 7.0, 7),
        ("long", 2**63 - 1, 2**63 - 1),
        ("float", 7, 7.0),
        ("double", None, None),
        ("boolean", False, False),
        ("string", "7", "7"),
        ("binary", "aGk=", "aGk="),
        ("datetime", "2026-05-01T12:00:00Z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("datetime", "2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
    ],
)
def test_a_value_of_a_column_that_the_signature_names(kind: str, value: Any, expected: Any) -> None:
    found = table_of(asked("r", {"inputs": {"a": [value]}}, ONE), by=signature(columns(a=kind)))
    assert found.column("a").to_pylist() == [expected]
    assert found.column("features_json").to_pylist() == [None]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("long", 1.5), ("long", 2**63), ("double", True), ("double", 2**53 + 1), ("boolean", 1), ("datetime", 5),
     ("string", 5), ("datetime", "soon"), ("long", "1")],
)  # fmt: skip
def test_a_value_that_its_column_cannot_hold_is_kept_as_json(kind: str, value: Any) -> None:
    request = {"dataframe_records": [{"a": value, "b": 1}, {"a": None, "b": 2}]}
    by = signature(columns(a=kind, b="long"))
    first, second = table_of(asked("r", request, {"predictions": [1, 2]}), by=by).to_pylist()
    assert (first["a"], first["b"], second["features_json"]) == (None, 1, None)
    assert pa.types.is_string(table_of(asked("r", request, ONE), by=by).schema.field("features_json").type)
    assert first["features_json"].startswith('{"a":')


def test_without_a_signature_values_are_typed_as_seen() -> None:
    one = {"i": 1, "f": 1.5, "m": 1, "b": True, "t": "x", "n": None, "l": [1]}
    other = {"i": 2, "f": 2.5, "m": 2.5, "b": None, "t": "y", "n": None, "l": [2]}
    request = {"dataframe_records": [one, other]}
    found = table_of(asked("r", request, {"predictions": [1.0, 2.0]}))
    types = {name: found.schema.field(name).type for name in "ifmbt"}
    assert types == {"i": pa.int64(), "f": pa.float64(), "m": pa.float64(), "b": pa.bool_(), "t": pa.string()}
    assert not {"n", "l"} & set(found.schema.names)
    assert found.column("features_json").to_pylist() == ['{"l":[1]}', '{"l":[2]}']


def test_a_name_whose_kind_changes_gets_a_second_column() -> None:
    first = table_of(asked("r", {"inputs": {"a": [1]}}, {"predictions": ["good"]}))
    then = asked("s", {"inputs": {"a": ["one"]}}, {"predictions": [1.5]})
    (row,) = rows_of(then, known=list(first.schema))
    assert row == {"error": None, "a__string": "one", "prediction__double": 1.5}
    signed = rows_of(then, known=list(first.schema), by=signature(columns(a="string"), [{"type": "double"}]))
    assert signed == [row]


def test_integers_go_to_the_column_of_doubles_where_no_signature_says_otherwise() -> None:
    first = table_of(asked("r", {"inputs": {"a": [1.5]}}, ONE))
    later = asked("s", {"inputs": {"a": [2]}}, ONE)
    assert rows_of(later, known=list(first.schema))[0]["a"] == 2.0
    signed = rows_of(later, known=list(first.schema), by=signature(columns(a="long")))[0]
    assert signed["a__bigint"] == 2


def test_values_of_several_kinds_at_once_have_a_column_each() -> None:
    request = {"dataframe_records": [{"a": 1}, {"a": "x"}, {"a": True}, {"a": None}, {"a": [1]}]}
    rows = of(request, {"predictions": [1, 2, 3, 4, 5]})
    kept = [{key: value for key, value in row.items() if key.startswith(("a", "f"))} for row in rows]
    assert kept == [{"a": 1}, {"a__string": "x"}, {"a__boolean": True}, {}, {"features_json": '{"a":[1]}'}]


@pytest.mark.parametrize("is_signed", [True, False])
def test_names_that_delta_cannot_hold_or_readers_would_mix_up(is_signed: bool) -> None:
    names = {
        "fixed acidity": "f_fixed_acidity",
        "Version": "f_Version",
        "预测": "预测",
        "a.b": "f_a_b",
        "a b": "f_a b".replace(" ", "_"),
        "a_b": "a_b",
        "A_B": "f_A_B",
        "prediction": "f_prediction",
        "label_x": "f_label_x",
        "x" * 300: "f_" + "x" * 94,
        "": "f_unnamed",
        "é=1": "f_é_1",
        "0": "f_0",
    }
    stored = ["f_fixed_acidity", "f_Version", "预测", "f_a_b", "f_a_b_2", "a_b", "f_A_B_3"]
    values = dict(zip(names, range(len(names)), strict=True))
    by = signature([{"type": "long", "name": name} for name in names]) if is_signed else None
    found = table_of(asked("r", {"dataframe_records": [values]}, ONE), by=by)
    features = {
        field.metadata[b"penstock.name"].decode(): field.name
        for field in found.schema
        if field.metadata and field.metadata[b"penstock.role"] == b"feature"
    }
    assert [features[name] for name in list(names)[:7]] == stored
    assert all(features[name].startswith("f_") for name in ("prediction", "label_x", "", "é=1", "0", "x" * 300))
    assert len({stored.casefold() for stored in features.values()}) == len(names)
    (row,) = found.to_pylist()
    assert {name: row[features[name]] for name in names} == values
    again = table_of(asked("s", {"dataframe_records": [values]}, ONE), known=list(found.schema))
    assert again.schema.names == found.schema.names


def test_predictions_with_hostile_names() -> None:
    (row,) = of({"inputs": {"a": [1]}}, {"predictions": [{"a b": 1, "A B": 2, "json": 3}]})
    assert (row["prediction_a_b"], row["prediction_A_B_2"], row["prediction_json_2"]) == (1, 2, 3)


def test_columns_of_another_writer_keep_their_names_from_ours() -> None:
    known = [pa.field("a", pa.decimal128(5, 2)), pa.field("b", pa.float64())]
    (row,) = rows_of(asked("r", {"inputs": {"a": [1], "b": [1.5]}}, ONE), known=known)
    assert (row["f_a"], row["b"]) == (1, 1.5)
