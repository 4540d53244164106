"""Rows that a baseline is made of and that are no inference table: a Delta table, files of Parquet or CSV, SageMaker's
statistics and constraints.

A path must not lead out of the folder that it was allowed for: links are resolved before anything is opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import csv
from pyarrow.fs import FileSystem, FileType, PyFileSystem

from monitor.domain import sentences
from monitor.store.inference_tables.opening import BATCH_ROWS, READ_AHEAD, DeltaRows, read_errors
from monitor.store.inference_tables.places import TablePlace
from shared.errors import InvalidInput, NotFound
from shared.storage.objects import S3

LONGEST_STATISTICS = 64 * 1024 * 1024


def check_inside(location: str, root: str | None) -> None:
    """Raise `InvalidInput` for a path that leads out of `root`."""
    if root is not None and not location.startswith(S3) and not Path(location).resolve().is_relative_to(root):
        raise InvalidInput(f"{location} leads out of {root}")


def is_statistics(location: str) -> bool:
    """Whether a file is SageMaker's `statistics.json` or `constraints.json`."""
    return location.endswith(".json")


def read_statistics(place: TablePlace) -> Mapping[str, Any]:
    """The document. Raises `InvalidInput`, `NotFound`, `Unavailable`."""
    location = place.location
    with read_errors(location):
        body = _start_of(place, LONGEST_STATISTICS + 1)
    if len(body) > LONGEST_STATISTICS:
        raise InvalidInput(f"{location} is larger than {LONGEST_STATISTICS // 2**20} MiB")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise InvalidInput(f"{location} is no JSON") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{location} is neither SageMaker's statistics.json nor its constraints.json")
    return found


def _start_of(place: TablePlace, most: int) -> bytes:
    """So many bytes of a file, or all of it."""
    if place.location.startswith(S3):
        folder, name = _folder_of(place)
        if folder.get_file_info(name).type != FileType.File:
            raise NotFound(sentences.NO_FILE(location=place.location))
        with folder.open_input_file(name) as stored:
            return bytes(stored.read(most))
    try:
        with Path(place.location).open("rb") as file:
            return file.read(most)
    except FileNotFoundError as error:
        raise NotFound(sentences.NO_FILE(location=place.location)) from error


def sample_batches(place: TablePlace, *, is_table: bool) -> Iterator[pa.RecordBatch]:
    """Rows of a Delta table, or of files. Raises `NotFound`, `InvalidInput`, `Unavailable`."""
    if is_table:
        opened = DeltaRows.open(place)
        yield from opened.batches(opened.schema.names, None)
        return
    with read_errors(place.location):
        yield from (
            _file_dataset(place)
            .scanner(batch_size=BATCH_ROWS, batch_readahead=READ_AHEAD, fragment_readahead=1)
            .to_batches()
        )


def _csv(delimiter: str) -> ds.FileFormat:
    """What pandas reads as missing is null in columns of texts, too: the model was trained on it."""
    convert = csv.ConvertOptions(strings_can_be_null=True)
    return ds.CsvFileFormat(csv.ParseOptions(delimiter=delimiter), convert_options=convert)


def _file_dataset(place: TablePlace) -> ds.Dataset:
    location = place.location
    form: str | ds.FileFormat = "parquet"
    if location.endswith((".csv", ".csv.gz", ".tsv")):
        form = _csv("\t" if location.endswith(".tsv") else ",")
    if not location.startswith(S3):
        if not Path(location).exists():
            raise NotFound(sentences.NO_FILE(location=location))
        return ds.dataset(location, format=form)
    folder, name = _folder_of(place)
    return ds.dataset(name, format=form, filesystem=folder)


def _folder_of(place: TablePlace) -> tuple[FileSystem, str]:
    """The folder of an object store that a file lies in, and its name there."""
    from deltalake.fs import DeltaStorageHandler  # noqa: PLC0415 - only of object stores

    folder, _, name = place.location.rpartition("/")
    return PyFileSystem(DeltaStorageHandler(folder, dict(place.options))), name
