"""Uploads of labels, read from a file. Blocking."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from inference_logger.domain.labels.json_formats import read_ground_truth, read_json
from inference_logger.domain.labels.tabular import find_columns, read_table
from inference_logger.domain.labels.values import ParsedLabels
from shared.contracts.rpc.inference_logger_labels import LabelFormat
from shared.errors import InvalidInput

MOST_LABELS = 1_000_000
"""Of one upload."""
LONGEST_HEADER = 1 << 20
_TOO_MANY = f"more than {MOST_LABELS:,} labels in one upload; send several, or make the file a label source"


@dataclass(frozen=True)
class UploadReader:
    """How an upload is read; labels may be given up to `latest`."""

    format: LabelFormat
    key_column: str | None
    latest: datetime

    def read(self, file: IO[bytes]) -> ParsedLabels:
        """Raises `InvalidInput` for a body that cannot be read as what it is said to be."""
        file.seek(0)
        match self.format:
            case "csv":
                return self._table(_read_csv(file))
            case "parquet":
                return self._table(_read_parquet(file, self.key_column))
            case "json":
                parsed = read_json(file.read(), self.key_column, self.latest)
            case "ground_truth":
                parsed = read_ground_truth(file.read(), self.latest)
        if parsed.received > MOST_LABELS:
            raise InvalidInput(_TOO_MANY)
        return parsed

    def _table(self, rows: pa.Table) -> ParsedLabels:
        columns = find_columns(rows.schema.names, self.key_column)
        return read_table(rows.select(list(dict.fromkeys(columns.needed))), columns, self.latest)


def _read_csv(file: IO[bytes]) -> pa.Table:
    try:
        batches, count = [], 0
        reader = open_csv(file, csv_header(file))
        for batch in reader:
            batches.append(batch)
            count += batch.num_rows
            if count > MOST_LABELS:
                raise InvalidInput(_TOO_MANY)
        return pa.Table.from_batches(batches, schema=reader.schema)
    except pa.ArrowInvalid as error:
        raise InvalidInput(f"the body is no CSV: {_line(error)}") from error


def open_csv(file: IO[bytes], names: Sequence[str], wanted: Sequence[str] = ()) -> pacsv.CSVStreamingReader:
    """Its rows as texts: of the `wanted` columns, or of all. Raises `pyarrow.ArrowInvalid`, also while it is read."""
    file.seek(0)
    options = pacsv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        null_values=[""],
        include_columns=list(wanted),
    )
    return pacsv.open_csv(file, parse_options=pacsv.ParseOptions(newlines_in_values=True), convert_options=options)


def csv_header(file: IO[bytes]) -> Sequence[str]:
    """The names of its columns. Raises `InvalidInput`."""
    try:
        text = file.read(LONGEST_HEADER).partition(b"\n")[0].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("the body is no CSV in UTF-8") from error
    names = next(csv.reader(io.StringIO(text)), [])
    if not names:
        raise InvalidInput("the body is empty: CSV begins with the names of its columns")
    require_distinct(names)
    return names


def require_distinct(names: Sequence[str]) -> None:
    """Raise `InvalidInput` where two columns have one name."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(f"there are two columns {twice[:64]}")


def _read_parquet(file: IO[bytes], key_column: str | None) -> pa.Table:
    try:
        with pq.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            require_distinct(names)
            columns = find_columns(names, key_column)
            if parquet.metadata.num_rows > MOST_LABELS:
                raise InvalidInput(_TOO_MANY)
            return parquet.read(columns=list(dict.fromkeys(columns.needed)))
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"the body is no Parquet file: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
