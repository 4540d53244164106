"""What a message holds: checked field by field, so that no message can stop a batch. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import UnionType
from typing import Any
from urllib.parse import quote

import orjson

LONGEST_FOLDER = 900
"""Characters of a destination, as a URI: the table's location has to fit into the catalogue."""

RawRecord = Mapping[str, Any]


class UnreadableMessage(ValueError):
    """A message that is no RequestLogged; says why."""


def read_message(body: bytes, service: str | None = None) -> list[RawRecord]:
    """The records of a message of `service` (None: of any); raises `UnreadableMessage`.

    What a row is made of is checked; more fields, of a newer router, are no error.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableMessage(f"not JSON: {error}") from error
    records = content.get("records") if isinstance(content, dict) else None
    if not isinstance(records, list):
        raise UnreadableMessage("no list of records")
    for place, record in enumerate(records):
        _check(place, record)
        if service not in {None, record["service"]}:  # the stream is read again and purged by service
            raise UnreadableMessage(f"records.{place}.service: not {service}, which the message's subject names")
    return records


def _check(place: int, record: Any) -> None:
    if not isinstance(record, dict):
        raise UnreadableMessage(f"records.{place}: not an object")
    for name, is_wanted, wanted in CHECKS:
        if not is_wanted(record.get(name)):
            raise UnreadableMessage(f"records.{place}.{name}: not {wanted}")


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


def _is_count_or_none(value: Any) -> bool:
    return value is None or _is_number(0, 2**62, int, value)


def _is_codes(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(code, str) for code in value))


def _is_folder(value: Any) -> bool:
    if value is None or value == "":
        return True
    if not isinstance(value, str) or not value.isprintable() or len(quote(value)) > LONGEST_FOLDER:
        return False
    return value.startswith(("/", "file:///", "s3://")) and ".." not in value.split("/")


def _is_topic(value: Any) -> bool:
    return value is None or (isinstance(value, str) and LOG_TOPIC.fullmatch(value) is not None)


DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LOG_TOPIC = re.compile(rf"{DNS_LABEL.pattern}\.{DNS_LABEL.pattern}")

CHECKS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("request_id", _is_text, "a string"),
    ("service", _is_label, "a service's name"),
    ("version", _is_text, "a string"),
    ("received_at", _is_time, "a time with its zone"),
    ("status_code", partial(_is_number, 0, 999, int), "a status"),
    ("duration_ms", partial(_is_number, 0, 2.0**53, int | float), "a number of milliseconds"),
    ("sampling_fraction", _is_share, "a share between 0 and 1"),
    ("logging_error_codes", _is_codes, "a list of strings"),
    ("log_topic", _is_topic, "a log set and a topic"),
    ("destination", _is_folder, "a folder"),
    ("generation", _is_count_or_none, "a number of a generation"),
    *(
        (name, _is_text_or_none, "a string")
        for name in (
            *("record_id", "client_request_id", "request", "response", "model", "api_key_id"),
            *("version_id", "pod", "route_reason", "trace_id"),
        )
    ),
)
"""Field, check, what it should be: everything that a row is made of, so that no message can stop a batch."""


def record_identity(record: RawRecord) -> str:
    """What makes a record the same record in a replay."""
    return str(record.get("record_id") or record["request_id"])
