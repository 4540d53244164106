"""A filter on the columns of one table: values of the columns' types, rows that meet it, files that cannot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.filters.syntax import (
    Both,
    Comparison,
    Either,
    InList,
    IsNull,
    Literal,
    Node,
    Not,
    Value,
    refuse,
)
from shared.filters.types import is_number, is_text, kind_of

COMPARISONS: Mapping[str, Callable[..., Any]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
PATTERN_OPERATORS = ("like", "ilike", "contains")


@dataclass(frozen=True)
class Bounds:
    """What is known of a column in a piece of a file. None of a bound: not known."""

    rows: int
    least: Any = None
    most: Any = None
    nulls: int | None = None

    @property
    def is_all_null(self) -> bool:
        """Whether no row has a value."""
        return self.nulls is not None and self.nulls >= self.rows


BoundsOf = Callable[[str], Bounds | None]


def bind(node: Node, schema: pa.Schema) -> Node:
    """The filter with its values as those of the columns. Raises `InvalidInput` that names the place."""
    match node:
        case Not(operand):
            return Not(bind(operand, schema))
        case Both(operands):
            return Both(tuple(bind(one, schema) for one in operands))
        case Either(operands):
            return Either(tuple(bind(one, schema) for one in operands))
        case IsNull(column, at):
            _type_of(column, at, schema)
            return node
        case InList(column, values, at):
            kind = _type_of(column, at, schema)
            return InList(column, tuple(_typed(one, "=", column, kind) for one in values), at)
        case Comparison(column, operator, value, at):
            return Comparison(column, operator, _typed(value, operator, column, _type_of(column, at, schema)), at)


def _type_of(column: str, at: int, schema: pa.Schema) -> pa.DataType:
    if column not in schema.names:
        alike = [name for name in schema.names if name.lower() == column.lower()]
        hint = f"; did you mean {alike[0]!r}" if alike else ""
        refuse(at, f"the table has no column {column!r}{hint}")
    return schema.field(column).type


def _typed(literal: Literal, operator: str, column: str, kind: pa.DataType) -> Literal:
    value = literal.value
    if operator in PATTERN_OPERATORS:
        fits = is_text(kind) or (operator == "contains" and pa.types.is_list(kind) and is_text(kind.value_type))
        if not fits or not isinstance(value, str):
            refuse(literal.at, f"{operator} compares texts; column {column!r} is {kind_of(kind)}")
        return literal
    typed = _value_for(kind, value)
    if typed is None:
        refuse(literal.at, f"{value!r} is no value of column {column!r}, which is {kind_of(kind)}")
    return Literal(typed, literal.at)


def _value_for(kind: pa.DataType, value: Value) -> Value | None:
    """None where a column of that type never has such a value."""
    if pa.types.is_boolean(kind) or isinstance(value, bool):
        return value if pa.types.is_boolean(kind) and isinstance(value, bool) else None
    if is_number(kind):
        return value if isinstance(value, int | float) else None
    if not isinstance(value, str):
        return None
    return value if is_text(kind) else _time_for(kind, value)


def _time_for(kind: pa.DataType, value: str) -> Value | None:
    try:
        if pa.types.is_date(kind):
            return date.fromisoformat(value)
        if pa.types.is_timestamp(kind):
            at = datetime.fromisoformat(value)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        pass
    return None


def mask_of(node: Node, batch: pa.RecordBatch) -> pa.Array:
    """For each row: whether it meets the bound filter; null where that is not known, as in SQL."""
    match node:
        case Not(operand):
            return pc.invert(mask_of(operand, batch))
        case Both(operands):
            return _joined(pc.and_kleene, operands, batch)
        case Either(operands):
            return _joined(pc.or_kleene, operands, batch)
        case IsNull(column, _):
            return pc.is_null(batch.column(column))
        case InList(column, values, _):
            alike = (Comparison(column, "=", value, value.at) for value in values)
            return _is_in(batch.column(column), values) or _joined(pc.or_kleene, tuple(alike), batch)
        case Comparison(column, operator, value, _):
            return _compared(batch.column(column), operator, value.value)


def _joined(join: Callable[..., Any], operands: tuple[Node, ...], batch: pa.RecordBatch) -> pa.Array:
    found = mask_of(operands[0], batch)
    for operand in operands[1:]:
        found = join(found, mask_of(operand, batch))
    return found


def _is_in(column: pa.Array, values: tuple[Literal, ...]) -> pa.Array | None:
    """Of texts, in one pass; other types are compared value by value, as `=` does."""
    if not is_text(column.type):
        return None
    found = pc.is_in(column, value_set=pa.array([one.value for one in values], column.type))
    return pc.if_else(pc.is_null(column), pa.scalar(None, pa.bool_()), found)


def _compared(column: pa.Array, operator: str, value: Value) -> pa.Array:
    if operator == "contains":
        return _contains(column, str(value))
    if operator in {"like", "ilike"}:
        return pc.match_like(column, str(value), ignore_case=operator == "ilike")
    if isinstance(value, datetime):
        at = value if column.type.tz else value.astimezone(UTC).replace(tzinfo=None)
        return COMPARISONS[operator](column, pa.scalar(at, pa.timestamp("us", column.type.tz)))
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if isinstance(value, float) and pa.types.is_integer(column.type):
        column = column.cast(pa.float64(), safe=False)
    return COMPARISONS[operator](column, pa.scalar(value))


def _contains(column: pa.Array, value: str) -> pa.Array:
    if is_text(column.type):
        return pc.match_substring(column, value)
    meets = pc.filter(pc.list_parent_indices(column), pc.equal(pc.list_flatten(column), value))
    found = pc.is_in(pa.array(range(len(column)), pa.int64()), value_set=meets.cast(pa.int64()))
    return pc.if_else(pc.is_null(column), pa.scalar(None, pa.bool_()), found)


def may_match(node: Node, bounds_of: BoundsOf) -> bool:
    """False only where no row of the piece can meet the bound filter."""
    match node:
        case Both(operands):
            return all(may_match(one, bounds_of) for one in operands)
        case Either(operands):
            return any(may_match(one, bounds_of) for one in operands)
        case IsNull(column, _):
            bounds = bounds_of(column)
            return bounds is None or bounds.nulls is None or bounds.nulls > 0
        case InList(column, values, _):
            bounds = bounds_of(column)
            return bounds is None or any(_may_compare(bounds, "=", one.value) for one in values)
        case Comparison(column, operator, value, _):
            bounds = bounds_of(column)
            return bounds is None or _may_compare(bounds, operator, value.value)
        case _:
            return True


def _may_compare(bounds: Bounds, operator: str, value: Any) -> bool:
    if bounds.is_all_null:
        return False
    if operator in {"!=", *PATTERN_OPERATORS} or bounds.least is None or bounds.most is None:
        return True
    if any(isinstance(bound, float) and math.isnan(bound) for bound in (bounds.least, bounds.most)):
        return True
    try:
        is_below = bounds.most < value or (operator == ">" and bounds.most == value)
        is_above = bounds.least > value or (operator == "<" and bounds.least == value)
    except TypeError:
        return True
    return not ((is_below and operator in {"=", ">", ">="}) or (is_above and operator in {"=", "<", "<="}))
