"""Parquet files that people hand in, a few thousand rows at a time, whatever they would expand to. Blocking.

A file of a few kilobytes may say a million times the text of megabytes that its dictionary holds once. So texts are
read as the dictionaries that they are, and longer ones than any label has are cut there: they are still refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inference_logger.domain.labels.values import LONGEST_TEXT
from shared.errors import InvalidInput

MOST_COLUMNS = 10_000
BATCH_ROWS = 8192


@contextmanager
def open_parquet(file: IO[bytes]) -> Iterator[pq.ParquetFile]:
    """A file whose columns have distinct names. Raises `InvalidInput`, and what Arrow raises."""
    with pq.ParquetFile(file) as parquet:
        require_distinct(parquet.schema_arrow.names)
        texts = [field.name for field in parquet.schema_arrow if _is_text(field.type)]
    file.seek(0)
    with pq.ParquetFile(file, read_dictionary=texts) as parquet:
        yield parquet


def require_distinct(names: Sequence[str]) -> None:
    """Raise `InvalidInput` where two columns have one name, or there are many."""
    if len(names) > MOST_COLUMNS:
        raise InvalidInput(f"there are more than {MOST_COLUMNS:,} columns")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInput(f"there are two columns {name[:64]}")
        seen.add(name)


def parquet_batches(parquet: pq.ParquetFile, wanted: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """The rows of these columns. Raises `pyarrow.ArrowException`, also for texts that are no UTF-8."""
    for batch in parquet.iter_batches(rows, columns=list(wanted), use_threads=False):
        columns = [_cut(column) for column in batch.columns]
        yield pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def plain_bytes(columns: Iterable[pa.Array]) -> int:
    """What texts take that are not in a dictionary any more."""
    return sum(_plain_bytes(column) for column in columns)


def _plain_bytes(column: pa.Array) -> int:
    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return 0
    return pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0


def _cut(column: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return column
    found = column.dictionary
    found.validate(full=True)
    if (pc.max(pc.binary_length(found)).as_py() or 0) <= LONGEST_TEXT:
        return column
    is_binary = pa.types.is_binary(found.type) or pa.types.is_large_binary(found.type)
    cut = pc.binary_slice if is_binary else pc.utf8_slice_codeunits
    return pa.DictionaryArray.from_arrays(column.indices, cut(found, 0, LONGEST_TEXT + 1))


def _is_text(kind: pa.DataType) -> bool:
    is_binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return bool(is_binary or pa.types.is_string(kind) or pa.types.is_large_string(kind))
