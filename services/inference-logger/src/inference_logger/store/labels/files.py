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

from inference_logger.domain.labels.json_formats import read_ground_truth, read_json
from inference_logger.domain.labels.sources import staged_schema
from inference_logger.domain.labels.tabular import LabelColumns, find_columns, read_table
from inference_logger.domain.labels.values import MOST_LABELS, TOO_MANY, ParsedLabels, TooManyLabels
from inference_logger.store.labels.parquet import open_parquet, parquet_batches, plain_bytes, require_distinct
from shared.contracts.rpc.inference_logger.labels import LabelFormat
from shared.errors import InvalidInput

MOST_CELLS = 4 * MOST_LABELS
"""Of the columns of labels, empty ones included."""
MOST_TEXT_BYTES = 256 << 20
"""Of a Parquet file, as they would be one by one."""
LONGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class UploadReader:
    """How an upload is read; labels may be given up to `latest`."""

    format: LabelFormat
    key_column: str | None
    latest: datetime

    def read(self, file: IO[bytes]) -> ParsedLabels:
        """Raises `InvalidInput` for a body that cannot be read as what it is said to be."""
        file.seek(0)
        try:
            return self._read(file)
        except TooManyLabels as error:
            raise InvalidInput(str(error)) from error

    def _read(self, file: IO[bytes]) -> ParsedLabels:
        match self.format:
            case "csv":
                return self._table(*_read_csv(file, self.key_column))
            case "parquet":
                return self._table(*_read_parquet(file, self.key_column))
            case "json":
                return read_json(file.read(), self.key_column, self.latest)
            case "ground_truth":
                return read_ground_truth(file.read(), self.latest)

    def _table(self, rows: pa.Table, columns: LabelColumns) -> ParsedLabels:
        try:
            return read_table(rows, columns, self.latest, most=MOST_LABELS)
        except (pa.ArrowException, ValueError, OverflowError) as error:  # times that no calendar has, and the like
            raise InvalidInput(f"the body holds what cannot be read: {_line(error)}") from error


def _check_rows(rows: int, columns: LabelColumns) -> None:
    if rows > MOST_LABELS or rows * len(columns.labels) > MOST_CELLS:
        raise InvalidInput(TOO_MANY)


def _read_csv(file: IO[bytes], key_column: str | None) -> tuple[pa.Table, LabelColumns]:
    names = csv_header(file)
    columns = find_columns(names, key_column)
    try:
        batches, count = [], 0
        reader = open_csv(file, names, list(dict.fromkeys(columns.needed)))
        for batch in reader:
            batches.append(batch)
            count += batch.num_rows
            _check_rows(count, columns)
        return pa.Table.from_batches(batches, schema=reader.schema), columns
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
    try:
        names = next(csv.reader(io.StringIO(text)), [])
    except csv.Error as error:
        raise InvalidInput(f"the first line of the body cannot be read: {_line(error)}") from error
    if not names:
        raise InvalidInput("the body is empty: CSV begins with the names of its columns")
    require_distinct(names)
    return names


def _read_parquet(file: IO[bytes], key_column: str | None) -> tuple[pa.Table, LabelColumns]:
    try:
        with open_parquet(file) as parquet:
            found = parquet.schema_arrow
            columns = find_columns(found.names, key_column)
            staged_schema(found, columns)
            _check_rows(parquet.metadata.num_rows, columns)
            wanted = list(dict.fromkeys(columns.needed))
            batches, size = [], 0
            for batch in parquet_batches(parquet, wanted):
                size += plain_bytes(batch.columns)
                if size > MOST_TEXT_BYTES:
                    raise InvalidInput(f"the texts of the body take more than {MOST_TEXT_BYTES >> 20} MiB")
                batches.append(batch)
            schema = pa.schema([found.field(name) for name in wanted]) if not batches else None
            return pa.Table.from_batches(batches, schema=schema), columns
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the body is no Parquet file: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
