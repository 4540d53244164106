"""The step, which gathers requests into columns, against one that goes row by row."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inference_rows import asked, columns, signature, table_of

KINDS = {"a": "long", "b": "double", "c": "string", "d": "boolean"}
SIGNED = signature(columns(**KINDS), [{"type": "double"}])
OF_KIND: dict[str, st.SearchStrategy[Any]] = {
    "long": st.integers(-(2**53), 2**53),
    "double": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000),
    "string": st.text(st.characters(codec="utf-8"), max_size=5),
    "boolean": st.booleans(),
}
ANY = st.one_of(*OF_KIND.values(), st.none(), st.lists(st.integers(0, 3), max_size=2))
STEPS = settings(max_examples=60, deadline=None, database=None)


def in_form(form: str, rows: list[dict[str, Any]]) -> Any:
    names = list(rows[0])
    if form == "dataframe_split":
        return {form: {"columns": names, "data": [[row[name] for name in names] for row in rows]}}
    if form == "by column":
        return {"inputs": {name: [row[name] for row in rows] for name in names}}
    return {form: rows}


def tables(values: st.SearchStrategy[Any] | None) -> st.SearchStrategy[list[dict[str, Any]]]:
    cells = {name: OF_KIND[kind] | st.none() if values is None else values for name, kind in KINDS.items()}
    return st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=4)


FORMS = st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", "by column"])


def expected_row(row: dict[str, Any], prediction: float) -> dict[str, Any]:
    """What was sent and is not null, and the prediction."""
    return {name: value for name, value in row.items() if value is not None} | {"prediction": prediction}


def values_of(row: dict[str, Any]) -> dict[str, Any]:
    """The row's features by their own names, from whichever column they are in, and its prediction."""
    kept = json.loads(row["features_json"]) if row["features_json"] else {}
    for stored, value in row.items():
        name = stored.split("__")[0]
        if name in {*KINDS, "prediction"} and value is not None:
            assert name not in kept
            kept[name] = value
    return {name: value for name, value in kept.items() if value is not None}


@STEPS
@given(st.lists(st.tuples(FORMS, tables(None)), min_size=1, max_size=4))
def test_typed_requests_keep_every_value_in_its_column(requests: list[tuple[str, list[dict[str, Any]]]]) -> None:
    records, expected = [], []
    for number, (form, rows) in enumerate(requests):
        predictions = [float(place) for place in range(len(rows))]
        records.append(asked(f"r{number}", in_form(form, rows), {"predictions": predictions}))
        expected += [row | {"prediction": prediction} for row, prediction in zip(rows, predictions, strict=True)]
    whole = table_of(*records, by=SIGNED)
    assert whole.select([*KINDS, "prediction"]).to_pylist() == expected
    assert set(whole.column("features_json").to_pylist()) == {None}
    parts = [row for one in records for row in table_of(one, by=SIGNED).to_pylist()]
    assert parts == whole.to_pylist()


@STEPS
@given(st.lists(st.tuples(FORMS, tables(ANY)), min_size=1, max_size=3), st.booleans())
def test_no_value_is_lost_whatever_it_is(requests: list[tuple[str, list[dict[str, Any]]]], is_signed: bool) -> None:
    records, expected = [], []
    for number, (form, rows) in enumerate(requests):
        predictions = [place + 0.5 for place in range(len(rows))]
        records.append(asked(f"r{number}", in_form(form, rows), {"predictions": predictions}))
        expected += [expected_row(row, prediction) for row, prediction in zip(rows, predictions, strict=True)]
    found = table_of(*records, by=SIGNED if is_signed else None).to_pylist()
    assert [values_of(row) for row in found] == expected


@STEPS
@given(st.text(max_size=30) | st.recursive(ANY, lambda inner: st.lists(inner, max_size=3)
       | st.dictionaries(st.sampled_from(["inputs", "instances", "dataframe_split", "columns", "data", "x"]), inner,
                         max_size=3), max_leaves=8), ANY, st.sampled_from([200, 400]), st.booleans())  # fmt: skip
def test_any_body_and_any_answer_give_rows(body: Any, answer: Any, status: int, is_signed: bool) -> None:
    record = asked("r", body, {"predictions": answer}, status_code=status)
    for row in table_of(record, by=SIGNED if is_signed else None).to_pylist():
        assert row["request_id"] == "r"
        assert status == 200 or row["error"]
