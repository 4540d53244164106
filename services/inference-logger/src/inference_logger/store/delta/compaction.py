"""Small files of a table are merged: little by little while their day goes on, whole once it is over. Blocking.

Every commit costs the more, the more files the table has: a commit each second makes six hundred in ten minutes, which
were two thirds of an append. What is merged is rewritten, though, and what was replaced lies there until it is
vacuumed: a day's one file, rewritten by every pass, is written a hundred times by its end. So small files become files
of a size that such passes then leave alone, these larger ones, and all of a day one (or as few as there can be) after
its midnight.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from inference_logger.store.delta.rows import schema_of

FILES_OF_A_MINUTE = 1024 * 1024
"""What the frequent merges make of files, bytes."""
FILES_OF_A_DAY = 8 * 1024 * 1024
"""Files of this size, bytes, are left alone until their day is over: at 50 requests/s those of an hour."""
WHOLE = 48 * 1024 * 1024
"""Files below this size, bytes, are still merged after their day: half of what the library makes files of."""
SPREAD = 8
"""Most files of a day that is over which may be smaller: rows that come late do not rewrite it each time."""
RETENTION = "delta.deletedFileRetentionDuration"


def merge_small_files(table: DeltaTable) -> None:
    """Merge what the latest commits have added."""
    table.optimize.compact(target_size=FILES_OF_A_MINUTE)


def merge_files(table: DeltaTable, today: date) -> None:
    """Merge small files up to a size; those of the days before `today` further, once they are many, and so those of a
    table that is not kept by days.
    """
    table.optimize.compact(target_size=FILES_OF_A_DAY)
    table.update_incremental()
    for over in _spread_days(table, today):
        table.optimize.compact(partition_filters=over)
        table.update_incremental()


def _spread_days(table: DeltaTable, today: date) -> list[list[tuple[str, str, str]] | None]:
    """What finds the files of each day that is over and has more small ones than may stay, the oldest first."""
    files = pa.table(table.get_add_actions(flatten=True))
    small = files.filter(pc.field("size_bytes") < WHOLE)
    match table.metadata().partition_columns:
        case [day] if schema_of(table).field(day).type == pa.date32():
            days = Counter(small.column(f"partition.{day}").to_pylist())
            over = sorted(each for each, count in days.items() if each < today and count > SPREAD)
            return [[(day, "=", each.isoformat())] for each in over]
        case _:
            return [None] if small.num_rows > SPREAD else []


def say_how_long_files_are_kept(table: DeltaTable, kept: timedelta) -> None:
    """In the table, whose checkpoints name every file that went within that time: a week's, where it says nothing."""
    told = f"interval {int(kept.total_seconds())} seconds"
    if table.metadata().configuration.get(RETENTION) != told:
        table.alter.set_table_properties({RETENTION: told})
        table.update_incremental()
