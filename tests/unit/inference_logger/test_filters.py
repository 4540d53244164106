"""The filter language: what it means, what it refuses and where, and that files are left out rightly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from inference_logger.domain.reading.queries import (
    Order,
    Position,
    Question,
    check_position,
    cursor_of,
    order_of,
    position_of,
    select,
)
from shared.errors import InvalidInput
from shared.filters.conditions import Bounds, bind, mask_of, may_match
from shared.filters.parsing import parse_filter

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("x", pa.float64()),
        ("s", pa.string()),
        ("ok", pa.bool_()),
        ("at", pa.timestamp("us", "UTC")),
        ("day", pa.date32()),
        ("tags", pa.list_(pa.string())),
        ("fixed acidity", pa.float64()),
        ("o", pa.struct([("a", pa.int64())])),
    ]
)
ROWS: list[dict[str, Any]] = [
    {"n": 1, "x": 0.5, "s": "ab", "ok": True, "at": NOON, "day": NOON.date(), "tags": ["p", "q"], "fixed acidity": 7.0},
    {"n": 2, "x": None, "s": "a'b", "ok": False, "at": None, "day": date(2026, 3, 2), "tags": [], "fixed acidity": 8.0},
    {"n": None, "x": 2.5, "s": None, "ok": None, "at": NOON, "day": None, "tags": None, "fixed acidity": None},
    {
        "n": 2**60,
        "x": float("nan"),
        "s": "AB%",
        "ok": True,
        "at": NOON,
        "day": None,
        "tags": ["ab"],
        "fixed acidity": 1,
    },
]
BATCH = pa.RecordBatch.from_pylist(ROWS, schema=SCHEMA)


def chosen(text: str) -> list[int]:
    """Places of the rows that meet a filter."""
    mask = mask_of(bind(parse_filter(text), SCHEMA), BATCH).to_pylist()
    return [place for place, meets in enumerate(mask) if meets]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n = 1", [0]),
        ("n <> 1", [1, 3]),
        ("N", None),
        ("n >= 1.5", [1, 3]),
        ("n = 1152921504606846976", [3]),
        ("n = 1152921504606846977", []),
        ("n < 99999999999999999999", [0, 1, 3]),
        (f"n < {'9' * 400}", [0, 1, 3]),
        (f"x < -{'9' * 400}", []),
        ("x > 0.4", [0, 2]),
        ("x = 2.5 or n = 1", [0, 2]),
        ("not n = 1", [1, 3]),
        ("not (n = 1 or s is null)", [1, 3]),
        ("n = 1 and x > 5 or s = 'AB%'", [3]),
        ("n = 1 and (x > 5 or s = 'ab')", [0]),
        ("s = 'a''b'", [1]),
        ("s like 'a_'", [0]),
        ("s ilike 'A%'", [0, 1, 3]),
        ("s not like 'a%'", [3]),
        ("s contains '%'", [3]),
        ("s in ('ab', 'AB%')", [0, 3]),
        ("s not in ('ab')", [1, 3]),
        ("n in (1, 2.0)", [0, 1]),
        ("n between 1 and 2", [0, 1]),
        ("n not between 1 and 2", [3]),
        ("ok = true", [0, 3]),
        ("OK = FALSE", None),
        ("at = '2026-03-01T13:00:00+01:00'", [0, 2, 3]),
        ("at > '2026-03-01'", [0, 2, 3]),
        ("day = '2026-03-02'", [1]),
        ("tags contains 'ab'", [3]),
        ("tags contains 'p' or tags is null", [0, 2]),
        ('"fixed acidity" >= 7', [0, 1]),
        ("`fixed acidity` IS NULL AND n Is Null", [2]),
        ("o is null", [0, 1, 2, 3]),
    ],
)
def test_a_filter_chooses_rows_as_sql_does(text: str, expected: list[int] | None) -> None:
    if expected is None:
        with pytest.raises(InvalidInput):
            chosen(text)
    else:
        assert chosen(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("n = ", 5, "found the end"),
        ("n == 'a'", 6, "no value of column 'n', which is BIGINT"),
        ("missing = 1", 1, "no column 'missing'"),
        ("N = 1", 1, "did you mean 'n'"),
        ("n = 1 n = 2", 7, "expected and, or"),
        ("(n = 1", 7, "expected ')'"),
        ("s = 'a", 5, "never closed"),
        ("s = null", 5, "is null"),
        ("n = 1; drop table x", 6, "no part of a filter"),
        ("read_csv('/etc/passwd')", 1, "used as a function"),
        ("n = n", 5, "expected a number"),
        ("n = (select 1)", 5, "expected a number"),
        ("s like 5", 8, "compares texts"),
        ("n contains 'a'", 12, "compares texts"),
        ("tags = 'a'", 8, "ARRAY<STRING>"),
        ("o = 1", 5, "STRUCT"),
        ("at = 'yesterday'", 6, "TIMESTAMP"),
        ("n in ()", 7, "expected a number"),
        ("not " * 40 + "n = 1", 133, "nested"),
        ("(" * 40 + "n = 1", 34, "nested"),
        ("n in (" + ", ".join(["1"] * 1001) + ")", 3007, "more than 1000 values"),
        ("n = 1 or " * 600 + "n = 1", 4097, "longer than"),
        ("n -- x", 3, "no part"),
    ],
)
def test_a_wrong_filter_is_refused_and_the_place_named(text: str, at: int, why: str) -> None:
    with pytest.raises(InvalidInput, match=f"at character {at}: ") as raised:
        chosen(text)
    assert why in raised.value.message
    assert raised.value.details[0].loc == ("query", "where", at)


def bounds(least: Any, most: Any, nulls: int = 0) -> Any:
    return lambda column: Bounds(10, least, most, nulls) if column != "x" else None


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("n = 5", bounds(1, 4), False),
        ("n = 4", bounds(1, 4), True),
        ("n > 4", bounds(1, 4), False),
        ("n >= 4", bounds(1, 4), True),
        ("n < 1", bounds(1, 4), False),
        ("n != 1", bounds(1, 1), True),
        ("n in (7, 9)", bounds(1, 4), False),
        ("n in (7, 3)", bounds(1, 4), True),
        ("n is null", bounds(1, 4), False),
        ("n is null", bounds(1, 4, 1), True),
        ("n = 1", bounds(None, None, 10), False),
        ("n = 9 and x = 1", bounds(1, 4), False),
        ("n = 9 or x = 1", bounds(1, 4), True),
        ("not n = 9", bounds(1, 4), True),
        ("x = 1", bounds(1, 4), True),
        ("s = 'm'", bounds("a", "c"), False),
        ("s = 'm'", bounds(1, 2), True),
        ("s like 'm%'", bounds("a", "c"), True),
        ("day = '2026-03-03'", bounds(date(2026, 3, 1), date(2026, 3, 2)), False),
    ],
)
def test_a_piece_is_left_out_only_where_no_row_can_meet_the_filter(text: str, known: Any, expected: bool) -> None:
    assert may_match(bind(parse_filter(text), SCHEMA), known) is expected


def test_columns_orders_and_cursors_are_checked() -> None:
    assert select(SCHEMA, Question(("n, s", "fixed acidity", "n"))).columns == ("n", "s", "fixed acidity")
    assert (str(order_of(SCHEMA, None)), str(order_of(SCHEMA, "n")), str(order_of(SCHEMA, "-s"))) == ("-at", "n", "-s")
    for wrong in (
        lambda: select(SCHEMA, Question(("z",))),
        lambda: order_of(SCHEMA, "tags"),
        lambda: order_of(SCHEMA, "-z"),
    ):
        with pytest.raises(InvalidInput):
            wrong()
    for value in (NOON, NOON.date(), 1.5, None, "a", True):
        position = Position(3, value, 1, 2)
        assert position_of(cursor_of(position, "q"), "q") == position
    with pytest.raises(InvalidInput, match="another table, filter or order"):
        position_of(cursor_of(position, "q"), "other")
    for wrong_cursor in ("", "!!", "bm8", "W10", "WzEsMl0"):
        with pytest.raises(InvalidInput, match="not one that this API gave"):
            position_of(wrong_cursor, "q")
    for place in (Position(2**63, 1, 0, 0), Position(-1, 1, 0, 0), Position(0, 1, 2**63, 0), Position(0, 1, 0, -1)):
        with pytest.raises(InvalidInput, match="not one that this API gave"):
            position_of(cursor_of(place, "q"), "q")


def test_the_value_of_a_cursor_belongs_to_the_column_of_the_order() -> None:
    right = [("at", NOON), ("n", 7), ("x", None), ("day", NOON.date()), ("s", "a"), ("ok", True)]
    wrong = [("at", 5), ("at", NOON.replace(tzinfo=None)), ("at", [1]), ("n", "7"), ("n", 2**63), ("s", 1)]
    for order, value in right:
        check_position(SCHEMA, order_of(SCHEMA, order), Position(0, value, 0, 0))
    check_position(SCHEMA, Order(None), Position(0, None, 0, 0))
    for order, found in wrong:
        with pytest.raises(InvalidInput, match="not one that this API gave"):
            check_position(SCHEMA, order_of(SCHEMA, order), Position(0, found, 0, 0))
    with pytest.raises(InvalidInput, match="not one that this API gave"):
        check_position(SCHEMA, Order(None), Position(0, 1, 0, 0))
