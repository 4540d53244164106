"""Decisions about label sources: where they may lie, which columns fit, when they are due, how far they are."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from inference_logger.domain.labels.sources import (
    SourceProgress,
    fingerprint,
    last_of_each,
    overlaps_others,
    says_the_same,
    staged_schema,
)
from inference_logger.domain.labels.tabular import LabelColumns
from inference_logger.domain.labels.values import Label, LabelKey
from inference_logger.handlers.sources.reading import position_text
from inference_logger.store.sources.postgresql_values import position_value, stored_position
from inference_logger.store.sources.staging import Bounds, Stage
from shared.contracts.inference_tables.label_sources import LabelRun, LabelSource
from shared.errors import InvalidInput, LimitExceeded, UpstreamFailed
from shared.ids import new_id

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
COLUMNS = LabelColumns({"client_request_id": "k"}, {"": "q"}, "r", "at")


def source(**fields: Any) -> LabelSource:
    shape = {
        "id": UUID(int=1),
        "service": "wine",
        "name": "t",
        "format": "csv",
        "keys": {"a": "b"},
        "labels": {"": "c"},
    }
    return LabelSource(**{**shape, "schedule": "PT1H", **fields})


@pytest.mark.parametrize(
    ("location", "is_refused"),
    [
        ("/tables/wine", False),
        ("/tables/wine/truth", False),
        ("/tables/wines", True),
        ("/tables/iris/labels", True),
        ("/tables", True),
        ("/", True),
        ("/lake/iris/payload/x", True),
        ("/lake/iris", True),
        ("/lake", True),
        ("/lake/iris2", False),
        ("/lake/wine/payload", False),
        ("s3://lake/iris", True),
    ],
)
def test_tables_of_other_services_are_not_read(location: str, is_refused: bool) -> None:
    tables = [("wine", "/lake/wine/payload"), ("iris", "/lake/iris/payload"), ("iris", "s3://lake/iris/payload")]
    assert overlaps_others(location.rstrip("/"), "wine", tables, "/tables") == is_refused


def test_columns_that_fit() -> None:
    kinds: dict[str, Any] = {
        "k": pa.dictionary(pa.int32(), pa.large_string()),
        "q": pa.decimal128(5, 2),
        "r": pa.int16(),
        "at": pa.date32(),
        "other": pa.list_(pa.int8()),
    }
    found = staged_schema(pa.schema(list(kinds.items())), COLUMNS)
    assert found == pa.schema(
        [("k", pa.string()), ("q", pa.float64()), ("r", pa.int16()), ("at", pa.timestamp("us", "UTC"))]
    )
    for name, wrong, use in (("k", pa.binary(), "key"), ("q", pa.date32(), "label"), ("r", pa.bool_(), "row")):
        with pytest.raises(InvalidInput, match=rf"column {name} is of the type .*, which is no {use}"):
            staged_schema(pa.schema(list({**kinds, name: wrong}.items())), COLUMNS)


def test_when_a_source_is_due() -> None:
    progress = SourceProgress().of(source())
    due = progress.next_run(source())
    assert due is not None
    assert due < NOW
    assert progress.next_run(source(is_paused=True)) is progress.next_run(source(schedule=None)) is None
    progress.note(NOW, None)
    assert progress.next_run(source()) == NOW + timedelta(hours=1)
    for failures, wait_s in ((1, 30), (2, 60), (3, 120), (40, 3600)):
        progress.failures = failures - 1
        progress.note(NOW, "wrong")
        assert progress.next_run(source()) == NOW + timedelta(seconds=wait_s)
    assert (progress.reason, progress.failing_since) == ("wrong", NOW)
    progress.note(NOW, None)
    assert (progress.failures, progress.reason, progress.failing_since) == (0, None, None)
    assert progress.of(source(schedule="P1D", revision=2)) is progress
    assert progress.of(source(labels={"": "d"})).last_run_at is None


def test_the_last_label_of_a_key_and_time_counts() -> None:
    def label(key: str, value: float, at: datetime | None = None) -> Label:
        return Label(LabelKey("request_id", key, 0), value, at)

    labels = [label("a", 1), label("b", 2), label("a", 3), label("a", 4, NOW), label("a", 5, NOW)]
    assert last_of_each(labels) == [label("b", 2), label("a", 3), label("a", 5, NOW)]


@pytest.mark.parametrize("value", [7, 1.5, Decimal("1.50"), "x", NOW, date(2026, 5, 1), new_id()])
def test_positions_of_a_growing_column(value: Any) -> None:
    position = {"column": "id", **stored_position(value)}
    assert position_value(position, "id") == value
    assert position_value(position, "other") is None
    assert position_text(position) == f"id {position['value']}"


def test_what_has_no_position() -> None:
    with pytest.raises(InvalidInput):
        stored_position(b"x")
    assert position_value({}, "id") is None
    assert position_text({"files": 1}) == "1 file"
    assert (position_text({}), position_text({"version": None}), position_text({"files": 2})) == (None, None, "2 files")


def batches(*values: str) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    schema = pa.schema([("k", pa.string()), ("q", pa.string())])
    return schema, [pa.RecordBatch.from_pydict({"k": ["a"], "q": [value]}, schema=schema) for value in values]


def test_what_breaks_off_is_not_kept(tmp_path: Path) -> None:
    columns = LabelColumns({"client_request_id": "k"}, {"": "q"})
    stage = Stage(columns, Bounds(tmp_path / "stage", 1 << 20, time.monotonic() + 60))
    schema, rows = batches("1", "2")
    stage.add(schema, rows, is_text=True)

    def broken() -> Any:
        yield from rows
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        stage.add(schema, broken(), is_text=True)
    stage.add(schema, batches("1", "x")[1], is_text=True)
    stage.add(schema, rows)
    stage.add(schema, [*batches("NA", "n/a")[1], *rows], is_text=True)
    (chunk,) = stage.chunks()
    assert [value for table in chunk for value in table.column("q").to_pylist()] == [
        *[1.0, 2.0, "1", "x", "1", "2"],
        *[None, None, 1.0, 2.0],
    ]
    assert stage.rows == 10
    stage.close()
    small = Stage(columns, Bounds(tmp_path, 100, time.monotonic() + 60))
    with pytest.raises(LimitExceeded):
        small.add(schema, rows)
    late = Stage(columns, Bounds(tmp_path, 1 << 20, time.monotonic() - 1))
    with pytest.raises(UpstreamFailed, match="longer than it may"):
        late.add(schema, rows)
    small.close()
    late.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "stage"]


@pytest.mark.parametrize(
    ("before", "now", "is_same"),
    [
        ({}, {}, True),
        ({}, {"rows_read": 1}, True),
        ({"state": "failed", "error": "gone"}, {"state": "failed", "error": "gone"}, True),
        ({"state": "failed", "error": "gone"}, {"state": "failed", "error": "away"}, False),
        ({"state": "failed", "error": "gone"}, {}, False),
        ({"labels_new": 1}, {}, False),
        ({}, {"labels_corrected": 1}, False),
        ({}, {"rejected": 1}, False),
        ({}, {"trigger": "manual"}, False),
    ],
)
def test_runs_that_brought_nothing_do_not_push_out_those_that_did(
    before: dict[str, Any], now: dict[str, Any], is_same: bool
) -> None:
    def run(**fields: Any) -> LabelRun:
        return LabelRun(**{"id": new_id(), "started_at": NOW, "ended_at": NOW, "state": "ok", **fields})

    assert says_the_same(run(**now), run(**before)) == is_same


def test_a_clock_that_is_set_back_keeps_no_source_waiting_and_a_request_counts_once() -> None:
    hourly = source(schedule="PT1H")
    progress = SourceProgress(fingerprint(hourly), last_run_at=NOW + timedelta(days=300))
    assert progress.is_due(progress.next_run(hourly), NOW)
    progress.note(NOW, None)
    assert not progress.is_due(progress.next_run(hourly), NOW + timedelta(minutes=59))
    assert not progress.is_due(None, NOW)
    progress.requested_at = NOW + timedelta(days=1)
    assert progress.trigger == "manual"
    progress.note(NOW + timedelta(seconds=1), None)
    assert not progress.is_due(progress.next_run(hourly), NOW + timedelta(seconds=2))
