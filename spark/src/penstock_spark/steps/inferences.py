"""What the executors run: Arrow batches in, Arrow batches out, by the inference-logger's own steps.

Found by name on the executors, so that this package has to be there (see `bundle`). Imports nothing of Spark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.inferences.signatures import Signature, SignatureKey
from inference_logger.domain.inferences.step import derive_parts
from penstock_spark.errors import Refused
from penstock_spark.steps.columns import new_fields

FOUND_SCHEMA = pa.schema([("at", pa.int64()), ("record_id", pa.string()), ("fields", pa.binary())])
"""Columns that a table lacks, and the first of the rows that need them."""


@dataclass(frozen=True)
class InferenceStep:
    """The step from payload to inferences for one micro-batch; travels to the executors."""

    signatures: Mapping[SignatureKey, Signature]
    fields: Sequence[pa.Field]
    """Columns that the table has."""

    def find_columns(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """For each batch of payload the columns that the table lacks for its rows."""
        for batch in batches:
            payload = pa.Table.from_batches([batch])
            parts = derive_parts(payload, self.signatures, self.fields)
            lacking = new_fields([field for part in parts for field in part.schema], self.fields)
            if lacking:
                yield _found(payload, lacking)

    def rows(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The rows of inferences, with all columns of the table."""
        for batch in batches:
            for part in derive_parts(pa.Table.from_batches([batch]), self.signatures, self.fields):
                yield from aligned(part, self.fields).to_batches()


def _found(payload: pa.Table, lacking: Sequence[pa.Field]) -> pa.RecordBatch:
    first = pc.min(payload.column("request_time")).cast(pa.int64()).as_py()
    name = pc.min(payload.column("record_id")).as_py() if "record_id" in payload.schema.names else None
    return pa.RecordBatch.from_pylist(
        [{"at": first, "record_id": name, "fields": pa.schema(lacking).serialize().to_pybytes()}], schema=FOUND_SCHEMA
    )


def read_found(at: bytes) -> list[pa.Field]:
    """The columns of one row of `FOUND_SCHEMA`."""
    return list(pa.ipc.read_schema(pa.py_buffer(at)))


def aligned(rows: pa.Table, fields: Sequence[pa.Field]) -> pa.Table:
    """The rows with all columns of a table; null where they have nothing for one. Raises `Refused`."""
    schema = pa.schema(fields)
    unknown = set(rows.schema.names) - set(schema.names)
    if unknown:
        raise Refused(f"the step made columns that were not planned: {', '.join(sorted(unknown))}")
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.schema.names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
