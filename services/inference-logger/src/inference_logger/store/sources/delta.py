"""Delta tables: the files that their versions have added since the one that was read. Blocking.

Rows that a later version has changed are read again with the file that it wrote; what a version removes stays a label.
Where the log does not reach back, or files are not rows as they are (deletion vectors, mapped columns), the newest
version is read as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from inference_logger.domain.labels.sources import staged_schema
from inference_logger.domain.labels.tabular import LabelColumns, require_columns
from inference_logger.store.labels.parquet import open_parquet, parquet_batches
from inference_logger.store.sources.files import Reading, reason_of
from inference_logger.store.sources.places import SourcePlace
from inference_logger.store.sources.staging import BATCH_ROWS, Bounds, Stage
from inference_logger.store.storage import Storage
from shared.errors import NotFound, UpstreamFailed

MOST_VERSIONS = 10_000
"""Behind the last one that was read: of more, the newest is read as a whole."""
ROW_CHANGING = frozenset({"deletionVectors", "columnMapping"})


class _FileGone(UpstreamFailed):
    """The log names a file that is not there any more."""


@dataclass(frozen=True)
class _Added:
    path: str
    partition: Mapping[str, str | None]


@dataclass(frozen=True)
class DeltaSource:
    """A table, and what is wanted of it."""

    place: SourcePlace
    storage: Storage
    columns: LabelColumns

    def read(self, position: Mapping[str, Any], bounds: Bounds) -> Reading:
        """What is new since `position`. Raises `NotFound`, `InvalidInput`, `UpstreamFailed`."""
        location = self.place.location
        self.place.check()
        table = _open(location, self.storage)
        schema = pa.schema(table.schema().to_arrow())
        require_columns(schema.names, self.columns)
        staged_schema(schema, self.columns)
        identity, newest = str(table.metadata().id), table.version()
        known = position.get("version") if position.get("table") == identity else None
        target = position.get("target") if position.get("table") == identity else None
        upto = min(target, newest) if target is not None else newest
        reading = Reading(Stage(self.columns, bounds), {"table": identity, "version": upto})
        if known is not None and known == newest:
            return reading
        try:
            return self._stage(table, (known, upto), position.get("skip") or 0, reading)
        except _FileGone:
            reading.stage.close()
            if known is None and target is None:
                raise
        except BaseException:
            reading.stage.close()
            raise
        return self.read({}, bounds)

    def _stage(self, table: DeltaTable, versions: tuple[int | None, int], skip: int, reading: Reading) -> Reading:
        known, upto = versions
        if _changes_rows(table):
            self._stage_whole(table, reading)
            return reading
        added = self._added_since(known, upto) if known is not None else None
        if added is None:
            table.load_as_version(upto)
            added = _all_files(table)
        schema = pa.schema(table.schema().to_arrow())
        for number, file in enumerate(added[skip:], skip):
            if reading.stage.is_full:
                reading.is_complete = False
                reading.position |= {"version": known, "target": upto, "skip": number}
                break
            self._stage_file(file, schema, reading.stage)
        return reading

    def _added_since(self, known: int, upto: int) -> list[_Added] | None:
        """The files of later versions; None: they are not to be told any more."""
        if upto - known > MOST_VERSIONS or upto < known:
            return None
        added: dict[str, _Added] = {}
        for version in range(known + 1, upto + 1):
            try:
                with self.place.open(f"_delta_log/{version:020d}.json") as log:
                    actions = [orjson.loads(line) for line in log.read().splitlines() if line.strip()]
            except FileNotFoundError:
                return None
            for action in actions:
                if "remove" in action and action["remove"].get("dataChange", True):
                    added.pop(action["remove"]["path"], None)
                elif "add" in action and action["add"].get("dataChange", True):
                    add = action["add"]
                    added[add["path"]] = _Added(unquote(add["path"]), add.get("partitionValues") or {})
        return list(added.values())

    def _stage_file(self, file: _Added, schema: pa.Schema, stage: Stage) -> None:
        self._check(file)
        try:
            with self.place.open(file.path) as opened, open_parquet(opened) as parquet:
                stage.add(_of_needed(schema, self.columns), self._rows(parquet, file, schema))
        except FileNotFoundError as error:
            raise _FileGone(f"file {file.path} of the table is gone") from error
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            raise UpstreamFailed(f"{file.path}: {reason_of(self.place.location, error)}") from error

    def _check(self, file: _Added) -> None:
        """Raise `UpstreamFailed` for a file that is none of the table's own folder."""
        if "://" in file.path or file.path.startswith(("/", "file:")) or ".." in file.path.split("/"):
            raise UpstreamFailed("the table names files outside of its folder, as a shallow clone does")
        self.place.check(file.path)

    def _rows(self, parquet: pq.ParquetFile, file: _Added, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        names = parquet.schema_arrow.names
        wanted = _of_needed(schema, self.columns)
        for batch in parquet_batches(parquet, [name for name in wanted.names if name in names], BATCH_ROWS):
            columns = [
                batch.column(each.name) if each.name in names else _constant(file.partition, each, batch.num_rows)
                for each in wanted
            ]
            yield pa.RecordBatch.from_arrays(columns, names=wanted.names)

    def _stage_whole(self, table: DeltaTable, reading: Reading) -> None:
        for file in _all_files(table):
            self._check(file)
        schema = _of_needed(pa.schema(table.schema().to_arrow()), self.columns)
        listed = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in schema.names)
        try:
            rows = pa.RecordBatchReader.from_stream(
                QueryBuilder().register("source", table).execute(f"SELECT {listed} FROM source")  # noqa: S608 - quoted
            )
            reading.stage.add(schema, rows)
        except (DeltaError, pa.ArrowException) as error:
            raise UpstreamFailed(f"the table cannot be read: {reason_of(self.place.location, error)}") from error
        reading.position["version"] = table.version()


def _open(location: str, storage: Storage) -> DeltaTable:
    try:
        return DeltaTable(location, storage_options=storage.delta_options)
    except TableNotFoundError as error:
        raise NotFound("there is no Delta table at its location") from error


def _changes_rows(table: DeltaTable) -> bool:
    """Whether files are not rows as they are."""
    mode = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    return mode != "none" or bool(ROW_CHANGING & set(table.protocol().reader_features or ()))


def _all_files(table: DeltaTable) -> list[_Added]:
    found = pa.table(table.get_add_actions(flatten=False)).to_pylist()
    files = [
        _Added(unquote(add["path"]), {name: _text(value) for name, value in (add.get("partition") or {}).items()})
        for add in found
    ]
    return sorted(files, key=lambda file: file.path)


def _text(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _of_needed(schema: pa.Schema, columns: LabelColumns) -> pa.Schema:
    return pa.schema([schema.field(name) for name in dict.fromkeys(columns.needed)])


def _constant(partition: Mapping[str, str | None], wanted: pa.Field, rows: int) -> pa.Array:
    value = partition.get(wanted.name)
    if value is None:
        return pa.nulls(rows, wanted.type)
    return pa.repeat(pa.scalar(value).cast(wanted.type), rows)
