"""What is asked of a table, made sure of: columns, order, time range, filter, and where a page goes on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow as pa

from shared.errors import Detail, InvalidInput
from shared.filters.conditions import bind
from shared.filters.parsing import LARGEST, columns_of, parse_filter
from shared.filters.syntax import Both, Comparison, Literal, Node
from shared.filters.types import is_simple, kind_of, time_column


@dataclass(frozen=True)
class Selection:
    """Which rows, and which of their columns. `condition` None: all rows."""

    columns: tuple[str, ...]
    condition: Node | None

    @property
    def read_columns(self) -> tuple[str, ...]:
        """Those that the condition reads."""
        return () if self.condition is None else tuple(sorted(columns_of(self.condition)))


@dataclass(frozen=True)
class Order:
    """By a column, nulls last; rows that are alike as they lie in the table. Column None: as they lie, all of them."""

    column: str | None
    is_descending: bool = True

    def __str__(self) -> str:
        return f"{'-' if self.is_descending else ''}{self.column or ''}"


@dataclass(frozen=True)
class Position:
    """A row in the order of one version of a table: its value, and where it lies."""

    version: int
    value: Any
    file: int
    row: int


@dataclass(frozen=True)
class PageQuery:
    """One page: which rows, in which order, how many, behind which."""

    selection: Selection
    order: Order
    size: int
    after: Position | None = None


@dataclass(frozen=True)
class Question:
    """What a caller asks for, not made sure of yet. No `columns`: all of them."""

    columns: Sequence[str] = ()
    where: str | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None
    equal: Mapping[str, str] = field(default_factory=dict)


def select(schema: pa.Schema, asked: Question) -> Selection:
    """The rows and columns that are asked for. Raises `InvalidInput`."""
    chosen = tuple(dict.fromkeys(name for given in asked.columns for name in _names(schema, given)))
    for name in chosen:
        check_column(schema, name, "columns")
    conditions: list[Node] = []
    for name, value in asked.equal.items():
        check_column(schema, name, name)
        conditions.append(Comparison(name, "=", Literal(value, 0), 0))
    if asked.where is not None and asked.where.strip():
        conditions.append(bind(parse_filter(asked.where), schema))
    if asked.from_time is not None or asked.to_time is not None:
        conditions += _between(schema, asked.from_time, asked.to_time)
    condition = None if not conditions else conditions[0] if len(conditions) == 1 else Both(tuple(conditions))
    return Selection(chosen or tuple(schema.names), condition)


def _names(schema: pa.Schema, given: str) -> Sequence[str]:
    """A column, or several with commas between them; a name may have commas itself."""
    return [given] if given in schema.names else [name.strip() for name in given.split(",") if name.strip()]


def _between(schema: pa.Schema, from_time: datetime | None, to_time: datetime | None) -> list[Node]:
    column = time_column(schema)
    if column is None:
        raise InvalidInput("the table has no column of times; from and to say nothing of it")
    found: list[Node] = []
    if from_time is not None:
        found.append(Comparison(column, ">=", Literal(from_time, 0), 0))
    if to_time is not None:
        found.append(Comparison(column, "<", Literal(to_time, 0), 0))
    return [*found, *_days(schema, column, from_time, to_time)]


def _days(schema: pa.Schema, column: str, from_time: datetime | None, to_time: datetime | None) -> list[Node]:
    """The same of the partition, so that files without statistics are left alone too."""
    if column != "request_time" or "request_date" not in schema.names:
        return []
    found: list[Node] = []
    if from_time is not None:
        found.append(Comparison("request_date", ">=", Literal(from_time.astimezone(UTC).date(), 0), 0))
    if to_time is not None:
        found.append(Comparison("request_date", "<=", Literal(to_time.astimezone(UTC).date(), 0), 0))
    return found


def check_column(schema: pa.Schema, name: str, parameter: str) -> None:
    """Raise `InvalidInput` for a column that the table does not have."""
    if name not in schema.names:
        why = f"the table has no column {name!r}"
        raise InvalidInput(f"{parameter}: {why}", (Detail(("query", parameter), why),))


def order_of(schema: pa.Schema, asked: str | None) -> Order:
    """`column` or `-column` (descending); without it the newest rows first. Raises `InvalidInput`."""
    if asked is None:
        return Order(time_column(schema))
    is_descending, column = asked.startswith("-"), asked.removeprefix("-")
    check_column(schema, column, "order")
    if not is_simple(schema.field(column).type):
        why = f"column {column!r} is {kind_of(schema.field(column).type)}, which has no order"
        raise InvalidInput(f"order: {why}", (Detail(("query", "order"), why),))
    return Order(column, is_descending)


def cursor_of(position: Position, question: str) -> str:
    """An opaque cursor behind a row; it belongs to one question (table, filter, order) and one version of the table."""
    value, kind = position.value, "v"
    if isinstance(value, date):
        value, kind = value.isoformat(), "t" if isinstance(value, datetime) else "d"
    content = [position.version, kind, value, position.file, position.row, _digest(question)]
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def position_of(cursor: str, question: str) -> Position:
    """What `cursor_of` was given. Raises `InvalidInput` for others, and for the cursor of another question."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        version, kind, value, file, row, digest = found
        if kind != "v":
            value = datetime.fromisoformat(value) if kind == "t" else date.fromisoformat(value)
        position = Position(int(version), value, int(file), int(row))
    except (ValueError, TypeError) as wrong:
        raise _unknown_cursor() from wrong
    if not all(0 <= place < LARGEST for place in (position.version, position.file, position.row)):
        raise _unknown_cursor()
    if digest != _digest(question):
        why = "it belongs to another table, filter or order"
        raise InvalidInput(f"cursor: {why}", (Detail(("cursor",), why),))
    return position


def check_position(schema: pa.Schema, order: Order, position: Position) -> None:
    """Raise `InvalidInput` where the cursor's value is none of the column that rows are ordered by."""
    kind = pa.null() if order.column is None else schema.field(order.column).type
    try:
        pa.scalar(position.value, kind)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as wrong:
        raise _unknown_cursor() from wrong
    if getattr(kind, "tz", None) and position.value is not None and getattr(position.value, "tzinfo", None) is None:
        raise _unknown_cursor()


def _unknown_cursor() -> InvalidInput:
    return InvalidInput("cursor is not one that this API gave", (Detail(("cursor",), "unknown cursor"),))


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:12]
