"""From messages to rows: the payload table's schema and the pure steps that lead to it. No I/O.

Columns are Databricks' for its inference tables, `request_id` in place of `databricks_request_id`, plus where it went.
Every message has one position in the stream; one number tells which of them a table has already (see `store.delta`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import UnionType
from typing import Any

import orjson
import pyarrow as pa

PAYLOAD_SCHEMA = pa.schema(
    [
        pa.field("request_date", pa.date32()),
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("client_request_id", pa.string()),
        pa.field("request_time", pa.timestamp("us", "UTC")),
        pa.field("status_code", pa.int32()),
        pa.field("sampling_fraction", pa.float64()),
        pa.field("execution_duration_ms", pa.int64()),
        pa.field("request", pa.string()),
        pa.field("response", pa.string()),
        pa.field("served_entity_id", pa.string()),
        pa.field("requester", pa.string()),
        pa.field("logging_error_codes", pa.list_(pa.string())),
        pa.field("service", pa.string()),
        pa.field("version", pa.string()),
        pa.field("version_id", pa.string()),
        pa.field("pod", pa.string()),
        pa.field("route_reason", pa.string()),
        pa.field("trace_id", pa.string()),
        pa.field("record_id", pa.string()),
    ]
)
PARTITION_BY = ("request_date",)

RETRY_MARK = "penstock-retry"
"""Header of a message that was sent again after the server had forgotten its id: its rows may be there already."""

LONGEST_CLIENT_REQUEST_ID = 256

Record = Mapping[str, Any]


class Unreadable(ValueError):
    """A message that is no RequestLogged; says why."""


@dataclass(frozen=True, order=True)
class TableKey:
    """Whose rows, and under which root (empty: the default)."""

    service: str
    destination: str = ""


@dataclass
class Share:
    """What one table gets of a batch, in the stream's order: (position, record)."""

    records: list[tuple[int, Record]] = field(default_factory=list)
    retried: list[tuple[int, Record]] = field(default_factory=list)
    """Those that must be looked up before they are appended."""

    def after(self, time: datetime) -> Share:
        """What was received later than `time`."""
        return Share(_later(self.records, time), _later(self.retried, time))


def _later(records: Iterable[tuple[int, Record]], time: datetime) -> list[tuple[int, Record]]:
    return [one for one in records if datetime.fromisoformat(one[1]["received_at"]) > time]


@dataclass(frozen=True)
class Received:
    """One message: its position in the stream and its records."""

    sequence: int
    records: Sequence[Record]
    is_retry: bool = False


def read_message(body: bytes) -> list[Record]:
    """The records of a message; raises `Unreadable`.

    What a row is made of is checked; more fields, of a newer router, are no error.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from error
    records = content.get("records") if isinstance(content, dict) else None
    if not isinstance(records, list):
        raise Unreadable("no list of records")
    for place, record in enumerate(records):
        _check(place, record)
    return records


def _check(place: int, record: Any) -> None:
    if not isinstance(record, dict):
        raise Unreadable(f"records.{place}: not an object")
    for name, is_wanted, wanted in CHECKS:
        if not is_wanted(record.get(name)):
            raise Unreadable(f"records.{place}.{name}: not {wanted}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and DNS_LABEL.fullmatch(value) is not None


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_number(least: float, most: float, kinds: type | UnionType, value: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool) and bool(least <= value <= most)  # type: ignore[operator]


def _is_share(value: Any) -> bool:
    return value is None or _is_number(0, 1, int | float, value)


def _is_codes(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(code, str) for code in value))


def _is_folder(value: Any) -> bool:
    if value is None or value == "":
        return True
    return isinstance(value, str) and (value.startswith(("/", "file:///"))) and ".." not in value.split("/")


DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

CHECKS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("request_id", _is_text, "a string"),
    ("service", _is_label, "a service's name"),
    ("version", _is_text, "a string"),
    ("received_at", _is_time, "a time with its zone"),
    ("status_code", partial(_is_number, 0, 999, int), "a status"),
    ("duration_ms", partial(_is_number, 0, 2.0**53, int | float), "a number of milliseconds"),
    ("sampling_fraction", _is_share, "a share between 0 and 1"),
    ("logging_error_codes", _is_codes, "a list of strings"),
    ("destination", _is_folder, "a folder"),
    *(
        (name, _is_text_or_none, "a string")
        for name in (
            *("record_id", "client_request_id", "request", "response", "model", "api_key_id"),
            *("version_id", "pod", "route_reason", "trace_id"),
        )
    ),
)
"""Field, check, what it should be: everything that a row is made of, so that no message can stop a batch."""


def share_out(messages: Iterable[Received]) -> dict[TableKey, Share]:
    """Who gets what."""
    shares: dict[TableKey, Share] = defaultdict(Share)
    for message in messages:
        for record in message.records:
            share = shares[TableKey(record["service"], record.get("destination") or "")]
            (share.retried if message.is_retry else share.records).append((message.sequence, record))
    return dict(shares)


def identity(record: Record) -> str:
    """What makes a record the same record in a replay."""
    return str(record.get("record_id") or record["request_id"])


def to_payload(records: Sequence[Record]) -> pa.Table:
    """Records → rows of the payload table, column by column."""
    times = [datetime.fromisoformat(record["received_at"]) for record in records]
    columns: dict[str, list[Any]] = {
        "request_date": [time.date() for time in times],
        "request_id": [record["request_id"] for record in records],
        "client_request_id": [client_request_id(record) for record in records],
        "request_time": times,
        "status_code": [record["status_code"] for record in records],
        "sampling_fraction": [float(record.get("sampling_fraction") or 1.0) for record in records],
        "execution_duration_ms": [round(record["duration_ms"]) for record in records],
        "served_entity_id": [record.get("model") for record in records],
        "requester": [record.get("api_key_id") for record in records],
        "logging_error_codes": [list(record.get("logging_error_codes") or ()) for record in records],
        "record_id": [identity(record) for record in records],
    }
    for name in ("request", "response", "service", "version", "version_id", "pod", "route_reason", "trace_id"):
        columns[name] = [record.get(name) for record in records]
    return pa.Table.from_pydict(columns, schema=PAYLOAD_SCHEMA)


def client_request_id(record: Record) -> str | None:
    """The caller's own id: as the pod handed it back, or out of the body where no pod answered; else the request's id,
    which the caller was told as well.
    """
    known = record.get("client_request_id")
    return str(known) if known is not None else _id_in_body(record.get("request")) or record.get("request_id")


def _id_in_body(body: str | None) -> str | None:
    if not body or '"client_request_id"' not in body:
        return None
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    value = found.get("client_request_id") if isinstance(found, dict) else None
    return value if isinstance(value, str) and len(value) <= LONGEST_CLIENT_REQUEST_ID else None


def table_name(service: str, kind: str = "payload") -> str:
    """Name in the catalogue."""
    return f"{service}.{kind}"
