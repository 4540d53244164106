"""Metric tables are written: rows of a window replace those that are there, in one commit. Blocking.

Each window is a file of its own: the inference-logger, whose catalogue names these tables, merges them and removes what
was replaced, as it does for its own.
"""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from monitor.domain.rules.timing import Window
from monitor.domain.statistics.exports.schemas import ENGINE_PROPERTY
from monitor.store.inference_tables.opening import read_errors
from monitor.store.inference_tables.places import TablePlace
from shared.errors import Conflict
from shared.storage.objects import S3

PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
}
"""Said when a table is made, so that every reader of Delta can read it."""
TRIES = 3


def replace_window(place: TablePlace, rows: pa.Table, window: Window) -> tuple[int, int]:
    """The version that holds `rows` in place of the window's for the same granularity, slices and columns, and how many
    rows the table has. Raises `Unavailable`; `Conflict` for a table that a Spark job has made.
    """
    options = dict(place.options) or None
    with read_errors(place.location):
        if not place.location.startswith(S3):
            Path(place.location).mkdir(parents=True, exist_ok=True)
        DeltaTable.create(place.location, rows.schema, mode="ignore", configuration=PROPERTIES, storage_options=options)
        _check_engine(DeltaTable(place.location, storage_options=options))
        for left in reversed(range(TRIES)):
            try:
                write_deltalake(
                    place.location, rows, mode="overwrite", predicate=_same(rows, window), storage_options=options
                )
                break
            except CommitFailedError:  # somebody else has committed at the same moment
                if not left:
                    raise
        table = DeltaTable(place.location, storage_options=options)
        added = pa.table(table.get_add_actions(flatten=True))
        return int(table.version()), int(pc.sum(added.column("num_records")).as_py() or 0)


def _check_engine(table: DeltaTable) -> None:
    if table.metadata().configuration.get(ENGINE_PROPERTY) is not None:
        raise Conflict("the table was made by a Spark job, and is not written by two engines: move it elsewhere")


def _same(rows: pa.Table, window: Window) -> str:
    """The rows that are replaced, in SQL."""
    start, end = (time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for time in (window.start, window.end))
    columns = ", ".join(_quoted(name) for name in pc.unique(rows.column("column_name")).to_pylist())
    keys = pc.unique(rows.column("slice_key")).to_pylist()
    slices = [f"slice_key = {_quoted(key)}" if key is not None else "slice_key IS NULL" for key in keys]
    granularity = _quoted(rows.column("granularity")[0].as_py())
    return (
        f"window['start'] = '{start}' AND window['end'] = '{end}' AND granularity = {granularity} "
        f"AND column_name IN ({columns}) AND ({' OR '.join(slices)})"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
