"""Which table gets which records, and what a table is called. No I/O.

Every message has one position in the stream; one number tells which of them a table has already (see `store.delta`).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from inference_logger.domain.destinations import S3
from inference_logger.domain.records import RawRecord

KIND = "payload"
INFERENCES = "inferences"
LABELS = "labels"
LABELLED = "labelled"
KINDS = (KIND, INFERENCES, LABELS, LABELLED)
"""Kinds of tables that the logger writes."""
PROFILES = "profile_metrics"
METRIC_KINDS = (PROFILES, "drift_metrics")
"""Kinds of tables that the monitor writes beside them."""


@dataclass(frozen=True, order=True)
class TableKey:
    """Whose rows, and under which root (empty: the default)."""

    service: str
    destination: str = ""
    kind: str = KIND

    @property
    def name(self) -> str:
        """As the catalogue and callers call it."""
        return table_name(self.service, self.kind)


@dataclass(frozen=True)
class ReceivedMessage:
    """One message: its position in the stream, its records, its size in bytes."""

    sequence: int
    records: Sequence[RawRecord]
    is_retry: bool = False
    size: int = 0


@dataclass
class TableShare:
    """What one table gets of a batch, in the stream's order: (position, record)."""

    records: list[tuple[int, RawRecord]] = field(default_factory=list)
    retried: list[tuple[int, RawRecord]] = field(default_factory=list)
    """Those that must be looked up before they are appended."""
    size: int = 0
    """Bytes that they take in the stream."""

    @property
    def count(self) -> int:
        """How many records."""
        return len(self.records) + len(self.retried)

    def after(self, time: datetime | None) -> TableShare:
        """What was received later than `time`; all of it for None."""
        if time is None:
            return self
        return TableShare(_later(self.records, time), _later(self.retried, time), self.size)

    def behind(self, position: int) -> TableShare:
        """What stands behind `position` in the stream."""
        return TableShare(
            [one for one in self.records if one[0] > position],
            [one for one in self.retried if one[0] > position],
            self.size,
        )


def running_day(now: datetime) -> date:
    """The earliest day (UTC) that still gets rows: requests of before midnight are written a little after it."""
    return (now.astimezone(UTC) - timedelta(hours=1)).date()


def _later(records: Iterable[tuple[int, RawRecord]], time: datetime) -> list[tuple[int, RawRecord]]:
    return [one for one in records if datetime.fromisoformat(one[1]["received_at"]) > time]


def split_by_table(messages: Iterable[ReceivedMessage], default_root: str = "") -> dict[TableKey, TableShare]:
    """Who gets what. Two spellings of one folder are one table: its position would be counted twice."""
    shares: dict[TableKey, TableShare] = defaultdict(TableShare)
    for message in messages:
        for record in message.records:
            share = shares[key_of(record, default_root)]
            (share.retried if message.is_retry else share.records).append((message.sequence, record))
            share.size += message.size // len(message.records)
    return dict(shares)


def key_of(record: RawRecord, default_root: str = "") -> TableKey:
    """The table of a record."""
    folder = plain_path(record.get("destination") or "")
    return TableKey(record["service"], "" if folder == plain_path(default_root) else folder)


def is_remote(location: str) -> bool:
    """Whether it lies in an object store."""
    return location.startswith(S3)


def table_location(root: str, service: str, kind: str) -> str:
    """Where a table lies: a plain path, or `s3://…`."""
    return f"{plain_path(root).rstrip('/')}/{service}/{kind}"


def service_at(location: str) -> str:
    """Whose table lies there."""
    return location.rstrip("/").split("/")[-2]


def plain_path(root: str) -> str:
    """A folder from a path, a `file://` or `s3://` URL, spelled in one way; empty for nothing."""
    if is_remote(root):
        return S3 + "/".join(part for part in root.removeprefix(S3).split("/") if part)
    path = local_path(root)
    return os.path.normpath(f"/{path.lstrip('/')}") if path.startswith("/") else path


def listed_location(path: str) -> str:
    """A plain path, or `s3://…`, as the catalogue calls it."""
    return path if is_remote(path) else PurePosixPath(path).as_uri()


def local_path(root: str) -> str:
    """A folder from a path or a `file://` URL."""
    parts = urlsplit(root)
    return unquote(parts.path) if parts.scheme == "file" else root


def table_name(service: str, kind: str = KIND) -> str:
    """Name in the catalogue."""
    return f"{service}.{kind}"


def app_id(stream: str, service: str, moved_from: str | None = None) -> str:
    """Name of the application transaction that counts a service's rows of a stream.

    Rows that were meant for another folder (`moved_from`) are counted apart: they come later than its own.
    """
    own = f"penstock:{stream}:{service}"
    return own if moved_from is None else f"{own}:{sha256(moved_from.encode()).hexdigest()[:16]}"
