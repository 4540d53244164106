"""What JSON says of a column, by whatever somebody writes the value as."""

from __future__ import annotations

import pyarrow as pa
import pytest

from inference_logger.domain.erasures import holds_value, values_of_type
from inference_logger.domain.inferences.kinds import to_array


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('{"who":"x"}', "who", "x"),
        ('[{"a":{"who":["y","x"]}}]', "who", "x"),
        ('{"who":[[1],[7]]}', "who", "7"),
        ('{"who":7.0}', "who", "7"),
        ('{"who":7}', "who", "7.0"),
        ('{"who":true}', "who", "True"),
        ('["x"]', "", "x"),
    ],
)
def test_a_value_is_found(text: str, name: str, value: str) -> None:
    assert holds_value(text, {name}, {value})
    assert not holds_value(text, {"other"}, {value})
    assert not holds_value(text, {name}, {"z"})


@pytest.mark.parametrize("text", ["{", "", '"x', '{"x":"who"}', '{"who":{"id":"x"}}', '{"who":null}'])
def test_what_does_not_say_it_is_left(text: str) -> None:
    assert not holds_value(text, {"who"}, {"x", "null"})


@pytest.mark.parametrize(
    ("kind", "stored", "text"),
    [
        ("bigint", 7, "7.0"),
        ("bigint", 2**53 + 1, f"{2**53 + 1}.0"),
        ("double", 7.0, "7"),
        ("boolean", True, "True"),
        ("timestamp", "1990-05-17", "1990-05-17"),
        ("timestamp", "1990-05-17T08:00:00", "1990-05-17T10:00:00+02:00"),
        ("string", "007", "007"),
    ],
)
def test_a_value_is_what_rows_have_of_it(kind: str, stored: object, text: str) -> None:
    column, _ = to_array(kind, [stored])
    found = values_of_type([text, "x y"], column.type)
    assert found is not None
    assert column[0] in list(found)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(pa.int64(), "7.5"), (pa.int64(), str(2**63)), (pa.timestamp("us", "UTC"), "x"), (pa.list_(pa.string()), "x")],
)
def test_what_a_column_cannot_have_is_not_looked_for(kind: pa.DataType, text: str) -> None:
    assert values_of_type([text], kind) is None
