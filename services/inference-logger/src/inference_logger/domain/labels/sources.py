"""Label sources: what a definition means, what is read of it and when. Pure decisions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa

from inference_logger.domain.labels.tabular import LabelColumns
from inference_logger.domain.labels.values import Label, LabelKey
from inference_logger.domain.tables import is_remote
from shared.contracts.inference_tables.label_sources import LabelRun, LabelSource
from shared.errors import InvalidInput
from shared.schedules import BadSchedule, Schedule

FIRST_RETRY_S = 30.0
LONGEST_RETRY_S = 3600.0
MOST_REASONS = 10
CLOCK_SET_BACK = timedelta(minutes=1)

Trigger = Literal["schedule", "manual", "retry"]


def columns_of(source: LabelSource) -> LabelColumns:
    """Which of its columns is what."""
    return LabelColumns(source.keys, source.labels, source.row, source.labelled_at)


def fingerprint(source: LabelSource) -> str:
    """Of what decides which labels it holds: of another one nothing has been read."""
    what = source.model_dump(
        mode="json", include={"format", "location", "query", "growing", "keys", "labels", "row", "labelled_at"}
    )
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


@dataclass
class SourceProgress:
    """How far a source has been read, and how that went."""

    fingerprint: str = ""
    position: dict[str, Any] = field(default_factory=dict)
    failures: int = 0
    reason: str | None = None
    failing_since: datetime | None = None
    last_run_at: datetime | None = None
    requested_at: datetime | None = None

    def of(self, source: LabelSource) -> SourceProgress:
        """The same, begun anew where the source is defined otherwise by now."""
        made = fingerprint(source)
        return self if self.fingerprint == made else SourceProgress(made, requested_at=self.requested_at)

    def next_run(self, source: LabelSource) -> datetime | None:
        """When it is to be read again; in the past for one that never was; None: only when told to."""
        if self.is_requested:
            return datetime.min.replace(tzinfo=UTC)
        if source.is_paused or source.schedule is None:
            return None
        if self.last_run_at is None:
            return datetime.min.replace(tzinfo=UTC)
        if self.failures:
            wait_s = min(FIRST_RETRY_S * 2 ** min(self.failures - 1, 20), LONGEST_RETRY_S)
            return self.last_run_at + timedelta(seconds=wait_s)
        try:
            return Schedule.parse(source.schedule).next_after(self.last_run_at)
        except BadSchedule:
            return None

    def is_due(self, next_run: datetime | None, now: datetime) -> bool:
        """Whether it is time; also where it was read in what is the future, by a clock that was set back since."""
        if next_run is None:
            return False
        return next_run <= now or (self.last_run_at is not None and self.last_run_at > now + CLOCK_SET_BACK)

    @property
    def is_requested(self) -> bool:
        """Somebody told another process to have it read."""
        return self.requested_at is not None  # until it has run: two processes' clocks are not compared

    @property
    def trigger(self) -> Trigger:
        """Why it is due."""
        return "manual" if self.is_requested else "retry" if self.failures else "schedule"

    def note(self, at: datetime, error: str | None) -> None:
        """A run has ended."""
        self.last_run_at, self.reason, self.requested_at = at, error, None
        self.failures = 0 if error is None else self.failures + 1
        self.failing_since = None if error is None else self.failing_since or at


def overlaps_others(location: str, service: str, tables: Sequence[tuple[str, str]], root: str) -> bool:
    """Whether it lies in, or around, tables of another service: (service, location) of all, and the default root."""
    if location == root or f"{root}/".startswith(f"{location}/"):
        return True
    if location.startswith(f"{root}/") and location.removeprefix(f"{root}/").split("/")[0] != service:
        return True
    return any(
        f"{location}/".startswith(f"{other}/") or f"{other}/".startswith(f"{location}/")
        for owner, other in tables
        if owner != service
    )


def staged_schema(found: pa.Schema, columns: LabelColumns) -> pa.Schema:
    """The columns that are needed, as they are kept. Raises `InvalidInput` for one of a kind that cannot be meant."""
    labels, keys = set(columns.labels.values()), set(columns.keys.values())
    fields = []
    for name in dict.fromkeys(columns.needed):
        kind = plain_type(found.field(name).type)
        is_text = pa.types.is_string(kind)
        is_whole = pa.types.is_integer(kind)
        is_valid = pa.types.is_null(kind)
        if name in labels:
            is_valid |= is_text or is_whole or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        if name in keys:
            is_valid |= is_text or is_whole or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        if name == columns.row:
            is_valid |= is_text or is_whole or pa.types.is_floating(kind)
        if name == columns.labelled_at:
            is_valid |= is_text or pa.types.is_timestamp(kind)
        if not is_valid:
            said = found.field(name).type
            said = said.value_type if pa.types.is_dictionary(said) else said
            raise InvalidInput(f"column {name[:64]} is of the type {said}, which is no {_use(name, columns)}")
        fields.append(pa.field(name, kind))
    return pa.schema(fields)


def _use(name: str, columns: LabelColumns) -> str:
    if name in columns.labels.values():
        return "label"
    return "key" if name in columns.keys.values() else "row" if name == columns.row else "time"


def plain_type(found: pa.DataType) -> pa.DataType:
    """The type that values of `found` are kept as."""
    if pa.types.is_dictionary(found):
        return plain_type(found.value_type)
    if pa.types.is_string_view(found) or pa.types.is_large_string(found):
        return pa.string()
    if pa.types.is_decimal(found):
        return pa.float64()
    if pa.types.is_timestamp(found) or pa.types.is_date(found):
        return pa.timestamp("us", "UTC")
    return found


def last_of_each(labels: Sequence[Label]) -> list[Label]:
    """Of labels of one key and time the last alone: read twice, they say the same thing twice."""
    kept: dict[tuple[LabelKey, datetime | None], Label] = {}
    for label in labels:
        kept.pop((label.key, label.labelled_at), None)
        kept[label.key, label.labelled_at] = label
    return list(kept.values())


def is_inside(location: str, root: str) -> bool:
    """Whether a place of this machine lies below a folder; of an object store that was decided elsewhere."""
    return is_remote(location) or f"{location}/".startswith(f"{root.rstrip('/')}/")


def says_the_same(run: LabelRun, last: LabelRun) -> bool:
    """Whether a scheduled run brought nothing, as the one before it, and tells nothing else either."""
    if any(one.trigger != "schedule" or one.labels_new or one.labels_corrected for one in (run, last)):
        return False
    return (run.state, run.error, run.unmatched, run.rejected) == (
        last.state,
        last.error,
        last.unmatched,
        last.rejected,
    )
