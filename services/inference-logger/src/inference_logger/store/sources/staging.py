"""What is read of a source lies in a file without a name first: what cannot be read to its end changes no label.

Blocking. The file goes with the process, whatever ends it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.labels.sources import staged_schema
from inference_logger.domain.labels.tabular import LabelColumns, are_numbers, as_numbers
from shared.errors import InvalidInput, LimitExceeded, UpstreamFailed

BATCH_ROWS = 8192
CHUNK_ROWS = 100_000
"""Labels that are taken in one commit."""
ROUND_ROWS = 1_000_000
"""Rows after which what was read is taken, before more is read."""

_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799


@dataclass(frozen=True)
class Bounds:
    """Of one reading."""

    folder: Path
    most_bytes: int
    deadline: float
    """By `time.monotonic()`."""

    @property
    def left_s(self) -> float:
        """How long it may still take."""
        return max(0.0, self.deadline - time.monotonic())

    def check_time(self) -> None:
        """Raise `UpstreamFailed` where it takes too long."""
        if time.monotonic() > self.deadline:
            raise UpstreamFailed("reading it takes longer than it may")


@dataclass(frozen=True)
class _Segment:
    start: int
    numbers: frozenset[str]
    """Columns of text that are numbers."""


@dataclass
class Stage:
    """Rows of one reading."""

    columns: LabelColumns
    bounds: Bounds
    rows: int = 0
    _segments: list[_Segment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bounds.folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=self.bounds.folder)  # noqa: SIM115 - `close` closes it

    @property
    def is_full(self) -> bool:
        """It is time to take what is there."""
        return self.rows >= ROUND_ROWS or self._file.tell() * 2 > self.bounds.most_bytes

    def add(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch], *, is_text: bool = False) -> None:
        """Keep the rows of one file, or none of them. `is_text`: columns of labels are numbers where all of them are.

        Raises what reading them raises; `InvalidInput` for columns that cannot be meant; `LimitExceeded`.
        """
        kept = staged_schema(schema, self.columns)
        start, rows = self._file.tell(), 0
        maybe, numbers = set(self.columns.labels.values()) if is_text else set[str](), set[str]()
        try:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            with pa.ipc.new_stream(self._file, kept, options=options) as writer:
                for batch in batches:
                    self.bounds.check_time()
                    table = plain_rows(batch, kept)
                    are = {name: are_numbers(_texts(table.column(name))) for name in maybe}
                    maybe = {name for name, is_number in are.items() if is_number is not False}
                    numbers |= {name for name, is_number in are.items() if is_number}
                    writer.write_table(table)
                    rows += table.num_rows
                    self._check_size()
        except BaseException:
            self._file.seek(start)
            self._file.truncate()
            raise
        self._segments.append(_Segment(start, frozenset(numbers & maybe)))
        self.rows += rows

    def _check_size(self) -> None:
        if self._file.tell() > self.bounds.most_bytes:
            raise LimitExceeded(f"it holds more than {self.bounds.most_bytes >> 20} MiB to read at once")

    def chunks(self) -> Iterator[list[pa.Table]]:
        """The rows again, in pieces of about `CHUNK_ROWS`: tables whose texts are texts."""
        found: list[pa.Table] = []
        for segment in self._segments:
            self._file.seek(segment.start)
            with pa.ipc.open_stream(self._file) as stream:
                for batch in stream:
                    found.append(_as_numbers(pa.Table.from_batches([batch]), segment.numbers))
                    if sum(table.num_rows for table in found) >= CHUNK_ROWS:
                        yield found
                        found = []
        if found:
            yield found

    def close(self) -> None:
        """Forget it."""
        self._file.close()


def plain_rows(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """The columns of `schema` in its types."""
    columns = []
    for each in schema:
        column = pa.chunked_array([batch.column(each.name)])
        if pa.types.is_date(column.type):
            column = column.cast(pa.timestamp("us"))
        if pa.types.is_timestamp(column.type):
            _check_times(column, each.name)
        columns.append(column.cast(each.type, safe=not pa.types.is_timestamp(each.type)))
    return pa.Table.from_arrays(columns, schema=schema)


def _check_times(column: pa.ChunkedArray, name: str) -> None:
    """Raise `InvalidInput` for times that no calendar has: nothing else of the file could be read any more."""
    found = pc.min_max(column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())).as_py()
    if found["min"] is not None and not (found["min"] >= _FIRST_SECOND and found["max"] <= _LAST_SECOND):
        raise InvalidInput(f"column {name[:64]} holds a time outside of the years 1 to 9999")


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [text if text is not None and text.strip() else None for text in column.to_pylist()]


def _as_numbers(table: pa.Table, names: Iterable[str]) -> pa.Table:
    for name in names:
        numbers = as_numbers(_texts(table.column(name)))
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(numbers, pa.float64()))
    return table
