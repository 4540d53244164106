"""Rows are taken out of a Delta table, and the files that held them out of its folder. Blocking; run in a thread."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

import orjson
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder
from pyarrow.fs import FileSystem, FileType

from inference_logger.domain.erasures import label_predicates, predicate_of
from inference_logger.store.delta.open_tables import open_table
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.delta.rows import schema_of
from inference_logger.store.storage import Storage
from shared.contracts.inference_tables.erasures import ErasureOrder

MARK = "penstock.erasure"
"""Stands in the commit, with the order's id: what is derived from commits has nothing new in it."""
COUNTS = "penstock.erased"
"""Stands there too: rows by the minute of their requests."""
IDS_AT_ONCE = 5000
JSON_COLUMNS = ("features_json", "prediction_json")
"""Hold what fits no column of its own."""
JSON_ROWS = 1000
"""Of these at a time: each may have as much as a body."""
_LOG = re.compile(r"_delta_log/(\d{20})\.(json|crc|checkpoint(\.\d+\.\d+)?\.parquet)\Z")


@dataclass
class Erased:
    """What an order did to a table: rows that went, by the minute of their requests, and the files that held them."""

    rows: Counter[datetime | None] = field(default_factory=Counter)
    """None: of a table that has no times."""
    files: list[str] = field(default_factory=list)


def newest_version(location: str, storage: Storage) -> int:
    """Of a table; `erased_since` finds what is done to it from now on."""
    return open_table(location, storage).version()


def erase_rows(
    tables: PayloadTables, location: str, order: ErasureOrder, record_ids: Sequence[str], storage: Storage
) -> None:
    """Remove an order's rows from a table. May be repeated, and killed anywhere: commits say what they did."""
    pieces = [record_ids[at : at + IDS_AT_ONCE] for at in range(0, len(record_ids), IDS_AT_ONCE)] or [()]
    columns = schema_of(open_table(location, storage)).names
    predicates = [predicate_of(order, columns, piece) for piece in pieces]
    _erase(tables, location, order, [each for each in predicates if each is not None], storage)


def erase_labels(
    tables: PayloadTables, location: str, order: ErasureOrder, keys: Collection[tuple[str, str]], storage: Storage
) -> None:
    """Remove the labels that belong to an order's rows. As `erase_rows`."""
    _erase(tables, location, order, label_predicates(order, keys, IDS_AT_ONCE), storage)


def _erase(
    tables: PayloadTables, location: str, order: ErasureOrder, predicates: Iterable[str], storage: Storage
) -> None:
    with tables.fence.lock(location):
        for predicate in predicates:
            table = open_table(location, storage)
            counts = _count_rows(table, predicate, schema_of(table).names)
            if not counts:
                continue
            # Of several replicas no epoch is carried: an append of this very process would make the commit fail.
            is_alone = tables.fence.check(location, table, is_single_writer=storage.is_single_writer) is None
            turn = [tables.fence.turn(location, table)] if is_alone and storage.is_single_writer else []
            said = {MARK: str(order.id), COUNTS: orjson.dumps(counts).decode()}
            properties = CommitProperties(custom_metadata=said, app_transactions=turn)
            table.delete(predicate, commit_properties=properties)


def _count_rows(table: DeltaTable, predicate: str, columns: Sequence[str]) -> list[tuple[str | None, int]]:
    """Rows by minute."""
    minute = "date_trunc('minute', request_time)" if "request_time" in columns else "CAST(NULL AS TIMESTAMP)"
    query = f"SELECT {minute} AS minute, count(*) AS rows FROM erased_from WHERE {predicate} GROUP BY 1"  # noqa: S608
    found = pa.table(QueryBuilder().register("erased_from", table).execute(query).read_all()).to_pylist()
    return [(row["minute"] and row["minute"].isoformat(), row["rows"]) for row in found if row["rows"]]


def erased_since(location: str, order: ErasureOrder, after: int, storage: Storage) -> Erased:
    """What commits of the order behind version `after` have done."""
    files, done = storage.filesystem(location), Erased()
    for version in range(after + 1, open_table(location, storage).version() + 1):
        with suppress(FileNotFoundError), files.open_input_stream(f"_delta_log/{version:020d}.json") as stream:
            actions = [orjson.loads(line) for line in stream.read().splitlines() if line.strip()]
            for said in (action["commitInfo"] for action in actions if "commitInfo" in action):
                if said.get(MARK) == str(order.id):
                    counts = orjson.loads(said[COUNTS])
                    done.rows.update({minute and datetime.fromisoformat(minute): rows for minute, rows in counts})
                    done.files += [unquote(action["remove"]["path"]) for action in actions if "remove" in action]
    return done


def clear_log(location: str, storage: Storage) -> None:
    """Remove what the log says of the files of before: it names their least and greatest values.

    A checkpoint of the newest version stands in their place.
    """
    table: DeltaTable = open_table(location, storage)
    table.create_checkpoint()
    files, newest = storage.filesystem(location), table.version()
    for name in _log_files(files):
        if (found := _LOG.search(name)) and int(found[1]) < newest:
            files.delete_file(name)


def _log_files(files: FileSystem) -> list[str]:
    from pyarrow.fs import FileSelector  # noqa: PLC0415 - its file systems are few readers' need

    return [found.path.lstrip("/") for found in files.get_file_info(FileSelector("_delta_log")) if found.is_file]


def gone(location: str, paths: Sequence[str], storage: Storage) -> int:
    """How many of these files do not exist any more."""
    if not paths:
        return 0
    found = storage.filesystem(location).get_file_info(list(paths))
    return sum(info.type is FileType.NotFound for info in found)
