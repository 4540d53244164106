"""Parquet and CSV: each file is read once, and again after it has changed. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

import pyarrow as pa

from inference_logger.domain.labels.sources import staged_schema
from inference_logger.domain.labels.tabular import LabelColumns, require_columns
from inference_logger.domain.object_storage import storage_reason
from inference_logger.store.labels.files import csv_header, open_csv
from inference_logger.store.labels.parquet import open_parquet, parquet_batches
from inference_logger.store.sources.places import SourceFile, SourcePlace
from inference_logger.store.sources.staging import BATCH_ROWS, Bounds, Stage
from shared.errors import PenstockError, UpstreamFailed

MOST_FAILURES = 5
"""Files that are named."""


@dataclass
class Reading:
    """What was read, and how far that goes."""

    stage: Stage
    position: dict[str, object]
    is_complete: bool = True
    files: dict[str, str] = field(default_factory=dict)
    """Files that were read → their identity."""
    gone: list[str] = field(default_factory=list)
    """Files that are known, and not there any more."""
    failures: list[str] = field(default_factory=list)
    """Why some of it could not be read."""
    failed: set[str] = field(default_factory=set)
    """Files that could not be read."""

    def fail(self, name: str, why: str) -> None:
        """A part of it cannot be read; the others can."""
        self.failed.add(name)
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(f"{name}: {why}" if name else why)


def read_files(
    place: SourcePlace,
    kind: str,
    columns: LabelColumns,
    known: Mapping[str, str | None],
    bounds: Bounds,
) -> Reading:
    """What is new at a place, whole files only.

    `known`: files that were read → their identity then; None for one that could not be read a moment ago.
    """
    there = place.files(f".{kind}")
    reading = Reading(Stage(columns, bounds), {"files": len(there)})
    reading.gone = sorted(known.keys() - {file.path for file in there})
    try:
        for file in there:
            if file.path in known and known[file.path] in {None, file.identity}:
                continue
            if reading.stage.is_full:
                reading.is_complete = False
                break
            bounds.check_time()
            _read(place, kind, file, reading)
    except BaseException:
        reading.stage.close()
        raise
    return reading


def _read(place: SourcePlace, kind: str, file: SourceFile, reading: Reading) -> None:
    try:
        with place.open(file.path) as opened:
            if kind == "csv":
                _stage_csv(opened, reading.stage, lambda: _same(place, file))
            else:
                stage_parquet(opened, reading.stage, lambda: _same(place, file))
    except (PenstockError, pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, UpstreamFailed) and not file.path:
            raise
        reading.fail(file.path, reason_of(place.location, error))
    else:
        reading.files[file.path] = file.identity


def _same(place: SourcePlace, file: SourceFile) -> None:
    now = place.find(file.path)
    if now is None or now.identity != file.identity:
        raise UpstreamFailed("it has changed while it was read")


def reason_of(location: str, error: BaseException) -> str:
    """Why a file cannot be read, in one line."""
    if isinstance(error, PenstockError):
        return error.message
    if isinstance(error, pa.ArrowInvalid):
        return f"it is damaged, or not of the format that it is said to be: {storage_reason(location, error)[:200]}"
    return storage_reason(location, error)


def stage_parquet(opened: IO[bytes], stage: Stage, check: Callable[[], None] | None = None) -> None:
    """The rows of a Parquet file."""
    with open_parquet(opened) as parquet:
        require_columns(parquet.schema_arrow.names, stage.columns)
        wanted = list(dict.fromkeys(stage.columns.needed))
        staged_schema(parquet.schema_arrow, stage.columns)
        stage.add(parquet.schema_arrow, _then(parquet_batches(parquet, wanted, BATCH_ROWS), check))


def _stage_csv(opened: IO[bytes], stage: Stage, check: Callable[[], None] | None) -> None:
    names = csv_header(opened)
    require_columns(names, stage.columns)
    wanted = list(dict.fromkeys(stage.columns.needed))
    reader = open_csv(opened, names, wanted)
    stage.add(reader.schema, _then(reader, check), is_text=True)


def _then(batches: Iterable[pa.RecordBatch], check: Callable[[], None] | None) -> Iterator[pa.RecordBatch]:
    yield from batches
    if check is not None:
        check()
