"""Rows of one append, gathered before they are written. Blocking.

What the columns of a table are is known with the last of its rows: until then they wait here, compressed, since rows
that a request has many of repeat what is said of the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from inference_logger.store.delta.rows import aligned

PLAIN_BYTES = 16 * 1024 * 1024
"""So much waits as it is."""
COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


class Parts:
    """Tables of rows that widen a table's columns as they come."""

    def __init__(self, fields: Sequence[pa.Field]) -> None:
        self.fields = list(fields)
        self.rows = 0
        self._own = {field.name for field in fields}
        self._known = set(self._own)
        self._plain: list[pa.Table] = []
        self._plain_bytes = 0
        self._compressed: list[pa.Buffer] = []

    @property
    def is_wider(self) -> bool:
        """Whether they have columns that the table lacks."""
        return len(self.fields) > len(self._own)

    def add(self, part: pa.Table) -> None:
        """More rows, behind those that are there."""
        found = [field for field in part.schema if field.name not in self._known]
        self.fields += [field.with_nullable(True) for field in found]
        self._known.update(field.name for field in found)
        self.rows += part.num_rows
        if self._compressed or self._plain_bytes + part.nbytes > PLAIN_BYTES:
            self._compressed.append(_compressed(part))
        else:
            self._plain.append(part)
            self._plain_bytes += part.nbytes

    def reader(self) -> pa.RecordBatchReader:
        """All of them, with all columns, one after the other."""
        schema = pa.schema(self.fields)
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema))

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for part in self._plain:
            yield from aligned(part, schema).to_batches()
        for buffer in self._compressed:
            yield from aligned(pa.ipc.open_stream(buffer).read_all(), schema).to_batches()


def _compressed(part: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, part.schema, options=COMPRESSED) as stream:
        stream.write_table(part)
    return sink.getvalue()
