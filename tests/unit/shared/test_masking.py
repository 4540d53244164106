"""The clear text of a masked column is in no body that masking lets through, whatever the shape; the rest stays."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.masking.bodies import Masker
from shared.masking.values import HashKeyMissing, hash_token

KEY = b"k" * 32
CLEAR = "s3cr3t-Käthe"
RULES = [("customer", "hash"), ("city", "mask"), ("card", "drop")]
MASKER = Masker(RULES, KEY)
ROW = {"alcohol": 9.5, "customer": CLEAR, "city": CLEAR, "card": CLEAR, "note": "plain"}


def masked(document: Any, status: int = 200) -> Any:
    found = MASKER.request(json.dumps(document).encode(), status)
    return None if found is None else json.loads(found)


SHAPES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "split": lambda rows: {"dataframe_split": {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]}},
    "records": lambda rows: {"dataframe_records": rows},
    "instances": lambda rows: {"instances": rows},
    "inputs by row": lambda rows: {"inputs": rows},
    "inputs by column": lambda rows: {"inputs": {name: [row[name] for row in rows] for name in rows[0]}},
    "one row": lambda rows: {"inputs": rows[0]},
    "tensors": lambda rows: {
        "inputs": [
            {"name": name, "shape": [len(rows)], "datatype": "BYTES", "data": [row[name] for row in rows]}
            for name in rows[0]
        ]
    },
    "a tensor among records": lambda rows: {
        "inputs": [
            {"alcohol": 9.5},
            *(
                {"name": name, "shape": [len(rows)], "datatype": "BYTES", "data": [row[name] for row in rows]}
                for name in rows[0]
            ),
        ]
    },
    "tensors without datatype": lambda rows: {
        "inputs": [{"name": name, "data": [row[name] for row in rows]} for name in rows[0]]
    },
    "params": lambda rows: {"dataframe_records": rows, "params": dict(rows[0])},
    "nested": lambda rows: {"dataframe_records": [{"all": [{"deep": row}], **row} for row in rows]},
    "other case": lambda rows: {
        "inputs": [{f" {name.upper()} ": value for name, value in row.items()} for row in rows]
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_lets_clear_text_through(shape: str) -> None:
    body = SHAPES[shape]([dict(ROW), dict(ROW)])
    found = masked(body)
    assert found is not None
    text = json.dumps(found, ensure_ascii=False)
    assert CLEAR not in text
    assert "plain" in text
    assert hash_token(CLEAR, KEY) in text
    assert "card" not in text.lower()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(set(SHAPES) - {"other case"})),
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "B ", "{", "ünï", "columns", "data"]),
            st.one_of(st.none(), st.integers(-9, 9), st.text('ab{}[],"', max_size=4), st.lists(st.integers(0, 3))),
            max_size=4,
        ),
        min_size=1,
        max_size=4,
    ),
    st.text("xyz", min_size=8, max_size=12),
)
def test_clear_text_appears_nowhere_for_any_rows(shape: str, rows: list[dict[str, Any]], secret: str) -> None:
    names = rows[0].keys()
    full = [
        {**{name: row.get(name) for name in names}, "customer": secret, "city": [secret], "card": {"of": secret}}
        for row in rows
    ]
    found = MASKER.request(json.dumps(SHAPES[shape](full)).encode(), 200)
    assert found is None or secret not in found.decode()


def test_tables_keep_what_has_no_rule() -> None:
    found = masked({"client_request_id": "a-1", **SHAPES["split"]([dict(ROW)])})
    assert found == {
        "client_request_id": "a-1",
        "dataframe_split": {
            "columns": ["alcohol", "customer", "city", "note"],
            "data": [[9.5, hash_token(CLEAR, KEY), "***", "plain"]],
        },
    }


def test_values_are_hashed_alike_in_every_format_and_null_stays_null() -> None:
    assert hash_token(42, KEY) == hash_token(42.0, KEY) == hash_token("42", KEY) != hash_token(42, b"other")
    found = masked({"dataframe_records": [{"customer": None, "city": 7}, {"customer": 42, "city": True}]})
    assert found["dataframe_records"] == [
        {"customer": None, "city": None},
        {"customer": hash_token("42", KEY), "city": None},
    ]
    with pytest.raises(HashKeyMissing):
        Masker(RULES, None).request(b'{"inputs": {"customer": "x"}}', 200)


def test_csv_is_written_anew() -> None:
    body = f'alcohol,customer,card,city\n9.5,"{CLEAR}",1,"a\nb"\n'.encode()
    found = MASKER.request(body, 200)
    assert found is not None
    lines = list(csv.reader(io.StringIO(found.decode())))
    assert lines == [["alcohol", "customer", "city"], ["9.5", hash_token(CLEAR, KEY), "***"]]
    assert MASKER.request(body, 500) is None  # nobody has taken it for CSV


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [["s3cr3t"]]}',
        b'{"inputs": ["s3cr3t"]}',
        b'{"dataframe_split": {"data": [["s3cr3t"]]}}',
        b'{"dataframe_split": {"columns": ["a", "customer"], "data": [["s3cr3t"]]}}',
        b'{"inputs": [{"name": "all", "shape": [1, 2], "datatype": "BYTES", "data": ["s3cr3t", "x"]}]}',
        b'{"inputs": [{"name": "all", "data": [["s3cr3t", "x"]]}]}',
        b'{"inputs": [{"customer": "s3cr3t"}',
        b'{"messages": [{"content": "s3cr3t"}]}',
        b'["s3cr3t"]',
        b'"s3cr3t"',
        b"s3cr3t",
        b"s3cr3t\ns3cr3t",
        b"\xff\xfe{}",
        b'{"inputs": {"customer": NaN}}',
        b"[" * 100_000,
        b'{"inputs": {"x": ' + b"[" * 300 + b'"s3cr3t"' + b"]" * 300 + b"}}",
    ],
)
def test_a_body_that_the_rules_cannot_be_applied_to_is_left_out(body: bytes) -> None:
    assert MASKER.request(body, 200) is None
    assert MASKER.response(body, 200) is None


def test_a_refused_request_and_an_error_are_left_out_whatever_they_hold() -> None:
    body = b'{"dataframe_records": [{"custmer": "s3cr3t"}]}'
    assert MASKER.request(body, 400) is None
    assert MASKER.response(b'{"error_code": "X", "message": "s3cr3t"}', 400) is None
    assert MASKER.response(b"", 499) == MASKER.request(b"", 499) == b""


def test_answers_are_masked_by_the_names_of_their_columns() -> None:
    found = MASKER.response(b'{"predictions": [{"customer": "s3cr3t", "score": 1}], "model": "m"}', 200)
    assert json.loads(found or b"") == {
        "predictions": [{"customer": hash_token("s3cr3t", KEY), "score": 1}],
        "model": "m",
    }
    unnamed = Masker([("prediction", "mask")], None)
    assert unnamed.response(b'{"predictions": ["s3cr3t", 1]}', 200) == b'{"predictions":["***",null]}'
    tensor = b'{"outputs": [{"name": "output-1", "datatype": "BYTES", "shape": [1], "data": ["s3cr3t"]}]}'
    assert b"s3cr3t" not in (unnamed.response(tensor, 200) or b"")
    assert MASKER.response(b'data: {"x": "s3cr3t"}\n\ndata: [DONE]\n\n', 200) is None


@pytest.mark.parametrize("depth", [250, 300, 900, 1100])
@pytest.mark.parametrize("name", ["note", "customer"])
def test_a_body_that_is_nested_too_deep_is_left_out(depth: int, name: str) -> None:
    value = "[" * depth + "]" * depth
    row = f'{{"{name}": {value}, "card": "{CLEAR}"}}'
    for found in (
        MASKER.request(b'{"instances": [%s]}' % row.encode(), 200),
        MASKER.request(b'{"instances": [%s]}' % row.replace("[", '{"a": [', 1).encode(), 200),
        MASKER.response(b'{"predictions": [%s]}' % row.encode(), 200),
    ):
        assert found is None or (depth == 250 and CLEAR.encode() not in found)
