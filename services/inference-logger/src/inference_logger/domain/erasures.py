"""Which rows an erasure means, and when it looks for them again. Pure decisions.

A row may come to a table after it was erased there: from a spool, the stream, the parking area. Ids that were erased
are kept out of appends (`Tombstones`); what only a column tells is looked for again, until nothing can be on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.inferences.kinds import COERCIONS
from inference_logger.domain.records import RawRecord
from inference_logger.domain.rows import client_request_id
from shared.contracts.inference_tables.erasures import ErasureOrder

SOON = (timedelta(minutes=1), timedelta(minutes=10))
"""Passes after the first one: for what was on its way then."""
LATER = timedelta(hours=1)
AGAIN = timedelta(minutes=1)
"""After a pass that a table kept from being whole."""
OUT_OF_REACH = (
    "log topics, which other systems read on their own",
    "downloads, exports and backups that were made before",
    "label sources, which may hand the same labels in again",
    "what models print, until their logs expire",
)


_DECIMAL = pa.decimal128(38, 18)


@dataclass(frozen=True)
class _Grave:
    ordered_at: datetime
    client_request_ids: frozenset[str]
    request_ids: frozenset[str]

    def holds(self, record: RawRecord) -> bool:
        is_named = client_request_id(record) in self.client_request_ids or record["request_id"] in self.request_ids
        return is_named and datetime.fromisoformat(record["received_at"]) <= self.ordered_at


@dataclass(frozen=True)
class Tombstones:
    """Ids whose records are kept out of the tables."""

    _graves: dict[str, list[_Grave]] = field(default_factory=dict)

    @classmethod
    def of(cls, orders: Iterable[ErasureOrder]) -> Tombstones:
        """Of the orders that are not finished."""
        graves: dict[str, list[_Grave]] = {}
        for order in orders:
            if order.client_request_ids or order.request_ids:
                grave = _Grave(order.ordered_at, frozenset(order.client_request_ids), frozenset(order.request_ids))
                graves.setdefault(order.service, []).append(grave)
        return cls(graves)

    def split(self, records: list[RawRecord]) -> tuple[list[RawRecord], list[RawRecord]]:
        """Those that nobody has ordered to go, and those that somebody has."""
        kept: list[RawRecord] = []
        erased: list[RawRecord] = []
        for record in records:
            graves = self._graves.get(record["service"], ())
            (erased if any(grave.holds(record) for grave in graves) else kept).append(record)
        return kept, erased


def predicate_of(order: ErasureOrder, columns: Collection[str], record_ids: Sequence[str] = ()) -> str | None:
    """SQL for the rows of a table with these columns; None: it has none of them."""
    wanted = (
        ("client_request_id", order.client_request_ids),
        ("request_id", order.request_ids),
        ("record_id" if "record_id" in columns else "request_id", record_ids),
    )
    parts = [f"{name} IN ({_listed(values)})" for name, values in wanted if values and name in columns]
    if not parts:
        return None
    found = " OR ".join(parts)
    if "request_time" not in columns:
        return found
    return f"({found}) AND request_time <= {_moment(order)}"


def label_predicates(order: ErasureOrder, keys: Collection[tuple[str, str]], at_once: int) -> Iterator[str]:
    """SQL for the labels that belong to an order's rows; `keys`: names and values that these rows have."""
    by_name: dict[str, set[str]] = {}
    own = (
        *(("client_request_id", value) for value in order.client_request_ids),
        *(("request_id", value) for value in order.request_ids),
        *((order.column, value) for value in order.values if order.column is not None),
    )
    for name, value in (*own, *keys):
        by_name.setdefault(name, set()).add(value)
        if name in {"client_request_id", "request_id"}:
            by_name.setdefault("id", set()).add(value)  # a label that does not say which of the two it means
    for name, values in sorted(by_name.items()):
        listed = sorted(values)
        for at in range(0, len(listed), at_once):
            some = _listed(listed[at : at + at_once])
            yield f"key_name IN ({_listed([name])}) AND key IN ({some}) AND received_at <= {_moment(order)}"


def _moment(order: ErasureOrder) -> str:
    moment = order.ordered_at.isoformat(timespec="microseconds")
    return f"arrow_cast('{moment}', 'Timestamp(Microsecond, Some(\"UTC\"))')"


def _listed(values: Iterable[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def values_of_type(texts: Iterable[str], kind: pa.DataType) -> pa.Array | None:
    """The texts as values of a column of that type; None: it can have none of them."""
    found = [value for text in texts if (value := _as_value(text, kind)) is not None]
    return pa.array(found, kind) if found else None


def _as_value(text: str, kind: pa.DataType) -> Any:
    try:
        if pa.types.is_timestamp(kind):  # as those of rows were read: without a zone it is UTC, a day is its midnight
            return COERCIONS["timestamp"](text)
        # 7.0 is 7; as a float, a large number would be another one.
        value = pc.cast(pa.scalar(text), _DECIMAL) if pa.types.is_integer(kind) else pa.scalar(text)
        return pc.cast(value, kind).as_py()
    except (ValueError, pa.ArrowNotImplementedError):  # "x" is no number; no text is a list
        return None


def holds_value(text: str, names: Collection[str], values: Collection[str]) -> bool:
    """Whether JSON says one of the values, at any depth, under one of the names; `""`: of what stands there unnamed."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    wanted, left = frozenset(values), [("", document)]
    while left:
        name, value = left.pop()
        if isinstance(value, dict):
            left += value.items()
        elif isinstance(value, list):
            left += [(name, each) for each in value]
        elif value is not None and name in names and not wanted.isdisjoint(_texts_of(value)):
            return True
    return False


def _texts_of(value: Any) -> Iterator[str]:
    """How somebody may have written a value: 7 and 7.0 are one number, `True` is `true`."""
    yield value if isinstance(value, str) else orjson.dumps(value).decode()
    if isinstance(value, bool):
        yield str(value)
    elif isinstance(value, int):
        yield f"{value}.0"
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))


def next_pass(order: ErasureOrder, first: datetime, now: datetime, *, is_whole: bool) -> datetime:
    """When to look for its rows again."""
    if not is_whole:
        return now + AGAIN
    soon = [first + wait for wait in SOON if first + wait > now]
    at = soon[0] if soon else now + LATER
    return min(at, order.final_by) if order.final_by > now else at
