"""The table of types: what a column takes, what it refuses."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest

from penstock_runtime.payloads.scalars import NAT, BadValue, convert_column, parse_csv_cell


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("long", 2**63 - 1, 2**63 - 1),
        ("long", 3.0, 3),
        ("integer", -(2**31), -(2**31)),
        ("double", 7, 7.0),
        ("double", 2**53, 2.0**53),
        ("double", 0.1, 0.1),
        ("float", 0.1, 0.1),
        ("float", 2**24, 2.0**24),
        ("boolean", True, True),
        ("string", "", ""),
        ("binary", "AAE=", b"\x00\x01"),
        ("datetime", "1970-01-01", 0),
        ("datetime", "1970-01-01T00:00:01", 10**9),
        ("datetime", "1970-01-01 01:00:00.000000001+01:00", 1),
    ],
)
def test_taken_without_loss(kind: str, value: Any, wanted: Any) -> None:
    (converted,) = convert_column([value], kind, is_required=True)
    assert converted == wanted
    assert type(converted) is type(wanted)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("long", 1.5),
        ("long", "1"),
        ("long", True),
        ("long", 2**63),
        ("long", 1e30),
        ("long", [1]),
        ("integer", 2**31),
        ("double", 2**53 + 1),
        ("double", 2**63),
        ("double", "1.0"),
        ("double", False),
        ("float", 1e39),
        ("float", 2**24 + 1),
        ("boolean", 0),
        ("boolean", "false"),
        ("string", 1),
        ("string", {"a": 1}),
        ("binary", "not base64!"),
        ("datetime", 1700000000000),
        ("datetime", "yesterday"),
        ("datetime", "2024-02-30"),
        ("datetime", "9999-01-01"),
    ],
)
@pytest.mark.parametrize("is_required", [True, False])
def test_refused_with_its_row(kind: str, value: Any, is_required: bool) -> None:
    good = {"boolean": True, "string": "x", "binary": "", "datetime": "2024-01-01"}.get(kind, 1)
    with pytest.raises(BadValue) as caught:
        convert_column([good, good, value], kind, is_required=is_required)
    assert caught.value.row == 2


@pytest.mark.parametrize(
    ("kind", "way_out"),
    [
        ("long", "a double column"),
        ("integer", "a double column"),
        ("boolean", "`types: compat` makes it false"),
        ("string", "`types: compat` passes it on"),
        ("datetime", "`types: compat` makes it NaT"),
        ("binary", "the column is required"),
    ],
)
def test_null_is_refused_where_a_value_is_required(kind: str, way_out: str) -> None:
    with pytest.raises(BadValue, match=way_out):
        convert_column([None], kind, is_required=True)


@pytest.mark.parametrize("is_required", [True, False])
@pytest.mark.parametrize("kind", ["double", "float"])
def test_null_is_nan_in_every_column_of_floats(kind: str, is_required: bool) -> None:
    one, other = convert_column([1.5, None], kind, is_required=is_required)
    assert one == 1.5
    assert math.isnan(other)


@pytest.mark.parametrize(("kind", "null"), [("boolean", None), ("string", None), ("binary", None), ("datetime", NAT)])
def test_null_in_an_optional_column(kind: str, null: Any) -> None:
    assert list(convert_column([None], kind, is_required=False)) == [null]


def test_null_in_an_optional_integer_column_is_refused() -> None:
    with pytest.raises(BadValue, match="a double column"):
        convert_column([None], "long", is_required=False)


def mime(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def indented(content: bytes) -> bytes:
    return b" " + base64.b64encode(content)


@pytest.mark.parametrize("written", [base64.b64encode, base64.encodebytes, mime, indented])
def test_base64_may_have_line_breaks(written: Any) -> None:
    content = bytes(range(256))
    assert convert_column([written(content).decode()], "binary", is_required=True) == [content]


@pytest.mark.parametrize("text", [base64.urlsafe_b64encode(bytes(range(256))).decode(), "!!!", "AAE"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="base64"):
        convert_column([text], "binary", is_required=True)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1", "long", 1),
        (" -1.5 ", "double", -1.5),
        ("", "double", None),
        ("", "string", ""),
        ("TRUE", "boolean", True),
        ("yes", "boolean", "yes"),
        ("nan", "double", "nan"),
        ("1_000", "long", "1_000"),
        ("12x", "long", "12x"),
    ],
)
def test_csv_cells(text: str, kind: str, value: Any) -> None:
    assert parse_csv_cell(text, kind) == value
