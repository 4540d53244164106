"""Selected rows as a file, CSV or Parquet, made piece by piece."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from inference_logger.domain.reading.queries import Selection
from inference_logger.store.reading.batches import read_batches, selected_schema
from inference_logger.store.reading.limits import WorkingTime
from inference_logger.store.reading.snapshot import Snapshot
from shared.filters.types import is_simple, plain

ROW_GROUP_BYTES = 8 << 20


def export_csv(snapshot: Snapshot, selection: Selection, time: WorkingTime) -> Iterator[bytes]:
    """With a line of names; lists and structures as JSON, bytes in base64, nulls empty, texts in quotes."""
    schema = selected_schema(snapshot, selection)
    flat = pa.schema([pa.field(field.name, _csv_type(field.type)) for field in schema])
    yield _csv(pa.RecordBatch.from_arrays([pa.array([], field.type) for field in flat], schema=flat), header=True)
    for batch in read_batches(snapshot, selection, time):
        columns = [_as_csv(column) for column in batch.columns]
        yield _csv(pa.RecordBatch.from_arrays(columns, schema=flat), header=False)


def _csv(batch: pa.RecordBatch, *, header: bool) -> bytes:
    written = io.BytesIO()
    pa_csv.write_csv(batch, written, pa_csv.WriteOptions(include_header=header))
    return written.getvalue()


def _csv_type(kind: pa.DataType) -> pa.DataType:
    return kind if is_simple(kind) and not pa.types.is_timestamp(kind) else pa.string()


def _as_csv(column: pa.Array) -> pa.Array:
    if _csv_type(column.type) == column.type:
        return column
    return pa.array([_as_text(value) for value in column.to_pylist()], pa.string())


def _as_text(value: object) -> str | None:
    found = plain(value)
    return found if found is None or isinstance(found, str) else orjson.dumps(found).decode()


def export_parquet(snapshot: Snapshot, selection: Selection, time: WorkingTime) -> Iterator[bytes]:
    """A row group each few MiB; the file's last bytes come when every row was read."""
    sink = _Sink()
    schema = selected_schema(snapshot, selection)
    with pq.ParquetWriter(pa.PythonFile(sink, "w"), schema, compression="zstd") as writer:
        gathered: list[pa.RecordBatch] = []
        for batch in read_batches(snapshot, selection, time):
            gathered.append(batch)
            if sum(one.nbytes for one in gathered) >= ROW_GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(gathered, schema))
                gathered = []
                yield sink.taken()
        if gathered:
            writer.write_table(pa.Table.from_batches(gathered, schema))
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Keeps what was written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._written += data
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def taken(self) -> bytes:
        """What was written since the last time."""
        found = bytes(self._written)
        self._written.clear()
        return found


def cut(pieces: Iterator[bytes], most: int) -> Generator[bytes, None, None]:
    """The same bytes in pieces of at most `most`; small ones are joined."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= most:
            yield bytes(waiting[:most])
            del waiting[:most]
    if waiting:
        yield bytes(waiting)
